"""Curves read off between their points, one or many at once."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import PchipInterpolator

from reports.statistics.interpolation import interpolate


def read(counts, values, at):
    """The value of one curve at one count."""
    return interpolate(counts, np.reshape(values, (-1, 1)), [at])[0, 0]


CURVES = st.dictionaries(st.integers(1, 5000), st.floats(0, 1), min_size=2, max_size=8)


# --- one curve ---------------------------------------------------------------------------------


@given(CURVES)
def test_at_a_returned_count_the_value_is_the_measured_one(curve):
    for count, value in curve.items():
        assert read(list(curve), list(curve.values()), count) == pytest.approx(value, abs=1e-9)


@given(CURVES, st.floats(0, 1))
def test_between_two_points_the_curve_stays_between_their_values(curve, share):
    counts = sorted(curve)
    for left, right in pairwise(counts):
        value = read(list(curve), list(curve.values()), left + share * (right - left))
        low, high = sorted((curve[left], curve[right]))
        assert low - 1e-9 <= value <= high + 1e-9


@given(CURVES)
def test_nothing_is_extrapolated(curve):
    for outside in (min(curve) - 0.5, max(curve) + 0.5):
        assert np.isnan(read(list(curve), list(curve.values()), outside))


def test_a_line_over_the_logarithm_of_the_count_is_met_exactly():
    counts = np.array([50, 400, 100, 200])
    assert read(counts, 0.1 * np.log(counts), 141) == pytest.approx(0.1 * np.log(141))


def test_points_of_the_same_count_are_averaged():
    assert read([100, 100, 400], [0.7, 0.9, 0.95], 100) == pytest.approx(0.8)


def test_a_single_count_is_known_there_and_nowhere_else():
    assert read([96, 96], [0.8, 0.9], 96) == pytest.approx(0.85)
    assert np.isnan(read([96, 96], [0.8, 0.9], 97))


def test_a_point_without_a_score_is_left_out_of_that_score_alone():
    counts = [50, 100, 200]
    values = np.array([[0.7, 0.7], [0.8, np.nan], [0.9, 0.9]])
    both = interpolate(counts, values, [100])[0]
    assert both[0] == pytest.approx(0.8)
    assert both[1] == pytest.approx(read([50, 200], [0.7, 0.9], 100))


def test_a_score_whose_end_is_undefined_covers_less():
    values = np.array([[np.nan], [0.8], [0.9]])
    assert np.isnan(interpolate([50, 100, 200], values, [60])[0, 0])


def test_a_curve_without_points_has_no_value():
    assert np.isnan(read([np.nan, np.nan], [0.5, np.nan], 100))


# --- many curves -------------------------------------------------------------------------------


def plainly(counts, values, at):
    """One score of one curve, by SciPy."""
    known = np.isfinite(counts) & np.isfinite(values)
    x = np.unique(counts[known])
    y = [values[known & (counts == its)].mean() for its in x]
    if len(x) < 2:
        return np.array([y[0] if x.size and each == x[0] else np.nan for each in at])
    with np.errstate(over="ignore"):
        curve = PchipInterpolator(np.log(x), y, extrapolate=False)
    return np.where((x[0] <= at) & (at <= x[-1]), curve(np.log(at)), np.nan)


FEW = st.sampled_from([np.nan, 1.0, 20.0, 21.0, 50.0, 100.0, 400.0, 5000.0])
LEVELS = st.sampled_from([np.nan, 0.0, 0.5, 0.5000001, 0.9, 1.0, -3.0])


@given(st.data(), st.sampled_from([(), (0,), (3,), (3, 2)]), st.integers(1, 6), st.integers(0, 4))
def test_many_curves_are_read_as_each_of_them_by_scipy(data, curves, points, places):
    counts = data.draw(arrays(float, (*curves, points), elements=FEW | st.floats(1, 5000)))
    values = data.draw(arrays(float, (*curves, points, 2), elements=LEVELS | st.floats(0, 1)))
    at = data.draw(arrays(float, (places, *curves), elements=FEW | st.floats(1, 5000)))
    found = interpolate(counts, values, at)
    assert found.shape == (places, *curves, 2)
    for *its, k in np.ndindex(*curves, 2):
        curve = tuple(its)
        expected = plainly(counts[curve], values[curve][:, k], at[:, *curve])
        np.testing.assert_allclose(found[:, *curve, k], expected, rtol=1e-9, atol=1e-12)
