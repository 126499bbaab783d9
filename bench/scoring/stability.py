"""How alike two label maps of one image are, whichever of them is taken for the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def adjusted_rand_index(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the adjusted Rand index of two label maps.

    With n_ij pixels in superpixel i of the one and j of the other, sums a_i and b_j, N pixels, and
    C(n) = n (n - 1) / 2 pairs of n::

        ARI = (sum C(n_ij) - E) / ((sum C(a_i) + sum C(b_j)) / 2 - E)
        E = sum C(a_i) sum C(b_j) / C(N)

    Hubert and Arabie, Comparing partitions, Journal of Classification 1985, doi
    10.1007/BF01908075, eq. (5). Symmetric.

    Parameters
    ----------
    first, second : (H, W) ndarray of int
        Labels from 0.

    Returns
    -------
    float
        1 if the label maps are the same but for the numbers, 0 as expected by chance at the same
        sizes, at worst -0.5. 1 as well where both have one superpixel, or each pixel is one.
    """
    columns = int(second.max()) + 1
    pairs = first.astype(np.int64).ravel() * columns + second.ravel()
    _, shared = np.unique(pairs, return_counts=True)
    together = _pairs(shared)
    one, other = _pairs(np.bincount(first.ravel())), _pairs(np.bincount(second.ravel()))
    chance = one * other / max(_pairs(np.array([first.size])), 1.0)
    largest = (one + other) / 2
    return 1.0 if largest == chance else (together - chance) / (largest - chance)


def _pairs(sizes: NDArray[np.integer[Any]]) -> float:
    counts = sizes.astype(float)
    return float((counts * (counts - 1) / 2).sum())
