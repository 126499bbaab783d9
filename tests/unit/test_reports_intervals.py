"""Intervals of means: they cover the truth as often as they say, whatever the images are like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_1samp

from reports.statistics.bootstrap import bootstrap_means, interval_of_draws
from reports.statistics.intervals import joint_interval, mean_interval
from tests.simulated import ONE_LABEL, covered

IMAGES = (2, 3, 5, 10, 20, 50, 200)


@pytest.mark.parametrize("images", IMAGES)
@pytest.mark.parametrize("kind", ONE_LABEL)
def test_the_interval_covers_the_true_mean_nearly_19_times_in_20(kind, images):
    least = {"normal": 0.94, "recall": 0.92, "pairs": 0.92, "lognormal": 0.86}[kind]
    assert least <= covered(kind, images, experiments=4000) <= 0.965


def test_with_many_images_the_interval_is_that_of_student():
    values = np.random.default_rng(0).normal(5, 2, size=(200, 1))
    low, high = mean_interval(values)
    student = ttest_1samp(values[:, 0], 5).confidence_interval()
    assert (low[0], high[0]) == pytest.approx((student.low, student.high), abs=0.03)


def test_two_images_have_the_interval_of_student_and_one_has_none():
    values = np.array([[0.8, np.nan, 0.7], [0.9, 0.5, 0.7]])
    low, high = mean_interval(values)
    half = 12.7062 * 0.05
    assert (low[0], high[0]) == pytest.approx((0.85 - half, 0.85 + half), abs=1e-5)
    assert np.isnan([low[1], high[1]]).all()
    assert (low[2], high[2]) == pytest.approx((0.7, 0.7))


@pytest.mark.parametrize("images", [5, 10, 50, 200])
def test_intervals_of_many_hold_together_in_19_of_20_though_images_lack_and_are_skewed(images):
    random, experiments, missed = np.random.default_rng(0), 1500, 0
    for _ in range(experiments):
        scores = 1 - random.beta(1.2, 6, size=(images, 11))
        apart = scores[:, :1] - scores[:, 1:]
        apart[: images // 2, 0] = np.nan
        _, low, high = joint_interval(apart)
        missed += ((low > 0) | (high < 0)).any()
    assert missed / experiments < 0.065


def test_intervals_of_many_are_those_of_student_at_the_level_of_bonferroni():
    values = np.random.default_rng(0).normal(size=(12, 4))
    values[:, 3] = np.nan
    values[0, 3] = 1.0  # without an interval, it is not counted
    mean, low, high = joint_interval(values)
    for j in range(3):
        student = ttest_1samp(values[:, j], 0).confidence_interval(1 - 0.05 / 3)
        assert (mean[j], low[j], high[j]) == pytest.approx(
            (values[:, j].mean(), student.low, student.high)
        )
    assert mean[3] == 1
    assert np.isnan([low[3], high[3]]).all()


def test_a_long_tail_of_bad_images_pulls_the_interval_its_way():
    values = 1 - np.random.default_rng(1).lognormal(-3, 1, size=(30, 1))
    low, high = mean_interval(values)
    assert values.mean() - low[0] > 1.2 * (high[0] - values.mean())


@given(arrays(float, (6, 2), elements=st.floats(-100, 100)), st.floats(-50, 50), st.floats(0.1, 9))
def test_the_interval_moves_and_stretches_with_the_values(values, shift, factor):
    low, high = mean_interval(values.round(3))
    moved_low, moved_high = mean_interval(values.round(3) * factor + shift)
    np.testing.assert_allclose(moved_low, low * factor + shift, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(moved_high, high * factor + shift, rtol=1e-6, atol=1e-6)


@given(arrays(float, (6, 2), elements=st.floats(-99, 99) | st.just(np.nan)), st.floats(0.01, 100))
def test_equal_weights_change_nothing_and_the_interval_holds_the_mean(values, weight):
    low, high = mean_interval(values)
    same = np.full(values.shape, weight)
    np.testing.assert_allclose(mean_interval(values, same), (low, high), atol=1e-6)
    for column, a, b in zip(values.T, low, high, strict=True):
        known = column[np.isfinite(column)]
        assert np.isnan(a) if known.size < 2 else a - 1e-9 <= known.mean() <= b + 1e-9


def test_resampled_images_lead_to_the_same_interval():
    rng = np.random.default_rng(2)
    values, weights = rng.beta(6, 1, (60, 20)), rng.integers(3, 9, (60, 20)).astype(float)
    values[:9, 3] = np.nan
    ends = np.array(mean_interval(values, weights))
    means = bootstrap_means(values, resamples=4000, weights=weights)
    known = np.isfinite(values)
    centre = np.nansum(weights * values, axis=0) / (weights * known).sum(axis=0)
    found = np.array(interval_of_draws(means, centre, known.sum(axis=0)))
    assert (np.abs(found - ends) < 0.12 * (ends[1] - ends[0])).all()


def test_an_image_that_weighs_nothing_counts_for_nothing():
    values = np.random.default_rng(0).normal(size=(20, 2))
    weights = np.ones_like(values)
    weights[4] = 0
    without = mean_interval(np.delete(values, 4, axis=0))
    np.testing.assert_allclose(mean_interval(values, weights), without)
