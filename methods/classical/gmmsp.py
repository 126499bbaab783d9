"""GMMSP: each superpixel is a Gaussian over position and colour, fitted by EM."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.canonical import connected_components
from methods.classical.lab import to_lab
from methods.classical.lattice import rows_and_columns
from methods.kernels.compiled import compiled, inner
from methods.kernels.merge import merge_small
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
WEIGHT, L, A, B, Y, LL, AA, BB, YY, X, YX, XX = range(12)
SUMS, COLUMN_SUMS = 12, 9  # the last three follow from sums over the columns of a cell


class Grid(NamedTuple):
    """Pixels at which rows and columns of cells begin, and the image ends."""

    rows: Edges
    columns: Edges


class Floors(NamedTuple):
    """Least eigenvalues of the covariances of positions and of colours."""

    spatial: float
    colour: float


@register
class Gmmsp(Method):
    """Gaussian mixture: every pixel goes to the most probable Gaussian of the cells around it.

    Parameters
    ----------
    iterations : int
        Iterations of EM, T in the paper, at least 1.
    spatial_floor : float
        Least eigenvalue of a covariance of positions, e_s in the paper, in squared pixels, 1e-6
        to 1e9.
    colour_floor : float
        Least variance of L, a and b, e_c in the paper, 1e-6 to 1e9: the greater, the less
        superpixels follow colour.
    min_size_factor : float
        Components smaller than this share of the mean cell are merged, 0 to 1.
    connectivity : {4, 8}
        What a component is; 8 as published, where superpixels may hold together by corners only.
    """

    name = "gmmsp"
    title = "GMMSP"
    reference = "Ban, Liu, Cao: Superpixel Segmentation Using Gaussian Mixture Model, TIP 2018"
    doi = "10.1109/TIP.2018.2836306"
    license = "BSD-3-Clause"
    connected = True
    departures = (
        "The count is about that of a grid of nearly square cells, and mostly greater: a Gaussian "
        "may end in several parts, of which each that is not small is a superpixel. On the 200 "
        "test images of BSDS500 the grid has 99 cells for n = 100, and 112 come back on average. "
        "Chosen here: the three colour channels are uncorrelated; a Gaussian starts with the mean "
        "colour of its cell, a deviation of 8 in colour and of the cell's sides in position; the "
        "smallest component merges first, into the neighbour of nearest mean colour. A share of a "
        "pixel below e^-16 of the largest counts as none. Superpixels are 4-connected, the "
        "authors' 8-connected. ASA .9576 and recall .9188, with connectivity=8 .9572 and .9263, "
        "the authors' program .9548 and .9066 (n = 200, 5 training images)."
    )

    iterations: int = 10
    spatial_floor: float = 2.0
    colour_floor: float = 8.0
    min_size_factor: float = 0.25
    connectivity: Literal[4, 8] = 4

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual is 10")
        for name, usual in (("spatial_floor", 2), ("colour_floor", 8)):
            value = getattr(self, name)
            if not 1e-6 <= value <= 1e9:
                raise ValueError(f"{name}={value} must be from 1e-6 to 1e9, usual is {usual}")
        if not 0 <= self.min_size_factor <= 1:
            raise ValueError(
                f"min_size_factor={self.min_size_factor} must be from 0 to 1; 0 merges nothing"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of about `n` Gaussians, small components merged."""
        height, width = image.shape[:2]
        rows, columns = rows_and_columns(height, width, n)
        planes = np.ascontiguousarray(np.moveaxis(to_lab(image), 2, 0))
        grid = Grid(_edges(height, rows), _edges(width, columns))
        gaussians = np.empty((rows * columns, VALUES), np.float32)
        floors = Floors(float(self.spatial_floor), float(self.colour_floor))
        start(planes, grid, gaussians)
        for _ in range(self.iterations):
            maximise(expect(planes, grid, gaussians), gaussians, floors)
        labels = np.empty((height, width), np.int32)
        choose(planes, grid, gaussians, labels)
        parts = connected_components(labels) if self.connectivity == 4 else _with_corners(labels)
        merge_small(parts, planes, self.min_size_factor * height * width / (rows * columns))
        return parts


def _with_corners(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the 8-connected parts of labels, numbered in the order of their first pixels."""
    from skimage.measure import label

    return np.ascontiguousarray(label(labels, background=-1, connectivity=2) - 1, np.int32)


def _edges(length: int, cells: int) -> Edges:
    """Return where `cells` stretches of nearly equal length begin, and the last one ends."""
    return np.arange(cells + 1) * length // cells


# --- parameters of the Gaussians ---------------------------------------------------------------


@compiled
def start(planes: Planes, grid: Grid, gaussians: Singles) -> None:
    """Put a Gaussian on each cell: its mean colour, its middle, and deviations of its sides."""
    columns = grid.columns.size - 1
    variance = INITIAL_DEVIATION * INITIAL_DEVIATION
    for k in range(gaussians.shape[0]):
        top, bottom = grid.rows[k // columns], grid.rows[k // columns + 1]
        left, right = grid.columns[k % columns], grid.columns[k % columns + 1]
        high, wide = float(bottom - top), float(right - left)
        for channel in range(3):
            total = 0.0
            for y in range(top, bottom):
                for x in range(left, right):
                    total += planes[channel, y, x]
            gaussians[k, MEAN_L + channel] = total / (high * wide)
        gaussians[k, MEAN_Y], gaussians[k, MEAN_X] = (top + bottom - 1) / 2, (left + right - 1) / 2
        colour = (variance, variance, variance)
        shape(gaussians[k], colour, high * high, 0.0, wide * wide, Floors(0.0, 0.0))


@inner
def shape(
    gaussian: Singles,
    colour: tuple[float, float, float],
    yy: float,
    yx: float,
    xx: float,
    floors: Floors,
) -> None:
    """Set the covariances of a Gaussian, after raising their eigenvalues to the floors."""
    middle = (yy + xx) / 2
    spread = math.sqrt(((yy - xx) / 2) ** 2 + yx * yx)
    major, minor = max(middle + spread, floors.spatial), max(middle - spread, floors.spatial)
    # The inverse has the same eigenvectors: it is level * identity + slope * (matrix - middle).
    level, slope = (1 / major + 1 / minor) / 2, 0.0
    if spread > 0:
        slope = (1 / major - 1 / minor) / 2 / spread
    gaussian[OF_YY] = (level + slope * (yy - middle)) / 2
    gaussian[OF_XX] = (level + slope * (xx - middle)) / 2
    gaussian[OF_YX] = slope * yx  # it counts twice, so it is not halved
    determinant = major * minor
    for channel in range(3):
        variance = max(colour[channel], floors.colour)
        gaussian[OF_L + channel] = 0.5 / variance
        determinant *= variance
    gaussian[HEIGHT] = -0.5 * math.log(determinant)


@compiled
def maximise(sums: Floats, gaussians: Singles, floors: Floors) -> None:
    """Move each Gaussian to the mean of its pixels, and give it their covariance."""
    for k in range(gaussians.shape[0]):
        if sums[k, WEIGHT] <= 0:
            continue
        mean = sums[k] / sums[k, WEIGHT]
        light, a, b, y, x = mean[L], mean[A], mean[B], mean[Y], mean[X]
        for i in range(4):
            gaussians[k, MEAN_L + i] += mean[L + i]
        gaussians[k, MEAN_X] += x
        colour = (mean[LL] - light * light, mean[AA] - a * a, mean[BB] - b * b)
        shape(gaussians[k], colour, mean[YY] - y * y, mean[YX] - y * x, mean[XX] - x * x, floors)


# --- pixels ------------------------------------------------------------------------------------


@inner
def near_cells(grid: Grid, r: int, c: int, near: Edges) -> int:
    """Write the numbers of a cell and of those around it, in raster order; return how many."""
    rows, columns = grid.rows.size - 1, grid.columns.size - 1
    count = 0
    for v in range(max(r - 1, 0), min(r + 2, rows)):
        for u in range(max(c - 1, 0), min(c + 2, columns)):
            near[count] = v * columns + u
            count += 1
    return count


@inner
def widest(grid: Grid) -> int:
    """Return the width of the widest column of cells."""
    return int((grid.columns[1:] - grid.columns[:-1]).max())


@inner
def log_densities(
    planes: Planes, ramp: Singles, y: int, left: int, gaussian: Singles, log_density: Singles
) -> None:
    """Write the log density of a Gaussian, but for a constant, for a stretch of a row."""
    light, a, b = planes[0, y, left:], planes[1, y, left:], planes[2, y, left:]
    mean_l, mean_a, mean_b = gaussian[MEAN_L], gaussian[MEAN_A], gaussian[MEAN_B]
    of_l, of_a, of_b = gaussian[OF_L], gaussian[OF_A], gaussian[OF_B]
    dy, first_x = y - gaussian[MEAN_Y], np.float32(left - gaussian[MEAN_X])
    base = np.float32(gaussian[HEIGHT] - gaussian[OF_YY] * dy * dy)
    of_x, of_xx = np.float32(gaussian[OF_YX] * dy), gaussian[OF_XX]
    for i in range(log_density.size):
        dl, da, db = light[i] - mean_l, a[i] - mean_a, b[i] - mean_b
        dx = first_x + ramp[i]
        colour = of_l * dl * dl + of_a * da * da + of_b * db * db
        log_density[i] = base - colour - (of_x + of_xx * dx) * dx


@inner
def exponential(t: np.float32) -> np.float32:
    """Return e^t to five digits for t from -16 to 0, in steps that a processor does side by side.

    It is the 32nd power of e^(t / 32), which is a short series.
    """
    u = t * np.float32(1 / 32)
    power = np.float32(1 / 5040)
    power = power * u + np.float32(1 / 720)
    power = power * u + np.float32(1 / 120)
    power = power * u + np.float32(1 / 24)
    power = power * u + np.float32(1 / 6)
    power = power * u + np.float32(1 / 2)
    power = power * u + np.float32(1)
    power = power * u + np.float32(1)
    power *= power
    power *= power
    power *= power
    power *= power
    return power * power


@inner
def normalise(shares: Singles, count: int, largest: Singles, total: Singles) -> None:
    """Turn the log densities of the first Gaussians into the shares that they have in each pixel.

    The last two arguments are room to work in, as long as the stretch of pixels.
    """
    wide = largest.size
    largest[:] = shares[0, :wide]
    for j in range(1, count):
        row = shares[j, :wide]
        for i in range(wide):
            largest[i] = row[i] if row[i] > largest[i] else largest[i]
    total[:] = 0
    for j in range(count):
        row = shares[j, :wide]
        for i in range(wide):
            t = row[i] - largest[i]
            density = exponential(t) if t > NEGLIGIBLE else np.float32(0)
            row[i] = density
            total[i] += density
    for i in range(wide):
        total[i] = np.float32(1) / total[i]
    for j in range(count):
        row = shares[j, :wide]
        for i in range(wide):
            row[i] *= total[i]


@inner
def add_products(
    share: Singles, values: Singles, mean: np.float32, plain: Singles, squared: Singles
) -> None:
    """Add the offsets from a mean and their squares, times the share."""
    for i in range(share.size):
        offset = values[i] - mean
        weighted = share[i] * offset
        plain[i] += weighted
        squared[i] += weighted * offset


@inner
def add_rows(share: Singles, dy: float, weight: Singles, plain: Singles, squared: Singles) -> None:
    """Add the shares of a row of pixels, and times its offset from a mean and the square of it."""
    offset = np.float32(dy)
    square = offset * offset
    for i in range(share.size):
        weight[i] += share[i]
        plain[i] += share[i] * offset
        squared[i] += share[i] * square


@inner
def add_columns(part: Singles, left: int, gaussian: Singles, sums: Floats) -> None:
    """Add what was summed down the columns of a cell to the sums of a Gaussian."""
    for i in range(part.shape[1]):
        dx = left + i - gaussian[MEAN_X]
        for s in range(COLUMN_SUMS):
            sums[s] += part[s, i]
        sums[X] += part[WEIGHT, i] * dx
        sums[XX] += part[WEIGHT, i] * (dx * dx)
        sums[YX] += part[Y, i] * dx


@compiled
def expect(planes: Planes, grid: Grid, gaussians: Singles) -> Floats:
    """Return the sums over all pixels, weighted by the share that each Gaussian has in a pixel."""
    sums = np.zeros((gaussians.shape[0], SUMS))
    width = widest(grid)
    near = np.empty(REACH, np.int64)
    ramp = np.arange(width).astype(np.float32)
    shares, largest = np.empty((REACH, width), np.float32), np.empty(width, np.float32)
    total = np.empty(width, np.float32)
    parts = np.empty((REACH, COLUMN_SUMS, width), np.float32)
    for r in range(grid.rows.size - 1):
        for c in range(grid.columns.size - 1):
            count = near_cells(grid, r, c, near)
            left, wide = grid.columns[c], grid.columns[c + 1] - grid.columns[c]
            parts[:] = 0
            for y in range(grid.rows[r], grid.rows[r + 1]):
                for j in range(count):
                    log_densities(planes, ramp, y, left, gaussians[near[j]], shares[j, :wide])
                normalise(shares, count, largest[:wide], total[:wide])
                for j in range(count):
                    if shares[j, :wide].any():
                        add_row(planes, y, left, gaussians[near[j]], shares[j, :wide], parts[j])
            for j in range(count):
                add_columns(parts[j, :, :wide], left, gaussians[near[j]], sums[near[j]])
    return sums


@inner
def add_row(
    planes: Planes, y: int, left: int, gaussian: Singles, share: Singles, part: Singles
) -> None:
    """Add a stretch of a row to the sums down the columns of a cell."""
    for k in range(3):
        values = planes[k, y, left : left + share.size]
        add_products(share, values, gaussian[MEAN_L + k], part[L + k], part[LL + k])
    add_rows(share, y - gaussian[MEAN_Y], part[WEIGHT], part[Y], part[YY])


@compiled
def choose(planes: Planes, grid: Grid, gaussians: Singles, labels: NDArray[np.int32]) -> None:
    """Fill `labels` with the most probable Gaussian of each pixel, of equals the first."""
    width = widest(grid)
    near = np.empty(REACH, np.int64)
    ramp = np.arange(width).astype(np.float32)
    log_density, best = np.empty(width, np.float32), np.empty(width, np.float32)
    for r in range(grid.rows.size - 1):
        for c in range(grid.columns.size - 1):
            count = near_cells(grid, r, c, near)
            left, wide = grid.columns[c], grid.columns[c + 1] - grid.columns[c]
            for y in range(grid.rows[r], grid.rows[r + 1]):
                best[:] = -np.inf
                for j in range(count):
                    log_densities(planes, ramp, y, left, gaussians[near[j]], log_density[:wide])
                    for i in range(wide):
                        if log_density[i] > best[i]:
                            best[i] = log_density[i]
                            labels[y, left + i] = near[j]
