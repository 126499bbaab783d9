"""Scores at equal returned count: along each image's own curve, and never beyond its ends."""

import numpy as np
import pandas as pd
import pytest

from reports.data.align import align
from reports.statistics.aggregate import aggregate
from reports.statistics.equal_counts import at_counts
from tests.unit.test_reports_align import cell

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


def with_a_half_failed_point(*points, image="a"):
    """Cells of two seeds, of which the second failed at the point in the middle."""
    first, middle, last = rows("SLIC", image, *points, seed=1)
    lost = middle | {"status": "failed", "asa": np.nan, "n_labels": np.nan}
    return [*rows("SLIC", image, *points, seed=0), first, lost, last]


def test_a_point_that_failed_with_some_seeds_is_left_out():
    found = at(with_a_half_failed_point((50, 0.6), (40, 0.9), (30, 0.7)), 40)
    assert found.covered.tolist() == [0]
    found = at(with_a_half_failed_point((50, 0.6), (400, 0.9), (70, 0.7)), 400)
    assert found.reasons == ("1 image returned 70 or fewer",)


LOST = {"status": "timeout", "asa": np.nan, "n_labels": np.nan}


@pytest.mark.parametrize("count", [51, 100, 199])
@pytest.mark.parametrize("half", [True, False])
def test_nothing_is_filled_in_where_the_method_failed_at_an_n_in_between(count, half):
    points = [(50, 0.6), (100, 0.9), (200, 0.7)]
    cells = with_a_half_failed_point(*points) if half else rows("SLIC", "a", *points)
    if not half:
        cells[1] |= LOST
    found = at([*cells, *rows("SLIC", "b", *points)], count)
    assert found.covered.tolist() == [1]
    assert found.images == 2
    assert found.aligned.images == ("b",)
    assert found.reasons == ("1 image with no result at an n in between",)


@pytest.mark.parametrize("count", [50, 200])
def test_what_was_returned_exactly_is_known_whatever_failed(count):
    cells = rows("SLIC", "a", (50, 0.6), (100, 0.9), (200, 0.7))
    cells[1] |= LOST
    measured = {50: 0.6, 200: 0.7}[count]
    assert at(cells, count).aligned.scores["asa"].ravel().tolist() == pytest.approx([measured])


@pytest.mark.parametrize("lost", [0, 3])
def test_a_failure_at_another_n_than_those_in_between_matters_to_nothing(lost):
    cells = rows("SLIC", "a", (25, 0.5), (50, 0.6), (200, 0.7), (400, 0.9))
    cells[lost] |= LOST
    assert at(cells, 100).reasons == ("",)


def test_points_without_n_stand_in_no_order():
    cells = rows("SLIC", "a", (50, 0.6), (100, 0.9), (200, 0.7))
    cells[1] |= LOST | {"n": np.nan}
    assert at(cells, 100).reasons == ("",)


def test_a_count_that_points_on_both_sides_of_a_failure_returned_is_known():
    cells = rows("SLIC", "a", (100, 0.6), (150, 0.9), (100, 0.8))
    cells[1] |= LOST
    assert at(cells, 100).aligned.scores["asa"].ravel().tolist() == pytest.approx([0.7])


def test_a_point_without_n_beside_one_with_n_bridges_no_failure():
    cells = rows("SLIC", "a", (50, 0.6), (100, 0.9), (200, 0.7), (200, 0.7))
    cells[1] |= LOST
    cells[3]["n"] = np.nan
    assert at(cells, 100).covered.tolist() == [0]


def test_a_score_undefined_beside_a_failure_is_not_filled_in_either():
    cells = rows("SLIC", "a", (50, 0.6), (100, 0.8), (150, 0.8), (300, 0.9))
    cells[1] |= LOST
    whole = at(cells, 200)
    cells[2]["asa"] = np.nan
    found = at(cells, 200)
    assert whole.aligned.scores["asa"].shape == (1, 1)
    assert found.covered.tolist() == [1]
    assert np.isnan(found.aligned.scores["asa"]).all()
    assert found.undefined["asa"].tolist() == [1]


def test_images_that_failed_with_some_seeds_everywhere_are_said():
    cells = rows("SLIC", "a", (50, 0.6), (200, 0.7))
    lost = [row | LOST | {"seed": 1} for row in cells]
    assert at([*cells, *lost]).reasons == ("1 image failed with some seeds at every n",)


def test_images_that_lack_one_score_only_are_counted():
    both = [c for label in ("FH", "SLIC") for i in "abc" for c in rows(label, i, (50, 1), (200, 1))]
    for row in both:
        if row["label"] == "FH" and row["image"] in "ab":
            row["asa"] = np.nan
    assert at(both).undefined["asa"].tolist() == [2, 0]
    for row in both:
        row["asa"] = np.nan if row["image"] == "a" else row["asa"]
    assert at(both).undefined["asa"].tolist() == [1, 0]  # on a nobody has it
    alone = at([row | {"asa": np.nan} for row in both])
    assert alone.undefined["asa"].tolist() == [3, 3]


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


def test_an_image_weighs_no_less_for_a_score_that_is_undefined_at_another_n():
    cells = [
        *rows("SLIC", "a", (50, 0.6), (200, 0.6), (400, np.nan), asa_pairs=3),
        *rows("SLIC", "b", (50, 0.2), (200, 0.2), (400, 0.2), asa_pairs=1),
    ]
    mean = aggregate(at(cells).aligned, ["asa"])["asa"]["value"]
    assert mean.tolist() == pytest.approx([(3 * 0.6 + 0.2) / 4])
