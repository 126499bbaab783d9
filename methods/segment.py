"""The one function that most users need: an image and a count in, labels out."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from methods.registry import get_method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def check_count(n: Any, height: int, width: int) -> int:
    """Return `n` as an int if an image of this size can be asked for it.

    Raises
    ------
    ValueError
        If `n` is no integer from 1 to height * width.
    """
    try:
        count = operator.index(n)
    except TypeError:
        raise ValueError(f"n={n!r} is no integer; ask for a whole number of superpixels") from None
    if isinstance(n, bool) or not 1 <= count <= height * width:
        raise ValueError(
            f"n={n!r} is out of range: an image of {height} x {width} pixels can have "
            f"1 to {height * width} superpixels"
        )
    return count


def segment(
    image: ArrayLike, n: int, method: str = "slic", **params: bool | int | float | str
) -> NDArray[np.int32]:
    """Divide an image into about `n` superpixels.

    Parameters
    ----------
    image : (H, W, 3), (H, W, 4) or (H, W) array
        uint8, uint16, bool, or float in [0, 1]; sRGB or grey.
    n : int
        Superpixels asked for, 1 to H * W. Few methods return exactly as many.
    method : str
        A name from `list_methods`.
    **params
        Parameters of the method.

    Returns
    -------
    (H, W) ndarray of int32
        Labels 0 to K-1, none missing, numbered in the order of their first pixel.

    Raises
    ------
    ValueError
        If the image, the count, the method or a parameter is not valid.
    methods.base.Skip
        If the method declines this image or count.
    """
    from methods.canonical import canonicalise
    from methods.image import as_rgb_uint8

    chosen = get_method(method, **params)
    rgb = as_rgb_uint8(image)
    height, width = rgb.shape[:2]
    count = check_count(n, height, width)
    return canonicalise(chosen.segment(rgb, count), shape=(height, width))
