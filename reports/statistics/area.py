"""Areas under curves: what a method scores on average over a range of returned counts.

AMR, AUE and AUV are the average miss rate (1 - boundary recall), undersegmentation error and
unexplained variation in percent, of Stutz, Hermans, Leibe, Superpixels: an evaluation of the state
of the art, CVIU 2018, doi 10.1016/j.cviu.2017.03.007. There, end points are dropped and
extrapolated; here, a curve that does not cover the whole range has no average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, Flags
from reports.data.results import Floats
from reports.data.words import short
from reports.statistics.aggregate import aggregate
from reports.statistics.bootstrap import bootstrap_means, interval_of_draws

_ROUNDING = 1e-9  # relative, of weighted means of the same count
_LEAST_DRAWS = 0.9  # the share that must cover the range; fewer are the large counts alone


@dataclass(frozen=True)
class Area:
    """The average of a curve over a range.

    Attributes
    ----------
    value : float
        NaN if there is none.
    reason : str
        Why there is none; empty if there is one.
    """

    value: float
    reason: str = ""


@dataclass(frozen=True)
class Summary:
    """What the average of a metric over a range is called, and how it is made of the mean score.

    Attributes
    ----------
    name : str
        What tables call it.
    direction : {"high", "low", None}
        What is better.
    offset, factor : float
        It is ``offset + factor * mean``.
    """

    name: str
    direction: Literal["high", "low"] | None
    offset: float = 0.0
    factor: float = 1.0


_STUTZ: Mapping[str, Summary] = {
    "br": Summary("AMR (br)", "low", 100.0, -100.0),
    "ue_np": Summary("AUE (ue_np)", "low", 0.0, 100.0),
    "ev": Summary("AUV (ev)", "low", 100.0, -100.0),
}


def summary_of(metric: str) -> Summary:
    """Return how a metric is summed up: AMR, AUE or AUV, or else its plain mean."""
    return _STUTZ.get(metric) or Summary(f"mean {metric}", get_metric(metric).direction)


def mean_over_range(counts: npt.ArrayLike, values: npt.ArrayLike, low: float, high: float) -> Area:
    """Average a curve over a range of returned counts.

    By the trapezoid rule; the ends of the range are interpolated linearly. Points of the same
    count are averaged first, points with a NaN are left out.

    Parameters
    ----------
    counts, values : (P,) array
        The points of the curve, in any order.
    low, high : float
        Ends of the range, ``low < high``.

    Returns
    -------
    Area
        NaN with a reason, which names what is covered, unless the curve covers the whole range.

    Raises
    ------
    ValueError
        If `low` is not below `high`.
    """
    if not low < high:
        raise ValueError(f"a range from {low:g} to {high:g} is empty; give low < high")
    x, y = (np.asarray(a, dtype=float)[None] for a in (counts, values))
    reason = _lacking(x[np.isfinite(x + y)], low, high)
    return Area(np.nan, reason) if reason else Area(float(_range_means(x, y, low, high)[0]))


def _lacking(counts: Floats, low: float, high: float) -> str:
    """Say why points of these counts do not cover a range; empty if they do."""
    if not counts.size:
        return "no value"
    first, last = counts.min(), counts.max()
    if first == last:
        return f"returned {short(first)} only"
    covers = _reaches_down(first, low) and _reaches_up(last, high)
    return "" if covers else f"returned {short(first)} to {short(last)}"


def _reaches_down(counts: npt.ArrayLike, low: float) -> Flags:
    """Tell which counts are at most the lower end of a range; weighted means are rounded."""
    reached: Flags = np.asarray(counts) <= low * (1 + _ROUNDING)
    return reached


def _reaches_up(counts: npt.ArrayLike, high: float) -> Flags:
    reached: Flags = np.asarray(counts) >= high * (1 - _ROUNDING)
    return reached


def _range_means(counts: Floats, values: Floats, low: float, high: float) -> Floats:
    """Average each row's curve over the range; NaN if the row's points do not cover all of it."""
    x, y = _merge_ties(counts, values)
    x0, x1, y0, y1 = x[:, :-1], x[:, 1:], y[:, :-1], y[:, 1:]
    start, end = np.clip(x0, low, high), np.clip(x1, low, high)
    inside = end > start  # False where a point is NaN
    slope = np.zeros(inside.shape)
    np.divide(y1 - y0, x1 - x0, out=slope, where=inside)
    width = np.where(inside, end - start, 0.0)
    middle = np.where(inside, y0 + slope * ((start + end) / 2 - x0), 0.0)
    whole = _reaches_down(x[:, 0], low) & _reaches_up(np.fmax.reduce(x, axis=1), high)
    means: Floats = np.full(len(x), np.nan)
    np.divide((width * middle).sum(axis=1), width.sum(axis=1), out=means, where=whole)
    return means


def _merge_ties(counts: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Sort the points of each row by count and average those of equal count; NaN fills the rest."""
    known = np.isfinite(counts) & np.isfinite(values)
    x = np.where(known, counts, np.inf)
    order = np.argsort(x, axis=1, kind="stable")
    x, known, y = (np.take_along_axis(a, order, axis=1) for a in (x, known, values))
    step = np.zeros(x.shape, dtype=int)
    step[:, 1:] = np.cumsum(x[:, 1:] != x[:, :-1], axis=1)
    place = (step + x.shape[1] * np.arange(len(x))[:, None])[known]
    number = np.bincount(place, minlength=x.size)
    merged = np.full((2, x.size), np.nan)
    for row, points in zip(merged, (x, y), strict=True):
        total = np.bincount(place, points[known], minlength=x.size)
        np.divide(total, number, out=row, where=number > 0)
    return merged[0].reshape(x.shape), merged[1].reshape(x.shape)


def areas(aligned: Aligned, metrics: Sequence[str], low: float, high: float) -> pd.DataFrame:
    """Sum up every label's curve of every metric over a range of returned counts.

    The curve of a label is the mean score against the mean returned count over images, as papers
    draw it. The 95 % interval is that of the bootstrap over images, counts and scores drawn
    together, of the draws whose curve covers the range; if fewer than 90 % do, there is none.

    Parameters
    ----------
    aligned : Aligned
        The results.
    metrics : sequence of str
        Metric ids.
    low, high : float
        Ends of the range.

    Returns
    -------
    DataFrame
        One row per metric and label: metric; summary, its name; label; value, low and high, NaN
        where the curve does not cover the range; reason, why it does not; no_interval, why a
        value has none although its images would do; missing, how many values the points of the
        curve in and next to the range lack on images that others, or the data set, have.
    """
    rows = []
    labels = np.array(aligned.labels)
    for metric, points in aggregate(aligned, metrics).items():
        counts, scores = _resampled(aligned, metric)
        for label in dict.fromkeys(aligned.labels):
            its = labels == label
            curve = points[its]
            area = mean_over_range(curve["count"], curve["value"], low, high)
            used = _used(curve["count"].to_numpy(), low, high)
            interval = _Interval()
            if not area.reason and (curve["images"][used] >= 2).all():
                interval = _Interval.of(
                    _range_means(counts[:, its], scores[:, its], low, high),
                    area.value,
                    int(curve["images"][used].min()),
                )
            skipped = _lost_between(curve, used)
            missing = int(curve["missing"][used | skipped].sum())
            rows.append(_row(metric, label, area, interval, missing))
    return pd.DataFrame(rows)


def _used(counts: Floats, low: float, high: float) -> Flags:
    """Choose the points in the range and those next to it on either side, with their ties."""
    below, above = counts[_reaches_down(counts, low)], counts[_reaches_up(counts, high)]
    used: Flags = (counts >= below.max(initial=-np.inf)) & (counts <= above.min(initial=np.inf))
    return used


def _lost_between(curve: pd.DataFrame, used: Flags) -> Flags:
    """Choose the points without any value whose n lies between those of the points used."""
    ns = curve["n"].to_numpy()
    ends = ns[used & np.isfinite(ns)]
    between = (ends.min(initial=np.inf) < ns) & (ns < ends.max(initial=-np.inf))
    lost: Flags = between & curve["value"].isna().to_numpy()
    return lost


def _resampled(aligned: Aligned, metric: str) -> tuple[Floats, Floats]:
    """Return (resamples, C) mean counts and mean scores of the same draws of images."""
    scores, weights = aligned.scores[metric], aligned.weights.get(metric)
    counts = np.where(np.isfinite(scores), aligned.scores["n_labels"], np.nan)
    return bootstrap_means(counts, weights=weights), bootstrap_means(scores, weights=weights)


@dataclass(frozen=True)
class _Interval:
    """The ends of the interval of an area, or why there is none."""

    low: float = np.nan
    high: float = np.nan
    reason: str = ""

    @classmethod
    def of(cls, means: Floats, value: float, images: int) -> _Interval:
        """Take the interval of the (resamples,) means, NaN where there is none."""
        short_of_it = np.isnan(means).mean()
        if short_of_it > 1 - _LEAST_DRAWS:
            reason = f"the curve ends too near the range in {100 * short_of_it:.0f} % of the draws"
            return cls(reason=reason)
        low, high = interval_of_draws(means, value, images)
        return cls(float(low), float(high))


def _row(
    metric: str, label: str, area: Area, interval: _Interval, missing: int
) -> dict[str, object]:
    summary = summary_of(metric)
    value, *ends = (
        summary.offset + summary.factor * x for x in (area.value, interval.low, interval.high)
    )
    return {
        "metric": metric,
        "summary": summary.name,
        "label": label,
        "value": value,
        "low": min(ends),
        "high": max(ends),
        "reason": area.reason,
        "no_interval": interval.reason,
        "missing": missing,
    }
