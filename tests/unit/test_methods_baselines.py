"""Grid, hexagons and Voronoi cells: their counts, shapes and seeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods import segment
from methods.canonical import n_components
from methods.classical.lattice import nearest, rows_and_columns


def blank(height, width):
    return np.zeros((height, width, 3), np.uint8)


@st.composite
def image_and_count(draw):
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    return blank(height, width), draw(st.integers(1, height * width))


@given(image_and_count(), st.integers(0, 5))
@settings(max_examples=60)
def test_voronoi_gives_the_count_asked_for(case, seed):
    image, n = case
    assert segment(image, n, method="voronoi", seed=seed).max() + 1 == n


def test_every_pixel_belongs_to_a_nearest_point():
    points = np.random.default_rng(0).uniform(0, 20, (15, 2))
    pixels = np.argwhere(np.ones((20, 20)))
    distances = np.linalg.norm(pixels[:, np.newaxis] - points, axis=2)
    chosen = nearest(20, 20, points).ravel()
    np.testing.assert_allclose(distances[np.arange(400), chosen], distances.min(axis=1))


def test_another_seed_gives_other_cells_and_the_same_seed_the_same():
    one, two, again = (segment(blank(30, 40), 20, "voronoi", seed=seed) for seed in (1, 2, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != two).any()


@given(image_and_count())
@settings(max_examples=60)
def test_grid_cells_differ_by_at_most_one_pixel_a_side(case):
    image, n = case
    labels = segment(image, n, method="grid")
    for sides in (np.unique(labels[:, 0]), np.unique(labels[0])):
        assert len(sides) >= 1
    heights = np.bincount(np.unique(labels[:, 0], return_inverse=True)[1])
    widths = np.bincount(np.unique(labels[0], return_inverse=True)[1])
    assert np.ptp(heights) <= 1
    assert np.ptp(widths) <= 1
    assert len(heights) * len(widths) == labels.max() + 1


@pytest.mark.parametrize(
    ("height", "width", "n", "expected"),
    [
        (481, 321, 100, (11, 9)),
        (321, 481, 100, (9, 11)),
        (100, 100, 100, (10, 10)),
        (100, 100, 2, (1, 2)),
        (1, 50, 7, (1, 7)),
        (50, 1, 7, (7, 1)),
        (7, 9, 63, (7, 9)),
        (5, 5, 1, (1, 1)),
    ],
)
def test_rows_and_columns_are_near_the_count_and_cells_near_square(height, width, n, expected):
    assert rows_and_columns(height, width, n) == expected


def test_the_step_of_a_grid_overrules_the_count():
    labels = segment(blank(10, 12), 2, method="grid", step=4)
    assert labels.max() + 1 == 9
    assert (labels[:4, :4] == 0).all()


@given(image_and_count())
@settings(max_examples=60)
def test_hexagons_are_connected(case):
    image, n = case
    labels = segment(image, n, method="hex")
    assert n_components(labels) == labels.max() + 1


@pytest.mark.parametrize("n", [50, 100, 400])
def test_hexagons_come_near_the_count_and_have_six_neighbours(n):
    labels = segment(blank(481, 321), n, method="hex")
    count = labels.max() + 1
    assert abs(count - n) <= 0.05 * n
    neighbours = [set() for _ in range(count)]
    for a, b in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        for i, j in np.unique(np.stack([a[a != b], b[a != b]]), axis=1).T:
            neighbours[i].add(j)
            neighbours[j].add(i)
    border = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    assert {len(neighbours[i]) for i in range(count) if i not in border} == {6}
