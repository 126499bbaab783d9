"""Scores whose true means are known: what intervals cover, and how often tables err."""

import numpy as np

from reports.statistics.bootstrap import RESAMPLES, bootstrap_means
from reports.statistics.intervals import mean_interval
from reports.statistics.simultaneous import standings

PAIRS = range(3, 10)  # annotators of an image


def _normal(rng, shape):
    return rng.normal(size=shape), None, 0.0


def _recall(rng, shape):
    """Boundary recall: most images near 1, some far below."""
    return 1 - rng.beta(1.2, 6, size=shape), None, 1 - 1.2 / 7.2


def _lognormal(rng, shape):
    return rng.lognormal(0, 1, size=shape), None, np.exp(0.5)


def _pairs(rng, shape):
    """Scores of pairs of image and annotator: images with more annotators are harder."""
    weights = rng.choice(PAIRS, size=shape).astype(float)
    values = rng.beta(1.5, 8, size=shape) + 0.02 * (weights - 6)
    shift = np.mean([w * (w - 6) for w in PAIRS]) / np.mean(PAIRS)
    return values, weights, 1.5 / 9.5 + 0.02 * shift


ONE_LABEL = {"normal": _normal, "recall": _recall, "pairs": _pairs, "lognormal": _lognormal}


def covered(kind, images, experiments, seed=7, interval=mean_interval):
    """Return the share of experiments whose interval holds the true mean."""
    rng = np.random.default_rng(seed)
    values, weights, truth = ONE_LABEL[kind](rng, (images, experiments))
    low, high = interval(values, weights=weights)
    return float(((low <= truth) & (truth <= high)).mean())


def percentile_interval(values, weights=None):
    """Return the percentile interval of the bootstrap, as it is in many papers."""
    return np.quantile(bootstrap_means(values, weights=weights), (0.025, 0.975), axis=0)


def scores(rng, kind, images, labels):
    """Draw (I, L) scores of equal mean that go together by image."""
    hard = rng.normal(size=(images, 1))
    if kind == "normal":
        return hard + rng.normal(size=(images, labels))
    if kind == "skewed":
        return 1 - rng.beta(1.2, 6, size=(images, labels)) * np.exp(0.3 * hard)
    families = rng.normal(size=(images, 3))[:, np.arange(labels) % 3]
    spread = np.exp(np.linspace(-1, 1, labels))
    return hard + families + spread * rng.normal(size=(images, labels))


ALIKE = ("normal", "skewed", "families")


def false_losers(kind, images, labels, tables, seed=3, resamples=RESAMPLES):
    """Return the share of tables of equal labels that leave one out of the set of the best."""
    rng = np.random.default_rng(seed)
    found = [
        standings(scores(rng, kind, images, labels), True, resamples=resamples).best.all()
        for _ in range(tables)
    ]
    return 1 - float(np.mean(found))


def errors(kind, images, labels, tables, seed=4, resamples=RESAMPLES):
    """Return how often a difference, the best or a rank is told wrongly where means differ.

    Returns
    -------
    dict of str to float
        The shares of tables where an interval misses a true difference, where the best is not in
        the set of the best, and where a rank is outside its interval.
    """
    rng = np.random.default_rng(seed)
    truth = np.linspace(0.6, 0, labels)
    missed = dict.fromkeys(("difference", "best", "rank"), 0)
    for _ in range(tables):
        told = standings(scores(rng, kind, images, labels) + truth, True, resamples=resamples)
        apart = truth[:, None] - truth
        ranks = np.arange(1, labels + 1)
        missed["difference"] += not ((told.low <= apart) & (apart <= told.high)).all()
        missed["best"] += not told.best[0]
        missed["rank"] += not ((told.rank_low <= ranks) & (ranks <= told.rank_high)).all()
    return {what: number / tables for what, number in missed.items()}
