"""A part of a results file run again: on other annotations, with another method or suite."""

import cv2
import numpy as np
import pandas as pd
import pytest

from bench.cli import _status
from methods.classical.grid import Grid


@pytest.fixture
def do(tmp_path, tiny, monkeypatch, capsys):
    """Run ``bench ...`` in this process and the test's folder; return its status and its words."""
    monkeypatch.chdir(tmp_path)

    def run(command, *options):
        data = ["--dataset", "folder", "--root", str(tiny), "--backend", "sequential"]
        more = data if command == "run" else ["--root", str(tiny)]
        more = more if command in ("run", "rescore", "protocols") else []
        capsys.readouterr()
        status = _status([command, *map(str, options), *more])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def annotate_anew(root):
    other = np.zeros((30, 40), np.uint8)
    other[7:] = 1
    assert cv2.imwrite(str(root / "labels" / "ann2" / "im1.png"), other)


READERS = (
    ("plot", "results.parquet", "--formats", "png"),
    ("compare", "results.parquet", "--at", "4"),
    ("protocols", "results.parquet", "--protocol", "default,best"),
    ("rescore", "results.parquet", "--protocol", "best"),
)


def labels_in(path):
    return sorted(set(pd.read_parquet(path)["label"]))


def test_an_annotation_that_changed_between_two_runs_is_not_averaged_with_its_old_self(
    do, tiny, monkeypatch
):
    assert do("run", "--methods", "grid,slic", "--n", "4,9")[0] == 0
    annotate_anew(tiny)
    status, said = do("run", "--methods", "grid", "--n", "4,9")
    assert (status, "rows of the former content would remain" in said) == (1, True)
    with monkeypatch.context() as patch:  # as versions before this one did
        patch.setattr("bench.manifest.check_dataset", lambda *_: None)
        assert do("run", "--methods", "grid", "--n", "4,9")[0] == 0
    for reader in READERS:
        status, said = do(*reader)
        assert status == 1, said
        assert "image 'im1' of folder has rows of 2 contents" in said
        assert "Grid" in said
        assert "SLIC" in said
        assert "run all labels on it again" in said
    for reader in READERS:
        status, said = do(*reader, "--allow-mixed")
        assert status == 0, said
        assert "1 image left out" in said
        assert "im1" in said
    assert do("run", "--methods", "grid,slic", "--n", "4,9")[0] == 0  # the cure
    assert do(*READERS[0])[0] == 0


def test_two_versions_of_a_method_are_one_label_nowhere(do, tmp_path, monkeypatch):
    assert do("run", "--methods", "grid,slic", "--n", "4")[0] == 0
    monkeypatch.setattr(Grid, "version", "2")
    assert do("run", "--methods", "grid", "--n", "9")[0] == 0
    for reader in READERS:
        status, said = do(*reader)
        assert status == 1, said
        assert "label 'Grid' of folder has rows of 2 versions of the method (1: 3 rows" in said
    for reader in READERS:
        status, said = do(*reader, "--allow-mixed")
        assert status == 0, said
        assert "separate labels for versions of the method: Grid" in said
    apart = ["Grid (version 1)", "Grid (version 2)", "SLIC"]
    assert labels_in(tmp_path / "results-best.parquet") == apart
    renamed = ("--metrics", "asa", "--allow-mixed", "--rename", "grid=Squares")
    status, said = do(*READERS[2], *renamed)
    assert status == 0, said
    assert "| Squares (version 1) |" in said
    assert "| Squares (version 2) |" in said
    assert "| Grid" not in said
    assert do(*READERS[2], *renamed, "--only", "SLIC")[0] == 0
    assert do("run", "--methods", "grid", "--n", "4,9")[0] == 0  # the cure
    for reader in READERS[1:]:
        assert do(*reader)[0] == 0
    assert labels_in(tmp_path / "results-best.parquet") == ["Grid", "SLIC"]


def test_rows_that_two_versions_of_the_suite_scored_are_scored_again_by_one(
    do, tmp_path, monkeypatch
):
    assert do("run", "--methods", "grid", "--n", "4")[0] == 0
    for module in ("bench.runner", "bench.planning.stored_rows"):
        monkeypatch.setattr(f"{module}.suite_version", lambda: "99.0")
    assert do("run", "--methods", "grid", "--n", "9")[0] == 0
    status, said = do("plot", "results.parquet")
    assert status == 1
    assert "label 'Grid' of folder has rows of 2 versions of the suite" in said
    assert "`bench rescore`" in said
    assert do("plot", "results.parquet", "--allow-mixed")[0] == 0
    assert do("rescore", "results.parquet")[0] == 0  # the cure
    assert set(pd.read_parquet(tmp_path / "results-default.parquet")["suite"]) == {"99.0"}
    assert do("plot", "results-default.parquet")[0] == 0
    assert do("protocols", "results.parquet", "--protocol", "default")[0] == 0


def test_label_maps_are_scored_again_when_the_suite_is_another_one(do, tmp_path, monkeypatch):
    assert do("run", "--methods", "grid", "--n", "4,9")[0] == 0
    assert do("rescore", "results.parquet")[0] == 0
    assert "Nothing to do" in do("rescore", "results.parquet")[1]
    for module in ("bench.runner", "bench.planning.stored_rows"):
        monkeypatch.setattr(f"{module}.suite_version", lambda: "99.0")
    status, said = do("rescore", "results.parquet")
    assert status == 0
    assert "6 cells to run" in said
    assert set(pd.read_parquet(tmp_path / "results-default.parquet")["suite"]) == {"99.0"}
