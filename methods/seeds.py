"""SEEDS by OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.ximgproc import LIBRARY, LICENSE, decline_unless, to_hsv, to_lab


class Seeds(Method):
    """Moves blocks, then pixels, between superpixels to make their colour histograms purer.

    The count is quantised: the grid of blocks is halved `levels` times and must fit.
    """

    name = "seeds"
    title = "SEEDS"
    reference = (
        "van den Bergh, Boix, Roig, de Capitani, Van Gool, SEEDS: superpixels extracted via"
        " energy-driven sampling, ECCV 2012"
    )
    doi = "10.1007/978-3-642-33786-4_2"
    license = LICENSE
    library = LIBRARY
    departures = "returns 60 superpixels for 100 asked on BSDS500, for its grid of blocks"

    levels: int = 4
    prior: int = 2
    bins: int = 5
    iterations: int = 10
    double_step: bool = False
    lab: bool = False

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Call cv2.ximgproc.createSuperpixelSEEDS."""
        import cv2

        height, width = image.shape[:2]
        decline_unless(min(height, width) >= 8 and height * width >= 4 * n, "SEEDS", image, n)
        superpixels = cv2.ximgproc.createSuperpixelSEEDS(
            width, height, 3, n, self.levels, self.prior, self.bins, self.double_step
        )
        superpixels.iterate(to_lab(image) if self.lab else to_hsv(image), self.iterations)
        return np.asarray(superpixels.getLabels(), dtype=np.int32)
