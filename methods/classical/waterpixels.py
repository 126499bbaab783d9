"""Waterpixels: watershed of a gradient that grows with the distance to well-placed markers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, OnDemand
from methods.classical.lattice import hexagon_centres, nearest
from methods.registry import register


@register
class Waterpixels(Method):
    """One marker per hexagonal cell at its gradient minimum, then a regularised watershed.

    Parameters
    ----------
    regularity : float
        Weight k of the distance to the nearest marker, in grey levels per half cell, at least 0.
    shrink : float
        Cells shrink by this factor before the minimum is sought, which keeps markers apart;
        greater than 0, at most 1.
    """

    name = "waterpixels"
    title = "Waterpixels"
    reference = (
        "Machairas, Faessel, Cárdenas-Peña, Chabardes, Walter, Decencière: Waterpixels, TIP 2015"
    )
    doi = "10.1109/TIP.2015.2451011"
    license = "BSD-3-Clause"
    library = "scikit-image"
    connected = True
    departures = (
        "A marker is the one pixel of lowest gradient in the shrunken cell, the nearest to the "
        "centre among equals, not the minimum of highest surface extinction value. The gradient "
        "is the 3 x 3 morphological one of Lab lightness, without filtering before it. The count "
        "is that of the cells, nearest the one asked for."
    )

    regularity: float = 8.0
    shrink: float = 2 / 3

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.regularity < 0:
            raise ValueError(f"regularity={self.regularity} must be >= 0, usual are 0 to 16")
        if not 0 < self.shrink <= 1:
            raise ValueError(f"shrink={self.shrink} must be > 0 and <= 1, usual is 2/3")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the basins of the regularised gradient."""
        return self._flood(_gradient(image), n)

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Return the basins for each of `ns`, all of one gradient."""
        gradient = _gradient(image)
        return OnDemand(lambda n: self._flood(gradient, n), ns)

    def _flood(self, gradient: NDArray[np.float64], n: int) -> NDArray[Any]:
        from scipy import ndimage
        from skimage.segmentation import watershed

        height, width = gradient.shape
        centres = hexagon_centres(height, width, n)
        markers = self._markers(gradient, centres)
        # Half the distance between centres of hexagons of that area, as in eq. (2).
        half_cell = np.sqrt(height * width / len(centres) * 2 / np.sqrt(3)) / 2
        distance = ndimage.distance_transform_edt(markers == 0)
        labels: NDArray[Any] = watershed(gradient + self.regularity * distance / half_cell, markers)
        return labels

    def _markers(
        self, gradient: NDArray[np.float64], centres: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Return 0, or 1 + the cell's number at the lowest gradient of each shrunken cell.

        A pixel lies in the shrunken cell if the point `1 / shrink` times as far from the centre,
        in the same direction, lies in the cell.
        """
        height, width = gradient.shape
        cells = nearest(height, width, centres)
        y, x = np.mgrid[:height, :width]
        dy, dx = y - centres[cells, 0], x - centres[cells, 1]
        far_y = np.rint(centres[cells, 0] + dy / self.shrink).astype(np.int64)
        far_x = np.rint(centres[cells, 1] + dx / self.shrink).astype(np.int64)
        inside = cells[np.clip(far_y, 0, height - 1), np.clip(far_x, 0, width - 1)] == cells
        order = np.lexsort((np.hypot(dy, dx).ravel(), gradient.ravel(), ~inside.ravel()))
        chosen = order[np.unique(cells.ravel()[order], return_index=True)[1]]
        markers = np.zeros(height * width, np.int32)
        markers[chosen] = cells.ravel()[chosen] + 1
        return markers.reshape(height, width)


def _gradient(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the morphological gradient of lightness, in grey levels."""
    from scipy import ndimage
    from skimage.color import rgb2lab

    lightness = rgb2lab(image)[:, :, 0] * 2.55  # 0..100 to the paper's 8-bit range
    gradient: NDArray[np.float64] = ndimage.morphological_gradient(lightness, size=(3, 3))
    return gradient
