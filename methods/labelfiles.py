"""Reading and writing label maps: PNG of 8 or 16 bits, NPY, CSV and MAT."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.canonical import InvalidLabelsError

#: Names that a label map has in the MAT files of published code.
MAT_NAMES = ("labels", "Segmentation")


class LabelFileError(ValueError):
    """A file that holds no label map, or a map that the file format cannot hold."""


def read_labels(path: str | Path) -> NDArray[Any]:
    """Return the label map in a file.

    Parameters
    ----------
    path : str or Path
        ``.png`` (grey, 8 or 16 bits), ``.npy`` (2-D integers), ``.csv`` (one line per image row)
        or ``.mat`` (up to version 7; its only 2-D array of whole numbers, or the one called
        ``labels`` or ``Segmentation``).

    Returns
    -------
    (H, W) ndarray of integers
        As stored, not renumbered.

    Raises
    ------
    LabelFileError
        If the file is missing, has another suffix, or holds no label map.
    """
    file = Path(path)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise LabelFileError(
            f"{file}: labels are read from {', '.join(_READERS)}, not from {file.suffix!r}"
        )
    if not file.is_file():
        raise LabelFileError(f"{file}: no such file")
    try:
        labels = reader(file)
    except LabelFileError:
        raise
    except Exception as error:
        raise LabelFileError(f"{file} cannot be read ({error}); write the file again") from error
    if labels.ndim != 2 or labels.size == 0:
        raise LabelFileError(f"{file}: holds an array of shape {labels.shape}, not (H, W)")
    return labels


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


def _read_png(file: Path) -> NDArray[Any]:
    import cv2

    pixels = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise LabelFileError(f"{file}: is not a readable PNG; write it again")
    if pixels.ndim != 2:
        raise LabelFileError(
            f"{file}: has {pixels.shape[2]} colour channels (or a palette); labels are a grey PNG "
            f"of 8 or 16 bits, one value per superpixel"
        )
    return np.asarray(pixels)


def _read_npy(file: Path) -> NDArray[Any]:
    array = np.load(file, allow_pickle=False)
    if not np.issubdtype(array.dtype, np.integer):
        raise LabelFileError(f"{file}: holds {array.dtype}, labels are integers; convert and save")
    return np.asarray(array)


def _read_csv(file: Path) -> NDArray[Any]:
    return _whole(np.loadtxt(file, delimiter=",", ndmin=2), file)


def _read_mat(file: Path) -> NDArray[Any]:
    from scipy.io import loadmat

    try:
        content = loadmat(file)
    except NotImplementedError:
        raise LabelFileError(f"{file}: is a MAT file of version 7.3; save it with -v7") from None
    arrays = {
        name: value
        for name, value in content.items()
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "iufb"
    }
    named = [name for name in MAT_NAMES if name in arrays]
    if len(arrays) > 1:  # a file often holds a count or a time beside its labels
        arrays = {name: value for name, value in arrays.items() if value.size > 1}
    chosen = named[:1] or list(arrays)
    if len(chosen) != 1:
        raise LabelFileError(
            f"{file}: holds {sorted(arrays) or 'no 2-D array'}; save one 2-D array, or call it "
            f"{MAT_NAMES[0]!r}"
        )
    return _whole(np.asarray(content[chosen[0]]), file)


def _whole(values: NDArray[Any], file: Path) -> NDArray[Any]:
    """Return whole numbers, which CSV and MATLAB keep as floats, as integers."""
    if np.issubdtype(values.dtype, np.integer):
        return values
    whole = values.astype(np.int64) if np.isfinite(values).all() else None
    if whole is None or not np.array_equal(whole, values):
        raise LabelFileError(f"{file}: holds values that are no integers; labels are integers")
    return whole


_READERS: dict[str, Callable[[Path], NDArray[Any]]] = {
    ".png": _read_png,
    ".npy": _read_npy,
    ".csv": _read_csv,
    ".mat": _read_mat,
}

#: Suffixes that `read_labels` reads.
SUFFIXES = tuple(_READERS)
