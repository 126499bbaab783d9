"""LSC, linear spectral clustering, by OpenCV."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.ximgproc import LIBRARY, LICENSE, decline_unless, region_size, run, to_lab


class Lsc(Method):
    """K-means in ten dimensions, where it minimises the normalised cut."""

    name = "lsc"
    title = "LSC"
    reference = "Li, Chen, Superpixel segmentation using linear spectral clustering, CVPR 2015"
    doi = "10.1109/CVPR.2015.7298741"
    license = LICENSE
    library = LIBRARY
    departures = "Lab is rounded to 8 bit; cells come from a side length rounded to pixels"

    ratio: float = 0.075
    iterations: int = 10
    enforce: int = 20

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Call cv2.ximgproc.createSuperpixelLSC."""
        import cv2

        size = region_size(image, n)
        decline_unless(_has_seeds(image.shape[0], image.shape[1], size), "LSC", image, n)
        superpixels = cv2.ximgproc.createSuperpixelLSC(to_lab(image), size, self.ratio)
        return run(superpixels, self.iterations, self.enforce)


def _has_seeds(height: int, width: int, size: int) -> bool:
    """Tell whether OpenCV's rule for rows and columns of seeds leaves any."""
    count = height * width // size**2
    columns = math.isqrt(count * width // height)
    return columns >= 1 and count // columns >= 1
