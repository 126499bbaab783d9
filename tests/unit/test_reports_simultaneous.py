"""Sets of the best and intervals of ranks: what is told is true, in 19 tables of 20."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.statistics.simultaneous import FEW_IMAGES, standings
from tests.simulated import ALIKE, errors, false_losers, scores

UP, DOWN = True, False


def best(values, higher_is_better=UP, **more):
    return standings(np.asarray(values, dtype=float), higher_is_better, **more).best.tolist()


# --- simulation --------------------------------------------------------------------------------


def test_of_ten_equal_methods_one_table_in_twenty_prints_a_loser():
    """It was 65 % of the tables when each method was compared with the best by itself."""
    assert false_losers("normal", images=100, labels=10, tables=300) <= 0.075


@pytest.mark.parametrize("images", [2, 5, 20, 50, 200])
@pytest.mark.parametrize("kind", ALIKE)
def test_few_images_and_skewed_scores_print_no_more_losers(kind, images):
    assert false_losers(kind, images, 10, tables=80, resamples=400) <= 0.12  # 5 % and three errors


@pytest.mark.parametrize("images", [2, 10, 40, 200])
def test_known_differences_and_ranks_are_within_their_intervals(images):
    wrong = errors("families", images, labels=8, tables=80, resamples=400)
    assert max(wrong.values()) <= 0.12
    assert wrong["best"] <= wrong["difference"]
    assert wrong["rank"] <= wrong["difference"]


def test_a_difference_that_is_there_is_found():
    rng = np.random.default_rng(0)
    values = scores(rng, "normal", 200, 10) + np.repeat([1.0, 0.0], 5)
    told = standings(values, UP)
    assert told.best.tolist() == [True] * 5 + [False] * 5
    assert told.rank_low.tolist() == [1] * 5 + [6] * 5
    assert told.rank_high.tolist() == [5] * 5 + [10] * 5


# --- what follows from what --------------------------------------------------------------------


@given(arrays(float, (25, 4), elements=st.integers(0, 9)), st.booleans())
def test_ranks_the_best_and_the_intervals_agree(values, up):
    told = standings(values, up, resamples=50)
    better = (told.low > 0) if up else (told.high < 0)
    np.testing.assert_array_equal(told.rank_low, 1 + better.sum(axis=0))
    np.testing.assert_array_equal(told.rank_high, 4 - better.sum(axis=1))
    np.testing.assert_array_equal(told.best, told.rank_low == 1)
    np.testing.assert_allclose(told.low, -told.high.T)
    middle = values.mean(axis=0)[:, None] - values.mean(axis=0)
    assert ((told.low <= middle + 1e-12) & (middle <= told.high + 1e-12)).all()
    assert told.best.any()


def test_the_other_direction_turns_the_ranks_round():
    values = np.random.default_rng(0).normal(size=(60, 5)) + np.arange(5)
    up, down = standings(values, UP), standings(values, DOWN)
    np.testing.assert_array_equal(up.rank_low, 6 - down.rank_high)


def test_it_says_how_it_was_told():
    values = np.random.default_rng(0).normal(size=(FEW_IMAGES, 3))
    told = standings(values, UP, seed=5)
    assert (told.level, told.resamples, told.seed) == (0.95, 1000, 5)
    assert told.paper == "10.1093/restud/rdad006"
    assert standings(values[1:], UP).resamples == 0
    assert (standings(values, UP, level=0.5).low >= told.low).all()


def test_the_largest_difference_is_that_of_a_plain_loop():
    values = np.random.default_rng(3).normal(size=(40, 4))
    drawn = np.random.default_rng(8).integers(40, size=(300, 40))
    largest = []
    for images in drawn:
        ratios = []
        for i in range(4):
            for j in range(i):
                apart = values[:, i] - values[:, j]
                error = apart[images].std(ddof=1) / np.sqrt(40)
                ratios.append(abs(apart[images].mean() - apart.mean()) / error)
        largest.append(max(ratios))
    reach = np.quantile(largest, 0.95, method="higher")
    told = standings(values, UP, resamples=300, seed=8)
    apart = values[:, 2] - values[:, 1]
    half = reach * apart.std(ddof=1) / np.sqrt(40)
    assert told.high[2, 1] - told.low[2, 1] == pytest.approx(2 * half)


# --- who competes ------------------------------------------------------------------------------


def test_a_small_but_constant_lead_counts_although_images_differ_widely():
    images = np.random.default_rng(0).uniform(0, 1, size=50)
    values = np.stack([images, images - 0.01], axis=1)
    assert best(values) == [True, False]
    assert best(values, DOWN) == [False, True]


def test_the_same_scores_are_the_same_whatever_the_rounding():
    images = np.random.default_rng(0).uniform(0, 1, size=50)
    values = np.stack([images, images * (1 + 2e-16), images + 1e-15], axis=1)
    assert best(values) == [True, True, True]


def test_who_misses_an_image_does_not_compete():
    values = np.tile([0.9, 0.8, 0.7], (10, 1))
    values[4, 0] = np.nan
    told = standings(values, UP)
    assert told.best.tolist() == [False, True, False]
    assert told.rank_low.tolist() == [0, 1, 2]
    assert np.isnan(told.low[0]).all()


def test_an_image_that_everybody_misses_takes_nobody_out():
    values = np.tile([0.9, 0.8], (10, 1))
    values[4] = np.nan
    assert best(values) == [True, False]


def test_who_may_not_compete_is_not_the_best():
    values = np.tile([0.9, 0.8, 0.7], (10, 1))
    assert best(values, competing=np.array([False, True, True])) == [False, True, False]


@pytest.mark.parametrize("shape", [(1, 3), (10, 1), (0, 2)])
def test_without_images_or_rivals_nobody_is_best(shape):
    told = standings(np.ones(shape), UP)
    assert not told.best.any()
    assert not told.rank_high.any()
    assert not standings(np.full((5, 3), np.nan), UP).best.any()


def test_weights_decide_who_is_best():
    values = np.array([[0.9, 0.8], [0.9, 0.8], [0.5, 0.9], [0.5, 0.9]] * 10)
    first = np.tile([[1000.0], [1000.0], [1.0], [1.0]], (10, 2))
    assert best(values, weights=first) == [True, False]
    assert best(values) == [False, True]


def test_sixty_labels_are_told_apart_too():
    values = np.random.default_rng(0).normal(size=(50, 60)) + np.arange(60)
    assert standings(values, UP).rank_low[-1] == 1
