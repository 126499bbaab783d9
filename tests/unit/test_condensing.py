"""A results file made small: the same scores, and nothing of the computer that made it."""

import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.errors import UsageError
from bench.storage.condensing import condense
from metrics import DEFAULT_PROTOCOL, PROTOCOLS
from reports.data.contents import read_contents
from reports.data.facts import file_facts
from reports.data.results import load
from reports.data.schema import LATER, VERSION_KEY
from reports.tables.two_files import compare_files
from tests.fake_results import Fake, write, write_changed

RUN = {
    "id": "abc",
    "machine": "m1",
    "arguments": ["run", "--root", "/home/eve/data", "--out=/home/eve/r.parquet", "--n", "50"],
    "root": "/home/eve/data",
    "started": "2026-01-02T03:04:05+00:00",
    "cells": 12,
    "versions": {"superpixel-bench": "0.3.0"},
}
MACHINE = {"processor": "X", "system": "Linux 6.1.0-eve x86_64", "cores": 2}
FACTS = {
    "runs": [RUN],
    "machines": {"m1": MACHINE},
    "folders": ["/home/eve/r.run"],
    "annotators": {"bsds500/test": {"images": 20, "metrics": {"asa": [0.8, 0.9, 0.95]}}},
}


def placed(frame):
    """Give rows what only a computer has: label maps, digests, a machine, an error with a path."""
    failed = frame["status"] != "ok"
    return frame.assign(
        key="a" * 64,
        labels_file="r.run/labels/x.png",
        facts='{"passes": 3}',
        machine="m1",
        content=frame["image"],
        version="1",
        suite="0.3.0",
        connectivity="as-is",
        error=failed.map({True: "died in /home/eve/bench.py: 1/2 of it", False: None}),
    )


@pytest.fixture
def made(tmp_path):
    """A results file with some failures, and what condensing makes of it."""
    big = write_changed(tmp_path / "r.parquet", placed, failing=0.1, lists=True, facts=FACTS)
    condense(big, tmp_path / "small" / "s.parquet")
    return big, tmp_path / "small" / "s.parquet"


def test_scores_are_the_same_to_the_last_digit(made):
    report = compare_files(*made, ["asa", "br_r2", "vi", "ev", "n_labels"])
    assert report.beyond(0) == ""
    assert len(report.matched.a) == 3 * 4 * 20


def test_commands_read_it_as_any_other(made):
    held = read_contents(made[1])
    assert held.datasets == {"bsds500/test": 20}
    assert held.protocol == "default"
    assert held.runs["suite"].tolist() == ["0.3.0"]
    assert file_facts(made[1]).annotators["bsds500/test"]["asa"] == (0.8, 0.9, 0.95)


def test_nothing_of_the_computer_is_left(made):
    whole = made[1].read_bytes()
    rows = pd.read_parquet(made[1])
    said = json.dumps(json.loads(pq.read_schema(made[1]).metadata[b"superpixel_bench.run"]))
    assert "eve" not in said
    assert b"6.1.0" not in whole
    assert rows[["key", "labels_file", "facts", "time_s", "cpu_s", "peak_mb"]].isna().all().all()
    assert rows["asa_by_annotator"].isna().all()
    assert set(rows["error"].dropna()) == {"died in bench.py: 1/2 of it"}
    assert '"--root", "data", "--out=r.parquet", "--n", "50"' in said
    assert len(whole) < made[0].stat().st_size


def by_program(*programs):
    """Give each label the command of a program, as a run of `command` has it."""

    def change(frame):
        commands = {
            label: json.dumps({"cmd": f'{program} "{{image}}" {{n}} {{labels}}'})
            for label, program in zip(sorted(frame["label"].unique()), programs, strict=True)
        }
        return placed(frame).assign(method="command", params=frame["label"].map(commands))

    return change


def test_programs_lose_their_folders(tmp_path):
    change = by_program("/home/eve/sp", '"/home/eve/my code/other"', "./third")
    run = RUN | {"arguments": ["run", "--methods", "command[cmd=/home/eve/sp {image} {labels}]"]}
    big = write_changed(tmp_path / "r.parquet", change, facts=FACTS | {"runs": [run]})
    condense(big, tmp_path / "s.parquet")
    params = set(pd.read_parquet(tmp_path / "s.parquet")["params"])
    commands = {json.loads(each)["cmd"].partition(" ")[0] for each in params}
    assert commands == {"sp", '"other"', "./third"}
    assert b"eve" not in (tmp_path / "s.parquet").read_bytes()
    (held,) = file_runs(tmp_path / "s.parquet")
    assert held["arguments"][-1] == "command[cmd=sp {image} {labels}]"


def file_runs(path):
    return json.loads(pq.read_schema(path).metadata[b"superpixel_bench.run"])["runs"]


def test_programs_that_their_folders_tell_apart_are_refused(tmp_path):
    change = by_program("/home/eve/old/sp", "/home/eve/new/sp", "./third")
    big = write_changed(tmp_path / "r.parquet", change)
    with pytest.raises(UsageError, match=r"differ in folders alone.*sp .*names of their own"):
        condense(big, tmp_path / "s.parquet")
    assert not (tmp_path / "s.parquet").exists()


@pytest.mark.parametrize("content", ["results", "no results", ""])
def test_a_file_that_is_not_condensed_is_not_replaced(tmp_path, made, content):
    target = tmp_path / "three.parquet"
    if content == "results":
        write(target, Fake(images=2))
    else:
        target.write_text(content)
    before = target.read_bytes()
    with pytest.raises(UsageError, match=r"three\.parquet is there already, is no condensed file"):
        condense(made[0], target)
    assert target.read_bytes() == before


def test_a_condensed_file_is_made_again(made):
    before = made[1].read_bytes()
    condense(*made)
    assert made[1].read_bytes() == before


def test_values_by_annotator_stay_where_they_are_the_samples(tmp_path):
    pairs = PROTOCOLS["seal2018"]
    big = write(tmp_path / "r.parquet", Fake(lists=True, protocol=pairs))
    condense(big, tmp_path / "s.parquet")
    a, b = (load(path, ("asa",)) for path in (big, tmp_path / "s.parquet"))
    assert sorted(a["asa_pairs"]) == sorted(b["asa_pairs"])
    assert a["asa_pairs"].sum() > 0


def timing(frame):
    return placed(frame)[frame["image"].isin(["image00000", "image00003"])].assign(
        time_repeats=5, contended=False, machine="m2", time_s=np.arange(24) / 10
    )


def test_times_come_along(tmp_path):
    big = write_changed(tmp_path / "r.parquet", placed, facts=FACTS)
    also = {"runs": [RUN | {"id": "def", "machine": "m2"}], "machines": {"m2": MACHINE}}
    timed = write_changed(tmp_path / "t.parquet", timing, facts=also)
    condense(big, tmp_path / "s.parquet", timed)
    rows = pd.read_parquet(tmp_path / "s.parquet")
    with_times = rows[rows["time_s"].notna()]
    assert set(with_times["image"]) == {"image00000", "image00003"}
    assert (with_times["machine"] == "m2").all()
    assert sorted(with_times["time_s"]) == (np.arange(24) / 10).tolist()
    assert (rows.loc[rows["time_s"].isna(), "machine"] == "m1").all()
    assert set(read_contents(tmp_path / "s.parquet").machines) == {"m1", "m2"}
    assert compare_files(big, tmp_path / "s.parquet", ["asa"]).beyond(0) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.assign(asa=rows["asa"] + 0.1), r"has other scores in .* \(asa is "),
        (lambda rows: rows.assign(br=rows["br"] / 2), r"has other scores in .* \(br is "),
        (lambda rows: rows.assign(n_components=7), r"has other scores in .* \(n_components is 7 "),
        (lambda rows: rows.assign(version="2"), "version 2\\) is not in"),
        (lambda rows: rows.assign(contended=True), "24 times of .* do not compare.*while other"),
        (lambda rows: rows.assign(contended=None), "24 times of .*while other programs"),
        (lambda rows: rows.assign(time_repeats=1), "24 times .* once only; `bench run --timing`"),
        (lambda rows: rows.assign(time_s=None), "has no times"),
        (lambda rows: rows.head(0), "has no times"),
    ],
)
def test_times_of_other_labels_or_not_taken_alone_are_refused(tmp_path, change, said):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", lambda rows: change(timing(rows)))
    with pytest.raises(UsageError, match=said):
        condense(big, tmp_path / "s.parquet", timed)
    assert not (tmp_path / "s.parquet").exists()


def test_times_that_were_not_taken_alone_stay_behind_and_it_is_said(tmp_path):
    def waited(rows):
        return timing(rows).assign(contended=np.arange(24) < 5)

    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", waited)
    notes = []
    condense(big, tmp_path / "s.parquet", timed, notes.append)
    assert pd.read_parquet(tmp_path / "s.parquet")["time_s"].notna().sum() == 19
    assert len(notes) == 1
    assert "5 times of" in notes[0]
    assert "stay behind, such as that of" in notes[0]


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (
            PROTOCOLS["seal2018"],
            "under protocol seal2018 and .* under default, which differ in .*boundary .thin and",
        ),
        (
            replace(DEFAULT_PROTOCOL, tolerance=3),
            "under default, which differ in tolerance .3.* and 2",
        ),
        (replace(DEFAULT_PROTOCOL, name="mine", title="Another", reference="Ours"), ""),
    ],
)
def test_times_are_of_the_same_scoring_whatever_it_is_called(tmp_path, protocol, said):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", timing, protocol=protocol)
    with pytest.raises(UsageError, match=said) if said else nullcontext():
        condense(big, tmp_path / "s.parquet", timed)


def with_scores(path, name, values):
    """Give a file scores as pandas cannot: undefined ones (NaN) beside those not computed."""
    rows = pq.read_table(path)
    place = rows.schema.get_field_index(name)
    if place >= 0:
        rows = rows.remove_column(place)
    pq.write_table(rows.append_column(name, pa.array(values)), path)
    return path


def test_times_come_along_where_a_score_is_in_neither_file_or_undefined_in_both(tmp_path):
    big = with_scores(write_changed(tmp_path / "r.parquet", placed), "br", [np.nan] * 240)
    timed = with_scores(write_changed(tmp_path / "t.parquet", timing), "br", [np.nan] * 24)
    for path in (big, timed):
        pq.write_table(pq.read_table(path).drop_columns(["asa"]), path)
    condense(big, tmp_path / "s.parquet", timed)
    assert pd.read_parquet(tmp_path / "s.parquet")["time_s"].notna().sum() == 24


def test_a_score_that_is_undefined_in_one_file_alone_is_another_one(tmp_path):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = with_scores(write_changed(tmp_path / "t.parquet", timing), "br", [np.nan] * 24)
    with pytest.raises(UsageError, match=r"has other scores in .* \(br is nan and 0"):
        condense(big, tmp_path / "s.parquet", timed)


def test_a_score_that_was_not_computed_is_no_other_one(tmp_path):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", lambda rows: timing(rows).assign(br=None))
    assert condense(big, tmp_path / "s.parquet", timed)


def test_a_file_is_not_condensed_into_itself(tmp_path):
    big = write(tmp_path / "r.parquet", Fake())
    with pytest.raises(UsageError, match="another name"):
        condense(big, big)


def test_what_does_not_belong_together_is_refused(tmp_path):
    def two_versions(frame):
        return placed(frame).assign(version=(frame["n"] > 100).map({True: "2", False: "1"}))

    big = write_changed(tmp_path / "r.parquet", two_versions)
    with pytest.raises(UsageError, match="2 versions of the method"):
        condense(big, tmp_path / "s.parquet")


def test_metrics_that_the_file_lacks_do_not_become_columns(tmp_path):
    big = write(tmp_path / "r.parquet", Fake())
    rows = pq.read_table(big)
    pq.write_table(rows.drop_columns(["gr"]), big)
    condense(big, tmp_path / "s.parquet")
    assert "gr" not in pq.read_schema(tmp_path / "s.parquet").names
    assert pa.types.is_float64(pq.read_schema(tmp_path / "s.parquet").field("asa").type)


def test_scores_of_a_plugin_stay_and_what_else_another_program_added_does_not(tmp_path):
    big = write(tmp_path / "r.parquet", Fake(images=2))
    scores = np.arange(24) / 7
    with_scores(big, "mine", scores)
    with_scores(big, "mine_by_annotator", [[score, score] for score in scores])
    with_scores(big, "host", ["eve"] * 24)
    condense(big, tmp_path / "s.parquet")
    rows = pd.read_parquet(tmp_path / "s.parquet")
    assert sorted(rows["mine"]) == scores.tolist()
    assert rows["mine_by_annotator"].isna().all()
    assert "host" not in rows
    assert compare_files(big, tmp_path / "s.parquet", ["asa"]).beyond(0) == ""


def test_scores_of_a_plugin_must_be_the_same_where_times_come_along(tmp_path):
    big = with_scores(write_changed(tmp_path / "r.parquet", placed), "mine", np.zeros(240))
    timed = with_scores(write_changed(tmp_path / "t.parquet", timing), "mine", np.ones(24))
    with pytest.raises(UsageError, match=r"other scores in .* \(mine is 1.0 and 0.0\)"):
        condense(big, tmp_path / "s.parquet", timed)


def test_a_file_of_an_earlier_version_is_condensed_into_one_of_this_one(tmp_path):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", timing)
    for path in (big, timed):
        rows = pq.read_table(path).drop_columns(LATER["2"])
        of_version_2 = rows.schema.metadata | {VERSION_KEY: b"2"}
        pq.write_table(rows.replace_schema_metadata(of_version_2), path)
    condense(big, tmp_path / "s.parquet", timed)
    assert read_contents(tmp_path / "s.parquet").rows == 240


@pytest.mark.parametrize(
    ("less", "said"),
    [
        ({"images": 2}, "would lose 216 cells, such as FH at n = 50 on image image00002"),
        ({"split": "val"}, "would lose 240 cells, such as .* of bsds500/test"),
        ({"labels": ("SLIC",)}, "would lose 160 cells, such as FH"),
        ({"ns": (50,)}, "would lose 180 cells, such as FH at n = 100"),
    ],
)
def test_a_condensed_file_is_not_replaced_by_one_with_less(tmp_path, less, said):
    small = tmp_path / "s.parquet"
    condense(write(tmp_path / "r.parquet", Fake()), small)
    before = small.read_bytes()
    with pytest.raises(
        UsageError, match=rf"{said}.*give another name, or remove .*s\.parquet first"
    ):
        condense(write(tmp_path / "less.parquet", Fake(**less)), small)
    assert small.read_bytes() == before
    condense(write(tmp_path / "more.parquet", Fake(images=22)), small)
    assert read_contents(small).datasets == {"bsds500/test": 22}


def test_neither_times_nor_scores_are_lost_where_a_condensed_file_is_made_again(tmp_path):
    big, small = write_changed(tmp_path / "r.parquet", placed), tmp_path / "s.parquet"
    condense(big, small, write_changed(tmp_path / "t.parquet", timing))
    with pytest.raises(UsageError, match="would lose time_s of 24 cells"):
        condense(big, small)
    fewer = write_changed(tmp_path / "f.parquet", lambda rows: timing(rows).head(1))
    with pytest.raises(UsageError, match="would lose time_s of 23 cells"):
        condense(big, small, fewer)
    pq.write_table(pq.read_table(big).drop_columns(["gr"]), tmp_path / "less.parquet")
    with pytest.raises(UsageError, match="would lose gr of 240 cells"):
        condense(tmp_path / "less.parquet", small, tmp_path / "t.parquet")
    without = write_changed(
        tmp_path / "w.parquet", lambda rows: placed(rows.assign(br=rows["br"].where(rows.n > 50)))
    )
    with pytest.raises(UsageError, match="would lose br of 60 cells"):
        condense(without, small, tmp_path / "t.parquet")


def test_neither_values_by_annotator_nor_scores_of_another_protocol_are_lost(tmp_path):
    pairs = PROTOCOLS["seal2018"]
    big, small = (tmp_path / f"{name}.parquet" for name in "rs")
    condense(write(big, Fake(lists=True, protocol=pairs)), small)
    rows = pq.read_table(big)
    lists = rows["asa_by_annotator"].to_pylist()
    place = rows.schema.get_field_index("asa_by_annotator")
    kind = rows.schema.field(place).type
    gone = pa.array([None, *lists[1:]], kind)
    pq.write_table(rows.set_column(place, "asa_by_annotator", gone), tmp_path / "w.parquet")
    with pytest.raises(UsageError, match="would lose asa_by_annotator of 1 cell;"):
        condense(tmp_path / "w.parquet", small)
    other = write(tmp_path / "o.parquet", Fake(lists=True, protocol=replace(pairs, tolerance=3)))
    with pytest.raises(UsageError, match=r"would lose scores under protocol seal2018 \(tolerance"):
        condense(other, small)


def test_a_run_that_both_files_have_stands_once(tmp_path):
    timed = write_changed(tmp_path / "t.parquet", timing, facts=FACTS)
    condense(timed, tmp_path / "s.parquet", timed)
    assert [run["id"] for run in file_runs(tmp_path / "s.parquet")] == ["abc"]
