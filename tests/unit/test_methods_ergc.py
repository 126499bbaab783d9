"""ERGC: what its plain version gives, one superpixel a seed, and how its fronts travel."""

import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.ergc import Ergc, avoid_edges
from methods.classical.lab import to_lab
from methods.classical.lattice import cell_middles, grid_labels, rows_and_columns
from tests.oracle import oracle_ergc
from tests.scenes import noise, speckled, two_colours


@pytest.mark.parametrize("scene", [noise, two_colours, speckled])
@pytest.mark.parametrize(
    ("height", "width", "n", "compactness"),
    [
        (24, 31, 12, 1.0),
        (31, 24, 40, 1.0),
        (20, 20, 1, 1.0),
        (18, 27, 9, 1e-6),
        (18, 27, 9, 1e6),
        (18, 27, 9, 300.0),
        (1, 40, 7, 1.0),
        (37, 1, 5, 1.0),
        (6, 9, 54, 1.0),
        (6, 9, 53, 1.0),
    ],
)
def test_labels_are_those_of_the_plain_version(scene, height, width, n, compactness):
    image = scene(height, width)
    rows, columns = rows_and_columns(height, width, n)
    expected = oracle_ergc.ergc(to_lab(image), rows, columns, compactness)
    np.testing.assert_array_equal(Ergc(compactness=compactness).segment(image, n), expected)


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_every_seed_of_the_grid_becomes_one_connected_superpixel(n):
    rows, columns = rows_and_columns(20, 30, n)
    labels = canonicalise(Ergc(compactness=1e-3).segment(speckled(20, 30), n))
    assert labels.max() + 1 == n_components(labels) == rows * columns


@pytest.mark.parametrize(("rows", "columns"), [(4, 5), (10, 15), (20, 30), (20, 7)])
def test_seeds_stay_in_their_cells_beside_the_middle_and_avoid_edges(rows, columns):
    lab = to_lab(noise(20, 30))
    middle = cell_middles(20, 30, rows, columns)
    seeds = middle.copy()
    avoid_edges(lab, rows, columns, seeds)
    assert [divmod(int(seed), 30) for seed in seeds] == oracle_ergc.seeds(lab, rows, columns)
    cells = grid_labels(20, 30, rows, columns).ravel()
    np.testing.assert_array_equal(cells[seeds], np.arange(rows * columns))
    assert np.abs(np.subtract(divmod(seeds, 30), divmod(middle, 30))).max() <= 1


def test_the_front_of_one_seed_in_one_colour_arrives_everywhere():
    labels = Ergc().segment(np.full((30, 40, 3), 77, np.uint8), 1)
    assert not labels.any()


def test_fronts_in_one_colour_meet_half_way_between_their_seeds():
    labels = Ergc().segment(np.full((40, 60, 3), 77, np.uint8), 6)  # cells of 20 x 20
    np.testing.assert_array_equal(np.unique(labels), np.arange(6))
    assert (labels == grid_labels(40, 60, 2, 3)).mean() > 0.9


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "ergc")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


def test_more_compactness_gives_shorter_boundaries():
    def length(labels):
        return (np.diff(labels, axis=0) != 0).sum() + (np.diff(labels, axis=1) != 0).sum()

    image = noise(40, 40)
    loose, tight = (segment(image, 16, "ergc", compactness=value) for value in (0.1, 1e5))
    assert length(tight) < length(loose)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e7])
def test_a_compactness_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=r"compactness=.* must be > 0 and <= 1e6"):
        Ergc(compactness=value)
