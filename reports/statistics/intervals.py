"""Intervals of means over few or skewed images, so that 95 % is what they cover.

Student's t after the transformation of Hall, On the removal of skewness by transformation,
Journal of the Royal Statistical Society B 1992, doi 10.1111/j.2517-6161.1992.tb01876.x, eq. 2.5.
The t makes up for few images, the cube root for scores that crowd at one end of their range. In
simulations (`make benchmark PARTS=coverage`) it covers as often as the bootstrap-t of Efron, which
needs resamples and has no ends for two or three images, and percentiles of the bootstrap cover
49 % with two images and 90 % with ten. Where images weigh differently (a protocol that takes
every pair of image and annotator for a sample), an image still is the unit, and the mean is the
ratio sum(w v) / sum(w): its error is that of its linear part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
_ROUNDING = 1e-12  # scores that differ by less are the same
_NO_SKEW = 1e-6  # below it the transformation is the identity, and its formula all rounding


def mean_interval(values: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the 95 % interval of each column's mean over images.

    Parameters
    ----------
    values : (I, C) array
        A score per image and point; NaN where there is none.
    weights : (I, C) array, optional
        What each value weighs, 0 or more; all the same unless given.

    Returns
    -------
    low, high : (C,) arrays
        NaN where fewer than two images have a value that weighs: one says nothing about others.
    """
    centre, error, skew, images = _moments(values, weights)
    return skewed_interval(centre, error, skew, images)


def joint_interval(values: Floats, weights: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """Return the mean of each column over images, with intervals that hold together with 95 %.

    Student's t at Bonferroni's level for the columns that have an interval, of which each may be
    over other images. Not Hall's transformation: so far out in the tails it amplifies the chance
    in the skewness of few images.

    Parameters
    ----------
    values, weights : (I, C) arrays
        As for `mean_interval`.

    Returns
    -------
    mean, low, high : (C,) arrays
        NaN as for `mean_interval`; the mean where no image has a value.
    """
    centre, error, _, images = _moments(values, weights)
    columns = max(1, int((images >= 2).sum()))
    student = stdtrit(np.maximum(images - 1, 1), 1 - (1 - CONFIDENCE) / 2 / columns)
    half = np.where(images >= 2, np.maximum(student * error, _ROUNDING), np.nan)
    return centre, centre - half, centre + half


def _moments(
    values: Floats, weights: Floats | None
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]:
    """Return each column's mean, its standard error and skewness, and its number of images."""
    known = np.isfinite(values)
    mass = known.astype(float) if weights is None else np.where(known, weights, 0.0)
    images = (mass > 0).sum(axis=0)
    several = np.maximum(images, 2)
    total = mass.sum(axis=0)
    total[total == 0] = np.nan
    centre = (np.where(known, values, 0.0) * mass).sum(axis=0) / total
    parts = mass * np.where(known, values - centre, 0.0) * (images / total)  # of the linear part
    length = np.sqrt((parts**2).sum(axis=0))
    error = length / np.sqrt((several - 1) * several)
    skew = ((parts / np.where(length > 0, length, 1.0)) ** 3).sum(axis=0)  # of values / sqrt(I)
    return centre, error, skew, images


def skewed_interval(
    centre: npt.ArrayLike, error: npt.ArrayLike, skew: npt.ArrayLike, images: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return the 95 % interval of estimates whose sampling error is skewed.

    Parameters
    ----------
    centre, error, skew : (...) array
        The estimates, their standard errors, and the skewness of their sampling distributions: for
        a mean, that of the values divided by the root of their number.
    images : (...) array of int
        How many images each is over.

    Returns
    -------
    low, high : (...) arrays
        NaN where there are fewer than two images.
    """
    middle, scale = np.asarray(centre, dtype=float), np.asarray(error, dtype=float)
    number = np.asarray(images)
    student = stdtrit(np.maximum(number - 1, 1), (1 + CONFIDENCE) / 2)
    student = np.where(number >= 2, student, np.nan)
    sixth = np.asarray(skew, dtype=float) / 6
    low = middle - scale * _straightened(student, sixth)
    high = middle - scale * _straightened(-student, sixth)
    return low, high


def _straightened(quantile: Floats, sixth: Floats) -> Floats:
    """Undo the transformation that takes the skewness out, at a quantile; `sixth` is a sixth of it.

    Hall's g(T) = T + b T² + b² T³ / 3 + b / 2 with b = skewness / 3, solved for T.
    """
    straight = np.abs(sixth) < _NO_SKEW
    b = 2 * np.where(straight, 1.0, sixth)
    curved = (np.cbrt(1 + 3 * b * (quantile - b / 2)) - 1) / b
    result: Floats = np.where(straight, quantile, curved)
    return result
