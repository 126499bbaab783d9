"""Voronoi cells of random pixels, the baseline without any regularity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.lattice import nearest
from methods.registry import register


@register
class Voronoi(Method):
    """Every pixel belongs to the nearest of `n` different random pixels.

    Parameters
    ----------
    seed : int
        Of the random numbers, at least 0.
    """

    name = "voronoi"
    title = "Voronoi"
    license = "BSD-3-Clause"
    exact_count = True
    departures = "Cells are convex, but a thin one on the pixel grid may be in several parts."

    seed: int = 0

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} must be >= 0")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the number of the nearest site."""
        height, width = image.shape[:2]
        random = np.random.default_rng(self.seed)
        sites = random.choice(height * width, size=n, replace=False)
        points = np.stack(np.unravel_index(sites, (height, width)), axis=-1)
        return nearest(height, width, points.astype(np.float64))
