"""Finding the parameter value at which a method without a count returns nearly the count asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Found:
    """The trial whose count came nearest.

    Attributes
    ----------
    labels : (H, W) ndarray of integers
    count : int
        Superpixels in `labels`.
    value : float
        The parameter value that gave them.
    trials : int
        How often the method ran.
    """

    labels: NDArray[Any]
    count: int
    value: float
    trials: int


def search_count(
    run: Callable[[float], tuple[int, NDArray[Any]]],
    n: int,
    low: float,
    high: float,
    tolerance: float = 0.01,
    max_trials: int = 12,
) -> Found:
    """Bisect on a logarithmic scale for the value whose count is nearest `n`.

    Parameters
    ----------
    run : callable
        Maps a value to (count, labels). The count should fall as the value grows; where it does
        not, the nearest trial still wins.
    n : int
        Count asked for, at least 1.
    low, high : float
        The values to search between, 0 < low < high.
    tolerance : float
        Stop at a count within this share of `n`.
    max_trials : int
        Most calls of `run`, at least 1.
    """
    best: Found | None = None
    for trial in range(1, max_trials + 1):
        value = math.sqrt(low * high)
        count, labels = run(value)
        if best is None or abs(count - n) < abs(best.count - n):
            best = Found(labels, count, value, trial)
        if abs(count - n) <= tolerance * n:
            break
        low, high = (value, high) if count > n else (low, value)
    if best is None:
        raise ValueError(f"max_trials={max_trials} must be >= 1")
    return Found(best.labels, best.count, best.value, trial)
