"""Compiled loops of `methods.canonical`."""

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import compiled
from methods.kernels.unionfind import root


@compiled
def number_by_appearance(
    codes: NDArray[np.int64], lowest: int, table: NDArray[np.int32], labels: NDArray[np.int32]
) -> int:
    """Fill `labels` with codes renumbered by first appearance; `table` holds -1 per code."""
    count = 0
    for i in range(codes.size):
        code = codes[i] - lowest
        label = table[code]
        if label < 0:
            label = count
            table[code] = label
            count += 1
        labels[i] = label
    return count


@compiled
def number_components(
    labels: NDArray[np.int64], parent: NDArray[np.int32], components: NDArray[np.int32]
) -> int:
    """Fill `components` with 4-connected parts of equal label, by first appearance; count them.

    Union-find over pixels in `parent`; a root is always the first pixel of its part in raster
    order. Both arrays have a value for each pixel, unset.
    """
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            i = y * width + x
            parent[i] = i
            if x > 0 and labels[y, x] == labels[y, x - 1]:
                parent[i] = root(parent, i - 1)
            if y > 0 and labels[y, x] == labels[y - 1, x]:
                above, here = root(parent, i - width), parent[i]
                if above < here:
                    parent[here] = above
                else:
                    parent[above] = here
    count = 0
    for i in range(parent.size):
        if parent[i] == i:
            components[i] = count
            count += 1
        else:
            components[i] = components[root(parent, i)]
    return count
