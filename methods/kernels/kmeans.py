"""The step of local k-means that methods share: each pixel to the nearest centre around it."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled, inner

Planes = NDArray[np.float32]
Singles = NDArray[np.float32]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

L, A, B, Y, X, AREA = range(6)  # of the sums of a cluster; its centre has the first five


class Scale(NamedTuple):
    """How position counts: its weight in a squared distance, and half the side of a window, px."""

    weight: float
    reach: float


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
    ramp = np.arange(math.floor(2 * scale.reach) + 1).astype(np.float32)
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
