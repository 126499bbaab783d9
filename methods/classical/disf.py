"""DISF: many seeds, forests grown from them, and the least relevant seeds removed in rounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
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
        height, width = image.shape[:2]
        lab = to_lab(image)
        most = min(max(self.seeds, n), height * width)
        seeds = seed_pixels(height, width, most)
        labels = np.empty((height, width), np.int32)
        sizes, means = grow_forest(lab, seeds, labels)
        rounds = 0
        while len(seeds) > n:
            rounds += 1
            kept = max(int(most * math.exp(-rounds)), n)
            relevance = sizes * np.sqrt(nearest_neighbour(labels, means))
            seeds = seeds[np.sort(np.argsort(-relevance, kind="stable")[:kept])]
            sizes, means = grow_forest(lab, seeds, labels)
        return labels


def seed_pixels(height: int, width: int, least: int) -> NDArray[np.int64]:
    """Return the pixels in the middle of at least `least` nearly square cells, in raster order."""
    rows = min(math.ceil(math.sqrt(least * height / width)), height)
    columns = min(math.ceil(least / rows), width)
    rows = max(rows, math.ceil(least / columns))
    return cell_middles(height, width, rows, columns)


@compiled
def grow_forest(
    lab: NDArray[np.float32], seeds: NDArray[np.int64], labels: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Fill `labels` with the number of the seed whose tree takes each pixel: the dynamic IFT.

    The cost of a path is its largest arc, and that of an arc the distance between the pixel and the
    mean colour of the tree at that moment; squared, as only the order of costs matters. The least
    cost goes first; pixels reached at the very cost that is being served wait in a line of their
    own, first come first served, and before all that wait in the queue.

    Parameters
    ----------
    lab : (H, W, 3) ndarray of float32
    seeds : (K,) ndarray of int64
        Pixels by raster index, all different.
    labels : (H, W) ndarray of int32

    Returns
    -------
    sizes : (K,) ndarray of int64
        Pixels of each tree, at least 1.
    means : (K, 3) ndarray of float32
        Their mean colour, summed and divided in float64.
    """
    width = labels.shape[1]
    sizes, sums = np.zeros(seeds.size, np.int64), np.zeros((seeds.size, 3))
    means = np.empty((seeds.size, 3), np.float32)
    costs = np.full(labels.shape, np.inf, np.float32)
    queue = empty_queue(4 * labels.size)  # an entry for each pair of neighbours at most
    line = np.empty(labels.size, np.int32)
    first, last = 0, seeds.size
    for label in range(seeds.size):
        line[label] = seeds[label]
        y, x = seeds[label] // width, seeds[label] % width
        costs[y, x] = 0
        labels[y, x] = label
    while first < last or refill(queue, lab, labels, costs):
        if first < last:
            pixel = int(line[first])
            first += 1
        else:
            packed = take_least(queue)
            if is_stale(packed, costs):
                continue
            pixel = item_of(packed)
        y, x = pixel // width, pixel % width
        label = labels[y, x]
        take(lab[y, x], sums[label], means[label], sizes, label)
        last = offer(lab, means[label], y, x, labels, costs, queue, line, last)
    return sizes, means


@inner
def take(
    colour: NDArray[np.float32],
    total: NDArray[np.float64],
    mean: NDArray[np.float32],
    sizes: NDArray[np.int64],
    label: int,
) -> None:
    """Move the mean colour of a tree that takes one more pixel."""
    sizes[label] += 1
    for channel in range(3):
        total[channel] += colour[channel]
        mean[channel] = total[channel] / sizes[label]


@inner
def offer(
    lab: NDArray[np.float32],
    mean: NDArray[np.float32],
    y: int,
    x: int,
    labels: NDArray[np.int32],
    costs: NDArray[np.float32],
    queue: Queue,
    line: NDArray[np.int32],
    last: int,
) -> int:
    """Offer the tree of pixel (y, x) to its neighbours; return the end of the line."""
    height, width = labels.shape
    cost = costs[y, x]
    for v in range(max(y - 1, 0), min(y + 2, height)):
        for u in range(max(x - 1, 0), min(x + 2, width)):
            if costs[v, u] <= cost:  # the pixel itself, and those that have their tree
                continue
            reached = max(cost, squared_distance(mean, lab[v, u]))
            if reached < costs[v, u]:
                costs[v, u] = reached
                labels[v, u] = labels[y, x]
                if reached == cost:
                    line[last] = v * width + u
                    last += 1
                else:
                    add(queue, entry(reached, v * width + u))
    return last


@inner
def refill(
    queue: Queue,
    lab: NDArray[np.float32],
    labels: NDArray[np.int32],
    costs: NDArray[np.float32],
) -> bool:
    """Fill the heap if it is empty; return whether any entries are left."""
    width = labels.shape[1]
    while queue[SIZE] == 0:
        count, kept = open_bucket(queue), 0
        if count == 0:
            return False
        for place in range(count):
            if place + AHEAD < count:
                pixel = item_of(queue[place + AHEAD])
                for near in (pixel - width, pixel, pixel + width):
                    prefetch(costs, near)
                    prefetch(labels, near)
                    prefetch(lab, 3 * near)
            if not is_stale(queue[place], costs):
                queue[kept] = queue[place]
                kept += 1
        serve(queue, kept)
    return True


@inner
def is_stale(packed: int, costs: NDArray[np.float32]) -> bool:
    """Return whether the pixel has been reached at a lower cost since it was queued at this one."""
    pixel, width = item_of(packed), costs.shape[1]
    return bool(packed != entry(costs[pixel // width, pixel % width], pixel))


@inner
def squared_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> np.float32:
    """Return the squared distance of two colours in float32."""
    dl, da, db = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return np.float32(dl * dl + da * da + db * db)


@compiled
def nearest_neighbour(labels: NDArray[np.int32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the least squared distance of each tree's mean colour to that of an adjacent tree."""
    height, width = labels.shape
    least = np.full(len(means), np.inf, np.float32)
    for y in range(height):
        for x in range(width):
            for v, u in ((y, x + 1), (y + 1, x - 1), (y + 1, x), (y + 1, x + 1)):
                if v == height or u < 0 or u == width or labels[v, u] == labels[y, x]:
                    continue
                one, other = labels[y, x], labels[v, u]
                distance = squared_distance(means[one], means[other])
                least[one] = min(least[one], distance)
                least[other] = min(least[other], distance)
    return least
