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
