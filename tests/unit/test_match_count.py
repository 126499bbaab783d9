"""The search for the request at which a method returns the wanted count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.execution.match_count import MOST_TRIALS, Trial, match_count


class Method:
    """Returns a count for a request, and remembers what it was asked."""

    def __init__(self, count_of):
        self.count_of = count_of
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return Trial(request, self.count_of(request), f"labels of {request}")


def search(count_of, n, tolerance=0.05, most=150_000):
    method = Method(count_of)
    return match_count(method, n, tolerance, most), method.requests


def test_a_method_that_returns_what_is_asked_runs_once():
    match, requests = search(lambda request: request, 100)
    assert requests == [100]
    assert match.reached
    assert match.best == Trial(100, 100, "labels of 100")


@pytest.mark.parametrize("factor", [0.05, 0.5, 0.7, 1.3, 3.0])
@pytest.mark.parametrize("n", [30, 100, 2000])
def test_a_method_that_returns_a_share_of_what_is_asked_is_met_soon(factor, n):
    match, requests = search(lambda request: max(1, round(factor * request)), n)
    assert match.reached
    assert abs(match.best.count - n) <= 0.05 * n
    assert match.trials == len(requests) <= 6


@pytest.mark.parametrize("power", [0.6, 0.9, 1.2])
def test_a_share_that_changes_with_the_request_is_met(power):
    match, _ = search(lambda request: max(1, round(request**power)), 300)
    assert match.reached


def test_a_hard_grid_keeps_the_nearest_count_and_says_that_it_was_not_reached():
    grids = [54, 117, 216, 425]
    match, requests = search(lambda n: min(grids, key=lambda count: abs(count - n)), 160)
    assert not match.reached
    assert match.best.count == 117
    assert match.trials == len(requests) <= MOST_TRIALS


def test_an_exact_count_can_be_asked_for():
    match, _ = search(lambda request: request - 7, 50, tolerance=0.0)
    assert match.reached
    assert match.best.count == 50


def test_a_request_that_is_declined_bounds_the_search():
    match, requests = search(lambda request: None if request > 120 else request // 2, 100)
    assert match.best.count == 60
    assert not match.reached
    assert len(set(requests)) == len(requests)


def test_no_more_than_the_pixels_are_asked_for():
    match, requests = search(lambda request: min(request, 5), 90, most=100)
    assert max(requests) <= 100
    assert not match.reached


@given(
    st.lists(st.integers(1, 400), min_size=400, max_size=400),
    st.integers(1, 400),
    st.floats(0, 0.5),
)
def test_whatever_a_method_does_the_nearest_of_few_trials_is_kept(counts, n, tolerance):
    match, requests = search(lambda request: counts[request - 1], n, tolerance, most=400)
    tried = [counts[request - 1] for request in requests]
    assert match.trials == len(requests) <= MOST_TRIALS
    assert len(set(requests)) == len(requests)
    assert all(1 <= request <= 400 for request in requests)
    assert abs(match.best.count - n) == min(abs(count - n) for count in tried)
    assert match.reached == (abs(match.best.count - n) <= tolerance * n)
