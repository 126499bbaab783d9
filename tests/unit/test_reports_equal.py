"""Scores at equal returned count: along each image's own curve, and never beyond its ends."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.equal import at_counts, interpolate
from reports.frame import aggregate, align
from tests.unit.test_reports_frame import cell


def read(counts, values, at):
    """The value of one curve at one count."""
    return interpolate(counts, np.reshape(values, (-1, 1)), [at])[0, 0]


CURVES = st.dictionaries(st.integers(1, 5000), st.floats(0, 1), min_size=2, max_size=8)


# --- one curve ---------------------------------------------------------------------------------


@given(CURVES)
def test_at_a_returned_count_the_value_is_the_measured_one(curve):
    for count, value in curve.items():
        assert read(list(curve), list(curve.values()), count) == pytest.approx(value, abs=1e-9)


@given(CURVES, st.floats(0, 1))
def test_between_two_points_the_curve_stays_between_their_values(curve, share):
    counts = sorted(curve)
    for left, right in pairwise(counts):
        value = read(list(curve), list(curve.values()), left + share * (right - left))
        low, high = sorted((curve[left], curve[right]))
        assert low - 1e-9 <= value <= high + 1e-9


@given(CURVES)
def test_nothing_is_extrapolated(curve):
    for outside in (min(curve) - 0.5, max(curve) + 0.5):
        assert np.isnan(read(list(curve), list(curve.values()), outside))


def test_a_line_over_the_logarithm_of_the_count_is_met_exactly():
    counts = np.array([50, 400, 100, 200])
    assert read(counts, 0.1 * np.log(counts), 141) == pytest.approx(0.1 * np.log(141))


def test_points_of_the_same_count_are_averaged():
    assert read([100, 100, 400], [0.7, 0.9, 0.95], 100) == pytest.approx(0.8)


def test_a_single_count_is_known_there_and_nowhere_else():
    assert read([96, 96], [0.8, 0.9], 96) == pytest.approx(0.85)
    assert np.isnan(read([96, 96], [0.8, 0.9], 97))


def test_a_point_without_a_score_is_left_out_of_that_score_alone():
    counts = [50, 100, 200]
    values = np.array([[0.7, 0.7], [0.8, np.nan], [0.9, 0.9]])
    both = interpolate(counts, values, [100])[0]
    assert both[0] == pytest.approx(0.8)
    assert both[1] == pytest.approx(read([50, 200], [0.7, 0.9], 100))


def test_a_score_whose_end_is_undefined_covers_less():
    values = np.array([[np.nan], [0.8], [0.9]])
    assert np.isnan(interpolate([50, 100, 200], values, [60])[0, 0])


def test_a_curve_without_points_has_no_value():
    assert np.isnan(read([np.nan, np.nan], [0.5, np.nan], 100))


# --- images and labels -------------------------------------------------------------------------


def rows(label, image, *points, **more):
    """Cells of one image: a pair of returned count and score for each n."""
    return [
        cell(label=label, image=image, n=float(i), n_labels=count, asa=asa, **more)
        for i, (count, asa) in enumerate(points)
    ]


def at(cells, count=100, metrics=("asa",)):
    (aligned,) = align(pd.DataFrame(cells), metrics)
    (found,) = at_counts(aligned, metrics, [count])
    return found


def test_each_image_is_read_off_its_own_curve():
    found = at(
        [
            *rows("SLIC", "a", (50, 0.6), (100, 0.8), (200, 0.9)),
            *rows("SLIC", "b", (100, 0.4), (200, 0.5)),
        ]
    )
    assert found.aligned.scores["asa"].ravel().tolist() == pytest.approx([0.8, 0.4])
    assert found.covered.tolist() == [2]
    assert found.reasons == ("",)


def test_why_images_are_not_covered_is_said_by_reason():
    found = at(
        [
            *rows("SLIC", "a", (50, 0.6), (200, 0.8)),
            *rows("SLIC", "b", (120, 0.6), (200, 0.8)),
            *rows("SLIC", "c", (110, 0.6), (200, 0.8)),
            *rows("SLIC", "d", (20, 0.6), (90, 0.8)),
            *rows("SLIC", "e", (96, 0.6), (96, 0.6)),
            *rows("SLIC", "f", (np.nan, np.nan), status="failed"),
        ]
    )
    assert found.covered.tolist() == [1]
    assert found.reasons[0] == (
        "2 images returned 110 or more; 1 image returned 90 or fewer; "
        "1 image returned one count only (96); 1 image without an ok cell"
    )


def test_a_point_that_failed_with_some_seeds_is_left_out():
    found = at(
        [
            *rows("SLIC", "a", (50, 0.6), (100, 0.9), (200, 0.7), seed=0),
            *rows("SLIC", "a", (50, 0.6), seed=1),
            cell(label="SLIC", image="a", n=1.0, seed=1, status="failed", asa=np.nan),
            cell(label="SLIC", image="a", n=2.0, seed=1, n_labels=200, asa=0.7),
        ]
    )
    assert 0.6 < found.aligned.scores["asa"][0, 0] < 0.7


def test_seeds_of_an_image_are_averaged_before_anything_else():
    found = at(
        [
            *rows("SLIC", "a", (90, 0.6), (200, 0.9), seed=0),
            *rows("SLIC", "a", (110, 0.8), (200, 0.9), seed=1),
        ]
    )
    assert found.aligned.scores["asa"][0, 0] == pytest.approx(0.7)


def test_an_image_that_only_others_cover_is_missing_and_one_that_nobody_covers_is_not():
    found = at(
        [
            *(c for i in "ab" for c in rows("SLIC", i, (50, 0.6), (200, 0.8))),
            *rows("FH", "a", (50, 0.6), (200, 0.8)),
            *rows("FH", "b", (150, 0.6), (200, 0.8)),
            *(c for x in ("SLIC", "FH") for c in rows(x, "c", (150, 0.6), (200, 0.8))),
        ]
    )
    points = aggregate(found.aligned, ["asa"])["asa"].set_index("label")
    assert points["missing"].to_dict() == {"FH": 1, "SLIC": 0}
    assert points["images"].to_dict() == {"FH": 1, "SLIC": 2}


def test_images_weigh_as_many_as_they_have_annotators_where_pairs_are_the_samples():
    cells = [
        *rows("SLIC", "a", (50, 0.6), (200, 0.6), asa_pairs=3),
        *rows("SLIC", "b", (50, 0.2), (200, 0.2), asa_pairs=1),
    ]
    mean = aggregate(at(cells).aligned, ["asa"])["asa"]["value"]
    assert mean.tolist() == pytest.approx([(3 * 0.6 + 0.2) / 4])
