"""Asked and returned counts: the nearest n, and what is about as many."""

import numpy as np
import pytest

from reports.statistics.asked import nearest_asked, returned_about


def test_counts_within_a_tenth_are_about_what_was_asked():
    counts, ns = np.array([90, 89, 110, 111, np.nan, 50]), np.array([100] * 5 + [np.nan])
    assert returned_about(counts, ns).tolist() == [True, False, True, False, False, False]


@pytest.mark.parametrize(("count", "n"), [(10, 50), (99, 50), (101, 200), (900, 200)])
def test_the_nearest_n_is_so_by_its_ratio(count, n):
    assert nearest_asked(np.array([200, np.nan, 50, 50]), count) == n


def test_without_a_count_there_is_no_nearest():
    assert np.isnan(nearest_asked(np.array([np.nan]), 50))
    assert np.isnan(nearest_asked(np.array([50.0]), float("nan")))
