"""CIELAB as the compiled methods see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
