"""Regular grid: the baseline that looks at nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method


class Grid(Method):
    """Rectangles of nearly equal size, as close to n and to squares as whole rows allow.

    With `step` the cells are squares of that many pixels, whatever n is.
    """

    name = "grid"
    title = "Grid"
    license = "BSD-3-Clause (this suite)"
    connected = True

    step: int = 0

    def validate(self) -> None:
        """Refuse a negative step."""
        if self.step < 0:
            raise ValueError(f"method 'grid': step is {self.step}; give pixels, or 0 to follow n")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int64]:
        """Cut rows and columns at equal distances."""
        height, width = image.shape[:2]
        if self.step:
            rows, columns = -(-height // self.step), -(-width // self.step)
            row, column = np.arange(height) // self.step, np.arange(width) // self.step
        else:
            rows, columns = grid_shape(height, width, n)
            row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
        labels: NDArray[np.int64] = np.add.outer(row * columns, column)
        return labels


def grid_shape(height: int, width: int, n: int) -> tuple[int, int]:
    """Return the rows and columns whose product is nearest n, cells as square as possible."""
    ideal = np.sqrt(n * height / width)
    rows = np.arange(max(1, int(ideal * 0.8)), min(height, int(ideal * 1.25) + 1) + 1)
    if not rows.size:
        rows = np.array([min(height, max(1, round(ideal)))])
    columns = np.clip(np.rint(n / rows).astype(int), 1, width)
    # Missing n costs the relative error; a cell that is no square, the log of its ratio.
    error = np.abs(rows * columns - n) / n
    stretch = np.abs(np.log((height / rows) / (width / columns)))
    best = int(np.argmin(error + 0.1 * stretch))
    return int(rows[best]), int(columns[best])
