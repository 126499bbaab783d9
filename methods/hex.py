"""Hexagons: the regular baseline whose cells are nearest to discs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method


class Hex(Method):
    """A lattice of hexagons with about n centres in the image; each pixel takes the nearest."""

    name = "hex"
    title = "Hexagons"
    license = "BSD-3-Clause (this suite)"

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.intp]:
        """Lay the lattice over the image and ask for the nearest centre of every pixel."""
        from scipy.spatial import cKDTree

        height, width = image.shape[:2]
        # A hexagon of distance d between centres has the area d^2 sqrt(3) / 2.
        distance = np.sqrt(height * width / n * 2 / np.sqrt(3))
        rows = max(1, round(height / (distance * np.sqrt(3) / 2)))
        y = (np.arange(rows) + 0.5) * height / rows
        centres: list[tuple[float, float]] = []
        for row in range(rows):
            # What earlier rows have too few or too many of n, this one makes good.
            columns = max(1, round(n * (row + 1) / rows) - len(centres))
            shift = 0.25 if row % 2 else 0.75
            centres += [(y[row], (i + shift) * width / columns) for i in range(columns)]
        pixels = np.indices((height, width)).reshape(2, -1).T + 0.5
        nearest = cKDTree(np.array(centres)).query(pixels)[1]
        return np.reshape(nearest, (height, width))
