"""Means over images with their intervals, and what a figure or table of one data set shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.data.align import Aligned, coverage, mean_of
from reports.data.facts import Facts
from reports.data.results import Floats
from reports.statistics.intervals import mean_interval

NO_FACTS = Facts()


def aggregate(aligned: Aligned, metrics: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Average metrics over the images of each point, with their 95 % intervals.

    Returns
    -------
    dict of str to DataFrame
        By metric id: the columns of `coverage`, then value, the mean; low, high, the ends of the
        interval, NaN for fewer than two images.
    """
    width = len(aligned.labels)
    values = np.hstack([aligned.scores[metric] for metric in metrics])
    bounds = mean_interval(values, _all_weights(aligned, metrics))
    tables = {}
    for i, metric in enumerate(metrics):
        values = aligned.scores[metric]
        low, high = (ends[i * width : (i + 1) * width] for ends in bounds)
        mean = mean_of(values, np.isfinite(values), aligned.weights.get(metric))
        tables[metric] = coverage(aligned, metric).assign(value=mean, low=low, high=high)
    return tables


def _all_weights(aligned: Aligned, metrics: Sequence[str]) -> Floats | None:
    """Set the weights of the metrics side by side; None where all images weigh the same."""
    if not aligned.weights:
        return None
    same = np.ones((len(aligned.images), len(aligned.labels)))
    return np.hstack([aligned.weights.get(metric, same) for metric in metrics])


def quartiles(aligned: Aligned) -> pd.DataFrame:
    """Return the median and the quartiles of the seconds per image, uncontended cells only.

    Returns
    -------
    DataFrame
        The columns of `aggregate`: value is the median, low and high are the quartiles.
    """
    values = aligned.scores["time_s"]
    found = np.full((3, values.shape[1]), np.nan)
    known = np.isfinite(values).any(axis=0)
    found[:, known] = np.nanquantile(values[:, known], (0.25, 0.5, 0.75), axis=0)
    low, median, high = found
    return coverage(aligned, "time_s").assign(value=median, low=low, high=high)


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the figures and tables of one data set split show.

    Attributes
    ----------
    aligned : Aligned
        The results themselves.
    points : mapping of str to DataFrame
        By metric id, in the order asked for, what `aggregate` returns.
    times : DataFrame
        What `quartiles` returns.
    facts : Facts
        What is true of the whole results file.
    """

    aligned: Aligned
    points: Mapping[str, pd.DataFrame]
    times: pd.DataFrame
    facts: Facts = NO_FACTS

    @property
    def annotators(self) -> dict[str, tuple[float, float, float]]:
        """The annotators' own lowest, mean and highest value of those metrics that have one."""
        known = self.facts.annotators.get(self.aligned.name, {})
        return {metric: known[metric] for metric in self.points if metric in known}

    @property
    def timed(self) -> bool:
        """Whether any cell was timed without others beside it."""
        return bool((self.times["images"] > 0).any())


def analyse(aligned: Aligned, metrics: Sequence[str], facts: Facts = NO_FACTS) -> Analysis:
    """Aggregate the metrics and the times of one data set split."""
    return Analysis(aligned, aggregate(aligned, metrics), quartiles(aligned), facts)
