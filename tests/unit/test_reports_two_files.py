"""Tables of two results files, cell by cell."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from metrics import DEFAULT_PROTOCOL, PROTOCOLS, Protocol
from reports.data.align import align
from reports.data.results import load
from reports.data.schema import COLUMNS, ResultsError
from reports.tables.two_files import compare_files
from tests.fake_results import METHODS, Fake, write, write_changed

PAIRS = PROTOCOLS["seal2018"]


@pytest.fixture
def path(tmp_path):
    """A file of five labels, whose counts spread around what was asked, with some failures."""
    return write(tmp_path / "r.parquet", Fake(METHODS[:5], failing=0.02))


def test_a_file_does_not_differ_from_itself(path):
    report = compare_files(path, path)
    assert report.beyond(0) == ""
    assert (report.numbers["largest"] == 0).all()
    known = report.numbers["difference"].notna()
    assert known.all()
    assert (report.numbers["difference"] == 0).all()


def test_what_differs_is_counted_per_label_and_n(tmp_path):
    def drop_one(frame):
        return frame.drop(index=frame.index[(frame.label == "SLIC") & (frame.n == 50)][0])

    def change_one(frame):
        frame = drop_one(frame)
        spoilt = frame.index[(frame.label == "FH") & (frame.n == 100)][3]
        frame.loc[spoilt, "status"] = "timeout"
        better = frame.index[(frame.label == "FH") & (frame.n == 200)][4]
        frame.loc[better, "asa"] += 0.02
        return frame

    a = write(tmp_path / "a.parquet", Fake())
    b = write_changed(tmp_path / "b.parquet", change_one)
    report = compare_files(a, b, ["asa"])
    found = report.numbers.set_index(["label", "n"])
    assert found["matched"].sum() == 3 * 4 * 20 - 1
    assert found.loc[("SLIC", 50), "only_a"] == 1
    assert found["only_a"].sum() == 1
    assert found["only_b"].sum() == 0
    assert found.loc[("FH", 100), "status_differs"] == 1
    assert found["status_differs"].sum() == 1
    changed = found.loc[("FH", 200)]
    assert changed["largest"] == pytest.approx(0.02)
    assert changed["difference"] == pytest.approx(0.001)
    assert changed["mean_b"] - changed["mean_a"] == pytest.approx(0.001)
    assert (found["difference"].abs() > 1e-12).sum() == 1
    turned = compare_files(b, a, ["asa"]).numbers.set_index(["label", "n"])
    assert turned["only_b"].sum() == 1
    assert turned.loc[("FH", 200), "difference"] == pytest.approx(-0.001)


def worse_by(amount):
    def change(frame):
        where = frame.index[(frame.label == "FH") & (frame.n == 100)][5]
        frame.loc[where, "asa"] -= amount
        return frame

    return change


@pytest.mark.parametrize(("tolerance", "differs"), [(0, True), (0.009, True), (0.011, False)])
def test_the_tolerance_is_for_the_worst_cell(tmp_path, tolerance, differs):
    a = write(tmp_path / "a.parquet", Fake())
    b = write_changed(tmp_path / "b.parquet", worse_by(0.01))
    beyond = compare_files(a, b).beyond(tolerance)
    assert bool(beyond) == differs
    if differs:
        assert "asa differs by up to 0.01 (FH, n 100, image00005, seed 0)" in beyond


def without_value(frame):
    frame.loc[frame.index[7], "asa"] = pd.NA
    return frame


def test_a_number_against_nan_differs_and_nan_against_nan_does_not(tmp_path):
    whole = write(tmp_path / "a.parquet", Fake())
    one, other = (write_changed(tmp_path / f"{name}.parquet", without_value) for name in ("b", "c"))
    assert "asa differs by up to inf" in compare_files(whole, one).beyond(1e9)
    assert compare_files(one, other).beyond(0) == ""


@pytest.mark.parametrize("change", [lambda f: f.iloc[1:], lambda f: f.iloc[::-1]])
def test_cells_match_by_what_they_are_and_not_by_their_place(tmp_path, change):
    a = write(tmp_path / "a.parquet", Fake(seeds=2))
    b = write_changed(tmp_path / "b.parquet", change, seeds=2)
    report = compare_files(a, b)
    assert (report.numbers["largest"] == 0).all()
    lost = report.numbers.drop_duplicates(["label", "n"])["only_a"].sum()
    assert report.beyond(0) == ("1 cell in A only" if lost else "")


def test_a_status_that_differs_is_past_any_tolerance(tmp_path):
    def fail(frame):
        frame.loc[frame.index[3], "status"] = "crashed"
        return frame

    a = write(tmp_path / "a.parquet", Fake())
    b = write_changed(tmp_path / "b.parquet", fail)
    assert compare_files(a, b).beyond(1e9) == "1 cell with another status"


def test_label_maps_without_an_asked_count_match(tmp_path):
    a = write(tmp_path / "a.parquet", Fake(ns=(None,)))
    report = compare_files(a, a)
    assert (report.numbers["matched"] == 20).all()
    assert report.numbers["mean_a"].notna().all()
    assert "not given" in report.text


def test_runs_of_two_devices_match(tmp_path):
    a = write(tmp_path / "a.parquet", Fake())
    b = write_changed(tmp_path / "b.parquet", lambda frame: frame.assign(device="cuda"))
    assert compare_files(a, b).beyond(0) == ""


def test_files_that_all_failed_compare_by_their_status(tmp_path):
    a = write(tmp_path / "a.parquet", Fake(failing=1.0))
    b = write(tmp_path / "b.parquet", Fake(failing=1.0, random=1))
    report = compare_files(a, b)
    assert report.numbers[["mean_a", "mean_b", "difference", "largest"]].isna().all(axis=None)
    assert "with another status" in report.beyond(1)
    assert compare_files(a, a).beyond(0) == ""


def test_different_protocols_are_noted(tmp_path):
    a = write(tmp_path / "a.parquet", Fake(lists=True))
    b = write(tmp_path / "b.parquet", Fake(lists=True, protocol=PAIRS))
    assert "different protocols" in compare_files(a, b).text
    assert "different protocols" not in compare_files(b, b).text


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            DEFAULT_PROTOCOL,
            replace(DEFAULT_PROTOCOL, connectivity="merge"),
            "A under default and B under default, which differ in connectivity (as-is and merge):",
        ),
        (
            Protocol("mine", tolerance=2, boundary="thin"),
            Protocol("mine", tolerance_of_diagonal=0.01),
            "which differ in boundary (thin and thick), tolerance (2 and none), "
            "tolerance_of_diagonal (none and 0.01):",
        ),
    ],
)
def test_protocols_of_the_same_name_are_told_apart_by_what_they_say(tmp_path, one, other, said):
    a, b = (
        write(tmp_path / f"{name}.parquet", Fake(protocol=protocol))
        for name, protocol in (("a", one), ("b", other))
    )
    (note,) = [line for line in compare_files(a, b).text.splitlines() if "Note" in line]
    assert said in note


def test_protocols_of_other_names_that_score_alike_are_no_difference(tmp_path):
    a = write(tmp_path / "a.parquet", Fake())
    renamed = replace(DEFAULT_PROTOCOL, name="mine", title="ours", reference="we")
    b = write(tmp_path / "b.parquet", Fake(protocol=renamed))
    assert "Note" not in compare_files(a, b).text


def without_ev(frame):
    return frame.assign(ev=pd.NA)


@pytest.mark.parametrize("lacking", ["a", "b", "ab"])
def test_a_metric_that_a_file_has_no_value_of_is_refused_with_the_file_and_the_cure(
    tmp_path, lacking
):
    paths = [
        write_changed(tmp_path / f"{name}.parquet", without_ev if name in lacking else pd.DataFrame)
        for name in "ab"
    ]
    with pytest.raises(ResultsError) as caught:
        compare_files(*paths, ["asa", "ev"])
    path = tmp_path / f"{lacking[0]}.parquet"
    assert str(caught.value).startswith(f"{path}: no cell has a value of ev ")
    assert "choose other --metrics" in str(caught.value)
    assert f"`bench rescore {path} --metrics default,ev`" in str(caught.value)
    assert compare_files(*paths, ["asa"]).beyond(0) == ""


def test_pairs_weigh_the_means_where_they_are_the_samples(tmp_path):
    path = write(tmp_path / "a.parquet", Fake(lists=True, protocol=PAIRS))
    numbers = compare_files(path, path, ["asa"]).numbers
    (aligned,) = align(load(path, (*COLUMNS, "asa")), ["asa"])
    means = np.average(aligned.scores["asa"], axis=0, weights=aligned.weights["asa"])
    assert numbers["mean_a"].tolist() == pytest.approx(means.tolist())
    assert numbers["mean_b"].tolist() == pytest.approx(means.tolist())


def test_both_files_weigh_as_the_first_one(tmp_path):
    fakes = [Fake(lists=True, protocol=PAIRS, random=random) for random in (0, 1)]
    a, b = (write(tmp_path / f"{fake.random}.parquet", fake) for fake in fakes)
    numbers = compare_files(a, b, ["asa"]).numbers
    (first,), (second,) = (align(load(path, (*COLUMNS, "asa")), ["asa"]) for path in (a, b))
    assert (first.weights["asa"] != second.weights["asa"]).any()
    for column, file in (("mean_a", first), ("mean_b", second)):
        means = np.average(file.scores["asa"], axis=0, weights=first.weights["asa"])
        assert numbers[column].tolist() == pytest.approx(means.tolist())
    assert (numbers["mean_b"] - numbers["mean_a"]).tolist() == pytest.approx(
        numbers["difference"].tolist()
    )


def test_files_without_a_common_cell_are_refused_and_what_differs_is_named(tmp_path):
    a = write(tmp_path / "a.parquet", Fake(METHODS[:2]))
    others = {
        "label": Fake(METHODS[4:6]),
        "dataset": Fake(METHODS[:2], dataset="folder"),
        "n": Fake(METHODS[:2], ns=(60,)),
    }
    for name, fake in others.items():
        b = write(tmp_path / "b.parquet", fake)
        with pytest.raises(ResultsError, match=f"no cell in common: {name} is"):
            compare_files(a, b)


def test_one_label_for_two_settings_is_refused(tmp_path):
    a = write(tmp_path / "a.parquet", Fake())
    twice = write(tmp_path / "b.parquet", Fake(), Fake(random=1))
    with pytest.raises(ResultsError, match=r"b\.parquet: label 'SLIC' has more than one row"):
        compare_files(a, twice)
