"""GMMSP: each superpixel is a Gaussian over position and colour, fitted by EM."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.kernels.compiled import compiled, inner
from methods.lattice import rows_and_columns
from methods.registry import register

Planes = NDArray[np.float32]
Edges = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

INITIAL_DEVIATION = 8.0  # of each colour channel, before the first iteration
NEGLIGIBLE = np.float32(-16)  # log of the share of a pixel below which a Gaussian gets none of it
REACH = 9  # Gaussians that a pixel can be of: those of its cell and of the eight around

# What is kept of a Gaussian: means, halved inverse covariances, and the log of its height.
MEAN_L, MEAN_A, MEAN_B, MEAN_Y, MEAN_X = range(5)
OF_L, OF_A, OF_B, OF_YY, OF_YX, OF_XX, HEIGHT = range(5, 12)
VALUES = 12

# Weighted sums over the pixels of a Gaussian, of offsets from its last mean and their products.
WEIGHT, L, A, B, Y, X, LL, AA, BB, YY, YX, XX = range(12)
SUMS = 12

# Sums over the pixels of a Gaussian in a column of a cell.
ROW_SUMS = (WEIGHT, L, A, B, Y, LL, AA, BB, YY)


class Grid(NamedTuple):
    """The cells, and room for what is computed of a row of a cell.

    Attributes
    ----------
    rows, columns : (R + 1,) and (C + 1,) ndarray of int64
        Pixels at which rows and columns of cells begin, and the image ends.
    ramp : (W',) ndarray of float32
        0, 1, 2, ... for the widest cell.
    """

    rows: Edges
    columns: Edges
    ramp: Singles


@register
class Gmmsp(Method):
    """Gaussian mixture: every pixel goes to the most probable Gaussian of the cells around it.

    Parameters
    ----------
    iterations : int
        Iterations of EM, T in the paper, at least 1.
    spatial_floor : float
        Least eigenvalue of a covariance of positions, e_s in the paper, in squared pixels,
        greater than 0.
    colour_floor : float
        Least variance of L, a and b, e_c in the paper, greater than 0: the greater, the less
        superpixels follow colour.
    min_size_factor : float
        Components smaller than this share of HW / n are merged, 0 to 1.
    """

    name = "gmmsp"
    title = "GMMSP"
    reference = "Ban, Liu, Cao: Superpixel Segmentation Using Gaussian Mixture Model, TIP 2018"
    doi = "10.1109/TIP.2018.2836306"
    license = "BSD-3-Clause"
    connected = True
    departures = ""

    iterations: int = 10
    spatial_floor: float = 2.0
    colour_floor: float = 8.0
    min_size_factor: float = 0.25

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual is 10")
        for name, usual in (("spatial_floor", 2), ("colour_floor", 8)):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name}={value} must be > 0 and finite, usual is {usual}")
        if not 0 <= self.min_size_factor <= 1:
            raise ValueError(
                f"min_size_factor={self.min_size_factor} must be from 0 to 1; 0 merges nothing"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of about `n` Gaussians, small components merged."""
        from methods.kernels.merge import merge_small
        from methods.lab import to_lab
        from methods.labels import connected_components

        height, width = image.shape[:2]
        rows, columns = rows_and_columns(height, width, n)
        planes = np.ascontiguousarray(np.moveaxis(to_lab(image), 2, 0))
        grid = Grid(_edges(height, rows), _edges(width, columns), _ramp(width, columns))
        gaussians, sums = np.zeros((rows * columns, VALUES)), np.empty((rows * columns, SUMS))
        floors = (float(self.spatial_floor), float(self.colour_floor))
        start(planes, grid, gaussians)
        for _ in range(self.iterations):
            expect(planes, grid, gaussians, sums)
            maximise(sums, gaussians, *floors)
        labels = np.empty((height, width), np.int32)
        choose(planes, grid, gaussians, labels)
        parts = connected_components(labels)
        merge_small(parts, planes, self.min_size_factor * height * width / (rows * columns))
        return parts


def _edges(length: int, cells: int) -> Edges:
    """Return where `cells` stretches of nearly equal length begin, and the last one ends."""
    return np.arange(cells + 1) * length // cells


def _ramp(width: int, columns: int) -> Singles:
    return np.arange(-(-width // columns), dtype=np.float32)


# --- parameters of the Gaussians ---------------------------------------------------------------


@compiled
def start(planes: Planes, grid: Grid, gaussians: Floats) -> None:
    """Put a Gaussian on each cell: its mean colour, its middle, and deviations of its sides."""
    columns = grid.columns.size - 1
    variance = INITIAL_DEVIATION * INITIAL_DEVIATION
    for k in range(gaussians.shape[0]):
        top, bottom = grid.rows[k // columns], grid.rows[k // columns + 1]
        left, right = grid.columns[k % columns], grid.columns[k % columns + 1]
        high, wide = bottom - top, right - left
        for channel in range(3):
            total = 0.0
            for y in range(top, bottom):
                for x in range(left, right):
                    total += planes[channel, y, x]
            gaussians[k, MEAN_L + channel] = total / (high * wide)
        gaussians[k, MEAN_Y], gaussians[k, MEAN_X] = (top + bottom - 1) / 2, (left + right - 1) / 2
        shape(gaussians[k], variance, variance, variance, high * high, 0.0, wide * wide, 0.0, 0.0)


@inner
def shape(
    gaussian: Floats,
    var_l: float,
    var_a: float,
    var_b: float,
    yy: float,
    yx: float,
    xx: float,
    spatial_floor: float,
    colour_floor: float,
) -> None:
    """Set the covariances of a Gaussian, after raising their eigenvalues to the floors."""
    middle = (yy + xx) / 2
    spread = math.sqrt(((yy - xx) / 2) ** 2 + yx * yx)
    major, minor = max(middle + spread, spatial_floor), max(middle - spread, spatial_floor)
    # The inverse has the same eigenvectors: it is level * identity + slope * (matrix - middle).
    level, slope = (1 / major + 1 / minor) / 2, 0.0
    if spread > 0:
        slope = (1 / major - 1 / minor) / 2 / spread
    gaussian[OF_YY] = (level + slope * (yy - middle)) / 2
    gaussian[OF_XX] = (level + slope * (xx - middle)) / 2
    gaussian[OF_YX] = slope * yx  # it counts twice, so it is not halved
    determinant = major * minor
    for channel, variance in enumerate((var_l, var_a, var_b)):
        bounded = max(variance, colour_floor)
        gaussian[OF_L + channel] = 0.5 / bounded
        determinant *= bounded
    gaussian[HEIGHT] = -0.5 * math.log(determinant)


@compiled
def maximise(sums: Floats, gaussians: Floats, spatial_floor: float, colour_floor: float) -> None:
    """Move each Gaussian to the mean of its pixels, with their covariance."""
    moved = np.empty(SUMS)
    for k in range(gaussians.shape[0]):
        if sums[k, WEIGHT] <= 0:
            continue
        for i in range(SUMS):
            moved[i] = sums[k, i] / sums[k, WEIGHT]
        for i in range(5):
            gaussians[k, MEAN_L + i] += moved[L + i]
        shape(
            gaussians[k],
            moved[LL] - moved[L] * moved[L],
            moved[AA] - moved[A] * moved[A],
            moved[BB] - moved[B] * moved[B],
            moved[YY] - moved[Y] * moved[Y],
            moved[YX] - moved[Y] * moved[X],
            moved[XX] - moved[X] * moved[X],
            spatial_floor,
            colour_floor,
        )


# --- pixels ------------------------------------------------------------------------------------


@inner
def near_cells(grid: Grid, r: int, c: int, near: Edges) -> int:
    """Write the numbers of a cell and those around it, in raster order; return how many."""
    rows, columns = grid.rows.size - 1, grid.columns.size - 1
    count = 0
    for v in range(max(r - 1, 0), min(r + 2, rows)):
        for u in range(max(c - 1, 0), min(c + 2, columns)):
            near[count] = v * columns + u
            count += 1
    return count


@inner
def log_densities(
    planes: Planes, ramp: Singles, y: int, left: int, gaussian: Floats, densities: Singles
) -> None:
    """Write the log density of a Gaussian, less a constant, for a stretch of a row."""
    l, a, b = planes[0, y, left:], planes[1, y, left:], planes[2, y, left:]
    mean_l = np.float32(gaussian[MEAN_L])
    mean_a = np.float32(gaussian[MEAN_A])
    mean_b = np.float32(gaussian[MEAN_B])
    of_l, of_a, of_b = np.float32(gaussian[OF_L]), np.float32(gaussian[OF_A]), np.float32(gaussian[OF_B])
    dy, first_x = y - gaussian[MEAN_Y], np.float32(left - gaussian[MEAN_X])
    base = np.float32(gaussian[HEIGHT] - gaussian[OF_YY] * dy * dy)
    of_x, of_xx = np.float32(gaussian[OF_YX] * dy), np.float32(gaussian[OF_XX])
    for i in range(densities.size):
        dl, da, db = l[i] - mean_l, a[i] - mean_a, b[i] - mean_b
        dx = first_x + ramp[i]
        colour = of_l * dl * dl + of_a * da * da + of_b * db * db
        densities[i] = base - colour - (of_x + of_xx * dx) * dx


@inner
def exponential(t: float) -> float:
    """Return e^t to five digits for t from -16 to 0, in operations that run side by side."""
    u = t * np.float32(1 / 32)
    power = np.float32(1 / 5040)
    for c in (1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0):
        power = power * u + np.float32(c)
    for _ in range(5):
        power = power * power
    return power
