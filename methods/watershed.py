"""Compact watershed by scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.grid import grid_shape


class Watershed(Method):
    """Floods the gradient from one marker in the middle of each cell of a grid."""

    name = "watershed"
    title = "Compact watershed"
    reference = "Neubert, Protzel, Compact watershed and preemptive SLIC, ICPR 2014"
    doi = "10.1109/ICPR.2014.181"
    license = "BSD-3-Clause (scikit-image)"
    library = "scikit-image"
    connected = True

    compactness: float = 0.0005

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Call skimage.segmentation.watershed with markers on a grid."""
        from skimage.segmentation import watershed

        height, width = image.shape[:2]
        rows, columns = grid_shape(height, width, n)
        y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
        x = ((np.arange(columns) + 0.5) * width / columns).astype(int)
        markers = np.zeros((height, width), np.int32)
        markers[np.ix_(y, x)] = np.arange(1, rows * columns + 1).reshape(rows, columns)
        labels: NDArray[Any] = watershed(gradient(image), markers, compactness=self.compactness)
        return labels


def gradient(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the Sobel magnitude of the lightness, about 0 to 1."""
    from skimage.color import rgb2lab
    from skimage.filters import sobel

    magnitude: NDArray[np.float64] = sobel(rgb2lab(image)[:, :, 0] / 100)
    return magnitude
