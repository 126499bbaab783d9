"""ScanSegment, superpixels by a parallel DBSCAN, as OpenCV computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical import opencv
from methods.registry import register


@register
class ScanSegment(Method):
    """Density-based clusters of similar colour, small ones merged down to the count.

    Parameters
    ----------
    slices : int
        Parts of the image worked on at once, at least 1. With more than 1 the labels change
        from run to run.
    """

    name = "scan"
    title = "ScanSegment"
    reference = (
        "Loke, MacDonald, Parsons, Wünsche: Accelerated Superpixel Image Segmentation With a "
        "Parallelized DBSCAN Algorithm, Journal of Real-Time Image Processing 2021"
    )
    doi = "10.1007/s11554-021-01128-5"
    license = opencv.LICENSE
    library = opencv.LIBRARY
    departures = (
        "Lab in 8 bits. One slice, with which alone it is deterministic. Pixels that it leaves "
        "without a superpixel, a few per image, together are one more superpixel here."
    )

    slices: int = 1

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.slices < 1:
            raise ValueError(f"slices={self.slices} must be >= 1; only 1 is deterministic")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of OpenCV's ScanSegment object."""
        import cv2

        height, width = image.shape[:2]
        state = cv2.ximgproc.createScanSegment(width, height, n, self.slices, True)
        state.iterate(opencv.to_lab(image))  # overwrites its input
        return np.asarray(state.getLabels()) + 1  # -1 marks pixels without a superpixel
