"""The door for images: whatever a user has becomes (H, W, 3) uint8 sRGB, once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Largest value by type; floats are in [0, 1].
_LARGEST = {"uint8": 255, "uint16": 65535, "bool": 1}


def as_rgb_uint8(image: ArrayLike) -> NDArray[np.uint8]:
    """Convert an image to 8-bit RGB.

    Parameters
    ----------
    image : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array
        Grey, RGB or RGBA; uint8, uint16, bool, or float in [0, 1]. Transparent pixels are laid
        on white.

    Returns
    -------
    (H, W, 3) uint8 array, C-contiguous

    Raises
    ------
    ValueError
        For another shape or type, an empty image, or floats outside [0, 1] or NaN.
    """
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"image has shape {np.shape(image)}; expected (H, W) grey, (H, W, 3) RGB or"
            " (H, W, 4) RGBA"
        )
    if pixels.size == 0:
        raise ValueError(f"image has shape {np.shape(image)}, which has no pixel")
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels)
    unit = _as_unit(pixels)
    if unit.shape[2] == 4:
        alpha = unit[:, :, 3:]
        unit = unit[:, :, :3] * alpha + (1 - alpha)
    eight_bit = np.rint(unit * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(eight_bit, (*eight_bit.shape[:2], 3)))


def _as_unit(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return values in [0, 1]."""
    if pixels.dtype.name in _LARGEST:
        return pixels.astype(float) / _LARGEST[pixels.dtype.name]
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(
            f"image is of type {pixels.dtype}; expected uint8, uint16, bool, or float in [0, 1]"
        )
    values = pixels.astype(float)
    # The negation catches NaN too.
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"image has values from {values.min():g} to {values.max():g}; a float image must be in"
            " [0, 1]: divide by its largest possible value, or convert to uint8"
        )
    return values
