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
    large_queue,
    open_bucket,
    serve,
    take_least,
)
from methods.kernels.compiled import compiled, inner
from methods.kernels.heap import entry, item_of
from methods.kernels.prefetch import prefetch
from methods.registry import register

Lab = NDArray[np.float32]
Labels = NDArray[np.int32]

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
        seeds = cell_middles(height, width, rows, columns)
        labels = np.full((height, width), FREE, np.int32)
        weight = self.compactness**2 * rows * columns / (height * width)
        queue = large_queue(2 * labels.size)  # a candidate for each pair of neighbours
        grow(to_lab(image), seeds, weight, queue, labels)
        return labels


@compiled
def grow(lab: Lab, seeds: NDArray[np.int64], weight: float, queue: Queue, labels: Labels) -> None:
    """Give every pixel the number of the seed whose superpixel takes it first.

    An entry of the queue is a candidate: a pixel, and the direction in which the pixel lies that
    offered it, whose label it gets if it comes first.

    Parameters
    ----------
    lab : (H, W, 3) ndarray of float32
    seeds : (K,) ndarray of int64
        Pixels by raster index, all different.
    weight : float
        Squared compactness per mean superpixel area, M^2 / S^2.
    queue : ndarray of int64
        Empty, with room for 2 H W entries.
    labels : (H, W) ndarray of int32
        `FREE` everywhere; overwritten.
    """
    width = labels.shape[1]
    sums = np.zeros((seeds.size, 6))
    for label in range(seeds.size):
        labels[seeds[label] // width, seeds[label] % width] = label
    for seed in seeds:
        take(lab, weight, labels, sums, queue, seed // width, seed % width)
    while queue[SIZE] > 0 or refill(queue, labels):
        candidate = item_of(take_least(queue))
        later = item_of(queue[0]) >> 2  # most often the next, or one that has left already
        for near in (later - width, later, later + width):
            prefetch(labels, near)
            prefetch(lab, 3 * near)
        pixel, direction = candidate >> 2, candidate & 3
        y, x = pixel // width, pixel % width
        if labels[y, x] == FREE:
            labels[y, x] = labels[y + ROW_STEP[direction], x + COLUMN_STEP[direction]]
            take(lab, weight, labels, sums, queue, y, x)


@inner
def take(
    lab: Lab,
    weight: float,
    labels: Labels,
    sums: NDArray[np.float64],
    queue: Queue,
    y: int,
    x: int,
) -> None:
    """Move the centroid of a pixel's superpixel and queue its free neighbours.

    The `sums` of a superpixel are those of L, a, b, row and column, and its area. They are indexed
    in place: a row of them as an array of its own would be counted as a reference, for every pixel.
    """
    height, width = labels.shape
    k = labels[y, x]
    sums[k, 0] += lab[y, x, 0]
    sums[k, 1] += lab[y, x, 1]
    sums[k, 2] += lab[y, x, 2]
    sums[k, 3] += y
    sums[k, 4] += x
    sums[k, 5] += 1
    area = sums[k, 5]
    mean_l, mean_a, mean_b = sums[k, 0] / area, sums[k, 1] / area, sums[k, 2] / area
    mean_y, mean_x = sums[k, 3] / area, sums[k, 4] / area
    for direction in range(4):
        v, u = y + ROW_STEP[direction], x + COLUMN_STEP[direction]
        if 0 <= v < height and 0 <= u < width and labels[v, u] == FREE:
            dl, da, db = lab[v, u, 0] - mean_l, lab[v, u, 1] - mean_a, lab[v, u, 2] - mean_b
            dy, dx = v - mean_y, u - mean_x
            distance = dl * dl + da * da + db * db + weight * (dy * dy + dx * dx)
            add(queue, entry(distance, ((v * width + u) << 2) | (3 - direction)))


@inner
def refill(queue: Queue, labels: Labels) -> bool:
    """Fill the empty heap with candidates for free pixels; return whether there are any."""
    width = labels.shape[1]
    while queue[SIZE] == 0:
        count, kept = open_bucket(queue), 0
        if count == 0:
            return False
        for place in range(count):
            if place + AHEAD < count:
                prefetch(labels, item_of(queue[place + AHEAD]) >> 2)
            pixel = item_of(queue[place]) >> 2
            if labels[pixel // width, pixel % width] == FREE:
                queue[kept] = queue[place]
                kept += 1
        serve(queue, kept)
    return True
