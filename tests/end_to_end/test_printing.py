"""What commands print: it fits the terminal, and programs get all numbers."""

import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pandas as pd
import pytest

from bench.cli import _status
from tests.fake_results import METHODS, Fake, write

KINDS = ("methods", "metrics", "datasets", "protocols")
FILES = Fake((*METHODS[:3], "Proposed (quick)[soft_image=False]"), images=6, ns=(50, 100))


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Run ``bench ...`` in the test's folder: what it printed; the exit status is 0."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, columns=None):
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        assert _status([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def files(tmp_path):
    write(tmp_path / "a.parquet", FILES)
    write(tmp_path / "b.parquet", FILES)


def widest(text):
    return max(map(len, text.splitlines()))


@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
@pytest.mark.parametrize("kind", KINDS)
def test_lists_fit_the_terminal(told, kind, verbose):
    assert widest(told("list", kind, *verbose, columns=80)) <= 80
    assert widest(told("list", kind, *verbose, columns=60)) <= 60


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.parquet",),
        ("a.parquet", "--at", "60,80"),
        ("a.parquet", "--over", "60,90"),
        ("a.parquet", "b.parquet"),
    ],
)
def test_comparisons_fit_the_terminal_and_lose_nothing(told, files, arguments):
    whole = told("compare", *arguments)
    folded = told("compare", *arguments, columns=80)
    assert widest(folded) <= 80 < widest(whole)
    assert set(whole.replace("|", " ").split()) - set(folded.replace("|", " ").split()) <= {
        *(word for word in whole.split() if len(word) > 20 or set(word) <= set("-:|"))
    }


def test_a_file_or_a_program_gets_whole_lines(told, files, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert widest(told("compare", "a.parquet")) > 200


def test_the_width_of_a_terminal_counts_and_nothing_is_coloured():
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 64, 0, 0))
    done = subprocess.Popen(
        [sys.executable, "-m", "bench", "list", "protocols"], stdout=child, env={**os.environ}
    )
    os.close(child)
    printed = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # its end
            break
        if not part:
            break
        printed += part
    assert done.wait(60) == 0
    os.close(parent)
    assert 40 < widest(printed.decode()) <= 64
    assert b"\x1b" not in printed


@pytest.mark.parametrize("kind", KINDS)
def test_programs_can_read_the_lists(told, kind):
    rows = json.loads(told("list", kind, "--format", "json"))
    table = list(csv.DictReader(io.StringIO(told("list", kind, "--format", "csv"))))
    assert [row["name"] for row in rows] == [row["name"] for row in table]
    assert len(rows) > 2
    head, rule, *lines = told("list", kind, "--format", "markdown").splitlines()
    assert head.startswith("| name")
    assert set(rule) <= set("|-: ")
    assert len(lines) == len(rows)


def test_a_list_for_programs_has_every_fact_if_asked_and_no_problem_in_it(told, tmp_path):
    rows = json.loads(told("list", "metrics", "--format", "json", "--verbose"))
    (asa,) = [row for row in rows if row["name"] == "asa"]
    assert asa["better"] == "higher is better"
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    assert json.loads(told("list", "methods", "--format", "json", "--plugin", "broken.py"))


@pytest.mark.parametrize("arguments", [("a.parquet",), ("a.parquet", "b.parquet")])
def test_comparisons_have_all_their_numbers_for_programs(told, files, tmp_path, arguments):
    printed = told("compare", *arguments, "--format", "csv", "--out", "kept.csv")
    table, kept = pd.read_csv(io.StringIO(printed)), pd.read_csv(tmp_path / "kept.csv")
    pd.testing.assert_frame_equal(table, kept)
    rows = json.loads(told("compare", *arguments, "--format", "json"))
    assert len(rows) == len(table)
    column = "value" if len(arguments) == 1 else "mean_a"
    numbers = pd.Series([row[column] for row in rows], dtype=float, name=column)
    pd.testing.assert_series_equal(numbers, table[column], rtol=0, atol=1e-15)
    text = told("compare", *arguments, "--format", "markdown", "--out", "kept.md", columns=60)
    assert text == (tmp_path / "kept.md").read_text(encoding="utf-8")


def test_a_number_that_is_missing_is_null(told, tmp_path):
    write(tmp_path / "r.parquet", FILES)
    text = told("compare", "r.parquet", "--at", 9000, "--metrics", "asa", "--format", "json")
    assert all(row["value"] is None for row in json.loads(text))


def test_help_names_what_can_be_done_with_unconnected_labels(told):
    words = told("run", "--help")
    for name in ("as-is", "components", "merge"):
        assert name in words


def test_what_progress_says_is_meant_as_it_stands(capsys):
    from bench.cli.output import make_console

    make_console(quiet=False).print("label[a=1] into /tmp/:fire:/[red]/r.parquet", 12)
    assert capsys.readouterr().err == "label[a=1] into /tmp/:fire:/[red]/r.parquet 12\n"
