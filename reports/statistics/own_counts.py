"""Labels minus others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.data.align import Aligned, mean_of
from reports.data.results import Floats
from reports.statistics.equal_counts import AtCount, at_returned
from reports.statistics.intervals import joint_interval
from reports.statistics.pieces import in_pieces


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
        whether 0 is outside the interval; in_pieces, minus_in_pieces; reason, why the other cannot
        be read at some of the counts, and undefined, on how many of them it has no value of the
        metric.
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

    The intervals of all others hold together.
    """
    others = np.array([label != its.labels[point] for label in at.aligned.labels])
    score = its.scores[metric][:, [point]]
    apart: Floats = score - at.aligned.scores[metric][:, others]
    known = np.isfinite(apart)
    weights = None
    if metric in its.weights:
        both = its.weights[metric][:, [point]], at.aligned.weights[metric][:, others]
        weights = np.minimum(*both)
    mean, low, high = joint_interval(apart, weights)
    pieces = in_pieces(at.aligned)
    return pd.DataFrame(
        {
            "label": its.labels[point],
            "n": its.ns[point],
            "count": mean_of(np.where(known, its.scores["n_labels"][:, [point]], 0.0), known),
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
            "reason": np.array(at.reasons, dtype=object)[others],
            "undefined": at.undefined[metric][others],
        }
    )
