"""Quick shift mode seeking, its tree cut where the count is nearest the one asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, OnDemand
from methods.registry import register


class Tree(NamedTuple):
    """What each pixel of an image is linked to."""

    parent: NDArray[np.integer[Any]]  # (H, W), by raster index; of a mode, itself
    length: NDArray[np.float64]  # (H, W), of the link


@register
class QuickShift(Method):
    """Link every pixel to its nearest pixel of greater density, then cut the longest links.

    Parameters
    ----------
    kernel_size : float
        Width of the density kernel, in pixels of the joint colour and position space, at
        least 1. The time grows with its square; a wider kernel leaves fewer modes.
    ratio : float
        Weight of colour against position, greater than 0.
    """

    name = "quickshift"
    title = "Quick shift"
    reference = "Vedaldi, Soatto: Quick Shift and Kernel Methods for Mode Seeking, ECCV 2008"
    doi = "10.1007/978-3-540-88693-8_52"
    license = "BSD-3-Clause"
    library = "scikit-image"
    departures = (
        "The method takes no count: max_dist is the link length that leaves the count nearest the "
        "one asked for, read from one tree instead of searched for. The count cannot fall below "
        "the number of modes, about 60 to 90 per BSDS500 image at the default kernel."
    )

    kernel_size: float = 5.0
    ratio: float = 1.0

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.kernel_size < 1:
            raise ValueError(f"kernel_size={self.kernel_size} must be >= 1, usual are 2 to 7")
        if self.ratio <= 0:
            raise ValueError(f"ratio={self.ratio} must be > 0, usual are 0.5 to 1")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the cut of the tree whose count is nearest `n`, and leave it in `facts`."""
        return self._cut(self._tree(image), n)

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Return a cut for each of `ns`, all of one tree."""
        tree = self._tree(image)
        return OnDemand(lambda n: self._cut(tree, n), ns)

    def _tree(self, image: NDArray[np.uint8]) -> Tree:
        from skimage.segmentation import quickshift

        _, parent, length = quickshift(
            image, ratio=self.ratio, kernel_size=self.kernel_size, return_tree=True
        )
        return Tree(np.asarray(parent), np.asarray(length))

    def _cut(self, tree: Tree, n: int) -> NDArray[Any]:
        parent, length = tree.parent.ravel(), tree.length.ravel()
        pixels = np.arange(parent.size)
        is_mode = parent == pixels
        max_dist = _cut_for_count(length[~is_mode], n - int(is_mode.sum()))
        self.facts = {"max_dist": max_dist, "modes": int(is_mode.sum())}
        root = np.where(length > max_dist, pixels, parent)
        while not np.array_equal(root, above := root[root]):
            root = above
        return root.reshape(tree.parent.shape)


def _cut_for_count(lengths: NDArray[np.float64], cuts: int) -> float:
    """Return the length such that the number of longer links is nearest to `cuts`.

    Links of equal length are cut together, so that labels equal those of quick shift itself.
    """
    ascending = np.sort(lengths)
    if cuts <= 0 or ascending.size == 0:
        return float(ascending[-1]) if ascending.size else 0.0
    kept = max(ascending.size - cuts, 0)
    fewer = ascending[kept - 1] if kept else 0.0  # cuts `cuts` links, fewer where lengths tie
    first_tie = int(np.searchsorted(ascending, fewer, side="left"))
    more = ascending[first_tie - 1] if first_tie else 0.0
    candidates = [float(fewer), float(more)]
    counts = ascending.size - np.searchsorted(ascending, candidates, side="right")
    return candidates[int(np.argmin(np.abs(counts - cuts)))]
