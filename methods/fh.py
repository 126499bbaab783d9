"""FH, the graph-based segmentation of Felzenszwalb and Huttenlocher, by scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.search import Labels, search_scale


class Fh(Method):
    """Merges pixels along weak edges while both sides are as uneven as the edge between them.

    It takes a scale and no count: `scale` is searched, on a log scale, for the count nearest n,
    and the time includes all trials. Smallest regions have H W / (10 n) pixels.
    """

    name = "fh"
    title = "FH"
    reference = "Felzenszwalb, Huttenlocher, Efficient graph-based image segmentation, IJCV 2004"
    doi = "10.1023/B:VISI.0000022288.19776.77"
    license = "BSD-3-Clause (scikit-image)"
    library = "scikit-image"
    departures = "the scale is searched for the count; the paper sets it by hand"

    sigma: float = 0.8
    trials: int = 12
    tolerance: float = 0.01

    def validate(self) -> None:
        """Refuse a search without trials."""
        if self.trials < 1:
            raise ValueError(f"method 'fh': trials is {self.trials}; give at least 1")

    def segment(self, image: NDArray[np.uint8], n: int) -> Labels:
        """Search the scale between one where all pixels part and one where all join."""
        from skimage.segmentation import felzenszwalb

        least = max(1, image.shape[0] * image.shape[1] // (10 * n))

        def at(scale: float) -> Labels:
            labels: Labels = felzenszwalb(image, scale=scale, sigma=self.sigma, min_size=least)
            return labels

        found = search_scale(at, n, 1e-1, 1e5, self.trials, self.tolerance)
        self.facts = {"trials": found.trials, "scale": found.scale}
        return found.labels
