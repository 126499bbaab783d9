"""The superpixelated image: every pixel in the mean colour of its superpixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def superpixelated(image: ArrayLike, labels: ArrayLike) -> NDArray[np.uint8]:
    """Return an image in which every pixel has the mean colour of its superpixel.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        sRGB; any other image that `segment` takes is converted first.
    labels : (H, W) array of integers
        Any values from 0, gaps allowed: equal values are one superpixel.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        Means in sRGB values, rounded to the nearest integer, halves to the even one.

    Raises
    ------
    ValueError
        If the image or the labels are none, or do not fit each other.

    References
    ----------
    Eliasof, Ben Zikri, Treister: Rethinking Unsupervised Neural Superpixel Segmentation, ICIP 2022,
    eq. (1); arXiv 2206.10213.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[10, 20, 90]], np.uint8)
    >>> superpixelated(image, np.array([[0, 0, 1]]))[..., 0]
    array([[15, 15, 90]], dtype=uint8)
    """
    import numpy as np

    from methods.canonical import canonicalise
    from methods.image import as_rgb_uint8

    pixels = as_rgb_uint8(image)
    codes = canonicalise(labels, (pixels.shape[0], pixels.shape[1])).ravel()
    areas = np.bincount(codes)
    colours = pixels.reshape(-1, 3)
    sums = np.stack([np.bincount(codes, colours[:, k]) for k in range(3)], axis=1)
    means = np.rint(sums / areas[:, np.newaxis]).astype(np.uint8)
    mean_image: NDArray[np.uint8] = means[codes].reshape(pixels.shape)
    return mean_image
