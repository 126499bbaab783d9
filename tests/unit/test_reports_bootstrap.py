"""The bootstrap over images: known answers, the same draws for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.statistics.bootstrap import bootstrap_means, interval_of_draws


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


def test_resamples_without_an_estimate_are_left_out_and_few_images_reach_further():
    means = np.stack([np.arange(201.0), np.where(np.arange(201) % 2, np.nan, 7.0)], axis=1)
    low, high = interval_of_draws(means, [100, 7], 1000)
    assert (low[1], high[1]) == (7, 7)
    assert high[0] - 100 == pytest.approx(1.9623 * np.arange(201).std() * np.sqrt(1000 / 999), 1e-4)
    assert interval_of_draws(means, [100, 7], 5)[0][0] < low[0]
    assert np.isnan(interval_of_draws(means, [100, 7], 1)).all()


def test_every_column_sees_the_same_draws():
    column = np.random.default_rng(0).normal(size=(40, 1))
    means = bootstrap_means(np.hstack([column, column + 1]))
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 1)


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


@given(arrays(float, (6, 2), elements=st.floats(-100, 100) | st.just(np.nan)), st.floats(0.01, 100))
def test_equal_weights_change_nothing(values, weight):
    same = np.full(values.shape, weight)
    np.testing.assert_allclose(
        bootstrap_means(values, 100, weights=same), bootstrap_means(values, 100), atol=1e-9
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
