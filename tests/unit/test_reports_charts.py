"""The figures of results beside the curves: what they show, and what they say they cannot."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from methods.registry import BUILTIN, get_class
from reports.data.align import align
from reports.data.schema import ResultsError
from reports.figures import compactness, counts, differences, pareto, pixels, ranks, scatter
from reports.figures.chart import CannotDrawError, View
from reports.figures.front import read_at, set_against, unbeaten
from reports.figures.style import LOOKS, styled
from reports.plot import FIGURES, Choice, make_figures
from reports.statistics.aggregate import analyse
from reports.tables.comparison import compare_own
from tests.fake_results import Fake, table, write, write_changed

TITLES = tuple(get_class(name).title for name in BUILTIN if name != "command")
METRICS = ("asa", "br_r2", "ue_np", "ev", "co")


def view(fake=None, change=lambda frame: frame, **how):
    frame = table(fake or Fake(images=8, contended=False)).to_pandas()
    frame["n"] = frame["n"].astype(float)
    frame = change(frame)
    (aligned,) = align(frame, METRICS)
    notes = []
    made = View(analyse(aligned, METRICS), ("asa", "br_r2"), frame, note=notes.append, **how)
    return made, notes


def one(make, its):
    (chart,) = make(its)
    with styled():
        figure = chart.draw()
        figure.draw_without_rendering()
    return chart, figure


def words(figure):
    """All words in a figure, on one line."""
    from matplotlib.text import Text

    found = [text.get_text() for text in figure.findobj(Text)]
    return " ".join(" ".join(found).split())


# --- Pareto ------------------------------------------------------------------------------------


def test_the_front_is_what_nothing_beats_in_both():
    x, y = np.array([1, 2, 3, 2.0]), np.array([3, 2, 1, 1.0])
    assert unbeaten(x, y).tolist() == [True, True, True, False]
    assert unbeaten(np.array([1.0, 1.0]), np.array([1.0, 1.0])).all()


def quality(**values):
    return pd.DataFrame({"value": values}).assign(
        low=np.nan, high=np.nan, count=100.0, missing=0, in_pieces=False
    )


def test_the_direction_of_each_axis_decides_and_other_counts_take_no_part():
    seconds, score = quality(A=0.1, B=0.2, C=0.3), quality(A=0.8, B=0.9, C=0.85)
    table = set_against(seconds, score, 100.0, ("low", "high")).set_index("label")
    assert table["front"].to_dict() == {"A": True, "B": True, "C": False}
    table = set_against(seconds, score, 100.0, ("low", "low")).set_index("label")
    assert table["front"].to_dict() == {"A": True, "B": False, "C": False}
    score.loc["A", "count"] = 60.0
    table = set_against(seconds, score, 100.0, ("low", "high")).set_index("label")
    assert table["front"].to_dict() == {"A": False, "B": True, "C": False}
    assert table["near"].to_dict() == {"A": False, "B": True, "C": True}


def test_labels_in_pieces_or_over_some_images_are_neither_on_the_front_nor_the_best():
    seconds, score = quality(A=0.1, B=0.1, C=0.2), quality(A=0.9, B=0.9, C=0.8)
    score.loc["A", "in_pieces"] = True
    seconds.loc["B", "missing"] = 2
    table = set_against(seconds, score, 100.0, ("low", "high"))
    assert table["front"].tolist() == [False, False, True]
    assert "within 1 s: C" in pareto.best_within(table, "asa", 1.0, "high")
    score["in_pieces"] = True
    table = set_against(seconds, score, 100.0, ("low", "high"))
    assert table["front"].tolist() == [True, False, False]
    score["missing"] = 1
    table = set_against(seconds, score, 100.0, ("low", "high"))
    assert not table["front"].any()
    assert "no label is comparable" in pareto.best_within(table, "asa", 1.0, "high")


def test_a_label_is_read_with_what_is_wrong_with_the_points_on_both_sides():
    counts = np.array([50, 90, 120, 200.0])
    table = pd.DataFrame({"label": "A", "count": counts, "value": counts, "low": 0.0, "high": 1.0})
    table["missing"], pieces = [9, 0, 3, 5], np.array([True, False, False, True])
    said = {at: tuple(read_at(table, pieces, at).loc["A"][3:]) for at in (55, 90, 100, 215, 900)}
    assert said == {
        55: (55, 9, True),
        90: (90, 0, False),
        100: (100, 3, False),
        215: (215, 5, True),
        900: (200, 5, True),
    }


@pytest.mark.parametrize("make", [pareto.make, compactness.make])
def test_hollow_labels_are_explained_and_in_the_numbers(make):
    def change(frame):
        broken = frame["label"] == "SLIC"
        lost = (frame["label"] == "FH") & (frame["image"] == "image00002")
        frame = frame.assign(n_components=frame["n_components"] * np.where(broken, 3, 1))
        return exact(frame).assign(status=frame["status"].where(~lost, "timeout"))

    chart, figure = one(make, view(change=change)[0])
    by_label = chart.numbers.groupby("label")[["missing", "in_pieces", "competes", "front"]].first()
    assert by_label["competes"].to_dict() == {"FH": False, "SEEDS": True, "SLIC": False}
    assert by_label["missing"].to_dict() == {"FH": 1, "SEEDS": 0, "SLIC": 0}
    assert by_label["in_pieces"].to_dict() == {"FH": False, "SEEDS": False, "SLIC": True}
    assert not by_label.loc[["FH", "SLIC"], "front"].any()
    assert "hollow: in pieces, missing images" in words(figure)
    hollow = {line.get_gid() for line in figure.axes[0].lines if line.get_mfc() == "white"}
    assert hollow == {"FH", "SLIC"}


@pytest.mark.parametrize(
    ("budget", "said"), [(0.25, "within 0.25 s: B (0.9000"), (0.01, "the fastest is A")]
)
def test_the_best_within_a_budget_is_said(budget, said):
    seconds, score = quality(A=0.1, B=0.2, C=0.3), quality(A=0.8, B=0.9, C=0.95)
    table = set_against(seconds, score, 100.0, ("low", "high"))
    assert said in pareto.best_within(table, "asa", budget, "high")


def test_the_budget_is_a_line_with_its_seconds_and_the_axis_is_logarithmic():
    its, notes = view(budget=0.04)
    _, figure = one(pareto.make, its)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert any(np.allclose(line.get_xdata(), 0.04) for line in axes.lines)
    assert "0.04 s" in words(figure)
    assert any("within 0.04 s" in note for note in notes)


def test_compactness_has_a_panel_for_each_metric_with_titles_and_directions():
    _, figure = one(compactness.make, view()[0])
    assert [axes.get_xlabel() for axes in figure.axes] == ["Compactness ↑"] * 2
    assert figure.axes[1].get_ylabel().endswith("↑")


# --- counts, pixels, pairs ---------------------------------------------------------------------


def test_counts_are_returned_per_asked_and_far_ones_are_named_at_the_edge():
    def change(frame):
        far = frame["label"] == "FH"
        return frame.assign(n_labels=np.where(far, 9 * frame["n"], frame["n"]))

    chart, figure = one(counts.make, view(change=change)[0])
    by_label = chart.numbers.groupby("label")["value"].first()
    assert by_label.to_dict() == {"FH": 9, "SEEDS": 1, "SLIC": 1}
    assert "↑ FH: 9" in words(figure)
    assert figure.axes[0].get_ylim()[1] < 2


def test_the_slope_of_times_over_pixels_is_found():
    megapixels = np.array([1, 2, 4, 8.0])
    assert pixels.slope(megapixels, 0.1 * megapixels**1.3) == pytest.approx(1.3)
    assert np.isnan(pixels.slope(np.ones(3), np.ones(3)))

    def change(frame):
        size = 100 * (1 + frame["image"].astype("category").cat.codes.to_numpy())
        return frame.assign(height=size, width=size, time_s=1e-7 * size.astype(float) ** 2)

    chart, figure = one(pixels.make, view(change=change)[0])
    assert chart.numbers["slope"].unique() == pytest.approx([1.0])
    assert "SLIC (1.00)" in words(figure)


def sizes(frame):
    size = 300 + 100 * pd.factorize(frame["image"])[0]
    seconds = frame["time_s"] * (size / 300.0) ** 2
    return frame.assign(height=size, width=size, time_s=seconds)


def test_grey_lines_of_times_by_pixels_have_names_and_an_entry():
    its, _ = view(Fake(TITLES, images=6, contended=False), sizes)
    chart, figure = one(pixels.make, its)
    assert {"pixels", "seconds", "cells", "slope"} < set(chart.numbers)
    axes = figure.axes[0]
    named = {str(text.get_gid()).removeprefix("name ") for text in axes.texts}
    assert set(TITLES) <= named
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(entries) == len(its.coloured) + 1
    assert entries[-1] == f"{len(TITLES) - 6} others, named at the end"


def test_a_pair_is_shown_image_by_image_with_wins_and_the_mean_difference():
    def change(frame):
        gain = np.where(frame["label"] == "FH", 0.01, 0)
        return frame.assign(asa=0.8 + gain + 0.001 * frame["image"].str[-1].astype(int))

    chart, figure = one(scatter.make, view(change=change, pairs=[("SLIC", "FH")])[0])
    np.testing.assert_allclose(chart.numbers["FH"] - chart.numbers["SLIC"], 0.01)
    said = words(figure)
    assert "8 images: FH better on 8, SLIC on 0" in said
    assert "Mean difference +0.0100" in said


def test_two_labels_with_no_image_in_common_are_told():
    def change(frame):
        first = frame["image"] < "image00004"
        lost = ((frame["label"] == "FH") & first) | ((frame["label"] == "SLIC") & ~first)
        return frame[~lost]

    its, notes = view(change=change, pairs=[("SLIC", "FH")])
    assert list(scatter.make(its)) == []
    assert "no image in common" in notes[0]


def test_two_labels_with_no_count_in_common_or_unknown_are_told():
    def change(frame):
        return frame[(frame["label"] == "FH") == (frame["n"] > 100)]

    its, notes = view(change=change, pairs=[("SLIC", "FH"), ("SLIC", "Mine")])
    assert list(scatter.make(its)) == []
    assert "no asked count in common" in notes[0]
    assert "no label 'Mine'; there are FH, SEEDS, SLIC" in notes[1]


# --- ranks -------------------------------------------------------------------------------------


def exact(frame):
    return frame.assign(n_labels=frame["n"].astype(int))


def test_ranks_are_those_of_the_standings_best_first():
    chart, figure = one(ranks.make, view(Fake(images=30), exact)[0])
    assert chart.numbers["label"].tolist() == ["SLIC", "SEEDS", "FH"]
    assert chart.numbers["value"].is_monotonic_decreasing
    assert (chart.numbers["rank_low"] <= [1, 2, 3]).all()
    assert (chart.numbers["rank_high"] >= [1, 2, 3]).all()
    assert bool(chart.numbers["best"].iloc[0])
    assert "Rank (1 is best)" in words(figure)


def test_who_returned_another_count_is_shown_but_not_ranked():
    def change(frame):
        return exact(frame).assign(
            n_labels=np.where(frame["label"] == "FH", 3 * frame["n"], frame["n"]).astype(int)
        )

    chart, figure = one(ranks.make, view(Fake(images=10), change)[0])
    last = chart.numbers.iloc[-1]
    assert (last["label"], last["rank_low"], last["rank_high"]) == ("FH", 0, 0)
    assert "FH (300)" in words(figure)


# --- differences -------------------------------------------------------------------------------


def test_differences_are_those_of_the_table_who_is_better_first(tmp_path):
    its, _ = view(Fake(images=20), highlight=["seeds"], at=100)
    chart, figure = one(differences.make, its)
    path = write(tmp_path / "r.parquet", Fake(images=20))
    told = compare_own(path, ["SEEDS"], ["asa", "br_r2"]).numbers
    told = told[told["n"] == 100].set_index(["minus", "metric"])["difference"]
    drawn = chart.numbers.set_index(["minus", "metric"])["difference"]
    assert drawn.to_dict() == pytest.approx(told.to_dict())
    assert list(dict.fromkeys(chart.numbers["minus"])) == ["SLIC", "FH"]
    assert "Asked for 100: a label minus that of the row" in words(figure)
    assert f"SEEDS ({chart.numbers['count'].iloc[0]:.0f} returned)" in words(figure)


def test_differences_are_hollow_where_0_is_in_the_interval():
    its, _ = view(Fake(images=4), highlight=["SEEDS"])
    chart, figure = one(differences.make, its)
    panels = dict(zip(("asa", "br_r2"), figure.axes, strict=True))
    for metric, rows in chart.numbers.groupby("metric"):
        hollow = [
            x
            for line in panels[metric].lines
            if line.get_marker() == "o" and line.get_markerfacecolor() == "white"
            for x in line.get_xdata()
        ]
        assert sorted(hollow) == sorted(rows.loc[~rows["told"], "difference"])
    assert 0 < chart.numbers["told"].sum() < len(chart.numbers)


def test_labels_that_lack_images_say_on_how_many_they_are_compared():
    def change(frame):
        few = (frame["label"] == "FH") & (frame["image"] < "image00003")
        return frame[(frame["label"] != "FH") | few]

    its, _ = view(Fake(images=8), change, highlight=["SEEDS"])
    _, figure = one(differences.make, its)
    assert "FH (3 images)" in words(figure)


def test_images_without_a_result_of_the_highlighted_label_are_said():
    def change(frame):
        return frame[(frame["label"] != "SEEDS") | (frame["image"] < "image00003")]

    _, figure = one(differences.make, view(Fake(images=8), change, highlight=["SEEDS"])[0])
    assert "returned on 3 images)" in words(figure)


@pytest.mark.parametrize(("labels", "own", "drawn"), [(3, 1, 2), (60, 1, 50), (60, 4, 21)])
def test_differences_fit_a_page_whatever_they_are_of(labels, own, drawn):
    names = tuple(f"Method {i:03}" for i in range(labels))
    its, notes = view(Fake(names, ns=(50, 100, 200), images=3), highlight=names[:own])
    _, figure = one(differences.make, replace(its, metrics=METRICS))
    assert figure.get_size_inches()[1] < 10
    assert len(figure.axes) == 4
    assert len(figure.axes[0].get_yticks()) == drawn
    assert "the differences figure has 4 of 5 metrics: asa, br_r2, ue_np, ev" in notes
    assert any("has the first" in note for note in notes) == (drawn < labels - own)


def test_who_cannot_be_read_is_missing_from_the_differences_and_named():
    def change(frame):
        return frame.assign(n_labels=frame["n_labels"].mask(frame["label"] == "FH", 7))

    its, notes = view(Fake(images=8), change, highlight=["SEEDS"])
    chart, _ = one(differences.make, its)
    assert set(chart.numbers["minus"]) == {"SLIC"}
    assert "the differences figure lacks FH, not to be read at the counts of SEEDS" in notes


def test_differences_of_a_label_without_an_asked_count():
    def change(frame):
        its = frame["label"] == "SEEDS"
        frame = frame[~its | (frame["n"] == 100)]
        return frame.assign(n=frame["n"].mask(its))

    _, figure = one(differences.make, view(Fake(images=8), change, highlight=["SEEDS"])[0])
    assert "A label minus that of the row" in words(figure)


def test_differences_are_of_some_labels_and_of_at_most_four():
    for highlight in ((), ("*",), ("nobody",)):
        with pytest.raises(CannotDrawError, match="name them, --highlight"):
            list(differences.make(view(highlight=highlight)[0]))
    its, notes = view(Fake(tuple("ABCDEFG")), highlight=list("ABCDE"))
    chart, _ = one(differences.make, its)
    assert set(chart.numbers["label"]) == set("ABCD")
    assert set(chart.numbers["minus"]) == set("FG")
    assert "has 4 of 5 labels: A, B, C, D" in notes[0]


# --- all of them -------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path):
    def change(frame):
        far = frame["label"] == "MSLIC"
        return frame.assign(n_labels=(frame["n_labels"] * np.where(far, 9.5, 1)).astype("int32"))

    fake = {"labels": TITLES, "ns": (50, 100), "images": 3, "contended": False}
    return write_changed(tmp_path / "many.parquet", change, **fake)


@pytest.mark.parametrize("look", LOOKS)
def test_all_methods_are_drawn_in_every_style(many, look):
    notes = []
    figures = tuple(FIGURES)[:6] if look == "paper" else ("curves", "pareto")
    choice = Choice(figures, look=look, data=True)
    names = {
        path.name
        for path in make_figures(many, formats=["svg"], choice=choice, on_note=notes.append)
    }
    for figure in figures:
        assert {f"many-{figure}.svg", f"many-{figure}.csv"} <= names
    numbers = pd.read_csv(many.with_name("many-curves.csv"))
    assert set(numbers["label"]) == set(TITLES)
    assert set(numbers["metric"]) == {"asa", "br_r2"}
    if look == "talk":  # large letters: a name may find no room
        assert all("no room in the pareto figure" in note for note in notes)
    else:
        assert not notes


def test_an_outlier_in_count_is_named_at_the_edge_and_does_not_stretch_the_axis(many):
    from reports.figures import curves

    frame = pd.read_parquet(many)
    frame["n"] = frame["n"].astype(float)
    (aligned,) = align(frame, METRICS)
    its = View(analyse(aligned, METRICS), ("asa",), frame)
    _, figure = one(curves.make, its)
    assert figure.axes[0].get_xlim()[1] < 400
    assert "MSLIC: " in words(figure)
    grey = [line for line in figure.axes[0].lines if line.get_gid() == "SLIC"]
    assert len(its.coloured) == 6
    assert grey


@pytest.mark.parametrize(
    "fake",
    [
        Fake(images=1, contended=False),
        Fake(("SLIC",), images=4, contended=False),
        Fake(("SLIC",), ns=(100,), images=1, contended=False),
        Fake(ns=(None,), images=4),
        Fake(tuple(f"Method {i}" for i in range(60)), ns=(50,), images=2, contended=False),
        Fake(("x" * 200, "方法一", "我的方法", "$a_b$", "_c"), ns=(50,), images=2, contended=False),
    ],
)
def test_whatever_is_asked_for_by_name_is_drawn_or_told(tmp_path, fake):
    notes = []
    results = write(tmp_path / "r.parquet", fake)
    every = Choice(tuple(FIGURES), budget=0.1)
    written = make_figures(results, formats=["svg"], choice=every, on_note=notes.append)
    names = {path.name for path in written}
    for figure in FIGURES:
        drawn = f"r-{figure}.svg" in names
        assert drawn != any(f"no {figure} figure" in note for note in notes), figure


def test_a_metric_that_is_nan_for_a_label_leaves_it_out_of_what_needs_it(tmp_path):
    def change(frame):
        frame.loc[frame["label"] == "FH", "co"] = np.nan
        return frame

    results = write_changed(tmp_path / "r.parquet", change, images=4, contended=False)
    make_figures(results, formats=[], choice=Choice(data=True))
    compact = pd.read_csv(tmp_path / "r-compactness.csv")
    assert set(compact["label"]) == {"SLIC", "SEEDS"}


def test_counts_that_do_not_overlap_are_not_compared_but_shown():
    def change(frame):
        return frame.assign(n_labels=np.where(frame["label"] == "FH", 5000, frame["n_labels"]))

    chart, figure = one(pareto.make, view(change=change)[0])
    by_label = chart.numbers.set_index("label")
    assert not by_label.loc["FH", "near"]
    assert not by_label.loc["FH", "front"]
    assert "another count" in words(figure)


def test_a_contended_cell_leaves_its_label_comparable():
    def change(frame):
        busy = (frame["label"] == "FH") & (frame["image"] == "image00002")
        return exact(frame).assign(contended=busy)

    chart, _ = one(pareto.make, view(change=change)[0])
    assert chart.numbers["competes"].all()


def test_labels_to_highlight_that_are_not_there_are_told(tmp_path):
    results = write(tmp_path / "r.parquet", Fake(images=3))
    with pytest.raises(ResultsError, match=r"--highlight: no label is like 'SLICC'; did you mean"):
        make_figures(results, formats=(), choice=Choice(highlight=["SLICC"]))


def test_without_times_there_is_no_front(tmp_path):
    its, _ = view(replace(Fake(images=4), contended=True))
    with pytest.raises(CannotDrawError, match="without others beside it"):
        next(pareto.make(its))
