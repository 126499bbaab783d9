"""Methods that do not draw: computed once, a row for every seed."""

import json
import shutil

import pandas as pd
import pytest

from bench.cli import _status
from bench.planning.cells import make_plan
from bench.planning.seeds import share_seeds
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.storage.copies import _mark
from methods.registry import load_plugin_file
from tests.conftest import PLUGIN
from tests.unit.test_metrics_plugins import METRIC


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_plugin_file(PLUGIN)
    (tmp_path / "calls").mkdir()


@pytest.fixture
def run(tiny, capsys):
    """Run methods in this process; return what was said and the rows."""

    def run(methods, seeds, *options, read="results.parquet"):
        arguments = ["run", "--methods", methods, "--seed", seeds, "--n", "4,9", "--limit", "2"]
        arguments += ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
        status = _status([*arguments, "--backend", "sequential", *options])
        said = capsys.readouterr().err
        assert status == 0, said
        return said, pd.read_parquet(read).sort_values(["seed", "image", "n"])

    return run


def calls(tmp_path):
    return len(list((tmp_path / "calls").iterdir()))


def test_a_method_that_does_not_draw_runs_once_for_all_seeds(run, tmp_path):
    said, rows = run("counts[folder=calls]", "0,1,2")
    assert calls(tmp_path) == 4  # 2 images at 2 counts
    assert "counts does not draw: computed once for all seeds, 8 rows copied" in said
    assert "4 cells to run" in said
    assert len(rows) == 12
    assert (rows.status == "ok").all()
    for column in ("asa", "time_s", "run"):
        values = [list(its[column]) for _, its in rows.groupby("seed")]
        assert values[0] == values[1] == values[2]
    assert rows.key.is_unique
    marks = [json.loads(facts).get("copy_of_seed") for facts in rows.facts]
    assert [mark is None for mark in marks] == list(rows.seed == 0)
    assert {mark for mark in marks if mark is not None} == {0}


def test_the_label_map_of_a_copy_stays_when_another_seed_is_computed_again(run, tmp_path):
    rows = run("grid", "0,1")[1]
    assert rows.labels_file.is_unique
    paths = [tmp_path / name for name in rows.labels_file]
    seed_1 = {path: path.read_bytes() for path, seed in zip(paths, rows.seed, strict=True) if seed}
    for path, seed in zip(paths, rows.seed, strict=True):
        if not seed:
            path.write_bytes(b"")  # in place: not so `bench run`, which puts a new file there
            assert path.samefile(path.with_name(path.name))
    run("grid", "0", "--force")
    assert len(seed_1) == 4
    assert all(path.is_file() for path in seed_1)


def test_a_seed_that_is_added_later_takes_the_rows_that_there_are(run, tmp_path):
    run("counts[folder=calls]", "0,1")
    said, rows = run("counts[folder=calls]", "1,5")
    assert calls(tmp_path) == 4
    assert "4 rows copied" in said
    assert sorted(rows.seed.unique()) == [0, 1, 5]
    assert len(rows) == 12
    assert "Nothing to do" in run("counts[folder=calls]", "0,1,5")[0]


def test_force_computes_again(run, tmp_path):
    run("counts[folder=calls]", "0,1")
    rows = run("counts[folder=calls]", "0,1", "--force")[1]
    assert calls(tmp_path) == 8
    assert len(set(rows.run)) == 1
    assert len(rows) == 8


def test_timed_rows_are_those_of_all_rounds(run, tmp_path):
    run("counts[folder=calls]", "0")
    rows = run("counts[folder=calls]", "0,1", "--timing")[1]
    assert calls(tmp_path) == 4 + 3 * 4
    assert (rows.time_repeats == 3).all()
    assert len(rows) == 8


def test_what_is_done_when_a_run_is_interrupted_has_its_rows_for_every_seed(tiny):
    arguments = ["run", "--methods", "stripes,interrupts", "--seed", "0,1", "--n", "4", "-q"]
    arguments += ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
    assert _status([*arguments, "--backend", "sequential"]) == 130
    rows = pd.read_parquet("results.parquet")
    assert (rows.method == "stripes").all()
    assert sorted(rows.seed) == [0, 1]


def test_an_interrupted_force_copies_no_row_that_it_has_not_renewed(tiny):
    def ended(methods, *options):
        data = ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
        arguments = ["run", "--methods", methods, "--seed", "0,1", "--n", "4", "--limit", "1"]
        return _status([*arguments, *data, "--backend", "sequential", "-q", *options])

    assert ended("stripes,grid") == 0
    before = pd.read_parquet("results.parquet")
    assert ended("stripes,interrupts,grid", "--force") == 130
    runs = pd.read_parquet("results.parquet").groupby("method")["run"].agg(set)
    assert runs["grid"] == set(before.run)
    assert runs["stripes"].isdisjoint(runs["grid"])


def test_a_failure_is_that_of_every_seed(tiny, tmp_path):
    arguments = ["run", "--methods", "raises", "--seed", "0,1", "--n", "4", "--limit", "1", "-q"]
    arguments += ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
    assert _status([*arguments, "--backend", "sequential"]) == 2
    rows = pd.read_parquet("results.parquet")
    assert list(rows.status) == ["failed", "failed"]
    assert len(set(rows.error)) == 1


def test_what_draws_is_drawn_for_every_seed(run):
    said, rows = run("noisy", "0,1")
    assert "does not draw" not in said
    assert rows.labels_file.is_unique


def test_what_may_draw_without_a_seed_is_not_shared(tiny):
    from bench.datasets import open_dataset

    choices = [
        Choice("command", (("cmd", "./sp {image} {labels}"),)),
        Choice("noisy"),
        Choice("fh"),
    ]
    variants = make_variants(choices)
    assert [variant.draws for variant in variants] == [True, True, False]
    cells = make_plan(open_dataset("folder", root=tiny), variants, [4], [0, 1])
    shared = share_seeds(cells)
    assert {cell.method for cell in shared.copied} == {"fh"}
    assert (len(shared.run), len(shared.copied)) == (15, 3)


def test_a_choice_and_its_seed_given_twice_are_one_cell(tiny):
    from bench.datasets import open_dataset

    variants = make_variants([Choice("noisy"), Choice("noisy", (("seed", "1"),))])
    cells = make_plan(open_dataset("folder", root=tiny), variants, [4], [0, 1])
    assert len(cells) == len({cell.key for cell in cells}) == 2 * 3


def test_the_label_map_of_a_copy_is_that_of_its_own_folder_also_under_a_new_name(run, tmp_path):
    run("grid", "0")
    for suffix in ("parquet", "run"):
        (tmp_path / f"results.{suffix}").rename(tmp_path / f"q.{suffix}")
    run("hex", "0")  # another results.run, with label maps of its own
    foreign = tmp_path / "results.run" / "labels"
    shutil.copytree(foreign / "hex", foreign / "grid")
    (tmp_path / "results.parquet").unlink()
    run("grid", "0,1", "--out", "q.parquet", read="q.parquet")
    rows = pd.read_parquet("q.parquet")
    assert rows.labels_file.str.startswith("q.run/").all()
    for _, its in rows.groupby(["image", "n"]):
        assert len({(tmp_path / name).read_bytes() for name in its.labels_file}) == 1


def test_a_row_without_a_metric_that_is_asked_for_is_not_copied(run, tmp_path, own_metrics):
    (tmp_path / "metric.py").write_text(METRIC.replace("ID", "largest_share"))
    run("counts[folder=calls]", "0")
    asked = ("--metrics", "default,largest_share", "--plugin", "metric.py")
    said, rows = run("counts[folder=calls]", "0,1", *asked)
    assert "3 finished" not in said
    assert calls(tmp_path) == 8
    assert rows.largest_share.notna().groupby(rows.seed).all().to_dict() == {0: False, 1: True}
    said, rows = run("counts[folder=calls]", "0,1,2", *asked)
    assert calls(tmp_path) == 8
    assert "4 rows copied" in said
    assert rows.largest_share.notna().groupby(rows.seed).all()[2]


def test_a_copy_says_of_which_other_seed_it_is():
    row = {"seed": 1, "facts": json.dumps({"trials": 3})}
    assert json.loads(_mark(row, 2)) == {"copy_of_seed": 1, "trials": 3}
    copy = {"seed": 1, "facts": json.dumps({"copy_of_seed": 0})}
    assert json.loads(_mark(copy, 2)) == {"copy_of_seed": 0}
    assert json.loads(_mark(copy, 0)) == {"copy_of_seed": 1}
