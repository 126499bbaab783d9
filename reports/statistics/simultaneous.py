"""Which labels are among the best, and between which ranks each lies, all told at once.

Who compares ten methods makes 45 comparisons, and one in twenty of them errs. Here 95 % is the
chance that none does: the intervals of all differences of means hold together, by the largest of
the differences of resampled images, each in its own standard errors (single step; Romano & Wolf,
Stepwise multiple testing as formalized data snooping, Econometrica 2005, doi
10.1111/j.1468-0262.2005.00615.x), or by Bonferroni's inequality and Student's t where that reaches
less far. What follows from them holds with the same 95 %:

- the set of the best: whom none is better than (multiple comparisons with the best; Hsu, Annals of
  Statistics 1984, doi 10.1214/aos/1176346722). It contains the best.
- the interval of ranks of each label, from 1 + the number that are better to L - the number that
  are worse: Mogstad, Romano, Shaikh, Wilhelm, Inference for ranks with applications to mobility
  across neighbourhoods and academic achievement across countries, Review of Economic Studies 2024,
  doi 10.1093/restud/rdad006. All contain their label's rank.

Images are what is drawn, with all labels at once: differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from threadpoolctl import ThreadpoolController

from reports.statistics.bootstrap import RESAMPLES, SEED, draws
from reports.statistics.intervals import CONFIDENCE, Floats

Flags = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int64]

FEW_IMAGES = 20  # the resamples of so few are wider than Bonferroni's intervals
_PAIRS = 512  # of labels at a time, for the processor's cache
_LEAST = 1e-6  # of a squared mean, its variance in a resample of one value only
_ROUNDING = 1e-12  # of the largest value; means that differ by less are the same


@dataclass(frozen=True, eq=False)
class Standings:
    """What the images tell of the order of L labels.

    Attributes
    ----------
    best : (L,) bool array
        Whether a label is in the set of the best: it competes, and no other is told to be better.
    rank_low, rank_high : (L,) int array
        The interval of each label's rank, 1 for the best; 0 where it does not compete.
    low, high : (L, L) array
        In row i and column j, the ends of the interval of mean i - mean j, in units of the metric
        whatever its direction; all of them hold together. NaN where one does not compete.
    level : float
        The chance that all intervals hold at once.
    resamples, seed : int
        Of the draws of images; 0 resamples below `FEW_IMAGES`, where Bonferroni's intervals are
        the narrower ones.
    paper : str
        DOI of the rank intervals.
    """

    best: Flags
    rank_low: Ranks
    rank_high: Ranks
    low: Floats
    high: Floats
    level: float = CONFIDENCE
    resamples: int = RESAMPLES
    seed: int = SEED
    paper: ClassVar[str] = "10.1093/restud/rdad006"


def standings(
    values: Floats,
    higher_is_better: bool,
    weights: Floats | None = None,
    competing: Flags | None = None,
    level: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Standings:
    """Tell which labels are among the best, and between which ranks each lies.

    Only labels with a value on every image that any label has one on compete: whoever fails on
    hard images would otherwise gain by it.

    Parameters
    ----------
    values : (I, L) array
        One score per image and label; NaN where there is none.
    higher_is_better : bool
        The direction of the score.
    weights : (I, L) array, optional
        What each value weighs, 0 or more; all the same unless given.
    competing : (L,) bool array, optional
        Which labels may compete; all unless given.
    level : float
        The chance that all that is told is true.
    resamples, seed : int
        As for `bootstrap.bootstrap_means`.

    Returns
    -------
    Standings
        Nobody competes where there are fewer than two images, or fewer than two labels that do.
    """
    known = np.isfinite(values)
    rows = known.any(axis=1)
    allowed: Flags = np.logical_and.reduce(known[rows], axis=0)
    if competing is not None:
        allowed &= competing
    if rows.sum() < 2 or allowed.sum() < 2:
        return _nobody(values.shape[1], level, seed)
    chosen = np.ix_(rows, allowed)
    means, parts = _linear_parts(values[chosen], None if weights is None else weights[chosen])
    apart = means[:, None] - means
    errors = _errors(parts)
    rounding = _ROUNDING * np.abs(values[chosen]).max()
    reach = bonferroni = float(
        -stdtrit(len(parts) - 1, (1 - level) / (len(means) ** 2 - len(means)))
    )
    few = len(parts) < FEW_IMAGES
    if not few:
        with _threads().limit(limits=1, user_api="blas"):
            largest = _largest(parts, errors, errors > rounding, resamples, seed)
        reach = min(bonferroni, float(np.quantile(largest, level, method="higher")))
    half = np.maximum(reach * errors, rounding)
    above, below = apart - half > 0, apart + half < 0
    better, worse = (below, above) if higher_is_better else (above, below)
    return Standings(
        best=_spread(~better.any(axis=1), allowed, False),
        rank_low=_spread(1 + better.sum(axis=1), allowed, 0),
        rank_high=_spread(len(means) - worse.sum(axis=1), allowed, 0),
        low=_spread_square(apart - half, allowed),
        high=_spread_square(apart + half, allowed),
        level=level,
        resamples=0 if few else resamples,
        seed=seed,
    )


def _nobody(labels: int, level: float, seed: int) -> Standings:
    ranks, nothing = np.zeros(labels, dtype=np.int64), np.full((labels, labels), np.nan)
    return Standings(np.zeros(labels, dtype=bool), ranks, ranks, nothing, nothing, level, 0, seed)


def _linear_parts(values: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Return (L,) means and the (I, L) parts of the images in them, less what all labels share."""
    mass = np.ones(values.shape) if weights is None else weights
    average = mass.mean(axis=0)
    average[average == 0] = np.nan
    means = (values * mass).mean(axis=0) / average
    parts = mass * (values - means) / average
    return means, parts - parts.mean(axis=1, keepdims=True)


def _errors(parts: Floats) -> Floats:
    """Return (L, L) standard errors of the differences of the means."""
    images = len(parts)
    products = parts.T @ parts / (images - 1) / images
    own = np.diag(products)
    errors: Floats = np.sqrt(np.maximum(own[:, None] + own - 2 * products, 0.0))
    return errors


def _largest(parts: Floats, errors: Floats, apart: Flags, resamples: int, seed: int) -> Floats:
    """Return (resamples,) the largest difference of resampled means in its own standard errors.

    Only the pairs that are True in `apart` count: others do not differ by more than rounding.
    """
    images = len(parts)
    first, second = np.nonzero(np.triu(apart, 1))
    largest = np.zeros(resamples, dtype=np.float32)
    done = 0
    for times in draws(images, resamples, seed):
        drawn = times.T / images
        means, narrow = parts.T @ drawn, drawn.astype(np.float32)
        block = largest[done : done + len(times)]
        for start in range(0, len(first), _PAIRS):
            i, j = first[start : start + _PAIRS], second[start : start + _PAIRS]
            scale = errors[i, j, None]  # single precision will do for numbers about 1
            squares = np.square((means[i] - means[j]) / scale, dtype=np.float32)
            values = np.square((parts.T[i] - parts.T[j]) / scale, dtype=np.float32)
            variances = values @ narrow
            variances -= squares
            np.maximum(variances, _LEAST * squares, out=variances)
            np.divide(squares, variances, out=squares, where=squares > 0)
            np.maximum(block, squares.max(axis=0), out=block)
        done += len(times)
    found: Floats = np.sqrt(largest.astype(float) * (images - 1))
    return found


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    """Return what limits the threads of products: in small ones they wait longer than they work."""
    return ThreadpoolController()


def _spread(found: npt.NDArray[Any], allowed: Flags, other: float) -> npt.NDArray[Any]:
    """Set what was found for some labels among all."""
    everywhere = np.full(len(allowed), other, dtype=found.dtype)
    everywhere[allowed] = found
    return everywhere


def _spread_square(found: Floats, allowed: Flags) -> Floats:
    everywhere = np.full((len(allowed), len(allowed)), np.nan)
    everywhere[np.ix_(allowed, allowed)] = found
    return everywhere
