"""A results file made small: the same scores, and nothing of the computer that made it."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.errors import UsageError
from bench.storage.condensing import condense, without_folders
from metrics import PROTOCOLS
from reports.data.contents import read_contents
from reports.data.facts import file_facts
from reports.data.results import load
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


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("/a/b c/d.parquet", "d.parquet"),
        ("--out=../x/y.parquet", "--out=y.parquet"),
        ("slic[compactness=1,10]", "slic[compactness=1,10]"),
        ("command[cmd=./sp {image}]", "command[cmd=./sp {image}]"),
        ("command[cmd=/home/eve/sp {image}]", "command[cmd=sp {image}]"),
        ("--methods=command[cmd=~/eve/sp {n}]", "--methods=command[cmd=sp {n}]"),
        ("command[cmd=sp /home/eve/{n}.txt]", "command[cmd=sp {n}.txt]"),
        ("command[cmd=/a/python /eve/x.py -b 1 /c/d {n}]", "command[cmd=python x.py -b 1 d {n}]"),
        ("command[cmd='/home/my eve/sp' {n}]", "command[cmd='sp' {n}]"),
        (r"command[cmd=/home/my\ eve/sp {n}]", "command[cmd=sp {n}]"),
        ("command[cmd=sp {folder}/image.png]", "command[cmd=sp {folder}/image.png]"),
        ("25,50", "25,50"),
    ],
)
def test_words_of_a_command_lose_folders(word, kept):
    assert without_folders(word) == kept


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
        (lambda rows: rows.assign(asa=rows["asa"] + 0.1), "has other scores in"),
        (lambda rows: rows.assign(version="2"), "version 2\\) is not in"),
    ],
)
def test_times_of_other_labels_are_refused(tmp_path, change, said):
    big = write_changed(tmp_path / "r.parquet", placed)
    timed = write_changed(tmp_path / "t.parquet", lambda rows: change(timing(rows)))
    with pytest.raises(UsageError, match=said):
        condense(big, tmp_path / "s.parquet", timed)
    assert not (tmp_path / "s.parquet").exists()


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
