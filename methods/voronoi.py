"""Random Voronoi cells: the irregular baseline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method


class Voronoi(Method):
    """Draws n distinct pixels; every pixel takes the nearest of them."""

    name = "voronoi"
    title = "Voronoi"
    license = "BSD-3-Clause (this suite)"
    exact_count = True

    seed: int = 0

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.intp]:
        """Draw without replacement and ask for the nearest site of every pixel."""
        from scipy.spatial import cKDTree

        height, width = image.shape[:2]
        pixels = np.indices((height, width)).reshape(2, -1).T
        sites = np.random.default_rng(self.seed).choice(len(pixels), size=n, replace=False)
        nearest = cKDTree(pixels[np.sort(sites)]).query(pixels)[1]
        return np.reshape(nearest, (height, width))
