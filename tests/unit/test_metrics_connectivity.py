"""What is done to labels in several parts."""

import numpy as np
import pytest
from hypothesis import given, settings

from metrics import evaluate
from metrics.connectivity import connect
from metrics.labelmap import LabelMap
from tests.oracle.oracle_connectivity import merge, split, split_by_eight
from tests.unit.metric_cases import cases

many = settings(max_examples=150)


def void_of(case):
    return np.zeros(case["labels"].shape, bool) if case["void"] is None else case["void"]


def label_map(case):
    return LabelMap(np.where(void_of(case), -1, case["labels"]).astype(np.int32))


def connected(labels, how):
    return connect(LabelMap(np.array(labels, np.int32)), how).values.tolist()


def shape_of(labels):
    array = np.where(labels.values < 0, 0, labels.values)
    names = ["n_labels", "n_components", "stray"]
    return evaluate(array, [], void=labels.values < 0, metrics=names)


@given(cases())
@many
def test_all_equal_their_plain_versions(case):
    labels, void = label_map(case), void_of(case)
    before = labels.values.copy()
    for how, plain in (
        ("components", split),
        ("components8", split_by_eight),
        ("merge", merge),
    ):
        expected = plain(case["labels"], void)
        np.testing.assert_array_equal(connect(labels, how).values, expected)
    np.testing.assert_array_equal(labels.values, before)


@given(cases())
@many
def test_every_part_becomes_a_label(case):
    labels = connect(label_map(case), "components")
    scores = shape_of(labels)
    assert scores["n_labels"] == scores["n_components"] == shape_of(label_map(case))["n_components"]
    assert scores["stray"] == 0
    again = connect(labels, "components")
    np.testing.assert_array_equal(again.values, labels.values)
    case["void"] = void_of(case)
    before = evaluate(**case, metrics=["asa"])["asa_by_annotator"]
    case["labels"] = np.where(case["void"], 0, labels.values)
    after = evaluate(**case, metrics=["asa"])["asa_by_annotator"]
    assert all(a >= b for a, b in zip(after, before, strict=True))


@given(cases())
@many
def test_merging_keeps_the_labels_and_connects_them(case):
    before = label_map(case)
    after = connect(before, "merge")
    np.testing.assert_array_equal(after.values < 0, before.values < 0)
    scores = shape_of(after)
    assert scores["stray"] == 0
    assert scores["n_labels"] == scores["n_components"]
    assert connect(after, "merge") is after
    if case["void"] is None or not case["void"].any():
        assert scores["n_labels"] == shape_of(before)["n_labels"]


def test_nothing_to_do():
    labels = LabelMap(np.array([[5, 5, 9]], np.int32))
    assert connect(labels, "as-is") is labels
    assert connect(labels, "merge") is labels


def test_a_part_joins_along_its_longest_border():
    assert connected([[0, 0, 0, 1], [2, 0, 1, 1], [2, 2, 0, 1]], "merge") == [
        [0, 0, 0, 1],
        [2, 0, 1, 1],
        [2, 2, 1, 1],
    ]
    # Both borders are 1: the first in raster order.
    assert connected([[0, 0, 1, 0, 2]], "merge") == [[0, 0, 1, 1, 2]]


def test_what_has_joined_counts_in_the_next_round():
    # The 0 in the middle waits for the 1 beside it, which joins 2 before.
    labels = [[0, 0, 1, 1, 2, 2, 1, 0, 1, 3, 3]]
    assert connected(labels, "merge") == [[0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3]]


def test_the_first_of_equal_parts_is_kept():
    assert connected([[0, 1, 0, 2, 2]], "merge") == [[0, 1, 1, 2, 2]]


def test_parts_cut_off_by_void_become_labels():
    assert connected([[4, 4, -1, 4, 7, 4, -1, 7, 7]], "merge") == [[4, 4, -1, 8, 9, 10, -1, 7, 7]]


def test_stray_pixels():
    labels = np.array([[0, 0, 1, 0], [0, 0, 1, 1]])
    assert shape_of(LabelMap(labels.astype(np.int32)))["stray"] == 1 / 8


@pytest.mark.parametrize("how", ["asis", "", None])
def test_another_way_is_refused(how):
    with pytest.raises(
        ValueError, match="pass one of 'as-is', 'components', 'components8', 'merge'"
    ):
        connect(LabelMap(np.zeros((2, 2), np.int32)), how)
