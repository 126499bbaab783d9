"""Rows of another results file beside one's own: on the same images, told apart by name."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.errors import UsageError
from bench.storage.joining import join
from metrics import METRICS, PROTOCOLS
from reports.data.align import align
from reports.data.labels import IS_MINE, own_labels, tell_apart
from reports.data.results import clean, load
from tests.fake_results import Fake, write, write_changed

OURS = ("Ours", "SLIC")
THEIRS = ("SLIC", "SEEDS", "FH")
BIG_FACTS = {"machines": {"m1": {"cores": 2}}, "runs": [{"id": "a", "started": "2026"}]}


def known(frame):
    """Say what an invented row is of: an image's content, a version, a machine."""
    return frame.assign(content="of " + frame["image"], version="1", machine="m1")


def others(folder, change=lambda frame: frame, **fake):
    """A file with three methods on 20 images."""
    settings = {"labels": THEIRS, "facts": BIG_FACTS} | fake
    return write_changed(folder / "others.parquet", lambda rows: change(known(rows)), **settings)


def own(folder, others=None, change=lambda frame: frame, **fake):
    """A file with a method of one's own, and SLIC as the others have it, on their first 5."""
    settings = {"labels": OURS, "images": 5, "random": 1} | fake

    def as_theirs(rows):
        rows = known(rows)
        if others is not None:
            theirs = pd.read_parquet(others, dtype_backend="pyarrow").query("label == 'SLIC'")
            same = theirs[theirs["image"].isin(set(rows["image"]))]
            rows = pd.concat([rows[rows["label"] != "SLIC"], same])
        return change(rows)

    return write_changed(folder / "own.parquet", as_theirs, **settings)


@pytest.fixture
def joined(tmp_path):
    """Join two files; return the labels of one's own, the rows and what was noted."""

    def run(mine, *others, allow_mixed=False, name="reference"):
        notes = []
        rows = join(mine, others, name, allow_mixed, notes.append).to_pandas()
        return own_labels(rows), rows, notes

    return run


def test_rows_of_the_shared_images_stand_beside_each_other(tmp_path, joined):
    theirs = others(tmp_path)
    labels, rows, notes = joined(own(tmp_path, theirs), theirs)
    assert labels == set(OURS)
    assert set(rows["image"]) == {f"image{i:05d}" for i in range(5)}
    counts = rows.groupby("label").size()
    assert counts.to_dict() == {"Ours": 20, "SLIC": 20, "SEEDS": 20, "FH": 20}
    assert f"15 images left out, which {tmp_path / 'own.parquet'} has not" in notes
    assert "SLIC: in both with the same scores; yours are shown" in notes
    (aligned,) = align(clean(tell_apart(rows)), ["asa"])
    assert not aligned.missing("asa").any()


def test_the_same_label_with_other_scores_is_told_apart(tmp_path, joined):
    theirs = others(tmp_path)
    _, rows, notes = joined(own(tmp_path), theirs)
    assert set(rows["label"]) == {"Ours", "SLIC", "SEEDS", "FH", "SLIC (reference)"}
    assert any("SLIC is in both, with asa up to 0." in each for each in notes)
    apart = tell_apart(rows)  # they are not taken for one method that was named twice
    assert apart["label"].tolist() == rows["label"].tolist()


def test_the_same_label_of_another_version_is_told_apart(tmp_path, joined):
    theirs = others(tmp_path, lambda rows: rows.assign(version="2"))
    _, rows, notes = joined(own(tmp_path), theirs)
    assert set(rows.loc[rows["label"] == "SLIC (reference)", "version"]) == {"2"}
    assert any("SLIC is in both, of other parameters or version" in each for each in notes)


def test_the_same_method_under_a_name_of_ones_own_is_shown_once(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(
        tmp_path, theirs, lambda rows: rows.assign(label=rows["label"].replace("SLIC", "Plain"))
    )
    labels, rows, _ = joined(mine, theirs)
    assert labels == {"Ours", "Plain"}
    assert set(rows["label"]) == {"Ours", "Plain", "SEEDS", "FH"}


def perturbed_too(rows):
    """The same cells again, on images that were perturbed, with scores of their own."""
    return pd.concat([rows.assign(perturbation="flip", asa=rows["asa"] / 2), rows])


def test_the_same_scores_of_perturbed_images_are_the_same(tmp_path, joined):
    theirs = others(tmp_path, perturbed_too)
    labels, rows, notes = joined(own(tmp_path, theirs), theirs)
    assert labels == set(OURS)
    assert set(rows["label"]) == {"Ours", "SLIC", "SEEDS", "FH"}
    assert not any("is in both, with" in each for each in notes)
    assert rows[rows["label"] == "SLIC"].groupby("perturbation", dropna=False).size().max() == 20


@pytest.mark.parametrize("mine", ["SLIC", "Plain SLIC"])
def test_cells_that_one_lacks_are_those_of_others(tmp_path, joined, mine):
    def few_counts(rows):
        rows = rows[(rows["label"] != "SLIC") | (rows["n"] == 50)]
        return rows.assign(label=rows["label"].replace("SLIC", mine))

    theirs = others(tmp_path)
    labels, rows, notes = joined(own(tmp_path, theirs, few_counts), theirs)
    assert labels == {"Ours", mine}
    assert rows.groupby("label").size().to_dict() == {"Ours": 20, mine: 20, "SEEDS": 20, "FH": 20}
    said = "SLIC: in both with the same scores; yours are shown; 15 cells that you have not are of"
    assert f"{said} reference" in notes


def failed(rows, which):
    scores = [name for name in METRICS if name in rows]
    return rows.assign(
        status=rows["status"].mask(which, "failed"),
        **{name: rows[name].mask(which) for name in (*scores, "n_labels")},
    )


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ((50, 100, 200, 400), "with scores in one alone in 20 cells"),
        ((100,), "with scores in one alone in 5 cells"),
    ],
)
def test_cells_that_failed_here_alone_are_told_apart(tmp_path, joined, counts, why):
    def change(rows):
        return failed(rows, (rows["label"] == "SLIC") & rows["n"].isin(counts))

    theirs = others(tmp_path)
    _, rows, notes = joined(own(tmp_path, theirs, change), theirs)
    assert len(rows[rows["label"] == "SLIC (reference)"]) == 20
    assert f"SLIC is in both, {why}: the one of reference is 'SLIC (reference)'" in notes


def test_no_score_in_both_is_no_same_score(tmp_path, joined):
    theirs = others(tmp_path, lambda rows: failed(rows, rows["label"] == "SLIC"))
    _, rows, notes = joined(own(tmp_path, theirs), theirs)
    assert "SLIC (reference)" in set(rows["label"])
    assert any("SLIC is in both, with no cell that both have scores of" in each for each in notes)


def other_picture(rows):
    return rows.assign(content=rows["content"].where(rows["image"] != "image00002", "changed"))


def test_images_that_are_not_the_same_are_refused_or_left_out(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(tmp_path, theirs, other_picture)
    with pytest.raises(UsageError, match=r"image 'image00002', or the annotations, are not the sa"):
        joined(mine, theirs)
    _, rows, notes = joined(mine, theirs, allow_mixed=True)
    assert rows["image"].nunique() == 4
    assert any(each.startswith("left out: image 'image00002'") for each in notes)


def test_another_version_of_all_images_is_refused(tmp_path, joined):
    theirs = others(tmp_path, lambda rows: rows.assign(content=rows["content"] + "!"))
    with pytest.raises(UsageError, match="and 4 others, or the annotations"):
        joined(own(tmp_path), theirs, allow_mixed=True)


def test_another_data_set_is_told_what_there_is(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(tmp_path, dataset="sample", split="")
    with pytest.raises(
        UsageError, match=r"is of sample \(5 images\), and --with reference has bsd"
    ):
        joined(mine, theirs)


def test_only_files_of_the_data_set_count(tmp_path, joined):
    theirs = others(tmp_path)
    val = write(tmp_path / "val.parquet", Fake(THEIRS, split="val"))
    _, rows, _ = joined(own(tmp_path, theirs), val, theirs)
    assert set(rows["split"]) == {"test"}


def test_another_protocol_is_refused_with_the_cure(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(tmp_path, protocol=PROTOCOLS["seal2018"])
    with pytest.raises(UsageError, match=r"--protocol default --out OTHER\.parquet") as told:
        joined(mine, theirs)
    assert "which differ in boundary (thin and thick), tolerance (1 and 2), " in str(told.value)


def test_rows_are_told_apart_by_whose_they_are(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(tmp_path, theirs, lambda rows: rows[(rows["label"] == "Ours") | (rows["n"] == 50)])
    _, rows, _ = joined(mine, theirs)
    counts = rows[rows["is-mine"]].groupby("label").size()
    assert counts.to_dict() == {"Ours": 20, "SLIC": 5}  # the other cells of SLIC are of others


def timed(machine):
    return lambda rows: rows.assign(time_repeats=5, contended=False, machine=machine)


@pytest.mark.parametrize(("machine", "kept"), [("m1", True), ("m2", False)])
def test_times_of_another_machine_are_left_out(tmp_path, joined, machine, kept):
    theirs = others(tmp_path, timed("m1"))
    mine = own(tmp_path, theirs, timed(machine))
    _, rows, notes = joined(mine, theirs)
    beside = rows[rows["label"].isin(["SEEDS", "FH"])]
    assert beside["time_s"].notna().all() == kept
    assert rows.loc[rows["label"] == "Ours", "time_s"].notna().all()
    assert any("of another machine" in each for each in notes) != kept


def test_methods_of_other_versions_than_installed_are_named(tmp_path, joined):
    theirs = others(tmp_path, lambda rows: rows.assign(version="0"))
    _, _, notes = joined(own(tmp_path), theirs)
    (warned,) = [each for each in notes if "of other versions of methods than are inst" in each]
    assert "FH (0, here 1)" in warned
    assert "SEEDS (0, here 1+opencv" in warned


def test_label_maps_are_found_from_elsewhere(tmp_path, joined):
    theirs = others(tmp_path)
    mine = own(tmp_path, theirs, lambda rows: rows.assign(labels_file="own.run/labels/a.png"))
    _, rows, _ = joined(mine, theirs)
    found = set(rows.loc[rows["label"] == "Ours", "labels_file"])
    assert found == {str(tmp_path / "own.run" / "labels" / "a.png")}


@pytest.mark.parametrize("values", [["x"], [None, True], [1.5], [True]])
def test_a_column_that_another_program_called_so_says_nothing_of_whose_rows_they_are(
    tmp_path, joined, values
):
    theirs = others(tmp_path)
    mine = own(tmp_path, theirs)
    rows = pq.read_table(mine)
    odd = pa.array((values * len(rows))[: len(rows)])
    pq.write_table(rows.append_column(IS_MINE, odd), mine)
    assert own_labels(load(mine)) is None
    assert joined(mine, theirs)[0] == set(OURS)
    assert joined(theirs, mine)[0] == set(THEIRS)
