"""SLIC as OpenCV computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical import opencv
from methods.registry import register


@register
class CvSlic(Method):
    """Local k-means in Lab and position, on a grid of step round(sqrt(HW / n)).

    Parameters
    ----------
    ruler : float
        Weight of position against colour, greater than 0.
    iterations : int
        Rounds of k-means, at least 1.
    enforce : int
        Components smaller than this percentage of the mean size join a neighbour; 0 for none.
    """

    name = "cvslic"
    title = "OpenCV SLIC"
    reference = (
        "Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk: SLIC Superpixels Compared to "
        "State-of-the-Art Superpixel Methods, TPAMI 2012"
    )
    doi = "10.1109/TPAMI.2012.120"
    license = opencv.LICENSE
    library = opencv.LIBRARY
    connected = True
    departures = (
        "Lab in 8 bits. Returns fewer superpixels than asked, about 82 of 100 on BSDS500. "
        "On an image thinner than the grid step, where OpenCV places no seed or crashes, the step "
        "shrinks to its width, at most to half; thinner images are declined."
    )
    algorithm = 100  # cv2.ximgproc.SLIC

    ruler: float = 10.0
    iterations: int = 10
    enforce: int = 25

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.ruler <= 0:
            raise ValueError(f"ruler={self.ruler} must be > 0, usual are 1 to 40")
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual is 10")
        if not 0 <= self.enforce <= 100:
            raise ValueError(f"enforce={self.enforce} must be a percentage, 0 to 100")

    def places_seeds(self, height: int, width: int, step: int) -> bool:
        """Return whether OpenCV places seeds on a grid of this step: both sides must hold one."""
        return step <= min(height, width)

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of OpenCV's SLIC object."""
        import cv2

        height, width = image.shape[:2]
        step = opencv.region_size(height, width, n, lambda s: self.places_seeds(height, width, s))
        lab = opencv.to_lab(image)
        state = cv2.ximgproc.createSuperpixelSLIC(lab, self.algorithm, step, self.ruler)
        state.iterate(self.iterations)
        if self.enforce:
            state.enforceLabelConnectivity(self.enforce)
        return np.asarray(state.getLabels())
