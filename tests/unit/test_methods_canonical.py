"""Label maps have one canonical form, and their parts are those that 4 neighbours reach."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from methods.canonical import InvalidLabelsError, canonicalise, connected_components, n_components
from tests.oracle import oracle_labels

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
few_values = arrays(np.int32, shapes, elements=st.integers(0, 3))
any_values = arrays(np.int64, shapes, elements=st.integers(0, 2**62))
small_types = arrays(st.sampled_from([np.uint8, np.uint16, np.int16, np.uint64, np.bool_]), shapes)


@given(few_values | any_values | small_types.filter(lambda raw: raw.dtype != np.int16))
@example(np.array([[2**62, 0], [1, 2**62]]))
@example(np.array([[2**63, 5]], np.uint64))
def test_canonical_labels_equal_the_plain_version(raw):
    labels = canonicalise(raw)
    assert labels.dtype == np.int32
    assert labels.flags.c_contiguous
    np.testing.assert_array_equal(labels, oracle_labels.canonical(raw.tolist()))


@given(few_values)
def test_canonical_labels_stay_as_they_are_and_do_not_depend_on_names_or_layout(raw):
    labels = canonicalise(raw)
    np.testing.assert_array_equal(canonicalise(labels), labels)
    np.testing.assert_array_equal(canonicalise(np.asfortranarray(1000 - 7 * raw)), labels)


@given(few_values)
def test_parts_equal_those_of_a_plain_flood(raw):
    parts = oracle_labels.components(raw)
    np.testing.assert_array_equal(connected_components(raw), parts)
    assert n_components(raw) == parts.max() + 1


def test_a_spiral_is_one_part():
    spiral = np.array(
        [
            [1, 1, 1, 1, 1],
            [0, 0, 0, 0, 1],
            [1, 1, 1, 0, 1],
            [1, 0, 0, 0, 1],
            [1, 1, 1, 1, 1],
        ]
    )
    assert n_components(spiral) == 2


def test_diagonal_neighbours_are_apart():
    assert n_components(np.eye(4, dtype=int)) == 4 + 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.zeros((2, 3, 1), int), r"shape \(2, 3, 1\)"),
        (np.zeros(6, int), r"shape \(6,\)"),
        (np.zeros((0, 3), int), r"shape \(0, 3\)"),
        (np.zeros((2, 3)), "float64.*integers"),
        (np.full((2, 3), np.nan), "float64.*integers"),
        (np.array([["a"]]), "integers"),
        (None, "the method returned None instead of labels; end it in a return"),
    ],
)
def test_what_is_no_label_map_is_refused_with_the_reason(raw, message):
    for function in (canonicalise, connected_components, n_components):
        with pytest.raises(InvalidLabelsError, match=message):
            function(raw)


def test_labels_must_fit_the_image():
    with pytest.raises(
        InvalidLabelsError,
        match=r"\(2, 3\).*3 x 2 pixels \(both height x width\); they are transposed",
    ):
        canonicalise(np.zeros((2, 3), int), shape=(3, 2))
    with pytest.raises(InvalidLabelsError, match=r"\(2, 3\).*3 x 3 pixels .*; label the image"):
        canonicalise(np.zeros((2, 3), int), shape=(3, 3))


def test_a_masked_array_is_refused_since_its_mask_would_be_lost():
    masked = np.ma.masked_where(np.eye(3, dtype=bool), np.arange(9).reshape(3, 3))
    for function in (canonicalise, connected_components, n_components):
        with pytest.raises(InvalidLabelsError, match=r"masked array.*plain array"):
            function(masked)


def test_a_pixel_without_a_superpixel_is_refused():
    with pytest.raises(InvalidLabelsError, match="-1"):
        canonicalise(np.array([[0, -1]]))
