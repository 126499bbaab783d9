"""SLIC as scikit-image computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.registry import register


@register
class Slic(Method):
    """Local k-means in Lab and position.

    Parameters
    ----------
    compactness : float
        Weight of position against colour, greater than 0.
    sigma : float
        Width of the Gaussian that smooths the image first, in pixels; 0 for none.
    max_num_iter : int
        Rounds of k-means, at least 1.
    enforce_connectivity : bool
        Merge components smaller than `min_size_factor` and cut those larger than
        `max_size_factor` times the mean size HW / n.
    """

    name = "slic"
    title = "SLIC"
    reference = (
        "Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk: SLIC Superpixels Compared to "
        "State-of-the-Art Superpixel Methods, TPAMI 2012"
    )
    doi = "10.1109/TPAMI.2012.120"
    license = "BSD-3-Clause"
    library = "scikit-image"
    connected = True
    departures = (
        "The image is stretched to its least and greatest value before the conversion to Lab. "
        "Returns fewer superpixels than asked: with sigma 0 about 66 of 100 on BSDS500."
    )
    slic_zero = False

    compactness: float = 10.0
    sigma: float = 0.0
    max_num_iter: int = 10
    enforce_connectivity: bool = True
    min_size_factor: float = 0.5
    max_size_factor: float = 3.0

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.compactness <= 0:
            raise ValueError(f"compactness={self.compactness} must be > 0, usual are 1 to 40")
        if self.sigma < 0:
            raise ValueError(f"sigma={self.sigma} must be >= 0, in pixels; 0 does not smooth")
        if self.max_num_iter < 1:
            raise ValueError(f"max_num_iter={self.max_num_iter} must be >= 1, usual is 10")
        if not 0 <= self.min_size_factor < self.max_size_factor:
            raise ValueError(
                f"min_size_factor={self.min_size_factor} must be >= 0 and below "
                f"max_size_factor={self.max_size_factor}"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels of scikit-image's slic."""
        from skimage.segmentation import slic

        labels: NDArray[Any] = slic(
            image, n_segments=n, start_label=0, slic_zero=self.slic_zero, **self.params()
        )
        return labels
