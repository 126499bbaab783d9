"""Waterpixels: the watershed of a spatially regularised gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.grid import grid_shape
from methods.watershed import gradient


class Waterpixels(Method):
    """Floods gradient plus distance to the markers, one marker at each cell's gradient minimum."""

    name = "waterpixels"
    title = "Waterpixels"
    reference = "Machairas, Faessel, Cardenas-Pena, Chabardes, Walter, Decenciere, TIP 2015"
    doi = "10.1109/TIP.2015.2451011"
    license = "BSD-3-Clause (scikit-image)"
    library = "scikit-image"
    connected = True
    departures = (
        "square cells where the paper prefers hexagons; the marker is the one pixel of least"
        " gradient, where the paper takes the minimum of highest extinction value"
    )

    k: float = 8.0
    margin: float = 0.33

    def validate(self) -> None:
        """Refuse a margin that leaves no cell."""
        if not 0 <= self.margin < 1 or self.k < 0:
            raise ValueError(
                f"method 'waterpixels': margin is {self.margin} and k is {self.k}; give a margin"
                " from 0 to below 1, the share of a cell without markers, and a k of at least 0"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Flood g + k d / step, d the distance to the nearest marker (eq. (2) of the paper)."""
        from scipy.ndimage import distance_transform_edt
        from skimage.segmentation import watershed

        height, width = image.shape[:2]
        rows, columns = grid_shape(height, width, n)
        slope = gradient(image)
        markers = _minima(slope, rows, columns, self.margin)
        step = np.sqrt(height * width / n)
        distance = distance_transform_edt(markers == 0) / step
        labels: NDArray[Any] = watershed(slope * 255 + self.k * distance, markers)
        return labels


def _minima(
    slope: NDArray[np.float64], rows: int, columns: int, margin: float
) -> NDArray[np.int32]:
    """Mark the least gradient of each cell, the middle one of equals, away from its border."""
    height, width = slope.shape
    markers = np.zeros(slope.shape, np.int32)
    tops = np.arange(rows + 1) * height // rows
    lefts = np.arange(columns + 1) * width // columns
    for row in range(rows):
        for column in range(columns):
            y0, y1 = _inside(tops[row], tops[row + 1], margin)
            x0, x1 = _inside(lefts[column], lefts[column + 1], margin)
            cell = slope[y0:y1, x0:x1]
            y, x = np.nonzero(cell == cell.min())
            middle = np.argmin((2 * y + 1 - y1 + y0) ** 2 + (2 * x + 1 - x1 + x0) ** 2)
            markers[y0 + y[middle], x0 + x[middle]] = row * columns + column + 1
    return markers


def _inside(start: int, stop: int, margin: float) -> tuple[int, int]:
    """Return the range without a margin, at least one pixel of it."""
    cut = int((stop - start) * margin / 2)
    return (start + cut, stop - cut) if stop - start > 2 * cut else (start, stop)
