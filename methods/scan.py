"""ScanSegment, SLIC from a DBSCAN-like scan, by OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.ximgproc import LIBRARY, LICENSE, to_lab


class Scan(Method):
    """Grows clusters of similar neighbouring pixels in one scan, then merges small ones.

    The image is worked on in `slices`; only a fixed number of them gives the same labels on every
    machine.
    """

    name = "scan"
    title = "ScanSegment"
    reference = (
        "Loke, MacDonald, Parsons, Wunsche, Accelerated superpixel image segmentation with a"
        " parallelized DBSCAN algorithm, J. Real-Time Image Processing 2021"
    )
    doi = "10.1007/s11554-021-01128-5"
    license = LICENSE
    library = LIBRARY
    departures = "a few pixels that OpenCV leaves without a label take that of the nearest"

    slices: int = 1
    merge_small: bool = True

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Call cv2.ximgproc.createScanSegment."""
        import cv2

        height, width = image.shape[:2]
        superpixels = cv2.ximgproc.createScanSegment(
            width, height, n, self.slices, self.merge_small
        )
        superpixels.iterate(to_lab(image))
        return _fill(np.asarray(superpixels.getLabels(), dtype=np.int32))


def _fill(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give pixels without a label (-1) that of the nearest pixel that has one."""
    from scipy.ndimage import distance_transform_edt

    missing = labels < 0
    if missing.all():
        return np.zeros_like(labels)
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    filled: NDArray[np.int32] = labels[tuple(nearest)]
    return filled
