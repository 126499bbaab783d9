"""The summary: every number of the figures, what is missing, and no rank without an interval."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from metrics import PROTOCOLS
from reports.data.align import align
from reports.data.facts import Facts
from reports.statistics.aggregate import analyse
from reports.tables.summary import markdown, missing_notes, summary


def analysis(*rows, metrics=("asa", "ue_np")):
    (group,) = align(pd.DataFrame(rows), metrics)
    return analyse(group, metrics)


def cells(label, values, n=100.0, **more):
    """One row per image; a value of None failed."""
    return [
        {
            "dataset": "bsds500",
            "split": "test",
            "image": f"image{i}",
            "label": label,
            "n": n,
            "seed": 0,
            "status": "failed" if value is None else "ok",
            "n_labels": np.nan if value is None else (90 if np.isnan(n) else n - 10) + i,
            "time_s": np.nan if value is None else 0.02,
            "contended": True,
            "time_repeats": 1,
            "device": "cpu",
            "asa": np.nan if value is None else value,
            "ue_np": np.nan if value is None else 2 * (1 - value),
        }
        | more
        for i, value in enumerate(values)
    ]


HARD = np.linspace(0, 0.1, 10)
GOOD, CLOSE, BAD = 0.95 - HARD, 0.95 - HARD[::-1], 0.8 - HARD


def rows_of(text):
    """The cells of every table row that starts with a label, by label."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {line[0].strip(): [cell.strip() for cell in line] for line in lines}


def test_the_csv_has_the_numbers_of_the_figures():
    its = analysis(*cells("SLIC", GOOD), *cells("FH", [0.5, None, 0.7], contended=False))
    table = summary(its).set_index("label")
    assert table.loc["FH", ["images", "asked", "ok", "n"]].tolist() == [2, 3, 2, 100]
    assert table.loc["FH", "count"] == 91
    assert table.loc["FH", "asa"] == pytest.approx(0.6)
    assert table.loc["FH", "time_s"] == 0.02
    assert table.loc["SLIC", "time_s_images"] == 0
    assert np.isnan(table.loc["SLIC", "time_s"])
    for metric, points in its.points.items():
        np.testing.assert_array_equal(table[f"{metric}_low"], points["low"])
        np.testing.assert_array_equal(table[f"{metric}_high"], points["high"])


def test_n_is_empty_in_the_csv_where_none_was_asked():
    csv = summary(analysis(*cells("Mine", GOOD, n=np.nan), *cells("SLIC", GOOD))).to_csv()
    assert "Mine,,10,10,10" in csv
    assert "SLIC,100,10,10,10" in csv


def test_bold_are_those_not_told_from_the_best():
    text = markdown(analysis(*cells("A", GOOD), *cells("B", CLOSE), *cells("C", BAD)))
    bold = {label: "**" in row[2] for label, row in rows_of(text).items() if label in "ABC"}
    assert bold == {"A": True, "B": True, "C": False}


def test_the_direction_decides_what_is_best():
    row = rows_of(markdown(analysis(*cells("A", GOOD), *cells("C", BAD))))
    assert row["method"][2:] == ["asa ↑", "ue_np ↓"]
    assert ["**" in cell for cell in row["A"][2:]] == [True, True]
    assert ["**" in cell for cell in row["C"][2:]] == [False, False]


def test_every_n_has_its_own_best():
    its = analysis(*(c for n in (100.0, 200.0) for c in cells("A", GOOD, n) + cells("C", BAD, n)))
    text = markdown(its)
    assert text.index("**n = 100**") < text.index("**n = 200**")
    assert len(re.findall(r"^\| A +\| +\d+ \| +\*\*", text, flags=re.M)) == 2


def test_a_mean_over_fewer_images_has_a_dagger_is_never_bold_and_comes_last():
    easy = [0.999 if i != 3 else None for i in range(10)]
    text = markdown(analysis(*cells("A", GOOD), *cells("C", BAD), *cells("Easy", easy)))
    row = rows_of(text)["Easy"]
    assert "†" in row[2]
    assert "**" not in "".join(row)
    assert text.index("\n| C ") < text.index("\n| Easy ")
    assert "- Easy: 1 of 10 images missing at n = 100 (cells: 1 failed)" in text


def test_complete_results_have_no_dagger_and_no_notes():
    its = analysis(*cells("A", GOOD), *cells("B", CLOSE))
    assert "†" not in markdown(its)
    assert missing_notes(its.aligned) == []


def test_notes_gather_counts_and_reasons_by_label():
    rows = [*cells("A", GOOD), *cells("A", GOOD, n=200.0), *cells("A", GOOD, n=400.0)]
    rows += [c | {"status": "timeout"} for c in cells("B", [None] * 3, n=100.0)]
    rows += cells("B", [None] * 2 + [0.9] * 8, n=200.0) + cells("B", GOOD[:8], n=400.0)
    assert missing_notes(analysis(*rows).aligned) == [
        "B: 2 of 10 images missing at n = 200, 400; 10 of 10 images missing at n = 100 "
        "(cells: 2 failed, 3 timeout)"
    ]


def test_images_that_were_not_asked_for_are_told_from_failures():
    its = analysis(*cells("A", GOOD), *cells("B", GOOD[:4]))
    assert missing_notes(its.aligned) == [
        "B: 6 of 10 images missing at n = 100 (no row: not asked for, or not run yet)"
    ]


def test_a_failed_seed_is_told_although_no_image_is_missing():
    its = analysis(*cells("A", GOOD), *cells("A", [None], seed=1))
    assert missing_notes(its.aligned) == ["A: no image missing (cells: 1 failed)"]


def test_a_method_that_fails_on_hard_seeds_does_not_gain_by_it():
    halves = ([0.99] * 5 + [None] * 5, [None] * 5 + [0.99] * 5)
    lucky = [c for seed, half in enumerate(halves) for c in cells("Lucky", half, seed=seed)]
    text = markdown(analysis(*cells("A", GOOD), *cells("C", BAD), *lucky))
    row = rows_of(text)["Lucky"]
    assert "†" in row[2]
    assert "**" not in "".join(row)
    assert text.index("\n| C ") < text.index("\n| Lucky ")


def test_only_methods_that_returned_about_n_compete():
    many = cells("Many", [0.999] * 10, n_labels=150)
    rows = rows_of(markdown(analysis(*cells("A", GOOD), *cells("C", BAD), *many)))
    assert ["**" in rows[label][2] for label in ("A", "C", "Many")] == [True, False, False]


def test_values_show_two_digits_of_their_interval():
    (asa,) = (
        row[2]
        for label, row in rows_of(markdown(analysis(*cells("A", BAD)))).items()
        if label == "A"
    )
    assert re.fullmatch(r"0\.750 ± 0\.0\d\d", asa)


def test_one_image_gives_no_interval_and_no_bold():
    row = rows_of(markdown(analysis(*cells("A", [0.91234]), *cells("B", [0.5]))))["A"]
    assert row[2] == "0.9123"


def test_a_method_without_results_has_a_row_of_dashes():
    row = rows_of(markdown(analysis(*cells("A", GOOD), *cells("B", [None] * 10))))["B"]
    assert set(row[1:]) == {"-"}


def test_a_score_that_is_undefined_for_one_method_has_a_dagger_that_is_explained():
    rows = cells("A", GOOD) + cells("B", CLOSE)
    rows[0]["ue_np"] = np.nan
    text = markdown(analysis(*rows))
    assert "†" in rows_of(text)["A"][3]
    assert "†" not in rows_of(text)["A"][2]
    assert "\n† Over fewer images" in text


def test_times_are_a_column_only_where_there_are_any():
    contended = analysis(*cells("A", GOOD))
    timed = analysis(*cells("A", GOOD, contended=False), *cells("B", GOOD))
    assert "s / image" not in markdown(contended)
    rows = rows_of(markdown(timed))
    assert (rows["A"][-1], rows["B"][-1]) == ("0.0200", "-")


@pytest.mark.parametrize(("timed", "of"), [(3, "images"), (2, "2 of 3 images")])
def test_it_is_said_of_how_many_images_times_are(timed, of):
    rows = cells("SLIC", [0.9, 0.8, 0.7], contended=False)
    for row in rows[timed:]:
        row["time_s"] = np.nan
    assert f"Times: medians over {of}, uncontended." in markdown(analysis(*rows))


def test_a_bar_in_a_label_does_not_break_the_table():
    text = markdown(analysis(*cells("a|b", GOOD)))
    assert r"| a\|b " in text


def test_an_image_with_many_annotators_weighs_more_in_what_is_best():
    scores = {"A": [0.9, 0.9, 0.5, 0.5] * 5, "B": [0.8, 0.8, 0.9, 0.9] * 5}
    rows = [c for label, values in scores.items() for c in cells(label, values)]
    equal = rows_of(markdown(analysis(*rows)))
    weighted = [row | {"asa_pairs": 500 if i % 4 < 2 else 1} for i, row in enumerate(rows)]
    by_pairs = rows_of(markdown(analysis(*weighted)))
    assert ["**" in equal[label][2] for label in "AB"] == [False, True]
    assert ["**" in by_pairs[label][2] for label in "AB"] == [True, False]
    assert by_pairs["A"][2].startswith("**0.899")


def test_the_text_says_what_a_mean_is_over():
    rows = cells("A", GOOD) + cells("B", BAD)
    assert "Mean over images" in markdown(analysis(*rows))
    pairs = replace(analysis(*rows), facts=Facts(PROTOCOLS["seal2018"]))
    assert "Mean over pairs of image and annotator" in markdown(pairs)
