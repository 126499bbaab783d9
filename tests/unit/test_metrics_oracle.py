"""The fast metrics equal the plain ones, whatever the partitions, annotators, void and types."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from metrics import DEFAULT, METRICS, evaluate
from metrics.boundaries import Boundaries, hd95
from metrics.inputs import Case
from metrics.labelmap import LabelMap
from metrics.overlap import Overlap
from tests.oracle.oracle_metrics import oracle
from tests.oracle.oracle_on_request import oracle_on_request
from tests.unit.metric_cases import assert_same, cases, partitions, shapes

# `br` is what its protocol says; its tests are the protocols' tests.
ALL = [name for name in METRICS if name != "br"]


def plain(case):
    values = oracle(**case) | oracle_on_request(**case)
    lacking = [name for name in ALL if name not in values]
    assert not lacking, (
        f"{', '.join(lacking)} has no plain version to be compared with: add one to"
        " tests/oracle/oracle_metrics.py, or, if it is on request, to oracle_on_request.py"
    )
    return values


@given(cases())
@settings(max_examples=200)
def test_every_metric_equals_its_plain_version(case):
    assert_same(evaluate(**case, metrics=ALL), plain(case), tolerance=1e-12)
    assert set(DEFAULT) == {name for name in oracle(**case) if not name.endswith("_by_annotator")}


@given(cases())
@settings(max_examples=60)
def test_values_lie_in_the_declared_range(case):
    scores = evaluate(**case, metrics=ALL)
    for name in ALL:
        low, high = METRICS[name].range
        for value in [scores[name], *scores.get(f"{name}_by_annotator", [])]:
            assert isinstance(value, float)
            assert np.isnan(value) or low <= value <= high * (1 + 1e-15), name


def test_a_large_image_equals_the_plain_version():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:150, :210]
    labels = (y // 13) * 17 + x // 13 + (rng.random(y.shape) < 0.01)
    truths = [((y - 70) ** 2 + (x - 90) ** 2 < 2500).astype(np.int32), (x // 50) * 3 + y // 60]
    image = np.clip(truths[0][..., None] * 90 + rng.normal(80, 30, (*y.shape, 3)), 0, 255)
    void = (y - 20) ** 2 + (x - 200) ** 2 < 600
    case = {"labels": labels, "truths": truths, "n": 190, "void": void}
    case["image"] = image.astype(np.uint8)
    assert_same(evaluate(**case, metrics=ALL), plain(case), tolerance=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_images(shape):
    image = np.arange(shape[0] * shape[1] * 3, dtype=np.uint8).reshape(*shape, 3)
    labels = np.arange(image[..., 0].size).reshape(shape) // 2
    truths = [np.zeros(shape, int), np.arange(labels.size).reshape(shape)]
    case = {"labels": labels, "truths": truths, "image": image, "n": 3}
    assert_same(evaluate(**case, metrics=ALL), plain(case), tolerance=1e-12)


@given(st.data())
@settings(max_examples=60)
def test_distances_are_exact_near_and_far(data):
    shape = data.draw(st.sampled_from([(3, 700), (300, 5), (40, 200), (7, 7), (5, 64), (6, 65)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    values = np.zeros(shape, np.int32)
    count = data.draw(st.integers(1, 4))
    values[rng.integers(shape[0], size=count), rng.integers(shape[1], size=count)] = 1
    measured = LabelMap(values)
    boundary = measured.boundary.astype(bool)
    nearest = ndimage.distance_transform_edt(~boundary, return_indices=True, return_distances=False)
    expected = ((nearest - np.indices(shape)) ** 2).sum(axis=0)
    np.testing.assert_array_equal(measured.squared_distance, expected)
    chessboard = ndimage.distance_transform_cdt(~boundary, "chessboard")
    for r, bits in enumerate(measured.windows):
        within = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")[:, : shape[1]]
        np.testing.assert_array_equal(within, chessboard <= r)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_the_percentile_is_linear_between_ranks(squared):
    class Measured(Boundaries):
        squared_distances = np.array(squared, np.int32)

    expected = np.percentile(np.sqrt(squared), 95)
    assert hd95(Measured(None, None)) == pytest.approx(expected, rel=1e-13, abs=1e-13)


@given(st.data())
@settings(max_examples=40)
def test_labels_of_any_integer_type_and_size(data):
    shape = data.draw(shapes())
    labels, truth = data.draw(partitions(shape)), data.draw(partitions(shape))
    expected = evaluate(labels, truth)
    kind = data.draw(st.sampled_from("bhilqBHILQ"))
    assert_same(evaluate(labels.astype(kind), truth.astype(kind)), expected)
    sparse = np.array([0, 3, 2**31, 2**31 + 7, 2**40, 2**62, *range(2**62 + 1, 2**62 + 70)])
    assert_same(evaluate(sparse[labels], sparse[truth]), expected)
    huge = labels.astype(np.uint64) + np.uint64(2**64 - 100)
    assert_same(evaluate(huge, truth), expected)


@pytest.mark.parametrize("most", [30, 130_000])
def test_pairs_are_found_again_whatever_their_labels(most):
    rng = np.random.default_rng(3)
    labels, truth = rng.integers(0, most, (2, 400, 400))
    overlap = Overlap.measure(Case(*(LabelMap(m.astype(np.int32)) for m in (labels, truth))))
    given = [np.unique(m, return_inverse=True)[1].ravel() for m in (labels, truth)]
    pairs, counts = np.unique(np.stack(given), axis=1, return_counts=True)
    expected = dict(zip(map(tuple, pairs.T.tolist()), counts.tolist(), strict=True))
    found = zip(overlap.superpixel.tolist(), overlap.segment.tolist(), strict=True)
    assert dict(zip(found, overlap.count.tolist(), strict=True)) == expected


def test_memory_layout_and_writeability_do_not_matter():
    rng = np.random.default_rng(0)
    labels, truth = rng.integers(0, 5, (2, 9, 11))
    image = rng.integers(0, 256, (9, 11, 3)).astype(np.uint8)
    expected = evaluate(labels, truth, image)
    other = [np.asfortranarray(labels), truth[::-1][::-1], image[:, :, ::-1][:, :, ::-1]]
    for array in other:
        array.flags.writeable = False
    assert_same(evaluate(*other), expected)
