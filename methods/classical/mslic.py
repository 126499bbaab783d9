"""Manifold SLIC as OpenCV computes it."""

from methods.classical.cvslic import CvSlic
from methods.registry import register


@register
class Mslic(CvSlic):
    """SLIC on the image as a surface in Lab and position: smaller superpixels where it varies.

    Parameters
    ----------
    ruler, iterations, enforce
        As for `methods.classical.cvslic.CvSlic`.
    """

    name = "mslic"
    title = "MSLIC"
    reference = (
        "Liu, Yu, Yu, He: Manifold SLIC: A Fast Method to Compute Content-Sensitive "
        "Superpixels, CVPR 2016"
    )
    doi = "10.1109/CVPR.2016.77"
    departures = (
        "Lab in 8 bits. Splits superpixels as it goes, so counts are hard to meet: on BSDS500 "
        "about 2500 for 100 asked and 3800 for 400, from 200 to 8000 by image. "
        "On grids of fewer than 4 x 4 steps OpenCV may crash: the step shrinks, at most to half; "
        "what then is too coarse still is declined, as is a step of 1."
    )
    algorithm = 102  # cv2.ximgproc.MSLIC

    def places_seeds(self, height: int, width: int, step: int) -> bool:
        """Return whether OpenCV is safe: on smaller grids it can lose its last seed and crash."""
        return step >= 2 and min(height, width) // step >= 4
