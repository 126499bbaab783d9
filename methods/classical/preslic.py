"""Preemptive SLIC: local k-means in which clusters at rest are left alone."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.canonical import connected_components
from methods.classical.lab import to_lab
from methods.classical.lattice import grid_labels, rows_and_columns
from methods.kernels.compiled import compiled, inner
from methods.kernels.merge import merge_small
from methods.registry import register

Planes = NDArray[np.float32]
Singles = NDArray[np.float32]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

L, A, B, Y, X, AREA = range(6)  # of the sums of a cluster; its centre has the first five


class Scale(NamedTuple):
    """How position counts: its weight in a squared distance, and half the side of a window."""

    weight: float
    reach: int


@register
class PreSlic(Method):
    """SLIC that visits a cluster only while it or a neighbour still changes.

    Parameters
    ----------
    compactness : float
        Weight of position against colour, m in SLIC, greater than 0, at most 1e9.
    iterations : int
        Most iterations of k-means, at least 1.
    threshold : float
        A cluster whose centre moves less than this, as SLIC measures distances, has stopped, at
        least 0; 0 never stops one.
    min_size_factor : float
        Components smaller than this share of the mean cell are merged, 0 to 1.
    """

    name = "preslic"
    title = "preSLIC"
    reference = (
        "Neubert, Protzel: Compact Watershed and Preemptive SLIC: On Improving Trade-offs of "
        "Superpixel Segmentation Algorithms, ICPR 2014"
    )
    doi = "10.1109/ICPR.2014.181"
    license = "BSD-3-Clause"
    connected = True
    departures = (
        "The count is about that of a grid of nearly square cells, and mostly greater: a cluster "
        "may end in several parts, of which each that is not small is a superpixel. On the 200 "
        "test images of BSDS500 the grid has 99 cells for n = 100, and 109 come back on average. "
        "Chosen here: clusters start from the cells of the grid, with their mean colours, without "
        "a search for low gradients; neighbours are the eight cells around in that grid; a change "
        "is measured as SLIC measures distances; the smallest component merges first, into the "
        "neighbour of nearest mean colour."
    )

    compactness: float = 10.0
    iterations: int = 10
    threshold: float = 0.5
    min_size_factor: float = 0.25

    def validate(self) -> None:
        """Refuse values out of range."""
        if not 0 < self.compactness <= 1e9:
            raise ValueError(
                f"compactness={self.compactness} must be > 0 and <= 1e9, usual are 5 to 40"
            )
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual is 10")
        if self.threshold < 0:
            raise ValueError(f"threshold={self.threshold} must be >= 0; 0 never stops a cluster")
        if not 0 <= self.min_size_factor <= 1:
            raise ValueError(
                f"min_size_factor={self.min_size_factor} must be from 0 to 1; 0 merges nothing"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels, and leave in `facts` how often a cluster was visited."""
        height, width = image.shape[:2]
        rows, columns = rows_and_columns(height, width, n)
        area = height * width / (rows * columns)
        scale = Scale(self.compactness**2 / area, max(-(-height // rows), -(-width // columns)))
        planes = np.ascontiguousarray(np.moveaxis(to_lab(image), 2, 0))
        labels = grid_labels(height, width, rows, columns).astype(np.int32)
        distances = np.full((height, width), np.inf, np.float32)
        centres = np.zeros((rows * columns, 5))
        live = np.ones((rows, columns), np.bool_)
        update(planes, labels, centres, live.ravel(), scale, float(self.threshold))
        visits = 0
        for _ in range(self.iterations):
            visits += int(live.sum())
            assign(planes, centres, live.ravel(), scale, distances, labels)
            moved = update(planes, labels, centres, live.ravel(), scale, float(self.threshold))
            if not moved.any():
                break
            forget(labels, moved, distances)
            wake(moved.reshape(rows, columns), live)
        self.facts = {"visits": visits}
        parts = connected_components(labels)
        merge_small(parts, planes, self.min_size_factor * area)
        return parts


@compiled
def assign(
    planes: Planes,
    centres: NDArray[np.float64],
    live: Flags,
    scale: Scale,
    distances: Singles,
    labels: Labels,
) -> None:
    """Give each pixel in the windows of live clusters to the nearest, of equals the first."""
    height, width = labels.shape
    ramp = np.arange(2 * scale.reach + 1).astype(np.float32)
    for k in range(live.size):
        if not live[k]:
            continue
        y, x = centres[k, Y], centres[k, X]
        left = max(math.ceil(x - scale.reach), 0)
        right = min(math.floor(x + scale.reach) + 1, width)
        bottom = min(math.floor(y + scale.reach) + 1, height)
        for row in range(max(math.ceil(y - scale.reach), 0), bottom):
            offer(
                planes[0, row, left:right],
                planes[1, row, left:right],
                planes[2, row, left:right],
                ramp,
                centres[k],
                row,
                left,
                scale.weight,
                k,
                distances[row, left:right],
                labels[row, left:right],
            )


@compiled
def update(
    planes: Planes,
    labels: Labels,
    centres: NDArray[np.float64],
    live: Flags,
    scale: Scale,
    threshold: float,
) -> Flags:
    """Move the centres of live clusters to their means; return which moved by the threshold."""
    sums = np.zeros((live.size, 6))
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            k = labels[y, x]
            if live[k]:
                sums[k, L] += planes[0, y, x]
                sums[k, A] += planes[1, y, x]
                sums[k, B] += planes[2, y, x]
                sums[k, Y] += y
                sums[k, X] += x
                sums[k, AREA] += 1
    moved = np.zeros(live.size, np.bool_)
    for k in range(live.size):
        if sums[k, AREA] == 0:
            continue
        change = 0.0
        for i in range(5):
            mean = sums[k, i] / sums[k, AREA]
            step = mean - centres[k, i]
            change += step * step * (scale.weight if i >= Y else 1.0)
            centres[k, i] = mean
        moved[k] = not math.sqrt(change) < threshold
    return moved


@compiled
def forget(labels: Labels, moved: Flags, distances: Singles) -> None:
    """Drop the distances to centres that have moved."""
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            if moved[labels[y, x]]:
                distances[y, x] = np.inf


@compiled
def wake(moved: Flags, live: Flags) -> None:
    """Set as live the clusters of the grid that moved, and the eight around each."""
    rows, columns = moved.shape
    live[:] = False
    for r in range(rows):
        for c in range(columns):
            if moved[r, c]:
                live[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2] = True


@inner
def offer(
    light: Singles,
    a: Singles,
    b: Singles,
    ramp: Singles,
    centre: NDArray[np.float64],
    row: int,
    left: int,
    weight: float,
    k: int,
    distances: Singles,
    labels: Labels,
) -> None:
    """Give cluster `k` those pixels of a stretch of a row that are nearer to it than before."""
    own, single_weight = np.int32(k), np.float32(weight)
    mean_l, mean_a, mean_b = np.float32(centre[L]), np.float32(centre[A]), np.float32(centre[B])
    dy, first_x = np.float32(row - centre[Y]), np.float32(left - centre[X])
    for i in range(labels.size):
        dl, da, db, dx = light[i] - mean_l, a[i] - mean_a, b[i] - mean_b, first_x + ramp[i]
        distance = dl * dl + da * da + db * db + single_weight * (dy * dy + dx * dx)
        nearer = distance < distances[i]
        distances[i] = distance if nearer else distances[i]
        labels[i] = own if nearer else labels[i]
