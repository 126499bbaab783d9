"""What fails before the clock starts is said in the row, whatever the measured call does."""

import json

import pytest

from bench.cli import _status
from bench.execution import worker
from tests.conftest import PLUGIN


@pytest.fixture
def run(tiny, tmp_path, monkeypatch, results):
    """A run of two images in this process; its status and rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "_methods", {})

    def start(method):
        data = ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
        options = ["--n", "4", "--limit", "2", "--backend", "sequential"]
        status = _status(["run", "--methods", method, *data, *options])
        return status, results()

    return start


def test_a_warm_up_that_fails_is_said_in_the_row_of_the_cell_that_was_not_warm(run):
    status, rows = run("warms_badly")
    assert status == 0
    assert rows.status.tolist() == ["ok", "ok"]
    first, second = rows.sort_values("image").facts.map(json.loads)
    assert first["warm_up"].startswith("ValueError: no corner is large enough (misbehaving.py:")
    assert second == {}  # by then it had been called


def test_the_usual_warm_up_hides_nothing_either(run):
    status, rows = run("shy")
    assert status == 0
    said = sorted(facts.get("warm_up", "") for facts in rows.facts.map(json.loads))
    assert said[0] == ""
    assert said[1].startswith("ValueError: not at first")


def test_a_method_that_fails_after_that_has_its_own_error(run):
    status, rows = run("warms_badly[fails=true]")
    assert status == 2
    assert rows.status.tolist() == ["failed", "failed"]
    assert rows.error.str.startswith("RuntimeError: the image neither").all()


COMPILES = """
import numba
import numpy as np
from methods import Method, register

@numba.njit
def fill(labels):
    for x in range(labels.shape[1]):
        labels[:, x] = x // 4

@register
class Compiles(Method):
    name = "compiles_BACKEND"

    def segment(self, image, n):
        labels = np.zeros(image.shape[:2], np.int64)
        fill(labels)
        return labels
"""


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_run_says_what_it_compiled_unless_it_did_not(backend, tiny, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "_methods", {})
    (tmp_path / "compiles.py").write_text(COMPILES.replace("BACKEND", backend))
    data = ["--dataset", "folder", "--root", str(tiny), "--plugin", "compiles.py"]
    options = ["--n", "4", "--limit", "2", "--backend", backend]
    assert _status(["run", "--methods", "grid", *data, *options]) == 0
    assert "Compiled" not in "".join(capfd.readouterr())
    assert _status(["run", "--methods", f"compiles_{backend}", *data, *options]) == 0
    said = " ".join("".join(capfd.readouterr()).split())
    assert "Compiled on first use, " in said
    assert f" s in all: compiles_{backend} " in said
