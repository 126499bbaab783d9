"""The steps of local k-means that methods share: pixels to the nearest centre, centres to the mean.

Both go through every `step`-th row from the first one only, where a method asks for that.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled, inner

Planes = NDArray[np.float32]
Singles = NDArray[np.float32]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]
Centres = NDArray[np.float64]
Rows = tuple[int, int]  # the first, and the step to the next

L, A, B, Y, X, AREA = range(6)  # of the sums of a cluster; its centre has the first five
ALL_ROWS = (0, 1)


class Scale(NamedTuple):
    """How position counts: its weight in a squared distance, and half the side of a window, px."""

    weight: float
    reach: float


@compiled
def assign(
    planes: Planes,
    centres: Centres,
    live: Flags,
    scale: Scale,
    rows: Rows,
    distances: Singles,
    labels: Labels,
) -> None:
    """Give each pixel in the windows of live clusters to the nearest, of equals the first.

    A distance counts only where it is less than the one that the pixel has.
    """
    height, width = labels.shape
    colours, flat_distances, flat_labels = planes.ravel(), distances.ravel(), labels.ravel()
    squares = np.empty(math.floor(2 * scale.reach) + 1, np.float32)
    for k in range(live.size):
        if not live[k]:
            continue
        y, x = centres[k, Y], centres[k, X]
        left = max(math.ceil(x - scale.reach), 0)
        right = min(math.floor(x + scale.reach) + 1, width)
        for i in range(right - left):
            dx = np.float32(left - x) + np.float32(i)
            squares[i] = dx * dx
        top = max(math.ceil(y - scale.reach), 0)
        bottom = min(math.floor(y + scale.reach) + 1, height)
        for row in range(top + (rows[0] - top) % rows[1], bottom, rows[1]):
            offer(
                colours,
                squares,
                centres,
                k,
                row * width + left,
                right - left,
                np.float32(row - y),
                np.float32(scale.weight),
                flat_distances,
                flat_labels,
            )


@inner
def offer(
    colours: Singles,
    squares: Singles,
    centres: Centres,
    k: int,
    start: int,
    wide: int,
    dy: np.float32,
    weight: np.float32,
    distances: Singles,
    labels: Labels,
) -> None:
    """Give cluster `k` those of `wide` pixels from `start` that are nearer to it than before.

    Unsigned numbers as indices, because signed ones may count from the end, and a loop that tests
    for that is not vectorised.
    """
    own, high = np.int32(k), dy * dy
    mean_l, mean_a, mean_b = (
        np.float32(centres[k, L]),
        np.float32(centres[k, A]),
        np.float32(centres[k, B]),
    )
    light, plane = np.uint64(start), np.uint64(labels.size)
    a, b = light + plane, light + plane + plane
    for i in range(np.uint64(wide)):
        dl, da, db = (
            colours[light + i] - mean_l,
            colours[a + i] - mean_a,
            colours[b + i] - mean_b,
        )
        distance = dl * dl + da * da + db * db + weight * (high + squares[i])
        nearer = distance < distances[light + i]
        distances[light + i] = distance if nearer else distances[light + i]
        labels[light + i] = own if nearer else labels[light + i]


@compiled
def move(planes: Planes, labels: Labels, rows: Rows, centres: Centres) -> None:
    """Put every centre that has pixels at their mean; a label below 0 is no cluster's."""
    sums = np.zeros((centres.shape[0], 6))
    for y in range(rows[0], labels.shape[0], rows[1]):
        for x in range(labels.shape[1]):
            k = labels[y, x]
            if k >= 0:
                sums[k, L] += planes[0, y, x]
                sums[k, A] += planes[1, y, x]
                sums[k, B] += planes[2, y, x]
                sums[k, Y] += y
                sums[k, X] += x
                sums[k, AREA] += 1
    for k in range(centres.shape[0]):
        if sums[k, AREA] > 0:
            for i in range(5):
                centres[k, i] = sums[k, i] / sums[k, AREA]
