"""EA's guidance image: smooth within regions, sharp at their edges, of even contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods.image import as_rgb_uint8
from methods.kernels.compiled import compiled, inner
from methods.neural.scene import standardised

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PASSES = 5
CLIP_LIMIT = 0.01

# Grey values are counted in these parts, so that the mean of four or six of them is an integer in
# every pass: nothing is rounded, which might decide between two means that are equally near.
UNIT = 12.0**PASSES


def guidance(image: ArrayLike) -> NDArray[np.float32]:
    """Return the image whose edges EA's smoothness and contour terms look at.

    Five passes of a side-window box filter of radius 1 on each channel, then contrast-limited
    adaptive histogram equalisation (scikit-image's, of V in HSV, clip limit 0.01), then mean 0 and
    variance 1. As in the authors' code the border pixel is repeated once before the passes, sums
    count zeros beyond that, and what is filtered is cut off to 8 bits.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        sRGB; any other image that `methods.segment` takes is converted first.

    Returns
    -------
    (H, W, 3) ndarray of float32
        Contiguous; a channel that is constant after equalisation is 0.

    Raises
    ------
    InvalidImageError
        If `image` is none.

    References
    ----------
    Yu, Yang, Liu: Edge-Aware Superpixel Segmentation with Unsupervised Convolutional Neural
    Networks, ICIP 2021, doi 10.1109/ICIP42928.2021.9506728. The filter: Yin, Gong, Qiu: Side Window
    Filtering, CVPR 2019, doi 10.1109/CVPR.2019.00896.
    """
    channels = side_window_filtered(np.moveaxis(as_rgb_uint8(image), 2, 0))
    return standardised(_equalised(np.moveaxis(channels, 0, 2)))


def side_window_filtered(channels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (C, H, W) channels after the passes of the filter, cut off to whole values."""
    around = ((0, 0), (1, 1), (1, 1))
    planes = np.pad(channels.astype(np.float64), around, mode="edge")
    planes *= UNIT
    for _ in range(PASSES):
        take_nearest_means(np.pad(planes, around), planes)
    return np.floor(planes[:, 1:-1, 1:-1] / UNIT).astype(np.uint8)


@compiled
def take_nearest_means(bordered: NDArray[np.float64], planes: NDArray[np.float64]) -> None:
    """Replace every pixel by that one of its eight side-window means which is nearest to it.

    The windows hold the pixel at the middle of a side (up, down, left, right, of 6 pixels) or in a
    corner (4 pixels); of equally near means the first in this order is taken.

    Parameters
    ----------
    bordered : (C, H + 2, W + 2) ndarray of float64
        The pixels in parts of `UNIT`, with a border.
    planes : (C, H, W) ndarray of float64
        Overwritten.
    """
    channels, height, width = planes.shape
    for k in range(channels):
        for y in range(height):
            above, here, below = bordered[k, y], bordered[k, y + 1], bordered[k, y + 2]
            for x in range(width):
                a, b, c = above[x], above[x + 1], above[x + 2]
                d, e, f = here[x], here[x + 1], here[x + 2]
                g, h, i = below[x], below[x + 1], below[x + 2]
                # twelve times the difference between each mean and the pixel
                best = 2 * (a + b + c + d + e + f) - 12 * e
                best = nearer(best, 2 * (d + e + f + g + h + i) - 12 * e)
                best = nearer(best, 2 * (a + b + d + e + g + h) - 12 * e)
                best = nearer(best, 2 * (b + c + e + f + h + i) - 12 * e)
                best = nearer(best, 3 * (a + b + d + e) - 12 * e)
                best = nearer(best, 3 * (b + c + e + f) - 12 * e)
                best = nearer(best, 3 * (d + e + g + h) - 12 * e)
                best = nearer(best, 3 * (e + f + h + i) - 12 * e)
                planes[k, y, x] = e + best / 12


@inner
def nearer(best: float, other: float) -> float:
    """Return the number of lesser magnitude, the first of equal ones."""
    return other if abs(other) < abs(best) else best


def _equalised(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    from skimage.exposure import equalize_adapthist

    if image.max(axis=2).min() == image.max():  # nothing to equalise, which divides by zero
        return np.asarray(image / 255, np.float32)
    # Single precision: what is constant must not differ by the rounding of the conversion to HSV.
    return np.asarray(equalize_adapthist(image, clip_limit=CLIP_LIMIT), np.float32)
