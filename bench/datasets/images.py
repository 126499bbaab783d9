"""Reading an image file strictly: the whole file or a clear error, never half a picture."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from bench.datasets import tiff
from bench.datasets.base import DatasetError
from bench.datasets.reading import Exif
from methods.image import as_rgb_uint8
from methods.plainfiles import read_plain

#: What to do about an image of a data set that cannot be read.
CURE = "replace the file or take it out of the data set"
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".webp")
TIFF = (".tif", ".tiff")

# What the bytes may be, whatever the file is called.
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "PPM", "WEBP")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "I", "I;16", "I;16L", "I;16B", "F", "YCbCr")


def image_size(path: Path, exif: Exif = "refuse") -> tuple[int, int]:
    """Return (H, W) of an image file, as `read_image` would return it.

    Raises
    ------
    DatasetError
        If the file is missing or is no image.
    """
    with _opened(path, CURE) as stored:
        height, width = stored.image.height, stored.image.width
        swapped = exif == "apply" and stored.orientation >= 5  # its rows are columns
        return (width, height) if swapped else (height, width)


def applied_orientation(path: Path, exif: Exif) -> int:
    """Return by which orientation `read_image` turns an image, 1 (not) to 8; never fails."""
    if exif != "apply":
        return 1
    try:
        with _opened(path, CURE) as stored:
            return stored.orientation
    except DatasetError:
        return 1


def read_image(path: Path, cure: str = CURE, exif: Exif = "refuse") -> NDArray[np.uint8]:
    """Read an image file.

    Grey, palette, transparent and 16-bit images are converted once, by
    `methods.image.as_rgb_uint8`. JPEG files are decoded by libjpeg through Pillow; another
    decoder may differ by 1 in a few values. The values of PNM files are shares of their maxval.

    Parameters
    ----------
    path : Path
    cure : str
        What the error says that the user can do.
    exif : {"refuse", "apply", "ignore"}
        What to do about an orientation tag: viewers turn the image, many programs do not, so that
        annotations may have been made either way. A TIFF's own orientation field, which most
        programs pass over, turns the image only by "apply".

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)

    Raises
    ------
    DatasetError
        If the file is missing, truncated, no image, an animation or several pages, has an
        orientation other than 1 that is to be refused, or bands that are no colours.
    """
    with _opened(path, cure) as stored:
        _check(stored, exif)
        pixels = as_rgb_uint8(_decode(stored))
        return _turned(pixels, stored.orientation) if exif == "apply" else pixels


def turned_by_some(path: Path) -> bool:
    """Return whether a file is a TIFF with an orientation, which some programs heed; never fails.

    `read_image` passes it over unless it is to be applied.
    """
    try:
        with _opened(path, CURE) as stored:
            return stored.image.format == "TIFF" and stored.orientation != 1
    except DatasetError:
        return False


@dataclass(frozen=True)
class _Stored:
    """An image file: its bytes, and what Pillow makes of them."""

    content: bytes
    image: ImageFile.ImageFile
    tiff_orientation: int

    @property
    def orientation(self) -> int:
        """How it asks to be turned, 2 to 8, or 1; a PNG is decoded for that."""
        asked = self.tiff_orientation
        if self.image.format != "TIFF":
            asked = self.image.getexif().get(ExifTags.Base.Orientation, 1)
        return asked if asked in range(2, 9) else 1

    @property
    def tags(self) -> dict[int, Any]:
        return dict(getattr(self.image, "tag_v2", {}))


@contextmanager
def _opened(path: Path, cure: str) -> Iterator[_Stored]:
    """Open an image file; whatever is wrong with it becomes a DatasetError that names it."""
    try:
        content = read_plain(path)
        orientation = 1
        if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            content, orientation = tiff.upright(content)
        with warnings.catch_warnings():
            # Large images are meant; from twice that limit on Pillow refuses. What else it warns
            # of, such as tags that are cut short, nobody can act upon.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                yield _Stored(content, image, orientation)
    except (DatasetError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise _unreadable(path, "there is no such file", cure) from error
    except UnidentifiedImageError as error:
        reason = f"it is none of {', '.join(_FORMATS)}, or its pixel format is not supported"
        raise _unreadable(path, reason, cure) from error
    except Image.DecompressionBombError as error:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise _unreadable(path, f"it has more than {most} pixels, the most read", cure) from error
    except Exception as error:  # a broken file makes decoders fail in many ways
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _unreadable(path, reason, cure) from error


def _check(stored: _Stored, exif: Exif) -> None:
    """Refuse what would need a guess.

    Raises
    ------
    ValueError
        With the reason.
    """
    image = stored.image
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format != "MPO":  # a JPEG with more behind it, as of telephones
        raise ValueError(f"it holds {pages} pictures (pages or frames); save the one that is meant")
    if image.mode not in _MODES:
        raise ValueError(f"its colours are {image.mode}; convert it to RGB, by its colour profile")
    if image.format == "TIFF":
        tiff.check_bands(stored.tags)
    elif stored.orientation != 1 and exif == "refuse":
        raise ValueError(
            f"it asks to be turned (EXIF orientation {stored.orientation}), and were its "
            f"annotations made on the picture as viewers show it, or as it is stored? say which by "
            f"--exif apply or --exif ignore"
        )


def _decode(stored: _Stored) -> NDArray[np.generic]:
    """Return the pixels as stored, with all bits and channels that matter."""
    image = stored.image
    if image.format == "PPM" and image.tile[0][0] == "ppm":  # binary, with an uncommon maxval
        return _decode_pnm(stored)
    # Pillow raises on a truncated file, where OpenCV returns grey for what is missing.
    image.load()
    if _is_deep_colour(stored):
        return _decode_deep(stored.content)
    if image.mode == "F":
        return np.asarray(image)
    if image.mode.startswith("I"):
        return _deep_grey(stored)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _is_deep_colour(stored: _Stored) -> bool:
    """Return whether Pillow would cut the values to 8 bits."""
    if stored.image.format == "PNG":
        bits, kind = stored.content[24:26]
        return bits == 16 and kind != 0
    return (
        stored.image.format == "TIFF"
        and stored.image.mode in ("RGB", "RGBA")
        and (tiff.is_deep(stored.tags))
    )


def _decode_deep(content: bytes) -> NDArray[np.generic]:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3:
        raise ValueError("its pixel format is not supported")
    order = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, order))


def _decode_pnm(stored: _Stored) -> NDArray[np.generic]:
    """Return the values of a binary PGM or PPM as shares of its maxval."""
    image = stored.image
    tile: Any = image.tile[0]
    _, _, offset, (_, maxval) = tile
    bands = len(image.getbands())
    count = image.height * image.width * bands
    kind = np.dtype(">u2" if maxval > 255 else np.uint8)
    if len(stored.content) - offset < count * kind.itemsize:
        raise ValueError("it is truncated")
    values: NDArray[Any] = np.frombuffer(stored.content, kind, count, offset)
    if values.max() > maxval:
        raise ValueError(f"it has the value {values.max()}, and its maxval is {maxval}")
    shape = (image.height, image.width, bands)[: 3 if bands > 1 else 2]
    shares: NDArray[np.float64] = values / maxval
    return shares.reshape(shape)


def _deep_grey(stored: _Stored) -> NDArray[np.generic]:
    """Return grey of more than 8 bits; formats differ in the largest value."""
    values = np.asarray(stored.image)
    largest = 65535
    if stored.image.format == "TIFF":
        largest = tiff.largest_grey(stored.tags)
        if largest > 65535:
            raise ValueError("it holds values of 32 bits, which have no known range; save 16 bits")
        values = largest - values if tiff.white_is_zero(stored.tags) else values
    return values.astype(np.uint16) if largest == 65535 else values / largest


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror an image as its orientation asks."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _unreadable(path: Path, reason: str, cure: str) -> DatasetError:
    return DatasetError(f"cannot read the image {path}: {reason}; {cure}")
