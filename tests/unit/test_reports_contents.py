"""``bench list runs FILE``: what a results file holds, and what is missing or mixed in it."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from bench.storage.schema import with_run_facts
from reports.data.contents import read_contents
from reports.data.schema import VERSION_KEY, run_facts
from reports.tables.contents import contents_lines
from tests.fake_results import Fake, table, write, write_changed

FACTS = {
    "runs": [
        {
            "id": "r1",
            "started": "2026-11-29T10:00:00+00:00",
            "cells": 12,
            "machine": "m1",
            "arguments": ["run", "--methods", "slic"],
            "git_revision": "0123456789abcdef",
            "versions": {"superpixel-bench": "0.1.0"},
        },
        {"started": None, "arguments": []},  # of an earlier version
    ],
    "machines": {
        "m1": {"processor": "A CPU", "cores": 8, "memory_gb": 31.5, "gpu": None, "isa": "avx512"}
    },
}


def make(path, change=lambda frame: frame, **fake):
    def known(frame):
        frame = frame.assign(run="r1", machine="m1", suite="0.1.0", version="1", content="c" * 64)
        return change(frame)

    write_changed(path, known, **fake)
    rows = pq.read_table(path)
    pq.write_table(with_run_facts(rows, run_facts(rows.schema) | FACTS), path)
    return path


def lines_of(path):
    return "\n".join(contents_lines(read_contents(path)))


def test_runs_machines_and_labels_are_named_with_their_counts(tmp_path):
    text = lines_of(make(tmp_path / "r.parquet", images=3, ns=(50, 100)))
    assert "r.parquet: 18 rows (18 ok)\nbsds500/test, 3 images; protocol default\n" in text
    assert "  r1: 2026-11-29T10:00:00+00:00, 12 cells, 18 rows here; suite 0.1.0, " in text
    assert "revision 0123456789ab, machine m1\n    bench run --methods slic\n" in text
    assert "  m1: A CPU, 8 cores, 31.5 GB memory, isa avx512" in text
    assert "  SLIC: slic 1 (suite 0.1.0), n = 50, 100; 6 rows, 6 ok" in text
    assert "missing" not in text
    assert "not to be" not in text


def test_statuses_are_counted_by_label_and_in_all(tmp_path):
    def fail(frame):
        frame.loc[(frame.label == "FH") & (frame.n == 50), "status"] = "timeout"
        frame.loc[frame.index[0], "status"] = "failed"
        return frame

    held = read_contents(make(tmp_path / "r.parquet", fail, images=2, ns=(50, 100)))
    assert dict(held.statuses) == {"ok": 9, "failed": 1, "timeout": 2}
    labels = held.labels.set_index("label")
    assert labels.loc["FH", "other"] == "2 timeout"
    assert labels.loc["FH", "ok"] == 2


def test_cells_that_others_have_are_missing(tmp_path):
    def lose(frame):
        lost = (frame.label == "FH") & (frame.n == 100) & (frame.image == "image00001")
        return frame[~lost & ~((frame.label == "SLIC") & (frame.n == 50))]

    held = read_contents(make(tmp_path / "r.parquet", lose, images=2, ns=(50, 100)))
    assert held.missing == (
        "FH at n = 100: 1 of 2 images of bsds500/test (image00001)",
        "SLIC at n = 50: 2 of 2 images of bsds500/test (image00000, image00001)",
    )


def test_one_image_is_counted_as_one(tmp_path):
    def lose(frame):
        return frame[(frame.label != "FH") | (frame.n == 50)]

    held = read_contents(make(tmp_path / "r.parquet", lose, images=1, ns=(50, 100)))
    assert held.missing == ("FH at n = 100: 1 of 1 image of bsds500/test (image00000)",)


def test_label_maps_from_elsewhere_have_no_n_to_miss(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=2, ns=(50, 100)), Fake(("Mine",), (None,), 1))
    assert read_contents(path).missing == ("Mine: 1 of 2 images of bsds500/test (image00001)",)
    assert "Mine: mine not recorded (suite not recorded), n = not given; 1 row, 1 ok" in lines_of(
        path
    )


def test_what_does_not_belong_together_is_said(tmp_path):
    def mix(frame):
        frame.loc[frame.image == "image00000", ["version", "machine"]] = ["2", "m2"]
        frame["contended"] = False
        return frame

    held = read_contents(make(tmp_path / "r.parquet", mix, labels=("SLIC", "FH"), images=2))
    assert len(held.mixed) == 3
    assert "label 'FH' of bsds500/test has rows of 2 versions" in held.mixed[0]
    assert "times are of 2 machines" in held.mixed[2]


def test_a_file_of_an_earlier_version_is_listed_too(tmp_path):
    rows = table(Fake(images=2)).drop_columns(["run", "machine", "suite"])
    of_version_2 = rows.schema.metadata | {VERSION_KEY: b"2"}
    pq.write_table(rows.replace_schema_metadata(of_version_2), tmp_path / "r.parquet")
    assert "24 rows (24 ok)" in lines_of(tmp_path / "r.parquet")


def test_a_file_without_rows_is_listed_as_such(tmp_path):
    pq.write_table(table(Fake()).slice(0, 0), tmp_path / "r.parquet")
    assert lines_of(tmp_path / "r.parquet").splitlines() == [
        f"{tmp_path / 'r.parquet'}: 0 rows",
        "no images; protocol default",
    ]


def test_the_command_takes_the_usual_file_or_the_one_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "results.parquet", images=2)
    assert _status(["list", "runs"]) == 0
    assert capsys.readouterr().out.startswith("results.parquet: 24 rows")
    assert _status(["list", "runs", "results.parquet"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs", "no.parquet"], "no such file"),
        (["runs", "foreign.parquet"], "not one that `bench run` wrote"),
        (["methods", "results.parquet"], "only 'bench list runs' takes a file"),
        (["runs", "--verbose"], "--verbose is for methods, metrics, datasets, protocols"),
        (
            ["runs", "--plugin", "mine.py"],
            "--plugin is for methods, metrics, datasets; leave it out of 'bench",
        ),
        (["runs", "--protocol-file", "mine.toml"], "--protocol-file is for protocols"),
        (["methods", "--protocol-file", "mine.toml"], "leave it out of 'bench list methods'"),
    ],
)
def test_what_cannot_be_listed_is_told(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"label": ["SLIC"]}).to_parquet("foreign.parquet")
    assert _status(["list", *arguments]) == 1
    assert message in capsys.readouterr().err
