"""Thinned boundaries and their one-to-one matching."""

import math

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.morphology import thin

from metrics import METRICS, evaluate
from metrics.inputs import Case
from metrics.kernels import boundaries as boundaries_kernels
from metrics.kernels import matching as kernels_matching
from metrics.labelmap import LabelMap
from metrics.matching import count_matches
from tests.oracle.oracle_on_request import maximum_matching
from tests.shared import BSDS500, needs_shared
from tests.unit.metric_cases import partitions, shapes

few = settings(max_examples=100)


def label_map(array):
    return LabelMap(np.array(array, np.int32))


def recall(labels, truth):
    return evaluate(labels, truth, metrics=["br_matched"])["br_matched"]


@st.composite
def masks(draw):
    """Pixels, thick strokes and filled areas."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    coarse = rng.random(draw(shapes(largest=20))) < draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    block = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    mask = np.kron(coarse, np.ones(block, bool))
    return mask ^ (rng.random(mask.shape) < draw(st.sampled_from([0.0, 0.02])))


@given(masks())
@settings(max_examples=300)
def test_thinning_equals_that_of_scikit_image(mask):
    pixels = np.flatnonzero(mask).astype(np.int32)
    count = kernels_matching.thin(mask.astype(np.uint8), pixels)
    np.testing.assert_array_equal(pixels[:count], np.flatnonzero(thin(mask)))


def test_thinning_a_large_partition_equals_that_of_scikit_image():
    y, x = np.mgrid[:321, :481]
    swirl = np.hypot(y - 160, x - 240) / 9 + np.arctan2(y - 160, x - 240)
    labels = label_map(swirl.astype(int) % 7 + 10 * (x // 60))
    corners = np.zeros(labels.values.shape, np.uint8)
    boundaries_kernels.mark_corners(labels.values, corners)
    expected = np.flatnonzero(thin(corners))
    np.testing.assert_array_equal(labels.thinned, expected)


@needs_shared
@pytest.mark.parametrize("image", ["101085", "3096", "182053"])
def test_a_boundary_is_that_of_the_berkeley_benchmark_pixel_by_pixel(image):
    """Its own maps of each annotator's boundaries lie beside the segmentations."""
    for annotator in scipy.io.loadmat(BSDS500 / f"groundTruth/val/{image}.mat")["groundTruth"][0]:
        labels = label_map(annotator["Segmentation"][0, 0].astype(np.int32))
        theirs = np.flatnonzero(annotator["Boundaries"][0, 0])
        np.testing.assert_array_equal(labels.thinned, theirs)


def test_a_thin_boundary_lies_left_and_above():
    labels = label_map([[0, 0, 1], [0, 0, 1], [2, 2, 2]])
    assert labels.thin_boundary.tolist() == [[0, 1, 0], [1, 1, 1], [0, 0, 0]]
    with_void = label_map([[0, -1, 1], [0, 0, 1], [-1, 2, 2]])
    assert with_void.thin_boundary.tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]


@given(st.data())
@few
def test_the_matching_is_the_largest(data):
    shape = data.draw(shapes(largest=16))
    truth, labels = (label_map(data.draw(partitions(shape))) for _ in range(2))
    distance = data.draw(st.sampled_from([0, 0.9, 1, 1.5, 2, 3.5, 5, 100]))

    def positions(labels):
        return [divmod(int(p), shape[1]) for p in labels.thinned]

    near = {
        p: [q for q in positions(labels) if math.dist(p, q) <= distance] for p in positions(truth)
    }
    matched = count_matches(truth, labels, distance)
    assert matched == maximum_matching(near) == count_matches(labels, truth, distance)


def test_lines_that_nearly_coincide_are_matched_at_full_size():
    y, x = np.mgrid[:321, :481]
    one = (np.hypot(y - 160, x - 240) + 9 * np.sin(x / 31)) // 40 + 10 * (y // 107)
    two = (np.hypot(y - 161, x - 239) + 9 * np.sin(x / 30)) // 40 + 10 * ((y + 1) // 107)
    truth, labels = label_map(one), label_map(two)
    places = {divmod(int(p), 481) for p in labels.thinned}
    near = {}
    for v, u in (divmod(int(p), 481) for p in truth.thinned):
        around = [(v + i, u + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        near[v, u] = [place for place in around if place in places]
    assert len(near) > 3000
    assert count_matches(truth, labels, 1.5) == maximum_matching(near)


@pytest.mark.parametrize(("far", "expected"), [(4, 4), (5, 0)])
def test_the_distance_itself_is_near(far, expected):
    x = np.tile(np.arange(20), (4, 1))
    truth, labels = label_map(x > 3), label_map(x > 3 + far)
    assert count_matches(truth, labels, 4) == expected
    assert count_matches(truth, labels, math.nextafter(4, 0)) == expected
    assert count_matches(truth, labels, 3.999) == 0


def test_a_pixel_is_matched_once():
    # Two lines of the annotator lie near one of the superpixels.
    x = np.tile(np.arange(300), (300, 1))
    truth = (x > 100).astype(int) + (x > 102)
    assert recall((x > 101).astype(int), truth) == 0.5
    assert evaluate((x > 101).astype(int), truth, metrics=["br_r1"])["br_r1"] == 1


@given(st.data())
@few
def test_superpixels_equal_to_the_segments_are_perfect(data):
    truth = data.draw(partitions(data.draw(shapes(smallest=2, largest=30))))
    value = recall(truth, truth)
    assert value == 1 if truth.min() != truth.max() else math.isnan(value)


def test_without_boundary():
    one, two = np.zeros((9, 9), int), np.arange(81).reshape(9, 9) // 45
    assert math.isnan(recall(two, one))
    assert recall(one, two) == 0


def test_an_annotator_weighs_as_much_as_its_boundary_pixels():
    metric = METRICS["br_matched"]
    truth = label_map(np.arange(81).reshape(9, 9) // 45)
    source = metric.source.measure(Case(truth, truth))
    assert metric.weight(source) == truth.thinned.size == 9
