"""What the methods of OpenCV's ximgproc module share: colours, cell sizes and safe sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Skip

LIBRARY = "opencv-contrib-python-headless"
LICENSE = "Apache-2.0 (OpenCV)"


def to_lab(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return CIE Lab of 8 bit a channel, as OpenCV's own examples do."""
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), dtype=np.uint8)


def to_hsv(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return HSV of 8 bit a channel."""
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), dtype=np.uint8)


def region_size(image: NDArray[np.uint8], n: int) -> int:
    """Return the side of the square cells of which n cover the image."""
    return max(1, round(float(np.sqrt(image.shape[0] * image.shape[1] / n))))


def run(superpixels: Any, iterations: int, min_element_size: int) -> NDArray[np.int32]:
    """Iterate, enforce connectivity unless the size is 0, return the labels.

    Parameters
    ----------
    superpixels : cv2.ximgproc.SuperpixelSLIC or SuperpixelLSC
        Set up with the image.
    iterations : int
        How often to assign and update.
    min_element_size : int
        Parts below this share of a cell, in percent, are merged away; 0 leaves all.
    """
    superpixels.iterate(iterations)
    if min_element_size:
        superpixels.enforceLabelConnectivity(min_element_size)
    return np.asarray(superpixels.getLabels(), dtype=np.int32)


def decline_unless(safe: bool, method: str, image: NDArray[np.uint8], n: int) -> None:
    """Decline sizes at which OpenCV reads outside its memory, hangs or crashes."""
    if not safe:
        height, width = image.shape[:2]
        raise Skip(
            f"OpenCV's {method} is not safe for n = {n} on {height} x {width} pixels;"
            " use a larger image or another n"
        )
