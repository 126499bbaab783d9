"""What a network found for an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Solution:
    """What a network found for an image.

    Attributes
    ----------
    labels : (H, W) ndarray of int64
        After post-processing; not every integer occurs.
    soft_image : (H, W, 3) ndarray of float32
        Soft superpixelated image, eq. (2) as meant, in [0, 1].
    reconstruction : (H, W, 3) ndarray of float32
        The network's reconstruction of the image, in [0, 1].
    losses : (iterations,) ndarray of float64
        The objective before each step.
    """

    labels: NDArray[np.int64]
    soft_image: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    losses: NDArray[np.float64]
