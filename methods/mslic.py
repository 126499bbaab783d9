"""Manifold SLIC by OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.ximgproc import LIBRARY, LICENSE, decline_unless, region_size, run, to_lab


class Mslic(Method):
    """SLIC on the image as a surface in five dimensions: smaller superpixels where much happens."""

    name = "mslic"
    title = "MSLIC"
    reference = "Liu, Yu, Yu, He, Manifold SLIC, CVPR 2016"
    doi = "10.1109/CVPR.2016.77"
    license = LICENSE
    library = LIBRARY
    deterministic = False
    departures = "Lab is rounded to 8 bit; cells come from a side length rounded to pixels"

    ruler: float = 10.0
    iterations: int = 10
    enforce: int = 25

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Call cv2.ximgproc.createSuperpixelSLIC with algorithm MSLIC."""
        import cv2

        size = region_size(image, n)
        decline_unless(size >= 2 and min(image.shape[:2]) // size >= 4, "MSLIC", image, n)
        superpixels = cv2.ximgproc.createSuperpixelSLIC(
            to_lab(image), cv2.ximgproc.MSLIC, size, self.ruler
        )
        return run(superpixels, self.iterations, self.enforce)
