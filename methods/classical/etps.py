"""ETPS: superpixels that hand blocks of pixels to their neighbours, from coarse to fine."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.lab import to_lab
from methods.kernels.compiled import compiled, inner
from methods.kernels.topology import OUTSIDE, framed, may_leave
from methods.registry import register

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

LARGEST_BLOCK = 16  # longest side of a block of the first level, in pixels
COLOUR_STEPS = np.float32(16)  # Lab is rounded to 1/16: sums are exact, in whatever order

# What is kept of a superpixel, and of the block that is about to leave it: sums, and two values.
AREA, BLOCKS, L, A, B, COLOUR_SQUARES, Y, X, POSITION_SQUARES = range(9)
SUMS, COLUMNS = 9, 11
FIRST_AREA, COST = 9, 10  # of a superpixel
HEIGHT, WIDTH = 9, 10  # of a block


class Weights(NamedTuple):
    """Weights of the terms of the energy, beside the scatter of colours."""

    regularization: float
    length: float
    size: float


class Blocks(NamedTuple):
    """The blocks of one level, which are the cells of an uneven grid of R rows and C columns.

    Attributes
    ----------
    rows, columns : (R, 3) and (C, 3) ndarray of float64
        Pixels that a row (column) is high (wide), the sum and the sum of squares of their
        positions.
    colours : (R * C, 3) ndarray of float32
        Sum of Lab over each block.
    squares : (R * C,) ndarray of float64
        Sum of L^2 + a^2 + b^2 over each block.
    """

    rows: Floats
    columns: Floats
    colours: NDArray[np.float32]
    squares: Floats


class Level(NamedTuple):
    """A grid of blocks with the pixels at which its rows and columns begin, and the image ends."""

    row_edges: Indices
    column_edges: Indices
    blocks: Blocks


@register
class Etps(Method):
    """Coarse-to-fine, topology-preserving moves of boundary blocks between superpixels.

    Lowers an energy, the sum over all superpixels of ``(scatter of Lab + regularization * scatter
    of position) / pixels per block + length * boundary length + size * max(0, A0 / 4 - A)``: a
    scatter is the sum of squared differences to the superpixel's mean; the boundary length counts
    pairs of 4-neighbours of different label, once; A is the area and A0 the area at the start.

    It starts from a square grid, whose superpixels are cut into blocks of at most 16 x 16 pixels;
    after each level every block is halved in both directions, down to single pixels. A pass puts
    the blocks with a 4-neighbour in another superpixel into a queue, in raster order. The first
    one taken out goes to the superpixel among its 4-neighbours (above, left, right, below; the
    first of equals) that lowers the energy most, if its own stays 4-connected within the 3 x 3
    blocks around; then it and its 4-neighbours go back to the end of the queue, if they are
    boundary and not in it. A pass ends when its queue is empty.

    Parameters
    ----------
    regularization : float
        Weight of the scatter of position; like the other weights from 0 to 1e9.
    length : float
        Weight of the boundary length.
    size : float
        Weight of what a superpixel lacks to a quarter of its first area.
    iterations : int
        Most passes at each level, at least 1; a level also ends with a pass without a move.
    threshold : float
        Least decrease of the energy that is worth a move, greater than 0.

    Notes
    -----
    The authors' code has the weights 1, 1, 1 by default and 0, 0, 0, as here, for the paper's
    results on BSD; others tuned 0.01, 0.1, 1 with 25 iterations for BSDS500.
    """

    name = "etps"
    title = "ETPS"
    reference = (
        "Yao, Boben, Fidler, Urtasun: Real-Time Coarse-to-Fine Topologically Preserving "
        "Segmentation, CVPR 2015"
    )
    doi = "10.1109/CVPR.2015.7298913"
    license = "BSD-3-Clause"
    connected = True
    departures = (
        "Built from the paper, not from the authors' code. The count is that of a square grid of "
        "step g = round(sqrt(HW / n)), ceil(H / g) x ceil(W / g), and never changes: 117 for 100 "
        "at 481 x 321, and more in an image narrower than g. Lab is rounded to 1/16. The default "
        "weights of 0 give ragged superpixels and high boundary recall; 1, 1, 1 compact ones. "
        "Against the authors' program with equal weights, on 20 validation images, n = 50 to 400: "
        "ASA within .0012, recall within .008, undersegmentation error within .0017."
    )

    regularization: float = 0.0
    length: float = 0.0
    size: float = 0.0
    iterations: int = 1
    threshold: float = 0.01

    def validate(self) -> None:
        """Refuse values out of range."""
        for name in ("regularization", "length", "size"):
            value = getattr(self, name)
            if not 0 <= value <= 1e9:  # so that the energy is finite, whatever the image
                raise ValueError(f"{name}={value} must be from 0 to 1e9; 0 leaves the term out")
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations} must be >= 1, usual are 1 to 25")
        if not self.threshold > 0:
            raise ValueError(f"threshold={self.threshold} must be > 0, usual is 0.01")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels, and leave their energy and the number of moves in `facts`."""
        height, width = image.shape[:2]
        step = max(1, round(math.sqrt(height * width / n)))
        weights = Weights(float(self.regularization), float(self.length), float(self.size))
        levels = _levels(to_lab(image), step)
        row_of, column_of = (edges[:-1] // step for edges in levels[0][:2])
        labels = framed(row_of[:, None] * -(-width // step) + column_of)
        superpixels = np.zeros((int(labels.max()) + 1, COLUMNS))
        sum_up(levels[0].blocks, labels, superpixels)
        boundary = row_of[-1] * width + column_of[-1] * height
        moves = 0
        for coarser, level in pairwise([levels[0], *levels]):
            labels = _divided(labels, coarser, level)
            count_blocks(labels, superpixels, weights)
            for _ in range(self.iterations):
                moved, shorter = relax(
                    level.blocks, labels, superpixels, weights, float(self.threshold)
                )
                moves += moved
                boundary -= shorter
                if not moved:
                    break
        energy = superpixels[:, COST].sum() + self.length * boundary
        self.facts = {"energy": float(energy), "moves": moves}
        return labels[1:-1, 1:-1]


# --- levels -----------------------------------------------------------------------------------


def _levels(lab: NDArray[np.float32], step: int) -> list[Level]:
    """Return the levels from the coarsest to the one of pixels; rounds `lab` in place."""
    height, width = lab.shape[:2]
    edges = [(_first_edges(height, step), _first_edges(width, step))]
    while edges[-1][0].size <= height or edges[-1][1].size <= width:
        edges.append((_halved(edges[-1][0]), _halved(edges[-1][1])))
    colours, squares = lab.reshape(-1, 3), np.empty(height * width)
    round_colours(colours, squares)
    rows, columns = edges.pop()
    levels = [Level(rows, columns, Blocks(_moments(rows), _moments(columns), colours, squares))]
    while edges:
        levels.append(_merged(levels[-1], *edges.pop()))
    return levels[::-1]


def _first_edges(length: int, step: int) -> Indices:
    """Cut each stretch of `step` pixels (the last may be shorter) evenly into the first blocks."""
    parts = max(2, -(-step // LARGEST_BLOCK))
    starts = np.arange(0, length, step)[:, None]
    edges = (starts + np.arange(parts) * step // parts).ravel()
    return np.append(np.unique(edges[edges < length]), length)


def _halved(edges: Indices) -> Indices:
    return np.unique(np.concatenate([edges, (edges[:-1] + edges[1:]) // 2]))


def _moments(edges: Indices) -> Floats:
    """Return the number of pixels from edge to edge, and the sums of position and its square."""
    position = np.arange(edges[-1]) - edges[-1] // 2
    sums = [np.add.reduceat(position**power, edges[:-1]) for power in range(3)]
    return np.stack(sums, axis=1).astype(np.float64)


def _parents(coarse: Indices, fine: Indices) -> Indices:
    """Return the row (column) of coarse blocks that each one of fine blocks lies in."""
    return np.searchsorted(coarse, fine[:-1], side="right") - 1


def _merged(fine: Level, row_edges: Indices, column_edges: Indices) -> Level:
    rows, columns = _moments(row_edges), _moments(column_edges)
    count = len(rows) * len(columns)
    blocks = Blocks(rows, columns, np.zeros((count, 3), np.float32), np.zeros(count))
    row_of = _parents(row_edges, fine.row_edges)
    merge(fine.blocks, blocks, row_of, _parents(column_edges, fine.column_edges))
    return Level(row_edges, column_edges, blocks)


def _divided(labels: Labels, coarse: Level, fine: Level) -> Labels:
    row_of = _parents(coarse.row_edges, fine.row_edges)
    column_of = _parents(coarse.column_edges, fine.column_edges)
    return framed(labels[1:-1, 1:-1][row_of][:, column_of])


@compiled
def round_colours(lab: NDArray[np.float32], squares: Floats) -> None:
    """Round Lab of (P, 3) pixels in place; fill `squares` with L^2 + a^2 + b^2."""
    for i in range(lab.shape[0]):
        total = 0.0
        for k in range(3):
            lab[i, k] = np.rint(lab[i, k] * COLOUR_STEPS) / COLOUR_STEPS
            total += lab[i, k] * lab[i, k]  # exact in float32: at most 24 bits
        squares[i] = total


@compiled
def merge(fine: Blocks, coarse: Blocks, row_of: Indices, column_of: Indices) -> None:
    """Add the colours of fine blocks to the coarse blocks that they lie in."""
    for r in range(row_of.size):
        for c in range(column_of.size):
            i = r * column_of.size + c
            j = row_of[r] * coarse.columns.shape[0] + column_of[c]
            coarse.squares[j] += fine.squares[i]
            for k in range(3):
                coarse.colours[j, k] += fine.colours[i, k]


# --- the table of superpixels -----------------------------------------------------------------


@inner
def describe(blocks: Blocks, r: int, c: int, block: Floats) -> None:
    """Fill in what is kept of a block."""
    i = r * blocks.columns.shape[0] + c
    height, width = blocks.rows[r, 0], blocks.columns[c, 0]
    block[HEIGHT], block[WIDTH] = height, width
    block[AREA] = height * width
    block[BLOCKS] = 1
    block[L] = blocks.colours[i, 0]
    block[A] = blocks.colours[i, 1]
    block[B] = blocks.colours[i, 2]
    block[COLOUR_SQUARES] = blocks.squares[i]
    block[Y] = blocks.rows[r, 1] * width
    block[X] = blocks.columns[c, 1] * height
    block[POSITION_SQUARES] = blocks.rows[r, 2] * width + blocks.columns[c, 2] * height


@inner
def cost(superpixels: Floats, s: int, block: Floats, sign: float, weights: Weights) -> float:
    """Return what a superpixel costs with a block added (sign 1), removed (-1) or neither (0).

    The sums are exact, so the cost depends on what the superpixel is, not on how it came to be.
    """
    area = superpixels[s, AREA] + sign * block[AREA]
    lightness = superpixels[s, L] + sign * block[L]
    a = superpixels[s, A] + sign * block[A]
    b = superpixels[s, B] + sign * block[B]
    y = superpixels[s, Y] + sign * block[Y]
    x = superpixels[s, X] + sign * block[X]
    colours = superpixels[s, COLOUR_SQUARES] + sign * block[COLOUR_SQUARES]
    positions = superpixels[s, POSITION_SQUARES] + sign * block[POSITION_SQUARES]
    blocks = superpixels[s, BLOCKS] + sign * block[BLOCKS]
    scatter = area * colours - (lightness * lightness + a * a + b * b)  # times area, as is the next
    scatter += weights.regularization * (area * positions - (y * y + x * x))
    lacking = max(0.0, superpixels[s, FIRST_AREA] / 4 - area)
    return float(scatter / area * (blocks / area) + weights.size * lacking)


@compiled
def sum_up(blocks: Blocks, labels: Labels, superpixels: Floats) -> None:
    """Fill in the sums of superpixels, from zeros, and take their areas as the first ones."""
    block = np.empty(COLUMNS)
    for r in range(blocks.rows.shape[0]):
        for c in range(blocks.columns.shape[0]):
            describe(blocks, r, c, block)
            s = labels[r + 1, c + 1]
            for k in range(SUMS):
                superpixels[s, k] += block[k]
    for s in range(superpixels.shape[0]):  # assigning a column takes two seconds to compile
        superpixels[s, FIRST_AREA] = superpixels[s, AREA]


@compiled
def count_blocks(labels: Labels, superpixels: Floats, weights: Weights) -> None:
    """Count the blocks of superpixels, and what these then cost."""
    for s in range(superpixels.shape[0]):
        superpixels[s, BLOCKS] = 0
    for r in range(1, labels.shape[0] - 1):
        for c in range(1, labels.shape[1] - 1):
            superpixels[labels[r, c], BLOCKS] += 1
    none = np.zeros(COLUMNS)
    for s in range(superpixels.shape[0]):
        superpixels[s, COST] = cost(superpixels, s, none, 0.0, weights)


# --- moves ------------------------------------------------------------------------------------


@inner
def is_boundary(labels: Labels, r: int, c: int) -> bool:
    """Return whether a block, not one of the frame, touches another superpixel."""
    own = labels[r, c]
    if own == OUTSIDE:
        return False
    for other in (labels[r - 1, c], labels[r, c - 1], labels[r, c + 1], labels[r + 1, c]):
        if other not in (own, OUTSIDE):
            return True
    return False


@inner
def shared(labels: Labels, block: Floats, r: int, c: int, label: int) -> float:
    """Return the length of the sides that a block shares with a superpixel, in pixels."""
    beside = (labels[r, c - 1] == label) + (labels[r, c + 1] == label)
    over_and_under = (labels[r - 1, c] == label) + (labels[r + 1, c] == label)
    return float(block[HEIGHT] * beside + block[WIDTH] * over_and_under)


@inner
def best_move(
    labels: Labels,
    superpixels: Floats,
    weights: Weights,
    threshold: float,
    block: Floats,
    r: int,
    c: int,
) -> int:
    """Return the neighbour to which a block goes with the greatest gain, or OUTSIDE if to none."""
    own = labels[r, c]
    gain_of_own = superpixels[own, COST] - cost(superpixels, own, block, -1.0, weights)
    shared_with_own = shared(labels, block, r, c, own)
    best, best_gain = OUTSIDE, threshold
    for other in (labels[r - 1, c], labels[r, c - 1], labels[r, c + 1], labels[r + 1, c]):
        if other in (own, best, OUTSIDE):
            continue
        shorter = shared(labels, block, r, c, other) - shared_with_own
        gain_of_other = superpixels[other, COST] - cost(superpixels, other, block, 1.0, weights)
        gain = gain_of_own + gain_of_other + weights.length * shorter
        if gain > best_gain:
            best, best_gain = other, gain
    return int(best)


@inner
def move(superpixels: Floats, weights: Weights, block: Floats, own: int, other: int) -> None:
    """Take a block from one superpixel to another in their table."""
    for k in range(SUMS):
        superpixels[own, k] -= block[k]
        superpixels[other, k] += block[k]
    superpixels[own, COST] = cost(superpixels, own, block, 0.0, weights)
    superpixels[other, COST] = cost(superpixels, other, block, 0.0, weights)


@inner
def put_back(
    labels: Labels, queue: Labels, waiting: NDArray[np.bool_], tail: int, r: int, c: int
) -> int:
    """Put a block to the end of the queue if it is boundary and not in it; return the new end."""
    if waiting[r, c] or not is_boundary(labels, r, c):
        return tail
    waiting[r, c] = True
    queue[tail & (queue.size - 1)] = r * labels.shape[1] + c
    return tail + 1


@compiled
def relax(
    blocks: Blocks, labels: Labels, superpixels: Floats, weights: Weights, threshold: float
) -> tuple[int, float]:
    """Make one pass; return the number of moves and by how much they shorten the boundary."""
    height, width = labels.shape
    waiting = np.zeros(labels.shape, np.bool_)
    size = 1
    while size < labels.size:  # a power of two: places are then taken from a count by a mask
        size *= 2
    queue = np.empty(size, np.int32)
    head, tail = 0, 0
    for r in range(1, height - 1):
        for c in range(1, width - 1):
            tail = put_back(labels, queue, waiting, tail, r, c)
    block = np.empty(COLUMNS)
    moves, shorter = 0, 0.0
    while head < tail:
        r, c = divmod(queue[head & (size - 1)], width)
        head += 1
        waiting[r, c] = False
        if not may_leave(labels, r, c):
            continue
        describe(blocks, r - 1, c - 1, block)
        own = labels[r, c]
        other = best_move(labels, superpixels, weights, threshold, block, r, c)
        if other == OUTSIDE:
            continue
        shorter += shared(labels, block, r, c, other) - shared(labels, block, r, c, own)
        labels[r, c] = other
        move(superpixels, weights, block, own, other)
        moves += 1
        for y, x in ((r, c), (r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)):
            tail = put_back(labels, queue, waiting, tail, y, x)
    return moves, shorter
