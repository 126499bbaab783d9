"""A hexagonal grid, the baseline that looks at no pixel and is rounder than squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.lattice import hexagon_centres, nearest
from methods.registry import register


@register
class Hexagons(Method):
    """Every pixel belongs to the nearest point of a triangular lattice."""

    name = "hex"
    title = "Hexagons"
    license = "BSD-3-Clause"
    connected = True
    departures = (
        "The count is the nearest that whole rows of nearly regular hexagons have; some cells of a "
        "pixel or two hold no pixel centre and are lost."
    )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of a grid of hexagons."""
        height, width = image.shape[:2]
        return nearest(height, width, hexagon_centres(height, width, n))
