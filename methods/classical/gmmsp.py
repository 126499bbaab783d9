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
    widest: int  # pixels of the widest column


class Stretch(NamedTuple):
    """Pixels of one row in one cell: where they are in the image, and in its colours as one array.

    Offsets into whole arrays are handed on instead of slices: a slice is a reference that numba
    counts, and arrays make code long to compile. Where they serve as indices they are unsigned, as
    signed ones may count from the end, and a loop that tests for that is not vectorised.
    """

    y: int
    left: int
    wide: int
    start: int
    plane: int  # pixels of the image, from one channel to the next


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
        grid = Grid(_edges(height, rows), _edges(width, columns), -(-width // columns))
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
def log_densities(
    colours: Singles,
    gaussians: Singles,
    k: int,
    stretch: Stretch,
    logs: Singles,
    place: int,
) -> None:
    """Write the log density of Gaussian `k`, but for a constant, for a stretch of a row."""
    mean_l, mean_a, mean_b = gaussians[k, MEAN_L], gaussians[k, MEAN_A], gaussians[k, MEAN_B]
    of_l, of_a, of_b = gaussians[k, OF_L], gaussians[k, OF_A], gaussians[k, OF_B]
    dy = stretch.y - gaussians[k, MEAN_Y]
    first_x = np.float32(stretch.left - gaussians[k, MEAN_X])
    base = np.float32(gaussians[k, HEIGHT] - gaussians[k, OF_YY] * dy * dy)
    of_x, of_xx = np.float32(gaussians[k, OF_YX] * dy), gaussians[k, OF_XX]
    light, plane, out = np.uint64(stretch.start), np.uint64(stretch.plane), np.uint64(place)
    a, b = light + plane, light + plane + plane
    for i in range(np.uint64(stretch.wide)):
        dl, da, db = colours[light + i] - mean_l, colours[a + i] - mean_a, colours[b + i] - mean_b
        dx = first_x + np.float32(np.int32(i))
        colour = of_l * dl * dl + of_a * da * da + of_b * db * db
        logs[out + i] = base - colour - (of_x + of_xx * dx) * dx


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
def normalise(
    shares: Singles, count: int, width: int, wide: int, largest: Singles, total: Singles
) -> None:
    """Turn the log densities of the first Gaussians into the shares that they have in each pixel.

    Those of a Gaussian are `wide` of a row of `width` values. The last two arguments are room to
    work in.
    """
    end, rows = np.uint64(wide), np.uint64(count)
    row = np.uint64(width)
    for i in range(end):
        largest[i] = shares[i]
        total[i] = 0
    for j in range(np.uint64(1), rows):
        for i in range(end):
            value = shares[j * row + i]
            largest[i] = value if value > largest[i] else largest[i]
    for j in range(rows):
        for i in range(end):
            t = shares[j * row + i] - largest[i]
            density = exponential(t) if t > NEGLIGIBLE else np.float32(0)
            shares[j * row + i] = density
            total[i] += density
    for i in range(end):
        total[i] = np.float32(1) / total[i]
    for j in range(rows):
        for i in range(end):
            shares[j * row + i] *= total[i]


@inner
def add_row(
    colours: Singles,
    gaussians: Singles,
    k: int,
    stretch: Stretch,
    shares: Singles,
    place: int,
    parts: Singles,
    part: int,
    width: int,
) -> None:
    """Add the shares of Gaussian `k` in a stretch of a row to the sums down the columns of a cell.

    Its shares begin at `place`, its sums at `part`, of `width` values each.
    """
    share, end = np.uint64(place), np.uint64(stretch.wide)
    some = np.int32(0)
    for i in range(end):
        some |= np.int32(shares[share + i] > 0)
    if some == 0:
        return
    row = np.uint64(width)
    for channel in range(np.uint64(3)):
        value = np.uint64(stretch.start) + channel * np.uint64(stretch.plane)
        mean = gaussians[k, MEAN_L + np.int64(channel)]
        plain = np.uint64(part) + (np.uint64(L) + channel) * row
        squared = np.uint64(part) + (np.uint64(LL) + channel) * row
        for i in range(end):
            offset = colours[value + i] - mean
            weighted = shares[share + i] * offset
            parts[plain + i] += weighted
            parts[squared + i] += weighted * offset
    dy = np.float32(stretch.y - gaussians[k, MEAN_Y])
    square = dy * dy
    weight = np.uint64(part) + np.uint64(WEIGHT) * row
    plain, squared = np.uint64(part) + np.uint64(Y) * row, np.uint64(part) + np.uint64(YY) * row
    for i in range(end):
        parts[weight + i] += shares[share + i]
        parts[plain + i] += shares[share + i] * dy
        parts[squared + i] += shares[share + i] * square


@inner
def add_columns(
    parts: Singles, part: int, width: int, left: int, wide: int, mean_x: float, sums: Floats, k: int
) -> None:
    """Add what was summed down the columns of a cell to the sums of Gaussian `k`."""
    for i in range(wide):
        dx = left + i - mean_x
        for s in range(COLUMN_SUMS):
            sums[k, s] += parts[part + s * width + i]
        weight = parts[part + WEIGHT * width + i]
        sums[k, X] += weight * dx
        sums[k, XX] += weight * (dx * dx)
        sums[k, YX] += parts[part + Y * width + i] * dx


@compiled
def expect(planes: Planes, grid: Grid, gaussians: Singles) -> Floats:
    """Return the sums over all pixels, weighted by the share that each Gaussian has in a pixel."""
    sums = np.zeros((gaussians.shape[0], SUMS))
    colours, plane, image_width = planes.ravel(), planes.shape[1] * planes.shape[2], planes.shape[2]
    width = grid.widest
    near = np.empty(REACH, np.int64)
    shares = np.empty(REACH * width, np.float32)
    largest, total = np.empty(width, np.float32), np.empty(width, np.float32)
    parts = np.empty(REACH * COLUMN_SUMS * width, np.float32)
    for r in range(grid.rows.size - 1):
        for c in range(grid.columns.size - 1):
            count = near_cells(grid, r, c, near)
            left, wide = grid.columns[c], grid.columns[c + 1] - grid.columns[c]
            for i in range(count * COLUMN_SUMS * width):
                parts[i] = 0
            for y in range(grid.rows[r], grid.rows[r + 1]):
                stretch = Stretch(y, left, wide, y * image_width + left, plane)
                for j in range(count):
                    log_densities(colours, gaussians, near[j], stretch, shares, j * width)
                normalise(shares, count, width, wide, largest, total)
                for j in range(count):
                    place, part = j * width, j * COLUMN_SUMS * width
                    add_row(colours, gaussians, near[j], stretch, shares, place, parts, part, width)
            for j in range(count):
                part, mean_x = j * COLUMN_SUMS * width, gaussians[near[j], MEAN_X]
                add_columns(parts, part, width, left, wide, mean_x, sums, near[j])
    return sums


@compiled
def choose(planes: Planes, grid: Grid, gaussians: Singles, labels: NDArray[np.int32]) -> None:
    """Fill `labels` with the most probable Gaussian of each pixel, of equals the first."""
    colours, plane, image_width = planes.ravel(), planes.shape[1] * planes.shape[2], planes.shape[2]
    width = grid.widest
    near = np.empty(REACH, np.int64)
    logs, best = np.empty(REACH * width, np.float32), np.empty(width, np.float32)
    for r in range(grid.rows.size - 1):
        for c in range(grid.columns.size - 1):
            count = near_cells(grid, r, c, near)
            left, wide = grid.columns[c], grid.columns[c + 1] - grid.columns[c]
            for y in range(grid.rows[r], grid.rows[r + 1]):
                stretch = Stretch(y, left, wide, y * image_width + left, plane)
                for i in range(wide):
                    best[i] = -np.inf
                for j in range(count):
                    place = j * width
                    log_densities(colours, gaussians, near[j], stretch, logs, place)
                    for i in range(wide):
                        if logs[place + i] > best[i]:
                            best[i] = logs[place + i]
                            labels[y, left + i] = near[j]
