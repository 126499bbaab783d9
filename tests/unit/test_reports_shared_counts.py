"""Counts that most labels share, and which n reaches a count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics.shared_counts import Reach, additions, shared_counts


def reach(low, high, asked=(50.0, 200.0)):
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    names = tuple("ABCDEFGH"[: len(low)])
    return Reach(names, low, high, asked[0] / low, asked[1] / high, asked)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ([50, 50], [200, 200], (50, 200)),
        ([54, 50, 50], [200, 198, 200], (54, 198)),
        ([1900, 50, 50], [3000, 200, 200], (50, 200)),  # one far off stretches nothing
        ([50, 60, 300], [100, 100, 900], (60, 100)),  # the wider range of one is not of most
        ([50, 300], [40, 200], None),  # no label covers two counts on all images
    ],
)
def test_the_range_that_most_labels_share(low, high, expected):
    assert reach(low, high).shared() == expected


SPANS = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)).map(sorted), min_size=1)


@given(SPANS)
def test_somebody_covers_all_of_the_range_and_most_do_where_they_can(spans):
    spans = spans[:8]
    low, high = np.array(spans, dtype=float).T
    found = reach(low, high).shared()
    if found is None:
        assert (low == high).all()
        return
    covering = ((low <= found[0]) & (found[1] <= high)).sum()
    assert covering >= 1
    assert found[0] < found[1]
    most = max(
        ((low <= start) & (end <= high)).sum() for start in low for end in high if start < end
    )
    assert (2 * covering > len(spans)) == (2 * most > len(spans))


def test_what_to_ask_goes_by_proportion_a_little_further_and_not_far():
    found = reach([54, 50, 400], [216, 150, 900])
    assert list(found.to_ask([50, 200])) == [("A", 50, 44), ("B", 200, 280)]
    assert list(found.to_ask([52], within=0.05)) == []
    assert list(found.to_ask([30], within=0.0)) == [("A", 30, 26), ("B", 30, 28)]
    assert additions({"A": 44, "B": 40, "C": 44}) == "40 (B), 44 (A, C)"
    assert list(reach([50], [60], (np.nan, np.nan)).to_ask([10])) == []


class Grid:
    ns = np.array([50.0, 100.0, 200.0, np.nan])


def test_asked_counts_are_moved_into_the_range_and_rounded():
    assert shared_counts(Grid, reach([54.3, 50, 50], [198, 197.5, 200])) == [55, 100, 190]
    assert shared_counts(Grid, reach([54.3, 54.3], [54.8, 54.8])) == [54.3]
    assert shared_counts(Grid, reach([40, 40], [110, 110])) == [50, 100]
    assert shared_counts(Grid, reach([70], [60])) == [50, 100, 200]
