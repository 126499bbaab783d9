"""Asked and returned counts: what is about as many as asked, and who is best at one asked count."""

from __future__ import annotations

from typing import Final

import numpy as np

from metrics import get_metric
from reports.data.align import Aligned, Flags, coverage
from reports.data.results import Floats
from reports.statistics.pieces import connected_first, in_pieces
from reports.statistics.simultaneous import Standings, standings

NEAR: Final = 0.1  # of a count; methods compete only if they returned about what was asked


def returned_about(counts: Floats, ns: Floats | float) -> Flags:
    """Tell which returned counts are within `NEAR` of n; none is where no n was asked."""
    near: Flags = np.abs(counts - ns) <= NEAR * ns
    return near


def nearest_asked(ns: Floats, count: float) -> float:
    """Return the asked n nearest to a count by their ratio; NaN where none or no count is known."""
    asked = np.unique(ns[np.isfinite(ns)])
    if not asked.size or not np.isfinite(count):
        return float("nan")
    return float(asked[np.abs(np.log(asked / count)).argmin()])


def standings_as_asked(aligned: Aligned, metric: str, n: float) -> Standings:
    """Tell which labels are among the best, and their ranks, where n superpixels were asked for.

    Labels compete that returned about n and lack no image, connected ones if there are any.

    Returns
    -------
    Standings
        Of the points of that n, in their order. Nobody competes where the metric has no direction.
    """
    block = np.flatnonzero(aligned.ns == n)
    direction = get_metric(metric).direction
    counts = coverage(aligned, metric)["count"].to_numpy()
    fair = returned_about(counts[block], n) & ~aligned.missing(metric)[:, block].any(axis=0)
    weights = aligned.weights.get(metric)
    return standings(
        aligned.scores[metric][:, block],
        direction == "high",
        None if weights is None else weights[:, block],
        connected_first(fair, in_pieces(aligned)[block]) & (direction is not None),
    )
