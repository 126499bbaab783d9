"""Labels minus others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.data.align import Aligned, Flags, mean_of
from reports.data.results import Floats
from reports.statistics.equal_counts import AtCount, at_returned
from reports.statistics.intervals import joint_interval
from reports.statistics.pieces import in_pieces

ONE_COUNT = "one count on most images, which is no curve"


def minus_others(aligned: Aligned, own: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Subtract all other labels from some, each image at the count that the label returned on it.

    Parameters
    ----------
    aligned : Aligned
        The results.
    own : sequence of str
        The labels.
    metrics : sequence of str
        Metric ids.

    Returns
    -------
    DataFrame
        One row per point of the own labels, metric and other label, none without others: label; n;
        metric; minus, the other label; images, on how many the label has a value, images_ok, a
        complete result, and images_asked; count, the mean that the label returned on the images
        compared; difference, difference_low, difference_high, the mean with its interval, which
        holds together with those of all others, and difference_images, over how many; told,
        whether 0 is outside the interval; in_pieces, minus_in_pieces; far, on how many images the
        other is read between counts far apart; reason, why it cannot be read at some of the counts,
        and undefined, on how many of them it has no value of the metric.
    """
    parts = []
    ended = np.isfinite(aligned.scores["n_labels"]) & ~aligned.partial
    for label in own:
        places = [j for j, its in enumerate(aligned.labels) if its == label and ended[:, j].any()]
        for point, at in zip(places, at_returned(aligned, metrics, places), strict=True):
            its = aligned.of_images(ended[:, point])
            parts += [_minus(its, point, at, metric) for metric in metrics]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _minus(its: Aligned, point: int, at: AtCount, metric: str) -> pd.DataFrame:
    """Subtract the others, at the counts that a point returned, from its score; one row for each.

    The intervals of all others hold together. An other that has one count and no curve on most
    images is there only if it is comparable on most of the label's: where its count is the label's
    own by chance, a few images would be compared, and widen all intervals.
    """
    others = np.array([label != its.labels[point] for label in at.aligned.labels])
    score = its.scores[metric][:, [point]]
    alone = others & _one_count(its, at.aligned.labels) & (2 * at.covered <= len(its.images))
    read = np.where(alone, np.nan, at.aligned.scores[metric])[:, others]
    apart: Floats = score - read
    known = np.isfinite(apart)
    weights = None
    if metric in its.weights:
        both = its.weights[metric][:, [point]], at.aligned.weights[metric][:, others]
        weights = np.minimum(*both)
    mean, low, high = joint_interval(apart, weights)
    pieces = in_pieces(at.aligned)
    reasons = np.where(alone, ONE_COUNT, np.array(at.reasons, dtype=object))
    return pd.DataFrame(
        {
            "label": its.labels[point],
            "n": its.ns[point],
            "count": mean_of(
                np.where(known, its.scores["n_labels"][:, [point]], 0.0), known, weights
            ),
            "metric": metric,
            "minus": np.array(at.aligned.labels, dtype=object)[others],
            "images": int(np.isfinite(score).sum()),
            "images_ok": len(its.images),
            "images_asked": at.images,
            "difference": mean,
            "difference_low": low,
            "difference_high": high,
            "difference_images": known.sum(axis=0),
            "told": (low > 0) | (high < 0),
            "in_pieces": pieces[~others].item(),
            "minus_in_pieces": pieces[others],
            "far": np.where(alone, 0, at.far)[others],
            "reason": reasons[others],
            "undefined": np.where(alone, 0, at.undefined[metric])[others],
        }
    )


def _one_count(aligned: Aligned, labels: Sequence[str]) -> Flags:
    """Tell which labels have a second count on half of their images at most."""
    returned, names = aligned.returned, np.array(aligned.labels)
    its = [returned[:, names == label] for label in labels]
    there = [np.isfinite(counts).any(axis=1).sum() for counts in its]
    spread = [np.fmax.reduce(counts, axis=1) > np.fmin.reduce(counts, axis=1) for counts in its]
    return np.array([n > 0 and 2 * s.sum() <= n for n, s in zip(there, spread, strict=True)])
