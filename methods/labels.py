"""Label maps: the canonical form that everything downstream relies on, and connected parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class InvalidLabelsError(ValueError):
    """What a method returned is no label map; the message says what is wrong with it."""


def canonicalise(raw: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Give the labels the numbers 0..K-1, in the order in which they first occur, row by row.

    Parameters
    ----------
    raw : (H, W) array of int
        Any labels from 0, gaps allowed.
    shape : tuple of int
        (H, W) of the image.

    Returns
    -------
    (H, W) int32 array
        0..K-1 with none missing; equal partitions give equal arrays.

    Raises
    ------
    InvalidLabelsError
        If the shape is another, the type is no integer, or a label is negative.
    """
    labels = np.asarray(raw)
    if labels.shape != tuple(shape):
        raise InvalidLabelsError(
            f"labels have shape {labels.shape}, but the image has {tuple(shape)};"
            " return one label for each pixel"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise InvalidLabelsError(
            f"labels are of type {labels.dtype}; return integers, for example .astype(numpy.int32)"
        )
    least = labels.min()
    if least < 0:
        raise InvalidLabelsError(f"labels include {least}; return labels from 0")
    from methods.kernels import number_by_occurrence

    largest = int(labels.max())
    if largest >= 4 * labels.size + 256:  # too sparse to be looked up in a table
        labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
        largest = int(labels.max())
    return _contiguous(number_by_occurrence(np.ascontiguousarray(labels), largest))


def connected_components(labels: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Split every label into its 4-connected parts, numbered in canonical order.

    Parameters
    ----------
    labels : (H, W) array of int
        Any labels.

    Returns
    -------
    (H, W) int32 array
        0..C-1, one number for each part.
    """
    from methods.kernels import components

    return _contiguous(components(np.ascontiguousarray(labels)))


def n_components(labels: NDArray[np.integer[Any]]) -> int:
    """Count the 4-connected parts of equal labels."""
    return int(connected_components(labels).max()) + 1


def _contiguous(labels: Any) -> NDArray[np.int32]:
    return np.ascontiguousarray(labels, dtype=np.int32)
