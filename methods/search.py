"""Finding the scale at which a method that takes no count returns about n superpixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Found:
    """The labels nearest to the count, the scale that gave them, and how many were tried."""

    labels: Labels
    scale: float
    trials: int


def search_scale(
    segment: Callable[[float], Labels],
    n: int,
    low: float,
    high: float,
    trials: int,
    tolerance: float,
) -> Found:
    """Bisect the logarithm of a scale that gives fewer superpixels as it grows.

    Parameters
    ----------
    segment : callable
        From the scale to labels.
    n : int
        The count to meet.
    low, high : float
        Where to search, both above 0.
    trials : int
        The most calls of `segment`.
    tolerance : float
        Stop at a count within this share of n.

    Returns
    -------
    Found
        The trial whose count is nearest to n, the first of equals.
    """
    best: Found | None = None
    least = math.inf
    for trial in range(1, trials + 1):
        scale = math.sqrt(low * high)
        labels = segment(scale)
        count = len(np.unique(labels))
        if abs(count - n) < least:
            least, best = abs(count - n), Found(labels, scale, trial)
        if least <= tolerance * n:
            break
        low, high = (scale, high) if count > n else (low, scale)
    assert best is not None
    return Found(best.labels, best.scale, trial)
