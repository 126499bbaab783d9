"""Names in figures: at the ends of lines and beside points, whatever they are made of."""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from reports.figures import letters
from reports.figures.emphasis import MANY, at_count, axis_end, beyond, in_colour
from reports.figures.letters import shown, undrawable_note
from reports.figures.naming import name_ends, name_points, spread
from reports.figures.style import LOOKS, assign, styled

CHINESE = "\u65b9\u6cd5"


def curves(levels, counts=(50, 100, 200), n=(50, 100, 200)):
    rows = [
        {"label": label, "n": asked, "count": count, "value": level + count / 1000}
        for label, level in levels.items()
        for asked, count in zip(n, counts, strict=True)
    ]
    return pd.DataFrame(rows)


# --- which labels are in colour ----------------------------------------------------------------


def test_a_few_labels_are_all_in_colour_and_of_those_named_only_they():
    points = curves({"A": 0.8, "B": 0.9, "C": 0.7})
    assert in_colour(points, "asa") == {"A", "B", "C"}
    assert in_colour(points, "asa", ["B"]) == {"B"}


@pytest.mark.parametrize(("metric", "best"), [("asa", range(14, 20)), ("ue_np", range(6))])
def test_of_many_the_best_by_the_metric_s_direction_are_in_colour(metric, best):
    points = curves({f"M{i:02}": i / 100 for i in range(20)})
    assert in_colour(points, metric) == {f"M{i:02}" for i in best}


def test_of_many_the_named_are_in_colour_beside_the_best():
    points = curves({f"M{i:02}": i / 100 for i in range(20)})
    assert in_colour(points, "asa", ["M00"]) == {"M00", *(f"M{i}" for i in range(15, 20))}


def test_who_returns_ten_times_as_many_is_not_the_best_for_that():
    points = pd.concat(
        [
            curves({f"M{i:02}": i / 100 for i in range(MANY + 1)}),
            curves({"Outlier": 0.5}, counts=(500, 1000, 2000)),
        ]
    )
    assert "Outlier" not in in_colour(points, "asa")


def test_curves_are_read_in_the_logarithm_of_the_count_and_not_beyond_their_ends():
    counts, values = np.array([100.0, 400.0]), np.array([0.8, 0.9])
    assert at_count(counts, values, 200) == pytest.approx(0.85)
    assert at_count(counts, values, 95) == 0.8
    assert np.isnan(at_count(counts, values, 50))
    assert np.isnan(at_count(np.array([np.nan]), np.array([1.0]), 50))


def test_an_axis_ends_before_a_few_outliers_in_count():
    few = pd.concat(
        [curves(dict.fromkeys("ABCD", 0.8)), curves({"E": 0.9}, counts=(500, 900, 1900))]
    )
    end = axis_end(few)
    assert 200 <= end < 500
    assert beyond(few, end) == [("E", 500.0, 1900.0)]
    assert axis_end(curves(dict.fromkeys("ABCD", 0.8))) is None
    assert axis_end(curves(dict.fromkeys("ABCD", 0.8), counts=(500, 900, 1900))) is None


# --- names at the ends of lines ----------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_names_keep_their_order_and_their_distance(wanted):
    wanted = np.array(wanted)
    placed = spread(wanted, 0.03, 0.0, 1.0)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= 0.03 - 1e-9).all()
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_names_with_room_stay_where_their_lines_end():
    np.testing.assert_allclose(spread(np.array([0.9, 0.1, 0.5]), 0.1, 0, 1), [0.9, 0.1, 0.5])


@pytest.mark.parametrize("look", LOOKS)
def test_twenty_six_names_do_not_lie_over_each_other(look):
    with styled(look):
        figure = Figure(figsize=(4, 3.3), layout="constrained")
        axes = figure.subplots()
        table = curves({f"Method {i}": 0.8 + i / 1e4 for i in range(26)})
        for _, part in table.groupby("label"):
            axes.plot(part["count"], part["value"])
        assert name_ends(axes, table, assign(table["label"]), frozenset({"Method 3"})) == []
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == 26
        heights = sorted((box.y0 + box.y1) / 2 for box in boxes)
        assert min(np.diff(heights)) > 0.6 * boxes[0].height
        assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_of_sixty_lines_those_in_colour_have_names_and_the_rest_is_told():
    with styled():
        axes = Figure().subplots()
        table = curves({f"M{i}": 0.8 + i / 1e3 for i in range(60)})
        axes.set(xlim=(0, 210), ylim=(0.8, 1.1))
        left_out = name_ends(axes, table, assign(table["label"]), frozenset({"M30"}))
    assert len(left_out) == 20
    assert "M30" not in left_out


def test_names_beside_points_cover_neither_each_other_nor_another_point():
    with styled():
        figure = Figure(figsize=(3.5, 2.7))
        axes = figure.subplots()
        places = np.random.default_rng(0).random((25, 2))
        axes.set(xlim=(-0.2, 1.2), ylim=(-0.1, 1.1))
        labels = [f"Method {i}" for i in range(25)]
        left_out = name_points(axes, [tuple(p) for p in places], labels, ["black"] * 25)
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 25 - len(left_out)
    assert not any(a.padded(-2).overlaps(b.padded(-2)) for a, b in combinations(boxes, 2))


# --- letters -----------------------------------------------------------------------------------


def test_a_long_label_keeps_both_of_its_ends():
    assert shown("SLIC") == "SLIC"
    short = shown("a" * 150 + "b" * 50, 20)
    assert len(short) == 20
    assert short.startswith("aaa")
    assert short.endswith("bbb")


@pytest.fixture
def no_more_fonts(monkeypatch):
    monkeypatch.setattr(letters, "more_fonts", tuple)
    letters._known.cache_clear()
    yield
    letters._known.cache_clear()


def test_letters_that_no_font_has_are_codes_and_the_cure_is_said(no_more_fonts):
    assert shown(f"{CHINESE}=2") == "<65B9><6CD5>=2"
    assert shown("Süße \u03c3→∞") == "Süße \u03c3→∞"
    note = undrawable_note(["SLIC", CHINESE])
    assert CHINESE in note
    assert "--rename" in note
    assert "font" in note
    assert undrawable_note(["SLIC", "É"]) == ""


def test_what_is_written_can_be_drawn(no_more_fonts):
    with styled(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = Figure()
        figure.text(0.5, 0.5, shown(f"{CHINESE} \u0001 \U0001f600 ok"), parse_math=False)
        figure.draw_without_rendering()
