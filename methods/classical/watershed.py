"""Compact watershed from a grid of markers, flooded by scikit-image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, OnDemand
from methods.classical.lattice import cell_middles, rows_and_columns
from methods.registry import register


@register
class CompactWatershed(Method):
    """Flood the image gradient from one marker in the middle of each grid cell.

    Parameters
    ----------
    compactness : float
        Weight of the distance to the marker in pixels, at least 0; 0 is the plain watershed.
    """

    name = "watershed"
    title = "Compact watershed"
    reference = (
        "Neubert, Protzel: Compact Watershed and Preemptive SLIC: On Improving Trade-offs of "
        "Superpixel Segmentation Algorithms, ICPR 2014"
    )
    doi = "10.1109/ICPR.2014.181"
    license = "BSD-3-Clause"
    library = "scikit-image"
    connected = True
    departures = (
        "The gradient is the Sobel magnitude of luminance in [0, 1]. The count is that of the "
        "grid of markers, nearest the one asked for."
    )

    compactness: float = 0.001

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.compactness < 0:
            raise ValueError(f"compactness={self.compactness} must be >= 0, usual is 0.001")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the basins of the gradient."""
        return self._flood(_gradient(image), n)

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Return the basins for each of `ns`, all of one gradient."""
        gradient = _gradient(image)
        return OnDemand(lambda n: self._flood(gradient, n), ns)

    def _flood(self, gradient: NDArray[np.float64], n: int) -> NDArray[Any]:
        from skimage.segmentation import watershed

        height, width = gradient.shape
        rows, columns = rows_and_columns(height, width, n)
        markers = np.zeros((height, width), np.int32)
        markers.flat[cell_middles(height, width, rows, columns)] = np.arange(rows * columns) + 1
        labels: NDArray[Any] = watershed(gradient, markers, compactness=self.compactness)
        return labels


def _gradient(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the Sobel magnitude of luminance in [0, 1]."""
    from skimage.color import rgb2gray
    from skimage.filters import sobel

    gradient: NDArray[np.float64] = sobel(rgb2gray(image))
    return gradient
