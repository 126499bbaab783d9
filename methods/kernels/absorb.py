"""Small parts of a label map that join a part met before them, as in SLIC."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled
from methods.kernels.kmeans import Labels


def absorb_small(labels: Labels, most: float) -> Labels:
    """Return the 4-connected parts; one of at most so many pixels is part of a neighbour.

    That is the neighbour, left, above, right or below the part's first pixel, that is last in this
    order among those that already have a part, as in SLIC.
    """
    parts, queue = np.full(labels.shape, -1, np.int32), np.empty(labels.size, np.int64)
    fill_parts(labels, float(most), queue, parts)
    return parts


@compiled
def fill_parts(labels: Labels, most: float, queue: NDArray[np.int64], parts: Labels) -> None:
    """Fill in the parts, which are -1, as `absorb_small` has them; a queue of pixels has room."""
    height, width = labels.shape
    steps = ((0, -1), (-1, 0), (0, 1), (1, 0))
    number = 0
    for y in range(height):
        for x in range(width):
            if parts[y, x] >= 0:
                continue
            beside = -1
            for down, across in steps:
                v, u = y + down, x + across
                if 0 <= v < height and 0 <= u < width and parts[v, u] >= 0:
                    beside = parts[v, u]
            parts[y, x], queue[0], taken, size = number, y * width + x, 0, 1
            while taken < size:
                row, column = queue[taken] // width, queue[taken] % width
                taken += 1
                for down, across in steps:
                    v, u = row + down, column + across
                    inside = 0 <= v < height and 0 <= u < width
                    if inside and parts[v, u] < 0 and labels[v, u] == labels[y, x]:
                        parts[v, u] = number
                        queue[size] = v * width + u
                        size += 1
            if size <= most and beside >= 0:
                for i in range(size):
                    parts[queue[i] // width, queue[i] % width] = beside
            else:
                number += 1
