"""Intervals over images by the bootstrap, so that no difference is read into noise.

The percentile interval of Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 13,
doi 10.1201/9780429246593: images are drawn with replacement, and the 2.5 % and 97.5 % quantiles
of the means of many such draws bound the interval. Everything about an image is drawn together,
and every call with the same number of images sees the same draws: differences between methods
are therefore paired. Where images weigh differently (a protocol that takes every pair of image and
annotator for a sample), an image still is what is drawn, and the mean is sum(w v) / sum(w) over
the drawn ones: a ratio estimator.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 1000
CONFIDENCE = 0.95
_SEED = 20220613
_BLOCK_VALUES = 4_000_000


def bootstrap_means(
    values: Floats,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
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
    for times in _draws(len(values), resamples, seed):
        total = times @ filled
        number = np.full(total.shape, len(values)) if complete else times @ mass
        rows = means[done : done + len(times)]
        np.divide(total, number, out=rows, where=number > 0)
        done += len(times)
    return means


def _draws(images: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of (R, I) counts: how often each image was drawn in each resample."""
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_VALUES // images)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(images, size=(rows, images)) + images * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * images)
        yield times.reshape(rows, images).astype(float)


def bootstrap_interval(
    values: Floats,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
    weights: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return the 95 % percentile interval of each column's mean over images.

    Parameters
    ----------
    values : (I, C) array
        A score per image and point; NaN where there is none.
    resamples, seed, weights
        As for `bootstrap_means`.

    Returns
    -------
    low, high : (C,) arrays
        NaN where fewer than two images have a value: one image says nothing about others.
    """
    bounds = np.full((2, values.shape[1]), np.nan)
    enough = np.isfinite(values).sum(axis=0) >= 2
    if enough.any():
        chosen = None if weights is None else weights[:, enough]
        means = bootstrap_means(values[:, enough], resamples, seed, chosen)
        bounds[:, enough] = percentile_interval(means)
    return bounds[0], bounds[1]


def percentile_interval(means: Floats) -> tuple[Floats, Floats]:
    """Return the quantiles that bound the middle 95 % of each column of resampled means.

    Parameters
    ----------
    means : (resamples, ...) array
        NaN where a resample has no mean; not all of a column.

    Returns
    -------
    low, high : (...) arrays
    """
    tail = (1 - CONFIDENCE) / 2
    quantiles = np.quantile if np.isfinite(means).all() else np.nanquantile
    low, high = quantiles(means, (tail, 1 - tail), axis=0)
    return low, high


def not_worse_than_best(
    values: Floats, higher_is_better: bool, weights: Floats | None = None
) -> npt.NDArray[np.bool_]:
    """Tell which columns cannot be told from the best one by a paired bootstrap.

    The best column has the best mean. Another is as good when the 95 % interval of its mean
    difference to the best one, image by image, contains 0; no correction for the number of
    columns is made. Only columns with a value for every image that any column has take part:
    whoever fails on hard images would otherwise gain by it.

    Parameters
    ----------
    values : (I, C) array
        One score; NaN where there is none.
    higher_is_better : bool
        The direction of the score.
    weights : (I, C) array, optional
        What each value weighs; all the same unless given. A difference weighs as much as the
        lighter of its two values.

    Returns
    -------
    (C,) bool array
        All False where an interval cannot be had (fewer than two images or two columns).
    """
    chosen = np.zeros(values.shape[1], dtype=bool)
    known = np.isfinite(values)
    rows = known.any(axis=1)
    complete = known[rows].all(axis=0)
    if rows.sum() < 2 or complete.sum() < 2:
        return chosen
    took_part = np.ix_(rows, complete)
    losses = values[took_part] * (-1.0 if higher_is_better else 1.0)
    if weights is None:
        best = int(losses.mean(axis=0).argmin())
        lighter = None
    else:
        best = int(np.average(losses, axis=0, weights=weights[took_part]).argmin())
        lighter = np.minimum(weights[took_part], weights[took_part][:, [best]])
    low, _ = bootstrap_interval(losses - losses[:, [best]], weights=lighter)
    chosen[complete] = low <= 0
    return chosen
