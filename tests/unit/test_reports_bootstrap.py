"""The bootstrap over images: known answers, coverage, and no rank without an interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.statistics.bootstrap import (
    bootstrap_interval,
    bootstrap_means,
    not_worse_than_best,
    percentile_interval,
)


def plain_bootstrap(values, resamples, seed):
    """Draw images one resample after the other and average what is there."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(values), size=(resamples, len(values)))
    return np.array([np.nanmean(values[images], axis=0) for images in drawn])


def test_means_are_those_of_a_plain_loop():
    values = np.random.default_rng(1).normal(size=(30, 4))
    values[3, 1] = values[7:20, 2] = np.nan
    means = bootstrap_means(values, resamples=50, seed=3)
    np.testing.assert_allclose(means, plain_bootstrap(values, 50, 3))


def test_many_images_give_the_same_as_a_plain_loop(monkeypatch):
    monkeypatch.setattr(
        "reports.statistics.bootstrap._BLOCK_VALUES", 70
    )  # several blocks of resamples
    values = np.random.default_rng(1).normal(size=(30, 2))
    means = bootstrap_means(values, resamples=7, seed=3)
    np.testing.assert_allclose(means, plain_bootstrap(values, 7, 3))


def test_the_interval_is_close_to_what_normal_theory_gives():
    values = np.random.default_rng(0).normal(5, 2, size=(200, 1))
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert low[0] == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high[0] == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_covers_the_true_mean_about_19_times_in_20():
    samples = np.random.default_rng(0).exponential(1.0, size=(100, 1000))  # 1000 experiments
    low, high = bootstrap_interval(samples)
    assert 0.90 < ((low <= 1) & (high >= 1)).mean() < 0.97


@given(arrays(float, (6, 2), elements=st.floats(-100, 100)), st.floats(-50, 50), st.floats(0.1, 9))
def test_the_interval_moves_and_stretches_with_the_values(values, shift, factor):
    low, high = bootstrap_interval(values, resamples=100)
    moved_low, moved_high = bootstrap_interval(values * factor + shift, resamples=100)
    np.testing.assert_allclose(moved_low, low * factor + shift, atol=1e-9)
    np.testing.assert_allclose(moved_high, high * factor + shift, atol=1e-9)


@given(arrays(float, (8, 1), elements=st.floats(-1, 1) | st.just(np.nan)))
def test_the_interval_lies_within_the_values_and_needs_two_of_them(values):
    known = values[np.isfinite(values)]
    low, high = bootstrap_interval(values, resamples=100)
    if known.size < 2:
        assert np.isnan(low[0])
        assert np.isnan(high[0])
    else:
        assert known.min() - 1e-12 <= low[0] <= high[0] <= known.max() + 1e-12


def test_every_column_sees_the_same_draws():
    column = np.random.default_rng(0).normal(size=(40, 1))
    means = bootstrap_means(np.hstack([column, column + 1]))
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 1)


def test_a_small_but_constant_lead_counts_although_images_differ_widely():
    images = np.random.default_rng(0).uniform(0, 1, size=50)
    scores = np.stack([images, images - 0.01], axis=1)
    low, high = bootstrap_interval(scores)
    assert low[0] < high[1]  # the intervals overlap
    assert not_worse_than_best(scores, higher_is_better=True).tolist() == [True, False]
    assert not_worse_than_best(scores, higher_is_better=False).tolist() == [False, True]


def test_a_lead_within_the_noise_does_not_count():
    rng = np.random.default_rng(0)
    scores = 0.9 + rng.normal(0, 0.05, size=(30, 3))
    scores[:, 2] -= 0.2
    assert not_worse_than_best(scores, higher_is_better=True).tolist() == [True, True, False]


def test_who_misses_an_image_does_not_compete():
    scores = np.tile([0.9, 0.8, 0.7], (10, 1))
    scores[4, 0] = np.nan
    assert not_worse_than_best(scores, higher_is_better=True).tolist() == [False, True, False]


def test_an_image_that_everybody_misses_takes_nobody_out():
    scores = np.tile([0.9, 0.8], (10, 1))
    scores[4] = np.nan
    assert not_worse_than_best(scores, higher_is_better=True).tolist() == [True, False]


@pytest.mark.parametrize("shape", [(1, 3), (10, 1)])
def test_without_images_or_rivals_nobody_is_best(shape):
    assert not not_worse_than_best(np.ones(shape), higher_is_better=True).any()


def test_the_interval_of_means_is_that_of_those_there_are():
    means = np.stack([np.arange(201.0), np.where(np.arange(201) % 2, np.nan, 7.0)], axis=1)
    low, high = percentile_interval(means)
    assert low.tolist() == pytest.approx([5, 7])
    assert high.tolist() == pytest.approx([195, 7])


# --- weights -----------------------------------------------------------------------------------


def test_weighted_means_are_those_of_a_plain_loop_over_drawn_images():
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(30, 3)), rng.integers(0, 7, size=(30, 3)).astype(float)
    values[3, 1] = values[7:20, 2] = np.nan
    drawn = np.random.default_rng(3).integers(30, size=(50, 30))
    expected = [
        np.nansum((weights * values)[images], axis=0)
        / np.where(np.isnan(values), 0, weights)[images].sum(axis=0)
        for images in drawn
    ]
    means = bootstrap_means(values, resamples=50, seed=3, weights=weights)
    np.testing.assert_allclose(means, expected)


def test_an_image_brings_its_pairs_along():
    """Whole weights are so many equal samples of an image; images are still what is drawn."""
    values, weights = np.array([[0.2], [0.5], [0.9]]), np.array([[1.0], [4.0], [2.0]])
    low, high = bootstrap_interval(values, weights=weights)
    assert (low[0], high[0]) == pytest.approx((0.2, 0.9))  # one image alone, drawn three times


@given(arrays(float, (6, 2), elements=st.floats(-100, 100) | st.just(np.nan)), st.floats(0.01, 100))
def test_equal_weights_change_nothing(values, weight):
    same = np.full(values.shape, weight)
    np.testing.assert_allclose(
        bootstrap_interval(values, 100, weights=same), bootstrap_interval(values, 100), atol=1e-9
    )


def test_an_image_that_weighs_nothing_counts_for_nothing():
    values = np.random.default_rng(0).normal(size=(20, 2))
    weights = np.ones_like(values)
    weights[4] = 0
    spoilt = values.copy()
    spoilt[4] = 1e6
    np.testing.assert_array_equal(
        bootstrap_means(spoilt, weights=weights), bootstrap_means(values, weights=weights)
    )


def test_weights_decide_who_is_best():
    scores = np.array([[0.9, 0.8], [0.9, 0.8], [0.5, 0.9], [0.5, 0.9]] * 10)
    first = np.tile([[1000.0], [1000.0], [1.0], [1.0]], (10, 2))
    best = not_worse_than_best(scores, higher_is_better=True, weights=first)
    assert best.tolist() == [True, False]
    assert not_worse_than_best(scores, higher_is_better=True).tolist() == [False, True]
