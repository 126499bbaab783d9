"""Reading and writing label maps: PNG and PGM of 8 or 16 bits, NPY, CSV and MAT."""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.canonical import InvalidLabelsError, check_shape
from methods.matfiles import load_mat
from methods.plainfiles import read_plain

#: Suffixes of the files that are taken for label maps; what they hold, their bytes say.
SUFFIXES = (".png", ".npy", ".csv", ".mat", ".pgm")

#: The most pixels of a label map; Pillow reads no larger images either.
MOST_PIXELS = 178_956_970

#: Names that a label map has in the MAT files of published code.
MAT_NAMES = ("labels", "Segmentation")

# First bytes of what is often called .png by mistake, and why it is no label map.
_OTHERS = (
    (b"\xff\xd8\xff", "a JPEG, whose values are not those that were saved"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"RIFF", "a WebP"),
    (b"P2", "a PGM of text"),
    (b"P6", "a PPM"),
    (b"PK\x03\x04", "a ZIP or NPZ archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"%PDF", "a PDF"),
    (b"# Created by Octave", "in Octave's text format, and `save -v7` writes MAT"),
    (b"Octave-1-", "in Octave's binary format, and `save -v7` writes MAT"),
)
# Width, height and maxval, with white space and comments between, and one white space behind.
_PGM = re.compile(rb"P5" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 3 + rb"\s")
_HDF5 = b"\x89HDF\r\n\x1a\n"
# From here on a float of that many bytes has not every whole number: two labels may have met.
_EXACT = {2: 2**11, 4: 2**24, 8: 2**53}


class LabelFileError(ValueError):
    """A file that holds no label map, or a map that the file format cannot hold."""


def read_label_map(path: str | Path, shape: tuple[int, int]) -> NDArray[Any]:
    """Return the superpixels in a file, of an image of that shape (H, W).

    Raises
    ------
    LabelFileError
        As `read_labels`.
    InvalidLabelsError
        If they have another shape, or a pixel is without a superpixel (negative); it names the
        file.
    """
    labels = read_labels(path)
    check_shape(labels.shape, shape, f"{path}: labels")
    if labels.min() < 0:
        raise InvalidLabelsError(
            f"{path}: labels include {labels.min()}; number superpixels from 0, and give every "
            f"pixel one"
        )
    return labels


def read_labels(path: str | Path) -> NDArray[Any]:
    """Return the label map in a file.

    The format is what the first bytes say, whatever the suffix: a PNG called ``.npy`` is read as
    PNG, a JPEG called ``.png`` is refused. Only CSV, which has no mark, goes by its suffix.

    Parameters
    ----------
    path : str or Path
        PNG (grey of 1 to 16 bits, or a palette: its indices), binary PGM (its values, whatever its
        maxval), NPY (2-D integers or bool), CSV (one line per image row, whole numbers with commas
        between) or MAT (up to version 7; its only 2-D array of whole numbers, or the one called
        ``labels`` or ``Segmentation``).

    Returns
    -------
    (H, W) ndarray of integers
        As stored, not renumbered.

    Raises
    ------
    LabelFileError
        If the file is missing, is called or holds something else, has a value that is no whole
        number of at most 64 bits, or more than `MOST_PIXELS`. Sizes are checked before anything
        is made of that size.
    """
    file = Path(path)
    if file.suffix.lower() not in SUFFIXES:
        raise LabelFileError(
            f"{file}: labels are read from {', '.join(SUFFIXES)}, not from {file.suffix!r}"
        )
    try:
        content = read_plain(file)
        values = _reader(content, file)(content, file)
    except LabelFileError:
        raise
    except FileNotFoundError:
        raise LabelFileError(f"{file}: no such file") from None
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LabelFileError(f"{file} cannot be read ({reason}); write the file again") from error
    return check_labels(values, str(file))


def check_labels(values: NDArray[Any], source: str) -> NDArray[Any]:
    """Return the values of a file as labels: 2-D and of an integer type, each exactly as it was.

    Parameters
    ----------
    values : ndarray
        As some reader returned them: MATLAB, for one, keeps whole numbers as floats.
    source : str
        The file, and what in it, as errors should call it.

    Raises
    ------
    LabelFileError
        If it is no 2-D array of whole numbers.
    """
    if values.ndim != 2 or values.size == 0:
        raise LabelFileError(
            f"{source}: holds an array of shape {values.shape}, not (H, W); save one integer per "
            f"pixel"
        )
    check_pixels(values.shape, source)
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind != "f":
        raise LabelFileError(f"{source}: holds {values.dtype}, labels are integers; convert them")
    odd = values[~np.isfinite(values) | (np.trunc(values) != values)]
    if odd.size:
        raise LabelFileError(
            f"{source}: holds values that are no integers, such as {odd[0]:g} ({values.dtype}); "
            f"labels are integers: save them so, and resize label maps by nearest neighbour"
        )
    limit = _EXACT.get(values.dtype.itemsize, 2**53)
    wide = values[np.abs(values) >= limit]
    if wide.size:
        raise LabelFileError(
            f"{source}: holds {wide[0]:.0f}, and {values.dtype} has not every integer from {limit} "
            f"on, so labels may have become equal; save integers"
        )
    return values.astype(np.int64)


def check_pixels(shape: tuple[int, ...], source: str) -> None:
    """Refuse more pixels than are read, before or after anything of that size is made.

    Raises
    ------
    LabelFileError
        If the product of the numbers in `shape` is more than `MOST_PIXELS`.
    """
    if math.prod(shape) > MOST_PIXELS:
        raise LabelFileError(
            f"{source}: has {' x '.join(map(str, shape))} pixels, more than {MOST_PIXELS}, the "
            f"most that are read; cut the image into parts"
        )


def encode_labels(labels: NDArray[Any], suffix: str = ".png") -> bytes:
    """Return a label map as the content of a 16-bit PNG or an NPY file.

    Parameters
    ----------
    labels : (H, W) ndarray of integers
        For PNG, 0 to 65535.
    suffix : str
        ``.png`` or ``.npy``.

    Raises
    ------
    LabelFileError
        If the suffix is another one or the labels do not fit.
    InvalidLabelsError
        If `labels` is not a 2-D integer array.
    """
    array = np.asarray(labels)
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise InvalidLabelsError(
            f"an array of shape {array.shape} and {array.dtype} is no label map (H, W) of integers"
        )
    if suffix not in (".png", ".npy"):
        raise LabelFileError(f"labels are written to .png or .npy, not {suffix!r}")
    if suffix == ".npy":
        stream = io.BytesIO()
        np.save(stream, array)
        return stream.getvalue()
    if not 0 <= array.min() <= array.max() <= 65535:
        raise LabelFileError(
            f"labels {array.min()} to {array.max()} do not fit into 16 bits; use .npy"
        )
    return _png(array)


def _png(labels: NDArray[Any]) -> bytes:
    import cv2

    # Level 1: twice as fast as the default and a tenth larger.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    encoded = cv2.imencode(".png", labels.astype(np.uint16), options)[1]
    return encoded.tobytes()


def _reader(content: bytes, file: Path) -> Callable[[bytes, Path], NDArray[Any]]:
    """Return what reads a file with these bytes."""
    suffix = file.suffix.lower()
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png
    if content.startswith(b"\x93NUMPY"):
        return _read_npy
    if _HDF5 in (content[:8], content[512:520]):
        raise LabelFileError(f"{file}: is a MAT file of version 7.3, or HDF5; save it with -v7")
    if content.startswith(b"MATLAB"):
        return _read_mat
    if content.startswith(b"P5"):
        return _read_pgm
    for start, what in _OTHERS:
        if content.startswith(start):
            raise LabelFileError(
                f"{file}: is {what}; save labels as PNG or PGM (8 or 16 bits), NPY, CSV or MAT"
            )
    if suffix == ".csv":
        return _read_csv
    if suffix == ".mat":  # version 4 has no mark
        return _read_mat
    raise LabelFileError(
        f"{file}: is not a readable {suffix[1:].upper()}, by its first bytes; write it again"
    )


def _read_png(content: bytes, file: Path) -> NDArray[Any]:
    from PIL import ExifTags, Image

    check_pixels(struct.unpack_from(">II", content, 16), str(file))
    with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        bits = content[24]
        image.load()
        if getattr(image, "n_frames", 1) > 1:
            raise LabelFileError(f"{file}: is an animation; save one picture")
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            raise LabelFileError(f"{file}: asks to be turned (EXIF); save it without orientation")
        if len(image.getbands()) > 1:
            raise LabelFileError(
                f"{file}: has {len(image.getbands())} colour channels; labels are a PNG with one "
                f"(grey of 8 or 16 bits, or a palette), one value per superpixel"
            )
        pixels = np.asarray(image)
        if image.mode == "L" and bits < 8:  # spread over 0..255 when it was read
            pixels = pixels // (255 // (2**bits - 1))
    return pixels


def _read_pgm(content: bytes, file: Path) -> NDArray[Any]:
    """Return the values as they are; as an image they would be shares of the maxval."""
    head = _PGM.match(content)
    if head is None:
        raise LabelFileError(f"{file}: its header is no PGM's; write width, height and maxval")
    width, height, maxval = map(int, head.groups())
    check_pixels((height, width), str(file))
    kind = np.dtype(">u2" if maxval > 255 else np.uint8)
    if not 0 < maxval < 65536 or len(content) - head.end() < height * width * kind.itemsize:
        raise LabelFileError(
            f"{file}: is no whole PGM of {height} x {width} values up to {maxval}, which may be "
            f"65535; write it again"
        )
    values: NDArray[Any] = np.frombuffer(content, kind, height * width, head.end())
    return values.reshape(height, width).astype(kind.newbyteorder("="))


def _read_npy(content: bytes, file: Path) -> NDArray[Any]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version[0] == 1:
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, kind = np.lib.format.read_array_header_2_0(stream)
    if kind.kind not in "iub":  # unlike CSV and MATLAB, numpy keeps integers as such
        raise LabelFileError(f"{file}: holds {kind}, labels are integers; convert and save")
    check_pixels(shape, str(file))
    return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))


def _read_mat(content: bytes, file: Path) -> NDArray[Any]:
    variables = load_mat(content)
    named = [name for name in MAT_NAMES if name in variables]
    if named and not isinstance(variables[named[0]], np.ndarray):
        raise LabelFileError(
            f"{file}: {named[0]!r} is sparse, complex, text, a cell or a structure; save "
            f"full({named[0]}), or what is in it, as whole numbers"
        )
    found = {name: value for name, value in variables.items() if isinstance(value, np.ndarray)}
    arrays = {name: value for name, value in found.items() if value.ndim == 2}
    if len(arrays) > 1:  # a file often holds a count or a time beside its labels
        arrays = {name: value for name, value in arrays.items() if value.size > 1}
    chosen = named[:1] or list(arrays)
    if len(chosen) != 1:
        raise LabelFileError(
            f"{file}: holds {sorted(arrays) or 'no 2-D array'}; save one 2-D array, or call it "
            f"{MAT_NAMES[0]!r}"
        )
    return np.asarray(found[chosen[0]])


def _read_csv(content: bytes, file: Path) -> NDArray[Any]:
    from methods.labeltext import LabelTextError, parse_labels

    try:
        return parse_labels(content)
    except LabelTextError as error:
        raise LabelFileError(f"{file} cannot be read as CSV: {error}") from error
