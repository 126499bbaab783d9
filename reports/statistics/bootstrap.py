"""Draws of images with replacement, the same for all that is compared.

Efron & Tibshirani, An Introduction to the Bootstrap (1993), doi 10.1201/9780429246593. Everything
about an image is drawn together, and every call with the same number of images sees the same
draws: differences between methods are therefore paired. Where images weigh differently (a protocol
that takes every pair of image and annotator for a sample), an image still is what is drawn, and
the mean is sum(w v) / sum(w) over the drawn ones: a ratio estimator.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from reports.statistics.intervals import Floats, skewed_interval

Intervals = tuple[Floats, Floats]

RESAMPLES = 1000
SEED = 20220613
_BLOCK_VALUES = 4_000_000


def bootstrap_means(
    values: Floats,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    weights: Floats | None = None,
) -> Floats:
    """Return the column means of resampled images.

    Parameters
    ----------
    values : (I, C) array
        A score per image and point; NaN where there is none. A mean is over the values that
        a resample has.
    resamples : int
        How many times the images are drawn.
    seed : int
        Seed of the draws; the same seed and I give the same draws for any values.
    weights : (I, C) array, optional
        What each value weighs, 0 or more; all the same unless given.

    Returns
    -------
    (resamples, C) array
        NaN where a resample has no value of a column.
    """
    known = np.isfinite(values)
    complete = weights is None and bool(known.all())
    mass = known if weights is None else np.where(known, weights, 0.0)
    filled = np.where(known, values, 0.0) if weights is None else np.where(known, values * mass, 0)
    means = np.full((resamples, values.shape[1]), np.nan)
    done = 0
    for times in draws(len(values), resamples, seed):
        total = times @ filled
        number = np.full(total.shape, len(values)) if complete else times @ mass
        rows = means[done : done + len(times)]
        np.divide(total, number, out=rows, where=number > 0)
        done += len(times)
    return means


def draws(images: int, resamples: int = RESAMPLES, seed: int = SEED) -> Iterator[Floats]:
    """Yield blocks of (R, I) counts: how often each image was drawn in each resample."""
    block = max(1, _BLOCK_VALUES // images)
    if resamples <= block:
        yield _only_block(images, resamples, seed)
        return
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, block):
        yield _draw(rng, images, min(block, resamples - start))


@lru_cache(maxsize=8)
def _only_block(images: int, resamples: int, seed: int) -> Floats:
    """Draw all resamples at once, and keep them: each table of a results file draws the same."""
    times = _draw(np.random.default_rng(seed), images, resamples)
    times.flags.writeable = False
    return times


def _draw(rng: np.random.Generator, images: int, resamples: int) -> Floats:
    drawn = rng.integers(images, size=(resamples, images)) + images * np.arange(resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=resamples * images)
    return times.reshape(resamples, images).astype(float)


def interval_of_draws(means: Floats, centre: npt.ArrayLike, images: npt.ArrayLike) -> Intervals:
    """Return the 95 % interval of estimates by the spread and the skewness of their resamples.

    Parameters
    ----------
    means : (resamples, ...) array
        The estimates of resampled images; NaN where a resample has none, but not all of a column.
    centre : (...) array
        The estimates of all images.
    images : (...) array of int
        How many images each estimate is over. Resamples of few spread too little, by the root of
        (I - 1) / I.

    Returns
    -------
    low, high : (...) arrays
        NaN where there are fewer than two images.
    """
    parts = means - np.nanmean(means, axis=0)
    spread = np.sqrt(np.nanmean(parts**2, axis=0))
    skew = np.nanmean((parts / np.where(spread > 0, spread, 1.0)) ** 3, axis=0)
    number = np.maximum(images, 2)
    return skewed_interval(centre, spread * np.sqrt(number / (number - 1)), skew, images)
