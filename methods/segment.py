"""One call for every method: an image and a count in, a canonical label map out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from methods.image import as_rgb_uint8
from methods.labels import canonicalise
from methods.registry import get_method


def segment(image: ArrayLike, n: int, method: str = "slic", **params: Any) -> NDArray[np.int32]:
    """Segment an image into superpixels.

    Parameters
    ----------
    image : (H, W, 3), (H, W) or (H, W, 4) array
        sRGB, grey or RGBA; uint8, uint16, or float in [0, 1].
    n : int
        Number of superpixels to ask for, 1 to H W; methods return more or fewer.
    method : str
        A name of `list_methods`.
    **params
        The method's parameters.

    Returns
    -------
    (H, W) int32 array
        Labels 0..K-1 with none missing, numbered in the order in which they first occur.

    Raises
    ------
    ValueError
        For an unknown method or parameter, an image or an n that cannot be used, or a method
        that returns no label map.
    Skip
        If the method declines this image or count.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((4, 6, 3), np.uint8)
    >>> segment(image, 2, method="grid")
    array([[0, 0, 0, 1, 1, 1],
           [0, 0, 0, 1, 1, 1],
           [0, 0, 0, 1, 1, 1],
           [0, 0, 0, 1, 1, 1]], dtype=int32)
    """
    chosen = get_method(method, **params)
    pixels = as_rgb_uint8(image)
    check_n(n, pixels.shape[0] * pixels.shape[1])
    # A copy, since a method may write into what it is given.
    return canonicalise(chosen.segment(pixels.copy(), int(n)), pixels.shape[:2])


def check_n(n: int, pixels: int) -> None:
    """Refuse a count that makes no sense for an image of so many pixels.

    Raises
    ------
    ValueError
        If n is no integer from 1 to the number of pixels.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= pixels:
        raise ValueError(f"n is {n!r}; ask for an integer from 1 to {pixels}, the number of pixels")
