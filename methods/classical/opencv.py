"""What the methods from OpenCV share: Lab conversion, safe grid steps, one thread."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Skip

LIBRARY = "opencv-contrib-python-headless"
LICENSE = "Apache-2.0"


def to_lab(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an sRGB image as 8-bit Lab, a new array."""
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.uint8)


def region_size(height: int, width: int, n: int, places_seeds: Callable[[int], bool]) -> int:
    """Return the grid step round(sqrt(H W / n)), or the next smaller one that places seeds.

    Without a seed, OpenCV crashes or reads outside its arrays.

    Raises
    ------
    Skip
        If the step would have to shrink to less than half.
    """
    wanted = max(1, round(math.sqrt(height * width / n)))
    step = next((s for s in range(wanted, 0, -1) if places_seeds(s)), 0)
    if 2 * step < wanted:
        raise Skip(
            f"OpenCV cannot place {n} superpixels of side {wanted} on {height} x {width} pixels; "
            f"ask for more superpixels or a larger image"
        )
    return step


@contextlib.contextmanager
def one_thread() -> Iterator[Any]:
    """Run OpenCV on one thread, for code of its own whose threads race."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
