"""Wilcoxon's test and Holm's adjustment: a published example, scipy, and what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wilcoxon

from reports.statistics.pairwise import holm_adjusted, pairwise, wilcoxon_p

# Demšar, JMLR 2006, table 2: areas under the curve of C4.5 and C4.5+m on 14 data sets.
C45 = [*(0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661), *(0.583, 0.775, 1, 0.940, 0.619, 0.972)]
C45M = [*(0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668), *(0.583, 0.838, 1, 0.962, 0.666, 0.981)]
DEMSAR = np.array([[*C45, 0.957], [*C45M, 0.978]]).T


def test_the_example_of_demsar():
    """He finds R+ = 93 and R- = 12, half of the ties to each, and rejects at 5 %."""
    found = pairwise(DEMSAR, higher_is_better=True)
    assert (found.wins[1, 0], found.losses[1, 0], found.ties[1, 0]) == (10, 2, 2)
    assert wilcoxon(DEMSAR[:, 1] - DEMSAR[:, 0], zero_method="zsplit").statistic == 12
    assert found.p[0, 1] < 0.05
    assert found.holm[0, 1] == found.p[0, 1]


def test_the_example_of_holm_as_in_textbooks():
    """Four tests: .01 x 4, .02 x 3, .03 x 2, and the last is no less than the one before."""
    p = np.array([0.03, 0.01, 0.04, 0.02, np.nan])
    np.testing.assert_allclose(holm_adjusted(p), [0.06, 0.04, 0.06, 0.06, np.nan])


@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_adjusts_upwards_keeps_the_order_and_is_within_bonferroni(p):
    adjusted = holm_adjusted(p)
    assert ((p <= adjusted) & (adjusted <= np.minimum(len(p) * p, 1))).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("images", [6, 40, 80])
def test_p_values_are_those_of_scipy_over_the_images_that_both_have(images):
    values = np.random.default_rng(images).normal(size=(images, 3))
    values += (0, 0.5, 0.5)
    values[2, 0] = np.nan
    found = pairwise(values, higher_is_better=False)
    expected = wilcoxon(np.delete(values[:, 0] - values[:, 1], 2)).pvalue
    assert found.p[0, 1] == found.p[1, 0] == pytest.approx(expected)
    assert found.p[1, 2] == pytest.approx(wilcoxon(values[:, 1], values[:, 2]).pvalue)
    np.testing.assert_array_equal(found.wins, found.losses.T)
    assert found.wins[0, 1] == (values[:, 0] < values[:, 1]).sum()
    assert found.wins[0, 1] + found.losses[0, 1] == images - 1
    assert np.isnan(found.p.diagonal()).all()


def test_the_same_scores_have_a_p_value_of_1_and_no_image_has_none():
    assert wilcoxon_p(np.zeros(5)) == 1
    assert np.isnan(wilcoxon_p(np.full(5, np.nan)))
    assert pairwise(np.full((4, 2), np.nan), True).holm.shape == (2, 2)


def test_of_equal_methods_one_family_in_twenty_has_a_p_value_below_5_percent():
    rng = np.random.default_rng(0)
    wrong = [
        np.nanmin(pairwise(rng.normal(size=(20, 4)), higher_is_better=True).holm) < 0.05
        for _ in range(150)
    ]
    assert np.mean(wrong) <= 0.09
