"""Felzenszwalb and Huttenlocher's graph-based segmentation, at the scale that gives the count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.search import search_count
from methods.registry import register


@register
class Felzenszwalb(Method):
    """Greedy merging of regions whose colour difference is no larger than within them.

    Parameters
    ----------
    sigma : float
        Width of the Gaussian that smooths the image first, in pixels.
    min_share : float
        Segments smaller than this share of HW / n are merged, 0 to 1.
    trials : int
        Most segmentations in the search for the scale, at least 1.
    """

    name = "fh"
    title = "FH"
    reference = "Felzenszwalb, Huttenlocher: Efficient Graph-Based Image Segmentation, IJCV 2004"
    doi = "10.1023/B:VISI.0000022288.19776.77"
    license = "BSD-3-Clause"
    library = "scikit-image"
    departures = (
        "The method takes no count: `scale` is searched for by bisection on a logarithmic scale, "
        "from 0.01 to 1e6, until the count is within 1 % or the trials are used up; the time "
        "includes all trials. Superpixels are 8-connected, not 4-connected."
    )

    sigma: float = 0.8
    min_share: float = 0.1
    trials: int = 12

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.sigma < 0:
            raise ValueError(f"sigma={self.sigma} must be >= 0, in pixels; the paper has 0.8")
        if not 0 <= self.min_share <= 1:
            raise ValueError(f"min_share={self.min_share} must be 0 to 1, usual is 0.1")
        if self.trials < 1:
            raise ValueError(f"trials={self.trials} must be >= 1, usual is 12")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the segmentation whose count is nearest `n`, and leave its scale in `facts`."""
        from skimage.segmentation import felzenszwalb

        min_size = int(self.min_share * image.shape[0] * image.shape[1] / n)

        def run(scale: float) -> tuple[int, NDArray[Any]]:
            labels = felzenszwalb(image, scale=scale, sigma=self.sigma, min_size=min_size)
            return int(labels.max()) + 1, labels

        found = search_count(run, n, low=1e-2, high=1e6, max_trials=self.trials)
        self.facts = {"trials": found.trials, "scale": found.value}
        return found.labels
