"""Plugins in whole runs: in workers, beside files of any name, and when they are broken."""

import json
import os

import pytest

from bench.cli import _status, values
from methods import registry
from methods.registry import Entry

PLUGIN = """
import multiprocessing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import helper
from methods import Method, register
from metrics import Case, metric


def part_of(column):
    import helper  # at call time, in a process that the method starts

    return column * helper.PARTS // 40


@register
class Pooled(Method):
    name = "pooled"

    def segment(self, image, n):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            columns = pool.map(part_of, range(image.shape[1]))
        self.facts = {"default": multiprocessing.get_start_method()}
        return np.tile(columns, (image.shape[0], 1))


@dataclass
class Sizes:
    sizes: np.ndarray
    needs: ClassVar = frozenset()

    @classmethod
    def measure(cls, case: Case):
        return cls(case.labels.sizes)


@metric(
    Sizes, id="largest_share", title="Largest share", direction="low", range=(0, 1),
    reference="of mine", undefined="never", limits="all others",
)
def largest_share(s):
    return float(s.sizes.max() / s.sizes.sum())
"""


def test_a_plugin_runs_in_workers_whatever_lies_beside_it(bench, results, tmp_path, tiny):
    for name in ("methods", "metrics", "reports", "numpy", "random"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong one')\n")
    (tmp_path / "helper.py").write_text("PARTS = 4\n")
    (tmp_path / "mine.py").write_text(PLUGIN)
    data = ("--dataset", "folder", "--root", tiny, "--limit", 1)
    asked = ("run", "--methods", "pooled", "--n", 4, "--metrics", "default,largest_share")
    done = bench(*asked, *data, "--plugin", "mine.py")
    assert done.status == 0, done.out
    (row,) = results().to_dict("records")
    assert row["n_returned"] == 4
    assert row["largest_share"] == 0.25
    assert json.loads(row["facts"])["default"] in ("fork", "spawn", "forkserver")  # not loky's
    drawn = bench("compare", "results.parquet", "--metrics", "largest_share", "--plugin", "mine.py")
    assert drawn.status == 0, drawn.out
    assert "Largest share" in drawn.out

    (tmp_path / "helper.py").write_text("PARTS = 2\n")  # stale rows are not taken over
    again = bench(*asked, *data, "--plugin", "mine.py")
    assert again.status == 0, again.out
    assert results().n_returned.tolist() == [2]


@pytest.mark.parametrize("on_path", [False, True], ids=["current folder", "PYTHONPATH"])
def test_files_of_the_user_do_not_stand_for_the_suites(bench, tmp_path, monkeypatch, on_path):
    for name in ("methods", "metrics", "reports"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong one')\n")
    if on_path:
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}")
    assert bench("check", "voronoi").status == 0  # in a worker process


ONLY_HERE = """
import multiprocessing
from methods import Method, register

if multiprocessing.current_process().name != "MainProcess":
    raise ImportError("no licence for another process")

@register
class Mine(Method):
    name = "mine"

    def segment(self, image, n):
        return image[..., 0] // 9
"""


@pytest.mark.parametrize("command", [("run", "--methods", "mine", "--n", 4), ("check", "mine")])
def test_a_plugin_that_fails_in_a_worker_is_told_as_that(bench, tmp_path, command):
    (tmp_path / "mine.py").write_text(ONLY_HERE)
    done = bench(*command, "--plugin", "mine.py")
    assert done.status == 1
    assert "ImportError: no licence for another process" in done.out
    assert "mine.py" in done.out
    assert "memory" not in done.out
    assert "Traceback" not in done.out


@pytest.fixture
def broken(monkeypatch):
    """An installed plugin that fails to import."""
    entry = Entry("grim", "acme 2.5 (acme:Grim)", "ImportError: no CUDA here")
    monkeypatch.setattr(registry, "_entry_points", {"grim": entry})


LEFT_OUT = "method 'grim' of acme 2.5 (acme:Grim) is left out, it cannot be used: ImportError: no"


def test_a_run_says_which_installed_plugin_is_left_out(broken, tiny, tmp_path, capsys):
    asked = ["run", "--methods", "gri*", "--n", "4", "--backend", "sequential"]
    data = ["--dataset", "folder", "--root", str(tiny), "--limit", "1"]
    out = tmp_path / "r.parquet"
    assert _status([*asked, *data, "--out", str(out)]) == 2
    assert LEFT_OUT in capsys.readouterr().err
    assert out.exists()


def test_what_is_left_out_is_said_where_it_was_asked_for(broken, capsys):
    assert values.warn_of_broken_plugins("all")
    assert LEFT_OUT in capsys.readouterr().err
    assert not values.warn_of_broken_plugins("slic,fh")
    assert capsys.readouterr().err == ""


def test_a_broken_metric_is_said_where_all_are_asked_for(monkeypatch, capsys):
    monkeypatch.setattr("metrics.base._broken", {"sad": "acme 2.5 (acme:sad): ImportError: no"})
    assert values.warn_of_broken_plugins("slic", "all")
    assert "metric 'sad' is left out, it cannot be used: acme 2.5" in capsys.readouterr().err
    assert not values.warn_of_broken_plugins("slic", "default")


def test_a_data_set_is_checked_like_a_method(capsys):
    assert _status(["check", "sample"]) == 0
    said = capsys.readouterr().out
    assert "data set sample" in said
    assert "all checks hold" in said


def test_a_folder_is_for_data_sets(capsys):
    assert _status(["check", "voronoi", "--root", "."]) == 1
    assert "'voronoi' is none" in capsys.readouterr().err
