"""A regular grid, the baseline that looks at no pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.lattice import grid_labels, rows_and_columns
from methods.registry import register


@register
class Grid(Method):
    """Rectangles of nearly equal size.

    Parameters
    ----------
    step : int
        Side of the squares in pixels, whatever the count; 0 chooses rows and columns for `n`.
    """

    name = "grid"
    title = "Grid"
    license = "BSD-3-Clause"
    connected = True
    departures = "The count is the nearest that rows and columns of nearly square cells have."

    step: int = 0

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.step < 0:
            raise ValueError(f"step={self.step} must be >= 0, in pixels; 0 follows n")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of a grid of rectangles."""
        height, width = image.shape[:2]
        if self.step:
            rows, columns = -(-height // self.step), -(-width // self.step)
        else:
            rows, columns = rows_and_columns(height, width, n)
        return grid_labels(height, width, rows, columns)
