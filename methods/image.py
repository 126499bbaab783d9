"""The one place where an image of any usual kind becomes (H, W, 3) uint8 sRGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class InvalidImageError(ValueError):
    """An array that is no image this package can read."""


def as_rgb_uint8(image: ArrayLike) -> NDArray[np.uint8]:
    """Return an image as contiguous (H, W, 3) uint8.

    Parameters
    ----------
    image : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array
        bool, uint8, uint16, or float in [0, 1]. Grey is repeated into three channels; a fourth
        channel is opacity and is composited on white.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        The input itself if nothing had to change.

    Raises
    ------
    InvalidImageError
        If the shape, the dtype or a value is not one of these.
    """
    if isinstance(image, np.ma.MaskedArray):
        raise InvalidImageError(
            "the image is a masked array, and its mask would be lost; fill what is masked"
        )
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise InvalidImageError(
            f"an image of shape {pixels.shape} is not (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); "
            f"channels come last, one image at a time"
        )
    if pixels.size == 0:
        raise InvalidImageError(f"an image of shape {pixels.shape} has no pixels")
    rgb = _to_uint8(pixels)
    if rgb.ndim == 2:
        rgb = rgb[:, :, np.newaxis]
    if rgb.shape[2] == 1:
        rgb = np.repeat(rgb, 3, axis=2)
    if rgb.shape[2] == 4:
        opacity = rgb[:, :, 3:] / np.float32(255)
        rgb = np.rint(rgb[:, :, :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    return np.ascontiguousarray(rgb)


def _to_uint8(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.uint16:
        return np.rint(pixels.astype(np.float32) / 257).astype(np.uint8)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise InvalidImageError(
            f"an image of {pixels.dtype} has no known range; convert it to uint8 (0..255), "
            f"uint16 (0..65535) or float (0..1)"
        )
    values = pixels.astype(np.float64)
    if not np.isfinite(values).all():
        raise InvalidImageError("the image holds NaN or infinite values; replace them first")
    if values.min() < 0 or values.max() > 1:
        raise InvalidImageError(
            f"a float image must lie in [0, 1], this one has {values.min():g} to "
            f"{values.max():g}; divide it by its largest possible value, or clip it"
        )
    return np.rint(values * 255).astype(np.uint8)
