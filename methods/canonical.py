"""Label maps in one canonical form, and their 4-connected components."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class InvalidLabelsError(ValueError):
    """An array that is no label map."""


def canonicalise(raw: ArrayLike, shape: tuple[int, int] | None = None) -> NDArray[np.int32]:
    """Return labels renumbered 0 to K-1 in the order of their first pixel.

    Parameters
    ----------
    raw : (H, W) array of integers or bool
        Any values from 0, gaps allowed: equal values are one superpixel.
    shape : (H, W), optional
        The shape of the image, which the labels must have.

    Returns
    -------
    (H, W) ndarray of int32
        Contiguous; label 0 holds pixel (0, 0), and none of 0..K-1 is missing.

    Raises
    ------
    InvalidLabelsError
        If `raw` is not a non-empty 2-D integer array of that shape, or has a negative value,
        which in most code marks pixels that were left without a superpixel.
    """
    from methods.kernels.labels import number_by_appearance

    codes = _integers(raw)
    if shape is not None:
        check_shape(codes.shape, shape)
    flat = codes.ravel()
    lowest, highest = int(flat.min()), int(flat.max())
    if lowest < 0:
        raise InvalidLabelsError(
            f"labels include {lowest}; number superpixels from 0, and give every pixel one"
        )
    if highest - lowest >= 4 * flat.size + 65536:  # a table over the range would not be small
        flat = np.unique(flat, return_inverse=True)[1].astype(np.int64, copy=False)
        lowest, highest = 0, int(flat.max())
    table = np.full(highest - lowest + 1, -1, np.int32)
    labels = np.empty(flat.size, np.int32)
    number_by_appearance(flat, lowest, table, labels)
    return labels.reshape(codes.shape)


def check_shape(shape: tuple[int, ...], wanted: tuple[int, ...], what: str = "labels") -> None:
    """Refuse labels of another shape than the image's.

    Raises
    ------
    InvalidLabelsError
        With both shapes, height first, and whether one is the other transposed.
    """
    if shape == tuple(wanted):
        return
    cure = "label the image at its own size"
    if shape == tuple(wanted)[::-1]:
        cure = "they are transposed, so swap rows and columns"
    raise InvalidLabelsError(
        f"{what} of shape {shape} do not fit an image of {wanted[0]} x {wanted[1]} pixels (both "
        f"height x width); {cure}"
    )


def connected_components(labels: ArrayLike) -> NDArray[np.int32]:
    """Return labels split into their 4-connected parts.

    Parameters
    ----------
    labels : (H, W) array of integers

    Returns
    -------
    (H, W) ndarray of int32
        One number per part, in the order of first pixels.

    Raises
    ------
    InvalidLabelsError
        If `labels` is not a non-empty 2-D integer array.
    """
    return _components(labels)[0]


def n_components(labels: ArrayLike) -> int:
    """Return the number of 4-connected parts of equal label.

    Raises
    ------
    InvalidLabelsError
        If `labels` is not a non-empty 2-D integer array.
    """
    return _components(labels)[1]


def _components(labels: ArrayLike) -> tuple[NDArray[np.int32], int]:
    from methods.kernels.labels import number_components

    codes = _integers(labels)
    parent, components = np.empty(codes.size, np.int32), np.empty(codes.size, np.int32)
    count = number_components(codes, parent, components)
    return components.reshape(codes.shape), count


def _integers(raw: ArrayLike) -> NDArray[np.int64]:
    if raw is None:
        raise InvalidLabelsError("the method returned None instead of labels; end it in a return")
    if isinstance(raw, np.ma.MaskedArray):
        raise InvalidLabelsError(
            "labels are a masked array, and its mask would be lost; give every pixel a superpixel "
            "and return a plain array, for example labels.filled(...)"
        )
    try:
        array = np.asarray(raw)
    except ValueError:
        raise InvalidLabelsError("labels are no array: their rows have different lengths") from None
    if array.ndim != 2 or array.size == 0:
        raise InvalidLabelsError(
            f"labels of shape {array.shape} are no label map; it has one integer per pixel, (H, W)"
        )
    if array.dtype.kind not in "iub":
        raise InvalidLabelsError(
            f"labels of {array.dtype} are no label map; convert them to integers where they are "
            f"made, for example labels.astype(np.int32)"
        )
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:  # would turn negative
        array = np.unique(array, return_inverse=True)[1].reshape(array.shape)
    return np.ascontiguousarray(array, dtype=np.int64)
