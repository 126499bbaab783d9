"""SLICO, the SLIC variant that adapts its compactness, by scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.slic import Slic


class Slico(Method):
    """SLIC with a compactness of its own for every superpixel, from the colours found in it."""

    name = "slico"
    title = "SLICO"
    reference = Slic.reference + " (SLICO: the authors' adaptive variant)"
    doi = Slic.doi
    license = Slic.license
    library = Slic.library
    departures = Slic.departures

    compactness: float = 10.0
    sigma: float = 0.0
    max_num_iter: int = 10

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Call skimage.segmentation.slic with slic_zero."""
        from skimage.segmentation import slic

        labels: NDArray[Any] = slic(
            image,
            n_segments=n,
            compactness=self.compactness,
            sigma=self.sigma,
            max_num_iter=self.max_num_iter,
            slic_zero=True,
            start_label=0,
        )
        return labels
