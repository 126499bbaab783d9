"""The search ends at the trial whose count is nearest, in as few trials as it may."""

import math

import numpy as np
import pytest

from methods.classical.search import search_count


def falling(counts_at):
    """Record the values tried; labels hold the value itself, to see which trial was kept."""
    tried = []

    def run(value):
        tried.append(value)
        return counts_at(value), np.array([[value]])

    return run, tried


@pytest.mark.parametrize("n", [1, 7, 100, 2345])
def test_the_count_is_found_within_the_tolerance(n):
    run, tried = falling(lambda value: round(5000 / value))
    found = search_count(run, n, low=0.01, high=1e5, tolerance=0.05, max_trials=30)
    assert abs(found.count - n) <= 0.05 * n
    assert found.trials == len(tried)
    assert found.count == round(5000 / found.value)


def test_it_stops_at_the_first_trial_that_is_good_enough():
    run, tried = falling(lambda value: 100)
    assert search_count(run, 101, low=1, high=100).trials == 1
    assert tried == [pytest.approx(10)]


def test_it_bisects_on_a_logarithmic_scale_towards_the_count():
    run, tried = falling(lambda value: 1000 if value < 500 else 1)
    search_count(run, 50, low=1, high=1e4, max_trials=3)
    assert tried == pytest.approx([100, 1000, math.sqrt(1e5)])


def test_a_count_that_is_never_met_gives_the_nearest_trial_of_all():
    counts = iter([300, 90, 170, 60])
    run, tried = falling(lambda value: next(counts))
    found = search_count(run, 100, low=1, high=16, tolerance=0, max_trials=4)
    assert (found.count, found.trials) == (90, 4)
    assert found.labels[0, 0] == found.value == tried[1]


def test_no_trial_is_no_search():
    with pytest.raises(ValueError, match="max_trials=0"):
        search_count(lambda value: (1, np.zeros((1, 1))), 1, low=1, high=2, max_trials=0)
