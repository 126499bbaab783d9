"""bench reproduce: what it will cost is told first; then it runs and draws, and can be resumed."""

import importlib
import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import scipy.io

from bench.cli import _status
from bench.cli.reproduce import COUNTS, METHODS
from bench.planning.selection import choose, parse_terms
from bench.planning.variants import make_variants
from methods import list_methods
from tests.conftest import write_png

REPRODUCE = importlib.import_module("bench.cli.reproduce")  # the package has the function so named
PRETEND = Path(__file__).with_name("pretend.py")


@pytest.fixture
def berkeley(tmp_path):
    """Two images of 24 x 36 pixels in the folders of BSDS500, each with two halves."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    for name in ("1", "2"):
        halves = np.ones((24, 36), np.uint16)
        halves[:, 18:] = 2
        pixels = np.repeat(80 * halves[..., None], 3, 2) + rng.integers(0, 40, (24, 36, 3))
        write_png(root / "images/test" / f"{name}.png", pixels.astype(np.uint8))
        image = cv2.imread(str(root / "images/test" / f"{name}.png"))
        assert cv2.imwrite(str(root / "images/test" / f"{name}.jpg"), image)
        cells = np.empty((1, 1), dtype=object)
        cells[0, 0] = {"Segmentation": halves, "Boundaries": halves > 2}
        truths = root / "groundTruth/test" / f"{name}.mat"
        truths.parent.mkdir(parents=True, exist_ok=True)
        scipy.io.savemat(truths, {"groundTruth": cells})
    return root


@pytest.fixture
def reproduce(tmp_path, monkeypatch, capfd, berkeley):
    """Run ``bench reproduce ...`` in an empty folder; return its status and what it says."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        given = ["reproduce", "--root", berkeley, "--partial", "--plugin", PRETEND]
        given += ["--device", "cpu"]
        status = _status([str(part) for part in (*given, *arguments)])
        said = capfd.readouterr()
        return status, said.out + said.err

    return run


def test_it_tells_the_cost_runs_and_draws_and_goes_on_where_it_was_left(
    reproduce, tmp_path, monkeypatch
):
    own = ("--methods", "grid,pretend,pretend_declines", "--n", "4,6,9")
    status, said = reproduce(*own, "--limit", 1)
    assert status == 0, said
    assert "Time for an image of 36 x 24" in said
    assert "9 label maps of 1 image;" in said
    assert "Declines, n = 4, 6, 9: declined: this image is too blue" in said
    assert "--preset quick (not the published settings)" in said
    rows = pd.read_parquet(tmp_path / "reproduction/results.parquet")
    assert sorted(rows.label.unique()) == ["Declines", "Grid", "Pretend"]  # the published preset
    assert set(rows[rows.label == "Declines"].status) == {"skipped"}
    for name in ("curves.png", "curves.pdf", "summary.csv", "summary.md"):
        assert (tmp_path / "reproduction" / f"results-{name}").is_file()
    monkeypatch.setattr("bench.cli.output.draw", lambda results: None)

    status, said = reproduce(*own)
    assert status == 0, said
    assert "9 label maps of 1 image;" in said  # the other one
    assert "(9 of 18 are finished)" in said
    assert len(pd.read_parquet(tmp_path / "reproduction/results.parquet")) == 18

    status, said = reproduce(*own)
    assert status == 0, said
    assert "Time for" not in said
    assert "Nothing to do: all 18 cells are finished" in said


def test_cells_that_failed_are_status_2_also_where_nothing_can_be_drawn(reproduce):
    status, said = reproduce("--methods", "pretend_fails", "--n", "4", "--limit", 1)
    assert status == 2
    assert "Fails, n = 4: failed: RuntimeError: the reason in two lines" in said
    assert "Traceback" not in said


@pytest.fixture
def started(monkeypatch):
    """Note what would be run, without measuring, running and drawing anything."""
    calls = []
    monkeypatch.setattr(REPRODUCE, "_tell_cost", lambda *_: None)
    monkeypatch.setattr("bench.runner.run", lambda *given: calls.append(given) or 0)
    monkeypatch.setattr("bench.cli.output.draw", lambda results: None)
    return calls


@pytest.mark.parametrize(
    ("answer", "runs", "status"), [("n\n", 0, 0), ("y\n", 1, 0), ("\n", 1, 0), ("", 0, 130)]
)
def test_on_a_terminal_it_asks_before_it_starts(
    reproduce, started, monkeypatch, answer, runs, status
):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    ended, said = reproduce("--methods", "grid", "--n", 4)
    assert "Start?" in said
    assert (ended, len(started)) == (status, runs)


def test_yes_does_not_ask(reproduce, started, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    status, said = reproduce("--methods", "grid", "--n", 4, "--yes")
    assert status == 0, said
    assert "Start?" not in said
    assert len(started) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--root", "nowhere"], "nowhere"),
        (["--limit", "0"], "0 is too small"),
        (["--methods", "slicc"], "slic"),
        (["--methods", ""], "--methods is empty"),
        (["--n", "0"], "0 is too small"),
        (["--n", "865"], "above the number of pixels"),
        (["--seed", "-1"], "-1 is too small"),
        (["--split", "tests"], "test"),
        (["--preset", "fast"], "fast"),
        (["--out", "/proc/here"], "/proc/here"),
        (["--plugin", "nowhere.py"], "nowhere.py"),
    ],
)
def test_wrong_input_is_one_message_and_status_1(reproduce, tmp_path, arguments, message):
    status, said = reproduce(*arguments)
    assert status == 1
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*/results.parquet"))


def test_the_methods_of_the_paper_and_its_counts_are_known():
    variants = make_variants(choose(parse_terms(METHODS), list_methods(), list_methods), "paper")
    assert len(variants) == 8
    assert COUNTS.split(",")[0] == "25"
    assert COUNTS.split(",")[-1] == "400"
