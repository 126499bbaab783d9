"""Linear spectral clustering as OpenCV computes it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, Skip
from methods.classical import opencv
from methods.registry import register

# On a finer grid, enforcing connectivity leaves a handful of superpixels (measured, OpenCV 5.0).
LEAST_STEP = 5


@register
class Lsc(Method):
    """k-means in a ten-dimensional space whose distances approximate normalised cuts.

    Parameters
    ----------
    ratio : float
        Weight of position against colour, greater than 0.
    iterations : int
        Rounds of k-means, at least 1.
    enforce : int
        Components smaller than this percentage of the mean size join a neighbour; 0 for none.
    """

    name = "lsc"
    title = "LSC"
    reference = "Li, Chen: Superpixel Segmentation Using Linear Spectral Clustering, CVPR 2015"
    doi = "10.1109/CVPR.2015.7298741"
    license = opencv.LICENSE
    library = opencv.LIBRARY
    departures = (
        "Lab in 8 bits. Runs on one thread: on several, OpenCV's threads race and the labels "
        "change from run to run. On thin images whose grid would have no seed, where "
        "OpenCV crashes, the step shrinks, at most to half; thinner ones are declined. "
        "Declines grids of a step below 5, which enforcement would merge into a few superpixels. "
        "Enforcement makes superpixels 8-connected, not 4-connected."
    )

    ratio: float = 0.075
    iterations: int = 10
    enforce: int = 20

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.ratio <= 0:
            raise ValueError(f"ratio={self.ratio} must be > 0, usual is 0.075")
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual is 10")
        if not 0 <= self.enforce <= 100:
            raise ValueError(f"enforce={self.enforce} must be a percentage, 0 to 100")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of OpenCV's LSC object."""
        import cv2

        height, width = image.shape[:2]

        def places_seeds(step: int) -> bool:
            # OpenCV divides by its numbers of columns and rows. It has floor(sqrt(seeds * W / H))
            # columns, or one less where that root is whole and comes out just below.
            seeds = height * width // step**2
            columns = math.isqrt(seeds * width // height)
            columns_rounded_down = math.isqrt(max(0, seeds * width - 1) // height)
            return columns_rounded_down > 0 and seeds >= columns

        step = opencv.region_size(height, width, n, places_seeds)
        if self.enforce and step < LEAST_STEP:
            raise Skip(
                f"OpenCV's LSC merges nearly all superpixels of side {step} into one; ask for"
                f" {height * width // LEAST_STEP**2} or fewer on {height} x {width} pixels, or set"
                " enforce=0"
            )
        with opencv.one_thread():
            state = cv2.ximgproc.createSuperpixelLSC(opencv.to_lab(image), step, self.ratio)
            state.iterate(self.iterations)
            if self.enforce:
                state.enforceLabelConnectivity(self.enforce)
            return np.asarray(state.getLabels())
