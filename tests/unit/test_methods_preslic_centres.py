"""SLIC that leaves centres at rest alone: what its plain version gives, what stopping saves."""

import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.lab import to_lab
from methods.classical.lattice import rows_and_columns
from methods.classical.preslic_centres import PreSlicCentres
from tests.oracle import oracle_merge, oracle_preslic_centres
from tests.scenes import noise, slope, speckled, two_colours


def run_oracle(image, n, method):
    """The clusters of the plain version, and its labels with small components merged."""
    height, width = image.shape[:2]
    lab = to_lab(image)
    rows, columns = rows_and_columns(height, width, n)
    clusters = oracle_preslic_centres.preslic(
        lab, rows, columns, method.compactness, method.iterations, method.threshold
    )
    labels = oracle_preslic_centres.label_map(clusters, (height, width))
    least = method.min_size_factor * height * width / (rows * columns)
    regions = oracle_merge.merge_small(labels, lab, least)
    return clusters, oracle_merge.as_map(regions, (height, width))


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, slope])
@pytest.mark.parametrize(
    ("height", "width", "n", "values"),
    [
        (17, 22, 6, {"iterations": 4}),
        (22, 17, 13, {"iterations": 4, "threshold": 3.0}),
        (12, 15, 12, {"iterations": 10, "threshold": 0.0}),
        (12, 12, 1, {"iterations": 2}),
        (13, 18, 6, {"iterations": 3, "compactness": 0.01, "min_size_factor": 0.0}),
        (13, 18, 6, {"iterations": 3, "compactness": 300.0}),
        (13, 18, 5, {"iterations": 3, "min_size_factor": 1.0}),
        (1, 40, 7, {"iterations": 4}),
        (37, 1, 5, {"iterations": 4}),
        (6, 9, 54, {"iterations": 2}),
        (6, 9, 27, {"iterations": 2}),
    ],
)
def test_labels_and_visits_are_those_of_the_plain_version(scene, height, width, n, values):
    image, method = scene(height, width), PreSlicCentres(**values)
    labels = canonicalise(method.segment(image, n))
    clusters, expected = run_oracle(image, n, method)
    np.testing.assert_array_equal(labels, expected)
    assert method.facts["visits"] == clusters.visits


def test_without_a_threshold_every_cluster_is_visited_in_every_iteration():
    method = PreSlicCentres(threshold=0.0, iterations=7)
    method.segment(two_colours(40, 60), 24)
    assert method.facts["visits"] == 7 * 24


def test_a_threshold_saves_visits_where_nothing_changes():
    image = noise(60, 90) // 16
    image[:, 45:] = 200  # at rest at once, but for what lies along the border
    patient, early = PreSlicCentres(threshold=0.0), PreSlicCentres()
    patient.segment(image, 54)
    early.segment(image, 54)
    assert early.facts["visits"] < 0.7 * patient.facts["visits"]


def test_a_threshold_beyond_every_change_leaves_one_visit_each():
    image = slope(40, 60)
    method = PreSlicCentres(threshold=1e9)  # nothing counts as moved
    method.segment(image, 24)
    assert method.facts["visits"] == 24


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_superpixels_are_connected_and_none_is_far_below_the_mean_size(n):
    labels = segment(speckled(20, 30), n, "preslic_centres")
    rows, columns = rows_and_columns(20, 30, n)
    assert n_components(labels) == labels.max() + 1
    assert np.bincount(labels.ravel()).min() >= 600 / (rows * columns) / 4


def test_one_colour_keeps_its_grid():
    labels = segment(np.full((40, 60, 3), 90, np.uint8), 24, "preslic_centres")
    np.testing.assert_array_equal(labels, np.arange(24).reshape(4, 6).repeat(10, 0).repeat(10, 1))


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "preslic_centres")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


def test_more_compactness_gives_shorter_boundaries():
    def length(labels):
        return (np.diff(labels, axis=0) != 0).sum() + (np.diff(labels, axis=1) != 0).sum()

    image = noise(40, 40)
    loose, tight = (
        segment(image, 16, "preslic_centres", compactness=value) for value in (1.0, 500.0)
    )
    assert length(tight) < length(loose)


def test_the_greatest_compactness_keeps_the_grid():
    labels = segment(speckled(40, 60), 24, "preslic_centres", compactness=1e9)
    np.testing.assert_array_equal(labels, np.arange(24).reshape(4, 6).repeat(10, 0).repeat(10, 1))


@pytest.mark.parametrize(
    "values",
    [
        {"compactness": 0.0},
        {"compactness": 1e200},
        {"compactness": float("inf")},
        {"iterations": 0},
        {"threshold": -1.0},
        {"threshold": float("nan")},
        {"min_size_factor": -0.1},
        {"min_size_factor": 1.5},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        PreSlicCentres(**values)
