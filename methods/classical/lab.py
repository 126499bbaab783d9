"""CIELAB as the compiled methods see it."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled, inner

BITS = 14  # of linear light and of the coefficients, as whole numbers
ONE = 1 << BITS

# X, Y and Z of linear R, G and B, each divided by that of white (D65), rounded so that the rows add
# up to ONE: greys have no colour.
TO_XYZ = (7110, 6164, 3110), (3484, 11717, 1183), (291, 1794, 14299)


def to_lab(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return an sRGB image in CIELAB (D65).

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8

    Returns
    -------
    (H, W, 3) ndarray of float32
        L* in 0..100, a* and b* about -128..127; within 0.5 of the exact values (OpenCV interpolates
        in tables, which makes it several times faster).
    """
    import cv2

    unit = np.multiply(image, np.float32(1 / 255), dtype=np.float32)
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2Lab), np.float32)


def lab_planes(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return an sRGB image in CIELAB (D65), plane by plane, from two tables.

    Linear light is a whole number of 14 bits, and so are X, Y and Z, sums of three products,
    rounded. Their cube roots, or what CIELAB has for small values, stand in a table of 32-bit
    floats. No other rounding than that of 32-bit floats follows: the same on every processor.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8

    Returns
    -------
    (3, H, W) ndarray of float32
        L* in 0..100, a* and b* about -128..127.
    """
    planes = np.empty((3, *image.shape[:2]), np.float32)
    look_up(np.ascontiguousarray(image), *_tables(), planes)
    return planes


@functools.cache
def _tables() -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return linear light of 8-bit sRGB, and f(t) of CIELAB; t and light in units of 1 / ONE."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    t = np.arange(ONE + 1) / ONE
    root = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.rint(light * ONE).astype(np.int32), root.astype(np.float32)


@compiled
def look_up(
    image: NDArray[np.uint8],
    light: NDArray[np.int32],
    root: NDArray[np.float32],
    planes: NDArray[np.float32],
) -> None:
    """Fill `planes` with L*, a* and b* of an image."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            red, green, blue = light[image[y, x, 0]], light[image[y, x, 1]], light[image[y, x, 2]]
            fx = root[weighted(red, green, blue, TO_XYZ[0])]
            fy = root[weighted(red, green, blue, TO_XYZ[1])]
            fz = root[weighted(red, green, blue, TO_XYZ[2])]
            planes[0, y, x] = np.float32(116) * fy - np.float32(16)
            planes[1, y, x] = np.float32(500) * (fx - fy)
            planes[2, y, x] = np.float32(200) * (fy - fz)


@inner
def weighted(red: int, green: int, blue: int, coefficients: tuple[int, int, int]) -> int:
    """Return the weighted sum of three numbers, rounded."""
    total = coefficients[0] * red + coefficients[1] * green + coefficients[2] * blue
    return (total + ONE // 2) >> BITS
