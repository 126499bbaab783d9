"""Merging small regions of a label map into the neighbour along their longest border."""

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled, inner
from methods.kernels.heap import drop_top, entry, item_of, push
from methods.kernels.unionfind import root

Numbers = NDArray[np.int32]

ROW_STEP = (-1, 0, 0, 1)
COLUMN_STEP = (0, -1, 1, 0)


@compiled
def merge_bordering(parts: Numbers, count: int, least: float) -> None:
    """Merge every region smaller than `least` pixels into the one it has the longest border with.

    The smallest region goes first, of equal ones that with the first pixel in raster order; of
    neighbours with equally long borders it joins the one with the first pixel. What has merged is
    one region from then on. The last region stays, however small.

    Parameters
    ----------
    parts : (H, W) ndarray of int32
        4-connected regions, numbered in the order of their first pixels; overwritten by those that
        are left, each with the number of the first it is made of.
    count : int
        Regions.
    least : float
        Pixels that a region must have to stay as it is, at most 16 million.
    """
    height, width = parts.shape
    parent, sizes = np.arange(count).astype(np.int32), np.zeros(count, np.int64)
    some, ring = np.empty(count, np.int32), np.empty(height * width, np.int32)
    for y in range(height):
        for x in range(width):
            part, pixel = parts[y, x], y * width + x
            if sizes[part] == 0:
                some[part] = ring[pixel] = pixel
            else:
                ring[pixel] = ring[some[part]]
                ring[some[part]] = pixel
            sizes[part] += 1
    borders = np.zeros(count, np.int64)
    heap, waiting = np.empty(2 * count, np.int64), 0  # one entry each, and one for each merger
    for part in range(count):
        if sizes[part] < least:
            waiting = push(heap, waiting, entry(float(sizes[part]), part))
    while waiting > 0:
        top = heap[0]
        part = item_of(top)
        waiting = drop_top(heap, waiting)
        if parent[part] != part or top != entry(float(sizes[part]), part):
            continue  # it has merged since
        other = longest_border(parts, parent, ring, some[part], borders)
        if other == part:  # the only region
            break
        kept, gone = min(part, other), max(part, other)
        parent[gone] = kept
        sizes[kept] += sizes[gone]
        a, b = some[kept], some[gone]
        ring[a], ring[b] = ring[b], ring[a]
        if sizes[kept] < least:
            waiting = push(heap, waiting, entry(float(sizes[kept]), kept))
    for y in range(height):
        for x in range(width):
            parts[y, x] = root(parent, parts[y, x])


@inner
def longest_border(
    parts: Numbers, parent: Numbers, ring: Numbers, start: int, borders: NDArray[np.int64]
) -> int:
    """Return the region with the longest border to that of pixel `start`, itself if it is alone.

    `borders` holds 0 for every region, before and after.
    """
    height, width = parts.shape
    own = root(parent, parts[start // width, start % width])
    best = own
    for change in (1, 0):  # count, then clear
        pixel = start
        while True:
            y, x = pixel // width, pixel % width
            for direction in range(4):
                v, u = y + ROW_STEP[direction], x + COLUMN_STEP[direction]
                if not (0 <= v < height and 0 <= u < width):
                    continue
                other = root(parent, parts[v, u])
                if other == own:
                    continue
                borders[other] = change * (borders[other] + 1)
                longer = borders[other] > borders[best]
                if change and (longer or (borders[other] == borders[best] and other < best)):
                    best = other
            pixel = ring[pixel]
            if pixel == start:
                break
    return int(best)
