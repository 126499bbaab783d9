"""All numbers of one data set split that a page shows, as the tables and figures compute them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import coverage
from reports.data.results import Floats
from reports.data.schema import STATUSES
from reports.figures.front import Direction, read_at, set_against
from reports.page.encode import codes, integers, numbers
from reports.statistics.aggregate import Analysis
from reports.statistics.asked import returned_about, standings_as_asked
from reports.statistics.equal_counts import AtCount, at_counts
from reports.statistics.pieces import in_pieces
from reports.statistics.shared_counts import Reach, shared_counts
from reports.tables.at_count import numbers_at
from reports.tables.markdown import decimals

Numbers = dict[str, Any]
_RANKS: Final = ("best", "rank_low", "rank_high")


def group_numbers(group: Analysis) -> Numbers:
    """Return what the page shows of one data set split.

    Returns
    -------
    dict
        ``labels``; ``points`` (label, n): their counts and cells; ``metrics``: per id the means,
        intervals and, as asked, the ranks of each point; ``asked`` and ``returned``: the counts
        that labels are compared at; ``at``: per returned count, the comparison of labels as
        `bench compare` makes it; ``times`` and ``pareto``, if anything was timed.
    """
    aligned = group.aligned
    labels = list(dict.fromkeys(aligned.labels))
    asked = np.unique(aligned.ns)
    reach = Reach.of(aligned)
    counts = shared_counts(aligned, reach) if np.isfinite(aligned.ns).any() else []
    compared = at_counts(aligned, list(group.points), counts) if group.points and counts else []
    known = [count for count in asked.tolist() if np.isfinite(count)]
    stops = sorted({*known, *counts}) if group.timed and group.points else []
    return {
        "labels": labels,
        "points": _points(group, labels),
        "metrics": {metric: _means(group, metric) for metric in group.points},
        "asked": numbers(asked),
        "returned": numbers(counts),
        "at": [_compared(at, labels) for at in compared],
        "times": _times(group) if group.timed else None,
        "pareto": [_front(group, labels, count) for count in stops],
    }


def _points(group: Analysis, labels: list[str]) -> Numbers:
    aligned = group.aligned
    counts = coverage(aligned, "n_labels")["count"].to_numpy()
    return {
        "label": codes(aligned.labels, labels),
        "n": numbers(aligned.ns),
        "count": numbers(counts),
        "near": integers(returned_about(counts, aligned.ns)),
        "pieces": integers(in_pieces(aligned)),
        "images": integers(aligned.ran.sum(axis=0)),
        "asked": integers(aligned.cells.sum(axis=1)),
        "ok": integers(aligned.cells[:, STATUSES.index("ok")]),
    }


def _means(group: Analysis, metric: str) -> Numbers:
    points = group.points[metric]
    found: Numbers = _interval(points)
    found["count"] = numbers(points["count"])
    for name in _RANKS:
        found[name] = [0] * len(points)
    aligned = group.aligned
    for n in np.unique(aligned.ns[np.isfinite(aligned.ns)]):
        told = standings_as_asked(aligned, metric, float(n))
        for place, *its in zip(
            np.flatnonzero(aligned.ns == n), *(getattr(told, name) for name in _RANKS), strict=True
        ):
            for name, value in zip(_RANKS, its, strict=True):
                found[name][place] = int(value)
    ends = group.annotators.get(metric)
    return found | {"annotators": None if ends is None else numbers(ends)}


def _interval(table: pd.DataFrame, images: str = "images") -> Numbers:
    half = ((table["high"] - table["low"]) / 2).to_numpy()
    return {
        "value": numbers(table["value"]),
        "low": numbers(table["low"]),
        "high": numbers(table["high"]),
        "images": integers(table[images]),
        "missing": integers(table["missing"]),
        "digits": decimals(half, table["value"].to_numpy()),
    }


def _compared(at: AtCount, labels: list[str]) -> Numbers:
    """Return the comparison at one returned count; each metric is the first one once."""
    return {
        "count": numbers([at.count])[0],
        "images": at.images,
        "labels": codes(at.aligned.labels, labels),
        "covered": integers(at.covered),
        "reasons": list(at.reasons),
        "pieces": integers(in_pieces(at.aligned)),
        "metrics": {metric: _compared_by(at, metric) for metric in at.undefined},
    }


def _compared_by(at: AtCount, metric: str) -> Numbers:
    rows = numbers_at(at, [metric])
    missing = np.maximum(rows["missing"], rows["images"] - rows["covered"])
    found = _interval(rows.assign(missing=missing), "value_images")
    found["leader"] = integers(rows["best"])
    found["best"] = integers(rows["not_told_from_best"])
    for name in ("rank_low", "rank_high"):
        found[name] = integers(rows[name])
    for name in ("difference", "difference_low", "difference_high"):
        found[name] = numbers(rows[name]) if name in rows else [None] * len(rows)
    return found


def _times(group: Analysis) -> Numbers:
    return _interval(group.times) | {"count": numbers(group.times["count"])}


def _front(group: Analysis, labels: list[str], count: float) -> Numbers:
    """Return every label's seconds against its scores at one returned count, per metric."""
    pieces = in_pieces(group.aligned)
    seconds = read_at(group.times.assign(missing=0), pieces, count, log=True)
    return {
        "count": numbers([count])[0],
        "metrics": dict(_fronts(group, labels, count, pieces, seconds)),
    }


def _fronts(
    group: Analysis,
    labels: list[str],
    count: float,
    pieces: np.ndarray,
    seconds: pd.DataFrame,
) -> Iterator[tuple[str, Numbers]]:
    for metric, points in group.points.items():
        direction = get_metric(metric).direction
        if direction is None:
            continue
        way: Direction = direction
        table = set_against(seconds, read_at(points, pieces, count), count, ("low", way))
        yield (
            metric,
            {
                "label": codes(table["label"], labels),
                **{name: numbers(table[name]) for name in ("x", "y", "y_low", "y_high", "count")},
                **{
                    name: integers(table[name])
                    for name in ("near", "missing", "in_pieces", "competes", "front")
                },
            },
        )


def metric_facts(metrics: Mapping[str, Any] | list[str]) -> Numbers:
    """Return what the page says of each metric."""
    return {metric: _metric_facts(metric) for metric in metrics}


def _metric_facts(name: str) -> Numbers:
    metric = get_metric(name)
    ends: Floats = np.array(metric.range, dtype=float)
    return {
        "title": metric.title,
        "direction": metric.direction,
        "unit": metric.unit,
        "bounded": bool(np.isfinite(ends).all()),
        "undefined": metric.undefined,
        "limits": metric.limits,
        "reference": metric.reference,
    }
