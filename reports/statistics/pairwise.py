"""Wilcoxon's test of every pair of labels, for those who are asked for p-values.

The signed ranks of the differences of two labels on each image (Wilcoxon, Individual comparisons
by ranking methods, Biometrics Bulletin 1945, doi 10.2307/3001968; for classifiers recommended by
Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 2006), all p-values
adjusted by Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
Statistics 1979 (jstor.org/stable/4615733). A p-value says neither how large a difference is nor
whether it matters: `simultaneous.standings` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.statistics.intervals import Floats
from reports.statistics.simultaneous import Ranks


@dataclass(frozen=True, eq=False)
class Pairwise:
    """Every pair of L labels compared over the images that both have.

    Attributes
    ----------
    wins, ties, losses : (L, L) int array
        On how many images the label of the row is better than, as good as, and worse than that of
        the column.
    p, holm : (L, L) array
        Two-sided p-values, and what they are for all pairs together; NaN without an image, and of
        a label with itself.
    """

    wins: Ranks
    ties: Ranks
    losses: Ranks
    p: Floats
    holm: Floats


def pairwise(values: Floats, higher_is_better: bool) -> Pairwise:
    """Compare every pair of labels.

    Parameters
    ----------
    values : (I, L) array
        One score per image and label; NaN where there is none. All images weigh the same.
    higher_is_better : bool
        The direction of the score.
    """
    apart = (values[:, :, None] - values[:, None, :]) * (1.0 if higher_is_better else -1.0)
    labels = values.shape[1]
    p = np.full((labels, labels), np.nan)
    for i in range(labels):
        for j in range(i):
            p[i, j] = p[j, i] = wilcoxon_p(apart[:, i, j])
    lower = np.tril_indices(labels, -1)
    holm = np.full(p.shape, np.nan)
    holm[lower] = holm_adjusted(p[lower])
    holm.T[lower] = holm[lower]
    wins, ties, losses = (np.equal(np.sign(apart), sign).sum(axis=0) for sign in (1, 0, -1))
    return Pairwise(wins, ties, losses, p, holm)


def wilcoxon_p(differences: Floats) -> float:
    """Return the two-sided p-value of differences; NaN ones are left out, NaN if none is left.

    Exact for up to 50 differences without ties among them, else by the normal approximation; images
    without a difference are left out, as Wilcoxon did, and if none has any the p-value is 1.
    """
    known = differences[np.isfinite(differences)]
    if not known.size:
        return float("nan")
    if not known.any():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(known, zero_method="wilcox").pvalue)


def holm_adjusted(p: Floats) -> Floats:
    """Adjust p-values so that all those below 5 % are right at once, 19 times in 20.

    Parameters
    ----------
    p : (P,) array
        NaN ones are not counted.

    Returns
    -------
    (P,) array
        At least `p`, at most 1.
    """
    adjusted: Floats = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    left = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(left * p[order]), 1.0)
    return adjusted
