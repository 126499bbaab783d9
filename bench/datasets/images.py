"""Reading an image file strictly: the whole file or a clear error, never half a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.datasets.base import DatasetError
from methods.image import as_rgb_uint8

#: What to do about an image of a data set that cannot be read.
CURE = "replace the file or take it out of the data set"
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".webp")


def image_size(path: Path) -> tuple[int, int]:
    """Return (H, W) from the header of an image file.

    Raises
    ------
    DatasetError
        If the file is missing or is no image.
    """
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


def read_image(path: Path, cure: str = CURE) -> NDArray[np.uint8]:
    """Read an image file as it is stored: an orientation tag does not turn it.

    Grey, palette, transparent and 16-bit images are converted once, by
    `methods.image.as_rgb_uint8`. JPEG files are decoded by libjpeg through Pillow; another
    decoder may differ by 1 in a few values.

    Parameters
    ----------
    path : Path
    cure : str
        What the error says that the user can do.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)

    Raises
    ------
    DatasetError
        If the file is missing, truncated, or no image.
    """
    try:
        with Image.open(path) as image:
            # Pillow raises on a truncated file, where OpenCV returns grey for what is missing.
            image.load()
            if image.format == "JPEG":
                return np.ascontiguousarray(image.convert("RGB"), dtype=np.uint8)
        return as_rgb_uint8(_decode_deep(path))
    except (OSError, ValueError, SyntaxError, cv2.error, Image.DecompressionBombError) as error:
        raise _unreadable(path, error, cure) from error


def _decode_deep(path: Path) -> NDArray[np.generic]:
    """Decode with all bits and channels (Pillow would cut 16-bit colour down to 8 bits)."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("its pixel format is not supported")
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        pixels = cv2.cvtColor(
            pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        )
    return np.asarray(pixels)


def _unreadable(path: Path, error: Exception, cure: str = CURE) -> DatasetError:
    reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
    return DatasetError(f"cannot read the image {path}: {reason}; {cure}")
