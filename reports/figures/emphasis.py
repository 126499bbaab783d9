"""Which labels of many are in colour, and which returned so many superpixels that an axis ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned
from reports.data.choose import not_shown
from reports.data.schema import ResultsError
from reports.statistics.asked import NEAR

MANY = 12  # labels; more colours, markers and dashes than these nobody tells apart
BEST = 6  # so many of many are in colour without being named
USUAL = 1.6  # times the largest n that was asked; more returned superpixels are beyond the axis


def highlighted(aligned: Aligned, patterns: Sequence[str]) -> frozenset[str]:
    """Return the labels that match a pattern; without patterns one's own beside others'."""
    return frozenset(aligned.named(patterns) if patterns else aligned.mine or ())


def check_highlight(
    patterns: Sequence[str],
    groups: Collection[Aligned],
    results: Path,
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None = None,
) -> None:
    """Refuse to highlight what is not there; parameters as of `choose.not_shown`.

    Raises
    ------
    ResultsError
        If no label matches one of the patterns.
    """
    for reason in not_shown(patterns, groups, results, only, without, rename):
        raise ResultsError(f"--highlight: {reason}")


def in_colour(points: pd.DataFrame, metric: str, named: Collection[str] = ()) -> frozenset[str]:
    """Choose the labels that a figure shows in colour.

    Parameters
    ----------
    points : DataFrame
        What `statistics.aggregate.aggregate` returns for the metric that decides.
    metric : str
        Its id.
    named : collection of str
        Labels that are `highlighted`. With them, those alone are added to the best of many, and of
        a few they are the only ones.

    Returns
    -------
    frozenset of str
        All labels if they are at most `MANY` and none is named.
    """
    labels = [str(label) for label in points["label"].unique()]
    own = frozenset(labels) & frozenset(named)
    if len(labels) <= MANY:
        return own or frozenset(labels)
    return own | frozenset(_best(points, metric)[: max(0, BEST - len(own))])


def _best(points: pd.DataFrame, metric: str) -> list[str]:
    """Sort labels by their mean at the middle of the asked counts, read off their curves.

    At one returned count, as more superpixels score better; a curve that does not reach it counts
    with its nearer end if that is within a tenth, otherwise not at all.
    """
    sign = -1.0 if get_metric(metric).direction == "low" else 1.0
    asked = points["n"].dropna()
    middle = float(asked.median()) if len(asked) else float(points["count"].median())
    levels = {
        str(label): sign * at_count(part["count"].to_numpy(), part["value"].to_numpy(), middle)
        for label, part in points.groupby("label", sort=True)
    }
    known = [label for label, level in levels.items() if np.isfinite(level)]
    return sorted(known, key=lambda label: -levels[label])


def at_count(counts: np.ndarray, values: np.ndarray, at: float) -> float:
    """Read a curve of means at a count, linearly in the logarithm of the count.

    Parameters
    ----------
    counts, values : (P,) array
        Returned counts and what stands at them; NaN where there is nothing.
    at : float
        The count. Of a curve that does not reach it the nearer end is taken, within `NEAR` of it.

    Returns
    -------
    float
        NaN if the curve does not come near the count.
    """
    known = np.isfinite(counts) & np.isfinite(values) & (counts > 0)
    if not known.any() or not at > 0:
        return float("nan")
    order = np.argsort(counts[known], kind="stable")
    x, y = counts[known][order], values[known][order]
    nearest = float(np.clip(at, x[0], x[-1]))
    if abs(nearest - at) > NEAR * at:
        return float("nan")
    return float(np.interp(np.log(nearest), np.log(x), y))


def axis_end(points: pd.DataFrame) -> float | None:
    """Return the returned count at which an axis ends, beyond which only a few outliers lie.

    None if no label returned so many more than were asked for, or most of them did.
    """
    asked = points["n"].max()
    if not np.isfinite(asked):
        return None
    far = points["count"] > USUAL * asked
    labels = points.groupby("label", sort=True)["count"].max() > USUAL * asked
    if not far.any() or 4 * labels.sum() > len(labels):
        return None
    return float(max(1.05 * points.loc[~far, "count"].max(), asked))


def beyond(points: pd.DataFrame, end: float | None) -> list[tuple[str, float, float]]:
    """Return the labels with a point beyond the end of the axis, and their counts there."""
    if end is None:
        return []
    past = points[points["count"] > end].groupby("label", sort=True)["count"]
    return [(str(label), float(its.min()), float(its.max())) for label, its in past]
