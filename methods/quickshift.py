"""Quick shift by scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.search import Labels, search_scale


class QuickShift(Method):
    """Links every pixel to the nearest one of higher density and cuts links above a length.

    It takes a length and no count. The links do not depend on the length, so they are made once
    and the length is searched for the count nearest n by cutting them. No link is longer than
    three times `kernel_size`, which by default (0) is a ninth of a superpixel's side: then even n
    roots can be reached.
    """

    name = "quickshift"
    title = "Quick shift"
    reference = "Vedaldi, Soatto, Quick shift and kernel methods for mode seeking, ECCV 2008"
    doi = "10.1007/978-3-540-88693-8_52"
    license = "BSD-3-Clause (scikit-image)"
    library = "scikit-image"
    departures = "the longest link is searched for the count; the paper sets it by hand"

    ratio: float = 1.0
    kernel_size: float = 0.0
    sigma: float = 0.0
    trials: int = 20
    tolerance: float = 0.01

    def segment(self, image: NDArray[np.uint8], n: int) -> Labels:
        """Make the links once, then cut them at the length that leaves about n trees."""
        from skimage.segmentation import quickshift

        _, parent, distance = quickshift(
            image,
            ratio=self.ratio,
            kernel_size=self.kernel_size or max(1.0, np.sqrt(image[..., 0].size / n) / 9),
            max_dist=np.inf,
            sigma=self.sigma,
            return_tree=True,
        )
        parent, distance = np.asarray(parent), np.asarray(distance)
        found = search_scale(
            lambda scale: cut(parent, distance, scale), n, 1e-1, 1e4, self.trials, self.tolerance
        )
        self.facts = {"trials": found.trials, "max_dist": found.scale}
        return found.labels


def cut(parent: NDArray[Any], distance: NDArray[Any], longest: float) -> NDArray[np.int64]:
    """Return the trees that remain without links longer than `longest`, labelled by their roots."""
    flat = parent.ravel().astype(np.int64)
    root = np.where(distance.ravel() > longest, np.arange(flat.size), flat)
    while True:
        above = root[root]
        if np.array_equal(above, root):
            return root.reshape(parent.shape)
        root = above
