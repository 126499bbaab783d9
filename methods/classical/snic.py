"""SNIC: superpixels that grow from a grid of seeds, the nearest pixel first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.lab import to_lab
from methods.classical.lattice import cell_middles, rows_and_columns
from methods.kernels.buckets import (
    AHEAD,
    SIZE,
    Queue,
    add,
    empty_queue,
    open_bucket,
    serve,
    take_least,
)
from methods.kernels.compiled import compiled, inner
from methods.kernels.heap import entry, item_of
from methods.kernels.prefetch import prefetch
from methods.registry import register

# The neighbour in each of four directions; (direction, 3 - direction) are opposite.
ROW_STEP = (-1, 0, 0, 1)
COLUMN_STEP = (0, -1, 1, 0)

FREE = -1


@register
class Snic(Method):
    """Simple non-iterative clustering: one pass with a priority queue and running centroids.

    Parameters
    ----------
    compactness : float
        Weight of position against colour, M in the paper, greater than 0, at most a million.
    """

    name = "snic"
    title = "SNIC"
    reference = (
        "Achanta, Süsstrunk: Superpixels and Polygons Using Simple Non-Iterative Clustering, "
        "CVPR 2017"
    )
    doi = "10.1109/CVPR.2017.520"
    license = "BSD-3-Clause"
    connected = True
    departures = (
        "The count is that of the grid of seeds, the nearest to the one asked for that rows and "
        "columns of nearly square cells have. Equal distances leave the queue in raster order. "
        "ASA .9473 and recall .8601, the authors' program .9497 and .8626 (n = 200, 5 training "
        "images)."
    )

    compactness: float = 10.0

    def validate(self) -> None:
        """Refuse values out of range."""
        if not 0 < self.compactness <= 1e6:
            raise ValueError(
                f"compactness={self.compactness} must be > 0 and <= 1e6, usual are 5 to 40"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the superpixels grown from about `n` seeds."""
        height, width = image.shape[:2]
        rows, columns = rows_and_columns(height, width, n)
        labels = np.full((height, width), FREE, np.int32)
        labels.flat[cell_middles(height, width, rows, columns)] = np.arange(rows * columns)
        weight = self.compactness**2 * rows * columns / (height * width)
        grow(to_lab(image), weight, labels)
        return labels


@compiled
def grow(lab: NDArray[np.float32], weight: float, labels: NDArray[np.int32]) -> None:
    """Label every free pixel; each label is that of one pixel at first, its seed.

    An entry of the queue is a candidate: a pixel, and the direction in which the pixel lies that
    offered it, whose label it gets if it comes first.

    Parameters
    ----------
    lab : (H, W, 3) ndarray of float32
    weight : float
        Squared compactness per mean superpixel area, M^2 / S^2.
    labels : (H, W) ndarray of int32
        The seeds' labels, 0 to K - 1 in raster order; all others are `FREE`.
    """
    width = labels.shape[1]
    sums = np.zeros((labels.max() + 1, 6))
    queue = empty_queue(2 * labels.size)  # a candidate for each pair of neighbours
    seeds = np.flatnonzero(labels.ravel() != FREE)
    for seed in seeds:
        take(lab, weight, labels, sums, queue, seed // width, seed % width)
    while refill(queue, lab, labels):
        candidate = item_of(take_least(queue))
        pixel, direction = candidate >> 2, candidate & 3
        y, x = pixel // width, pixel % width
        if labels[y, x] == FREE:
            labels[y, x] = labels[y + ROW_STEP[direction], x + COLUMN_STEP[direction]]
            take(lab, weight, labels, sums, queue, y, x)


@inner
def refill(queue: Queue, lab: NDArray[np.float32], labels: NDArray[np.int32]) -> bool:
    """Fill the heap if it is empty; return whether any candidates are left."""
    flat, width = labels.ravel(), labels.shape[1]
    while queue.state[SIZE] == 0:
        count, kept = open_bucket(queue), 0
        if count == 0:
            return False
        for place in range(count):
            if place + AHEAD < count:
                pixel = item_of(queue.heap[place + AHEAD]) >> 2
                for near in (pixel - width, pixel, pixel + width):
                    prefetch(labels, near)
                    prefetch(lab, 3 * near)
            if flat[item_of(queue.heap[place]) >> 2] == FREE:
                queue.heap[kept] = queue.heap[place]
                kept += 1
        serve(queue, kept)
    return True


@inner
def take(
    lab: NDArray[np.float32],
    weight: float,
    labels: NDArray[np.int32],
    sums: NDArray[np.float64],
    queue: Queue,
    y: int,
    x: int,
) -> None:
    """Move the centroid of a pixel's superpixel and queue its free neighbours.

    The `sums` of a superpixel are those of L, a, b, row and column, and its area.
    """
    height, width = labels.shape
    total = sums[labels[y, x]]
    total[0] += lab[y, x, 0]
    total[1] += lab[y, x, 1]
    total[2] += lab[y, x, 2]
    total[3] += y
    total[4] += x
    total[5] += 1
    area = total[5]
    mean_l, mean_a, mean_b = total[0] / area, total[1] / area, total[2] / area
    mean_y, mean_x = total[3] / area, total[4] / area
    for direction in range(4):
        v, u = y + ROW_STEP[direction], x + COLUMN_STEP[direction]
        if 0 <= v < height and 0 <= u < width and labels[v, u] == FREE:
            dl, da, db = lab[v, u, 0] - mean_l, lab[v, u, 1] - mean_a, lab[v, u, 2] - mean_b
            dy, dx = v - mean_y, u - mean_x
            distance = dl * dl + da * da + db * db + weight * (dy * dy + dx * dx)
            add(queue, entry(distance, ((v * width + u) << 2) | (3 - direction)))
