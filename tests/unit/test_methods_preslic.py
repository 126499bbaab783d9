"""Preemptive SLIC as published: what its plain version gives, and what counting changes saves."""

import cv2
import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.preslic import PreSlic
from tests.oracle import oracle_preslic
from tests.scenes import noise, slope, speckled, two_colours


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, slope])
@pytest.mark.parametrize(
    ("height", "width", "n", "values"),
    [
        (17, 22, 6, {"iterations": 4}),
        (22, 17, 13, {"iterations": 4, "threshold": 0.1}),
        (12, 15, 12, {"iterations": 10, "threshold": 0.0}),
        (12, 12, 1, {"iterations": 2}),
        (13, 18, 6, {"iterations": 3, "compactness": 0.01, "min_size_factor": 0.0}),
        (13, 18, 6, {"iterations": 3, "compactness": 300.0}),
        (13, 18, 5, {"iterations": 3, "min_size_factor": 1.0}),
        (1, 40, 7, {"iterations": 4}),
        (37, 1, 5, {"iterations": 4}),
        (6, 9, 54, {"iterations": 2}),
    ],
)
def test_labels_and_visits_are_those_of_the_plain_version(scene, height, width, n, values):
    image, method = scene(height, width), PreSlic(**values)
    labels = canonicalise(method.segment(image, n))
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    clusters = oracle_preslic.preslic(
        lab, n, method.compactness, method.iterations, method.threshold
    )
    most = method.min_size_factor * height * width / n
    expected = oracle_preslic.with_small_parts_absorbed(clusters.label, (height, width), most)
    np.testing.assert_array_equal(labels, canonicalise(expected))
    assert method.facts["visits"] == clusters.visits


def test_a_threshold_saves_visits_where_nothing_changes():
    image = noise(60, 90) // 16
    image[:, 45:] = 200  # at rest at once, but for what lies along the border
    patient, early = PreSlic(threshold=0.0), PreSlic(threshold=0.05)
    patient.segment(image, 54)
    early.segment(image, 54)
    assert early.facts["visits"] < 0.7 * patient.facts["visits"]


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_superpixels_are_connected(n):
    labels = segment(speckled(20, 30), n, "preslic")
    assert n_components(labels) == labels.max() + 1


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "preslic")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


@pytest.mark.parametrize(
    "values",
    [
        {"compactness": 0.0},
        {"compactness": 1e200},
        {"iterations": 0},
        {"threshold": -0.1},
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"min_size_factor": 1.5},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        PreSlic(**values)
