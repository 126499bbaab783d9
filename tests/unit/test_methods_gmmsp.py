"""GMMSP: what its plain version gives, what its parameters do, and images that have no room."""

import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.gmmsp import Gmmsp
from methods.classical.lab import to_lab
from methods.classical.lattice import rows_and_columns
from tests.oracle import oracle_gmmsp, oracle_merge
from tests.scenes import noise, slope, speckled, two_colours


def plain_labels(image, n, method):
    """The labels of the plain version, small components merged."""
    height, width = image.shape[:2]
    lab = to_lab(image)
    rows, columns = rows_and_columns(height, width, n)
    mixture = oracle_gmmsp.Mixture(lab, rows, columns)
    for _ in range(method.iterations):
        mixture.iterate(method.spatial_floor, method.colour_floor)
    least = method.min_size_factor * height * width / (rows * columns)
    corners = method.connectivity == 8
    regions = oracle_merge.merge_small(mixture.labels(), lab, least, corners)
    return oracle_merge.as_map(regions, (height, width))


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, slope])
@pytest.mark.parametrize(
    ("height", "width", "n", "values"),
    [
        (17, 22, 6, {"iterations": 3}),
        (22, 17, 13, {"iterations": 2}),
        (12, 12, 1, {"iterations": 2}),
        (13, 18, 6, {"iterations": 2, "spatial_floor": 9.0, "min_size_factor": 0.0}),
        (13, 18, 6, {"iterations": 4, "colour_floor": 100.0}),
        (13, 18, 5, {"iterations": 3, "colour_floor": 0.5, "min_size_factor": 1.0}),
        (1, 40, 7, {"iterations": 4}),
        (37, 1, 5, {"iterations": 4}),
        (6, 9, 54, {"iterations": 2}),
        (6, 9, 27, {"iterations": 2}),
        (17, 22, 6, {"iterations": 3, "connectivity": 8}),
        (13, 18, 6, {"iterations": 2, "min_size_factor": 0.0, "connectivity": 8}),
    ],
)
def test_labels_are_those_of_the_plain_version(scene, height, width, n, values):
    image, method = scene(height, width), Gmmsp(**values)
    labels = canonicalise(method.segment(image, n))
    np.testing.assert_array_equal(labels, plain_labels(image, n, method))


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_superpixels_are_connected_and_none_is_far_below_the_mean_size(n):
    labels = segment(speckled(20, 30), n, "gmmsp")
    rows, columns = rows_and_columns(20, 30, n)
    assert n_components(labels) == labels.max() + 1
    assert np.bincount(labels.ravel()).min() >= 600 / (rows * columns) / 4


def test_superpixels_of_connectivity_8_hold_together_by_corners():
    labels = segment(speckled(20, 30), 12, "gmmsp", connectivity=8, min_size_factor=0.0)
    assert len(oracle_merge.parts_of(labels, corners=True)) == labels.max() + 1
    assert n_components(labels) > labels.max() + 1


@pytest.mark.parametrize(("height", "width", "n"), [(60, 90, 24), (50, 50, 9), (1, 30, 5)])
def test_one_colour_stays_near_its_grid(height, width, n):
    labels = segment(np.full((height, width, 3), 120, np.uint8), n, "gmmsp")
    rows, columns = rows_and_columns(height, width, n)
    assert labels.max() + 1 == rows * columns


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "gmmsp")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


def test_a_pixel_is_of_its_cell_or_one_beside_it():
    image = noise(40, 60)
    labels = Gmmsp(min_size_factor=0.0).segment(image, 24)  # 4 x 6 cells of 10 x 10
    for label in range(labels.max() + 1):
        y, x = np.nonzero(labels == label)
        assert np.ptp(y // 10) <= 2
        assert np.ptp(x // 10) <= 2


def test_a_higher_colour_floor_gives_shorter_boundaries():
    def length(labels):
        return (np.diff(labels, axis=0) != 0).sum() + (np.diff(labels, axis=1) != 0).sum()

    image = noise(60, 60)
    loose, tight = (segment(image, 16, "gmmsp", colour_floor=value) for value in (8.0, 5000.0))
    assert length(tight) < length(loose)


@pytest.mark.parametrize("spatial_floor", [1e-6, 1e9])
@pytest.mark.parametrize("colour_floor", [1e-6, 1e9])
def test_colours_at_the_ends_of_the_scale_do_not_overflow(spatial_floor, colour_floor):
    image = np.zeros((40, 60, 3), np.uint8)
    image[::7, ::5] = 255
    image[20:, 30:] = (0, 0, 255)
    method = Gmmsp(colour_floor=colour_floor, spatial_floor=spatial_floor, min_size_factor=0.0)
    labels = canonicalise(method.segment(image, 24))
    assert n_components(labels) == labels.max() + 1 > 1


@pytest.mark.parametrize(
    "values",
    [
        {"iterations": 0},
        {"spatial_floor": 0.0},
        {"spatial_floor": 1e-300},
        {"spatial_floor": 1e200},
        {"spatial_floor": float("nan")},
        {"colour_floor": -1.0},
        {"colour_floor": float("inf")},
        {"min_size_factor": -0.1},
        {"min_size_factor": 1.5},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Gmmsp(**values)
