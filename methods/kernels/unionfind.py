"""Disjoint sets in an array of parents; the root of a set is its own parent."""

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import inner


@inner
def root(parent: NDArray[np.int32], i: int) -> int:
    """Return the root of the set of `i`, and shorten the way to it."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
