"""Asking a method for more or fewer superpixels until it returns the count that is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_TRIALS = 8
# While all counts lie on one side, step somewhat beyond the guess, to have one on the other.
OVERSHOOT = 1.1
# Every so many trials the interval is halved, in case the secant keeps moving the same end.
HALVE_EVERY = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Trial(Generic[T]):
    """One call of a method: the count that was asked for, the count that came back, and what did.

    A request that the method declines has neither.
    """

    request: int
    count: int | None
    result: T | None


@dataclass(frozen=True)
class Match(Generic[T]):
    """The outcome of a search.

    Attributes
    ----------
    best : Trial
        The one that came nearest, the first of several.
    trials : int
        How often the method was called.
    reached : bool
        Whether its count is within the tolerance.
    """

    best: Trial[T]
    trials: int
    reached: bool


def match_count(run: Callable[[int], Trial[T]], n: int, tolerance: float, most: int) -> Match[T]:
    """Search the request at which a method returns `n` superpixels.

    Every request lies between the nearest ones that gave too few and too many, so the search ends
    for methods that jump or are not monotone as well.

    Parameters
    ----------
    run : callable
        Calls the method with a request. May raise for the first; must not for later ones.
    n : int
        The wanted count, and the first request.
    tolerance : float
        Relative: the search stops at a count within ``tolerance * n`` of `n`.
    most : int
        The largest request that can be made, the pixels of the image.
    """
    few: Trial[T] = Trial(0, None, None)
    many: Trial[T] = Trial(most + 1, None, None)
    best = trial = run(n)
    number = 1
    while _miss(best, n) > tolerance * n and number < MOST_TRIALS:
        if _gave_few(trial, best, n):
            few = trial
        else:
            many = trial
        if many.request - few.request < 2:
            break
        number += 1
        trial = run(_next_request(few, many, n, halve=number % HALVE_EVERY == 0))
        if _miss(trial, n) < _miss(best, n):
            best = trial
    return Match(best, number, reached=_miss(best, n) <= tolerance * n)


def _miss(trial: Trial[T], n: int) -> float:
    return math.inf if trial.count is None else abs(trial.count - n)


def _gave_few(trial: Trial[T], best: Trial[T], n: int) -> bool:
    """Tell on which side a trial lies; one that was declined, on that side of the best one."""
    return trial.request < best.request if trial.count is None else trial.count < n


def _next_request(few: Trial[T], many: Trial[T], n: int, halve: bool) -> int:
    """Guess from what is known of either side, strictly between the two requests."""
    if few.count and many.count:
        share = math.log(n / few.count) / math.log(many.count / few.count)
        share = 0.5 if halve else share
        guess = few.request * math.pow(many.request / few.request, share)
    elif few.count:
        guess = few.request * n / few.count * OVERSHOOT
    else:
        assert many.count, "one side has been tried"
        guess = many.request * n / many.count / OVERSHOOT
    if not few.request < guess < many.request:
        guess = math.sqrt(max(few.request, 1) * many.request)
    return min(max(round(guess), few.request + 1), many.request - 1)
