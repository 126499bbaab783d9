"""Regular and irregular points on an image, and the pixels nearest to each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def rows_and_columns(height: int, width: int, n: int, cell_aspect: float = 1.0) -> tuple[int, int]:
    """Return the rows and columns of nearly square cells whose product is nearest `n`.

    Parameters
    ----------
    height, width : int
        Size of the image; there are never more rows or columns than pixels.
    n : int
        Cells asked for.
    cell_aspect : float
        Height of a cell over its width, which is approximated: only the whole numbers next to the
        ideal ones are tried.
    """
    ideal_rows = math.sqrt(n * height / (width * cell_aspect))
    shapes = [(rows, c) for rows in _around(ideal_rows, height) for c in _around(n / rows, width)]
    shapes += [
        (r, cols) for cols in _around(n / ideal_rows, width) for r in _around(n / cols, height)
    ]

    def badness(shape: tuple[int, int]) -> tuple[int, float]:
        rows, columns = shape
        aspect = (height / rows) / (width / columns)
        return abs(rows * columns - n), abs(math.log(aspect / cell_aspect))

    return min(shapes, key=badness)


def _around(ideal: float, most: int) -> list[int]:
    """Return the whole numbers next to `ideal`, from 1 to `most`."""
    return [min(max(count, 1), most) for count in (math.floor(ideal), math.ceil(ideal))]


def grid_labels(height: int, width: int, rows: int, columns: int) -> NDArray[np.int64]:
    """Return the (H, W) label map of rows x columns rectangles, numbered row by row."""
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    return row[:, np.newaxis] * columns + column


def cell_middles(height: int, width: int, rows: int, columns: int) -> NDArray[np.int64]:
    """Return the flat indices of the pixels in the middle of rows x columns cells, row by row."""
    y = (2 * np.arange(rows) + 1) * height // (2 * rows)
    x = (2 * np.arange(columns) + 1) * width // (2 * columns)
    return (y[:, np.newaxis] * width + x).ravel()


def hexagon_centres(height: int, width: int, n: int) -> NDArray[np.float64]:
    """Return about `n` points (row, column) of a triangular lattice, the centres of hexagons.

    Every second row is shifted by half a step; the step between rows is sqrt(3) / 2 of the one
    within them, as nearly as whole numbers of rows and columns allow.
    """
    rows, columns = rows_and_columns(height, width, n, cell_aspect=math.sqrt(3) / 2)
    shift = np.where(np.arange(rows) % 2, 0.75, 0.25) if rows > 1 else np.full(1, 0.5)
    y = (np.arange(rows) + 0.5) * height / rows - 0.5
    x = (np.arange(columns) + shift[:, np.newaxis]) * width / columns - 0.5
    return np.column_stack([np.repeat(y, columns), x.ravel()])


def nearest(height: int, width: int, points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the (H, W) map of the number of the point nearest to each pixel centre."""
    from scipy.spatial import cKDTree

    pixels = np.indices((height, width)).reshape(2, -1).T
    return np.asarray(cKDTree(points).query(pixels)[1], np.int64).reshape(height, width)
