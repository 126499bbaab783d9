"""SLIC by OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.slic import Slic
from methods.ximgproc import LIBRARY, LICENSE, decline_unless, region_size, run, to_lab


class CvSlic(Method):
    """The second implementation of SLIC at hand: without stretching, another start."""

    name = "cvslic"
    title = "SLIC (OpenCV)"
    reference = Slic.reference
    doi = Slic.doi
    license = LICENSE
    library = LIBRARY
    departures = "Lab is rounded to 8 bit; cells come from a side length rounded to pixels"

    ruler: float = 10.0
    iterations: int = 10
    enforce: int = 25

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Call cv2.ximgproc.createSuperpixelSLIC with algorithm SLIC."""
        import cv2

        size = region_size(image, n)
        decline_unless(size <= min(image.shape[:2]), "SLIC", image, n)
        superpixels = cv2.ximgproc.createSuperpixelSLIC(
            to_lab(image), cv2.ximgproc.SLIC, size, self.ruler
        )
        return run(superpixels, self.iterations, self.enforce)
