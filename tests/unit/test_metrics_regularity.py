"""Shape regularity: known answers, and shapes for which the hull is no easy matter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import evaluate
from tests.oracle.oracle_on_request import regularity
from tests.unit.metric_cases import partitions, shapes

NAMES = ["src", "smf", "gr"]


def measure(labels, void=None):
    return evaluate(labels, [], void=void, metrics=NAMES)


def alone(mask):
    """Measure one shape, all else void."""
    return measure(np.zeros(mask.shape, int), void=~mask)


@pytest.mark.parametrize("side", [1, 2, 7, 16])
def test_equal_squares_are_perfect(side):
    y, x = np.mgrid[: 5 * side, : 9 * side]
    assert measure(y // side * 9 + x // side) == pytest.approx(dict.fromkeys(NAMES, 1), rel=1e-13)


def test_lines_have_no_balance_but_match():
    assert measure(np.repeat(np.arange(4)[:, None], 6, axis=1)) == pytest.approx(
        {"src": 0, "smf": 1, "gr": 0}, abs=1e-15
    )


def test_a_hand_computed_partition():
    # A square of 4 and a line of 2, whose barycentres lie between pixels.
    scores = measure(np.array([[0, 0, 1], [0, 0, 1]]))
    assert scores["src"] == pytest.approx(4 / 6)
    # Every row of the square is spread to 1 2 1, of the line to 0 4 0: they differ in half of their
    # mass, and either differs in a quarter from the mean of both.
    assert scores["smf"] == pytest.approx(1 - 1 / 4)
    assert scores["gr"] == pytest.approx(1 / 2)


def test_digitally_convex_shapes_are_convex():
    y, x = np.mgrid[-20:21, -20:21]
    disc = y**2 + x**2 <= 18**2
    hexagon = np.abs(y) + np.abs(2 * x) <= 30
    assert alone(disc)["src"] == pytest.approx(1, rel=1e-14)
    rows, columns = np.nonzero(hexagon)
    assert alone(hexagon)["src"] == pytest.approx(math.sqrt(columns.std() / rows.std()))


def test_a_shape_that_is_not_convex():
    corner = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 1]], bool)
    # 5 pixels in a hull of 6 with the same perimeter, and as high as it is wide.
    assert alone(corner)["src"] == pytest.approx(5 / 6)


def test_a_hull_that_misses_rows_within_itself():
    mask = np.zeros((7, 4), bool)
    mask[0, 0] = mask[5, 2] = True
    rows, columns = (0, 5), (0, 2)
    # Just the two pixels themselves: as convex as can be.
    assert alone(mask)["src"] == pytest.approx(math.sqrt(np.std(columns) / np.std(rows)))


def test_a_shape_in_parts_is_at_most_convex():
    mask = np.zeros((3, 110), bool)
    mask[:, :3] = mask[1, 103] = True
    rows, columns = np.nonzero(mask)
    # The long thin hull has the greater part of its pixels on fewer edges; CR would be above 1.
    assert alone(mask)["src"] == pytest.approx(math.sqrt(rows.std() / columns.std()))


@given(st.data())
@settings(max_examples=150)
def test_scattered_shapes_equal_the_plain_version(data):
    shape = data.draw(st.sampled_from([(25, 25), (3, 40), (40, 2), (11, 23)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, data.draw(st.integers(1, 60)), shape)
    void = rng.random(shape) < data.draw(st.sampled_from([0, 0.5, 0.9]))
    void[0, 0] = False
    expected = regularity(labels, void)
    assert measure(labels, void) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.data(), st.integers(1, 3))
@settings(max_examples=40)
def test_a_row_of_copies_is_as_regular_as_one(data, copies):
    labels = data.draw(partitions(data.draw(shapes())))
    count = labels.max() + 1
    row = np.concatenate([labels + k * count for k in range(copies)], axis=1)
    assert measure(row) == pytest.approx(measure(labels), rel=1e-12, abs=1e-12)
