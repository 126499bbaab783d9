"""Merging small regions of a label map into their neighbours."""

import math

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled, inner
from methods.kernels.heap import drop_top, entry, item_of, push
from methods.kernels.unionfind import root

NOBODY = np.int32(-1)


def merge_small(parts: NDArray[np.int32], planes: NDArray[np.float32], least: float) -> None:
    """Merge every region smaller than `least` pixels into the neighbour of nearest mean colour.

    The smallest region goes first, of equal ones that with the first pixel in raster order; of
    equally near neighbours it goes to the one with the first pixel. What has merged is one region
    from then on, with its own size and mean. The last region stays, however small.

    Parameters
    ----------
    parts : (H, W) ndarray of int32
        4-connected regions, numbered 0 to K - 1 in the order of their first pixels; overwritten
        by those that are left, each with the number of the first it is made of.
    planes : (3, H, W) ndarray of float32
        The colours.
    least : float
        Pixels that a region must have to stay as it is.
    """
    sums = np.zeros((int(parts.max()) + 1, len(planes)))
    add_up(parts, planes, sums)
    _merge(parts, sums, least, roots=False)


def merge_alike(parts: NDArray[np.int32], sums: NDArray[np.float64], least: float) -> None:
    """Merge every region smaller than `least` pixels into the neighbour most alike.

    As `merge_small`, but the nearest neighbour is that whose mean distribution is at the least
    Hellinger distance.

    Parameters
    ----------
    parts : (H, W) ndarray of int32
        As for `merge_small`; overwritten.
    sums : (K, N) ndarray of float64
        Of each region the sum of its pixels' distributions over N values; overwritten.
    least : float
        Pixels that a region must have to stay as it is.
    """
    _merge(parts, sums, least, roots=True)


def _merge(parts: NDArray[np.int32], sums: NDArray[np.float64], least: float, roots: bool) -> None:
    """Merge regions by their means, or by the square roots of these."""
    count = len(sums)
    parent, first = np.arange(count, dtype=np.int32), np.full(count, NOBODY)
    sizes, ring = np.zeros(count), np.empty(parts.size, np.int32)
    heap = np.empty(2 * count, np.int64)  # one entry each, and one for each merger
    merge(parts, parent, sizes, sums, first, ring, heap, float(least), roots)


@compiled
def add_up(
    parts: NDArray[np.int32], planes: NDArray[np.float32], sums: NDArray[np.float64]
) -> None:
    """Add the colours of each region to its row of `sums`."""
    height, width = parts.shape
    for y in range(height):
        for x in range(width):
            for k in range(planes.shape[0]):
                sums[parts[y, x], k] += planes[k, y, x]


@compiled
def merge(
    parts: NDArray[np.int32],
    parent: NDArray[np.int32],
    sizes: NDArray[np.float64],
    sums: NDArray[np.float64],
    first: NDArray[np.int32],
    ring: NDArray[np.int32],
    heap: NDArray[np.int64],
    least: float,
    roots: bool,
) -> None:
    """Merge regions in the room that is given; both ways to compare share what is compiled."""
    link(parts, sizes, first, ring)
    waiting = 0
    for part in range(parent.size):
        if sizes[part] < least:
            waiting = push(heap, waiting, entry(sizes[part], part))
    while waiting > 0:
        part, top = item_of(heap[0]), heap[0]
        waiting = drop_top(heap, waiting)
        if parent[part] != part or top != entry(sizes[part], part):
            continue  # it has merged since
        other = nearest_neighbour(parts, parent, sizes, sums, ring, first[part], roots)
        if other == NOBODY:
            break
        part = unite(parent, sizes, sums, ring, first, part, other)
        if sizes[part] < least:
            waiting = push(heap, waiting, entry(sizes[part], part))
    for y in range(parts.shape[0]):
        for x in range(parts.shape[1]):
            parts[y, x] = root(parent, parts[y, x])


@inner
def link(
    parts: NDArray[np.int32],
    sizes: NDArray[np.float64],
    first: NDArray[np.int32],
    ring: NDArray[np.int32],
) -> None:
    """Count the pixels of each region, and link them in a ring that starts at its first one."""
    height, width = parts.shape
    for y in range(height):
        for x in range(width):
            part, pixel = parts[y, x], y * width + x
            sizes[part] += 1
            if first[part] == NOBODY:
                first[part] = ring[pixel] = pixel
            else:
                ring[pixel] = ring[first[part]]
                ring[first[part]] = pixel


@inner
def nearest_neighbour(
    parts: NDArray[np.int32],
    parent: NDArray[np.int32],
    sizes: NDArray[np.float64],
    sums: NDArray[np.float64],
    ring: NDArray[np.int32],
    start: int,
    roots: bool,
) -> int:
    """Return the region beside the one of pixel `start` whose mean is nearest, or NOBODY."""
    height, width = parts.shape
    own = root(parent, parts[start // width, start % width])
    best, least = NOBODY, np.inf
    pixel = start
    while True:
        y, x = pixel // width, pixel % width
        for v, u in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
            if not (0 <= v < height and 0 <= u < width):
                continue
            other = root(parent, parts[v, u])
            if other in (own, best):
                continue
            distance = 0.0
            for k in range(sums.shape[1]):
                mine, its = sums[own, k] / sizes[own], sums[other, k] / sizes[other]
                gap = math.sqrt(mine) - math.sqrt(its) if roots else mine - its
                distance += gap * gap
            if distance < least or (distance == least and other < best):
                best, least = np.int32(other), distance
        pixel = ring[pixel]
        if pixel == start:
            return int(best)


@inner
def unite(
    parent: NDArray[np.int32],
    sizes: NDArray[np.float64],
    sums: NDArray[np.float64],
    ring: NDArray[np.int32],
    first: NDArray[np.int32],
    one: int,
    other: int,
) -> int:
    """Make two regions one, under the lesser of their numbers; return that."""
    kept, gone = (one, other) if one < other else (other, one)
    parent[gone] = kept
    sizes[kept] += sizes[gone]
    for k in range(sums.shape[1]):
        sums[kept, k] += sums[gone, k]
    a, b = first[kept], first[gone]
    ring[a], ring[b] = ring[b], ring[a]
    return kept
