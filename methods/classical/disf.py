"""DISF: many seeds, forests grown from them, and the least relevant seeds removed in rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, OnDemand
from methods.classical.lab import to_lab
from methods.classical.lattice import cell_middles
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

COST = 3  # place of a pixel's cost, after its colour
FRAME = -1.0  # cost of what lies outside the image: nothing reaches it for less
OUTSIDE = -1  # label of it


class Forest(NamedTuple):
    """A forest in the course of the rounds.

    Attributes
    ----------
    seeds : (K,) ndarray of int64
        Pixels by raster index in the frame, ascending.
    labels : (H + 2, W + 2) ndarray of int32
        Number of each pixel's seed; `OUTSIDE` in the frame.
    trees : (K, 4) ndarray of float64
        Sum of the colours of each tree, and the number of its pixels.
    most : int
        Seeds that the first forest was to have.
    rounds : int
        How often seeds have been removed.
    """

    seeds: NDArray[np.int64]
    labels: NDArray[np.int32]
    trees: NDArray[np.float64]
    most: int
    rounds: int


@register
class Disf(Method):
    """Dynamic and iterative spanning forest, which removes seeds until `n` trees are left.

    Parameters
    ----------
    seeds : int
        Seeds of the first forest, at least 1; raised to `n` where that is more, and at most one a
        pixel.
    """

    name = "disf"
    title = "DISF"
    reference = "Belém, Guimarães, Falcão: Superpixel Segmentation using DISF, SIBGRAPI 2020"
    doi = "10.1109/SIBGRAPI51738.2020.00014"
    license = "BSD-3-Clause"
    exact_count = True
    departures = (
        "The first seeds are on the smallest grid of nearly square cells that has at least as many "
        "as stated. Superpixels are 8-connected, not 4-connected. Of equally relevant trees the "
        "first in raster order stay. ASA .9543 and recall .9239, the authors' program .9552 and "
        ".9253 (n = 200, 5 training images)."
    )

    seeds: int = 8000

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.seeds < 1:
            raise ValueError(f"seeds={self.seeds} must be >= 1, the paper has 8000")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the forest of exactly `n` trees."""
        pixels = framed(to_lab(image))
        first = self._first_forest(pixels, n)
        return thinned(pixels, first, n).labels[1:-1, 1:-1]

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Return a forest for each of `ns`, from the rounds that all of them have in common."""
        if max(ns) > self.seeds:  # then each count has first seeds of its own
            return super().segment_many(image, ns)
        pixels = framed(to_lab(image))
        first = self._first_forest(pixels, max(ns))
        common = thinned(pixels, first, max(ns), last=False)
        return OnDemand(lambda n: thinned(pixels, common, n).labels[1:-1, 1:-1], ns)

    def _first_forest(self, pixels: NDArray[np.float32], n: int) -> Forest:
        height, width = pixels.shape[0] - 2, pixels.shape[1] - 2
        most = min(max(self.seeds, n), height * width)
        row, column = np.divmod(seed_pixels(height, width, most), width)
        return planted(pixels, (row + 1) * (width + 2) + column + 1, most)


def seed_pixels(height: int, width: int, least: int) -> NDArray[np.int64]:
    """Return the pixels in the middle of at least `least` nearly square cells, in raster order."""
    rows = min(math.ceil(math.sqrt(least * height / width)), height)
    columns = min(math.ceil(least / rows), width)
    rows = max(rows, math.ceil(least / columns))
    return cell_middles(height, width, rows, columns)


def framed(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return Lab and a cost for each pixel, in a frame of one pixel; see `grow_forest`."""
    height, width = lab.shape[:2]
    pixels = np.full((height + 2, width + 2, 4), FRAME, np.float32)
    pixels[1:-1, 1:-1, :COST] = lab
    pixels[1:-1, 1:-1, COST] = np.inf
    return pixels


def planted(
    pixels: NDArray[np.float32], seeds: NDArray[np.int64], most: int, rounds: int = 0
) -> Forest:
    """Return the forest that grows from seeds."""
    labels = np.full(pixels.shape[:2], OUTSIDE, np.int32)
    trees = np.empty((len(seeds), 4))
    line = np.empty(labels.size, np.int32)
    grow_forest(pixels.ravel(), pixels.shape[1], seeds, labels.ravel(), trees, line)
    return Forest(seeds, labels, trees, most, rounds)


def thinned(pixels: NDArray[np.float32], forest: Forest, n: int, last: bool = True) -> Forest:
    """Remove the least relevant seeds in rounds until `n` are left, or before the last round.

    All rounds but the last are the same for every lesser `n`.
    """
    while len(forest.seeds) > n:
        rounds = forest.rounds + 1
        kept = int(forest.most * math.exp(-rounds))
        if kept < n and not last:
            break
        sizes = forest.trees[:, 3]
        means = (forest.trees[:, :3] / sizes[:, None]).astype(np.float32)
        nearest = np.full(len(means), np.inf, np.float32)
        nearest_neighbour(forest.labels.ravel(), pixels.shape[1], means, nearest)
        relevance = sizes * np.sqrt(nearest)
        ranked = np.argsort(-relevance, kind="stable")
        seeds = forest.seeds[np.sort(ranked[: max(kept, n)])]
        forest = planted(pixels, seeds, forest.most, rounds)
    return forest


@compiled
def grow_forest(
    pixels: NDArray[np.float32],
    width: int,
    seeds: NDArray[np.int64],
    labels: NDArray[np.int32],
    trees: NDArray[np.float64],
    line: NDArray[np.int32],
) -> None:
    """Fill `labels` with the number of the seed whose tree takes each pixel: the dynamic IFT.

    The cost of a path is its largest arc, and that of an arc the distance between the pixel and the
    mean colour of the tree at that moment; squared, as only the order of costs matters. The least
    cost goes first; pixels reached at the very cost that is being served wait in a line of their
    own, first come first served, and before all that wait in the queue.

    Parameters
    ----------
    pixels : (4 P,) ndarray of float32
        Lab and cost of each pixel, side by side in memory, with a frame, whose cost is `FRAME`.
    width : int
        Of the image in its frame.
    seeds : (K,) ndarray of int64
        Pixels by raster index in the frame, all different.
    labels : (P,) ndarray of int32
    trees : (K, 4) ndarray of float64
        Filled with the sum of the colours of each tree, and the number of its pixels, at least 1.
    line : (P,) ndarray of int32
        Room for pixels.
    """
    for i in range(COST, pixels.size, 4):
        if pixels[i] != FRAME:
            pixels[i] = np.inf
    queue = empty_queue(4 * labels.size)  # an entry for each pair of neighbours at most
    first, last = 0, seeds.size
    for label in range(seeds.size):
        line[label] = seeds[label]
        pixels[4 * seeds[label] + COST] = 0
        labels[seeds[label]] = label
        for k in range(4):
            trees[label, k] = 0
    while True:
        if first < last:
            pixel = int(line[first])
            first += 1
        elif queue[SIZE] > 0 or refill(queue, pixels, width):
            packed = take_least(queue)
            pixel = item_of(packed)
            if is_stale(packed, pixels):
                continue
            first, last = 0, 0
        else:
            break
        label = labels[pixel]
        trees[label, 3] += 1
        size = trees[label, 3]
        trees[label, 0] += pixels[4 * pixel]
        trees[label, 1] += pixels[4 * pixel + 1]
        trees[label, 2] += pixels[4 * pixel + 2]
        lightness = np.float32(trees[label, 0] / size)
        a, b = np.float32(trees[label, 1] / size), np.float32(trees[label, 2] / size)
        cost = pixels[4 * pixel + COST]
        for above in (pixel - width, pixel, pixel + width):
            for other in range(above - 1, above + 2):
                place = 4 * other
                if pixels[place + COST] <= cost:  # the frame, the pixel, and those with their tree
                    continue
                dl, da, db = lightness - pixels[place], a - pixels[place + 1], b - pixels[place + 2]
                reached = max(cost, dl * dl + da * da + db * db)
                if reached < pixels[place + COST]:
                    pixels[place + COST] = reached
                    labels[other] = label
                    if reached == cost:
                        line[last] = other
                        last += 1
                    else:
                        add(queue, entry(reached, other))


@inner
def refill(queue: Queue, pixels: NDArray[np.float32], width: int) -> bool:
    """Fill the heap, which is empty; return whether any entries are left."""
    while queue[SIZE] == 0:
        count, kept = open_bucket(queue), 0
        if count == 0:
            return False
        for place in range(count):
            if place + AHEAD < count:
                pixel = item_of(queue[place + AHEAD])
                for near in (pixel - width, pixel, pixel + width):
                    prefetch(pixels, 4 * near)
            if not is_stale(queue[place], pixels):
                queue[kept] = queue[place]
                kept += 1
        serve(queue, kept)
    return True


@inner
def is_stale(packed: int, pixels: NDArray[np.float32]) -> bool:
    """Return whether the pixel has been reached at a lower cost since it was queued at this one."""
    pixel = item_of(packed)
    return bool(packed != entry(pixels[4 * pixel + COST], pixel))


@compiled
def nearest_neighbour(
    labels: NDArray[np.int32],
    width: int,
    means: NDArray[np.float32],
    nearest: NDArray[np.float32],
) -> None:
    """Lower `nearest` to each tree's least squared distance of mean colour to an adjacent tree."""
    for pixel in range(labels.size - width - 1):
        one = labels[pixel]
        for step in (1, width - 1, width, width + 1):
            other = labels[pixel + step]
            if one == other or min(one, other) == OUTSIDE:
                continue
            dl, da = means[one, 0] - means[other, 0], means[one, 1] - means[other, 1]
            db = means[one, 2] - means[other, 2]
            distance = dl * dl + da * da + db * db
            nearest[one] = min(nearest[one], distance)
            nearest[other] = min(nearest[other], distance)
