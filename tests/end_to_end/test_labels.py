"""Labels in results files: kept apart, given by the user, renamed when drawn."""

from pathlib import Path

import pandas as pd
import pytest

from bench.cli import _status
from methods.registry import load_plugin_file
from tests.conftest import PLUGIN

TWIN = """
from methods import Method, register
import numpy as np

@register
class Twin(Method):
    name = "{name}"
    title = "The twin"

    def segment(self, image, n):
        return np.arange(image[..., 0].size).reshape(image.shape[:2]) // {pixels}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_plugin_file(PLUGIN)


@pytest.fixture
def bench(tiny, capsys):
    """Run ``bench ...`` on the small data set, in this process; return exit status and output."""

    def bench(command, *arguments):
        data = ["--dataset", "folder", "--root", str(tiny), "--out", "results.parquet"]
        data = data if command in ("run", "score") else []
        data += ["--backend", "sequential", "--n", "4,9"] if command == "run" else []
        status = _status([command, *map(str, arguments), *data])
        out, err = capsys.readouterr()
        return status, out + err

    return bench


@pytest.fixture
def compare(bench):
    """Compare the labels of the results; return the labels, sorted, and all that was said."""

    def compare(*options, status=0):
        ended, said = bench(
            "compare", "results.parquet", "--metrics", "asa", "--at", 4, "--out", "c.csv", *options
        )
        assert ended == status, said
        return sorted(pd.read_csv("c.csv")["label"]), said

    return compare


def labels():
    rows = pd.read_parquet("results.parquet")
    return rows.groupby("label").size().to_dict()


def test_two_plugins_of_one_title_in_separate_runs_are_two_curves(bench, compare, tmp_path):
    for name, pixels in (("twin_left", 300), ("twin_right", 200)):
        path = tmp_path / f"{name}.py"
        path.write_text(TWIN.format(name=name, pixels=pixels))
        status, said = bench("run", "--methods", name, "--plugin", path)
        assert status == 0, said
        assert "Warning" not in said
    names, said = compare()
    assert names == ["The twin (twin_left)", "The twin (twin_right)"]
    assert "note: 'The twin' of method twin_left is shown as 'The twin (twin_left)'" in said
    status, said = bench("list", "runs", "results.parquet")
    assert status == 0
    assert "2 versions" not in said
    assert "  The twin (twin_left): twin_left" in said
    shown = "'The twin' of method twin_left is shown as 'The twin (twin_left)'"
    status, said = bench("rescore", "results.parquet", "--out", "again.parquet")
    assert status == 0, said
    assert f"note: {shown}" in said
    status, said = bench("protocols", "results.parquet", "--protocol", "best", "--metrics", "asa")
    assert status == 0, said
    assert said.count(f"- {shown}") == 1
    assert compare("--only", "the twin (twin_left)")[0] == ["The twin (twin_left)"]
    status, said = bench("plot", "results.parquet", "--formats", "png", "--metrics", "asa")
    assert status == 0, said


def test_a_method_that_is_resumed_among_others_keeps_its_label(bench):
    bench("run", "--methods", "grid2")
    before = labels()
    bench("run", "--methods", "grid2,grid", "--seed", "1")
    assert labels() == {"Grid": 6, "Grid (grid2)": 12}
    assert set(before) == {"Grid (grid2)"}


def test_a_named_choice_is_called_so_in_the_results(bench):
    status, said = bench("run", "--methods", "mine:grid,the grid:slic[compactness=1,5]")
    assert status == 0, said
    assert labels() == {
        "mine": 6,
        "the grid[compactness=1.0]": 6,
        "the grid[compactness=5.0]": 6,
    }
    assert set(pd.read_parquet("results.parquet").method) == {"grid", "slic"}


def test_rows_that_are_stored_take_the_new_label_without_running_again(bench):
    bench("run", "--methods", "grid,stripes")
    before = pd.read_parquet("results.parquet").set_index("key").sort_index()
    status, said = bench("run", "--methods", "mine:grid")
    assert status == 0
    assert "grid: what results.parquet calls 'Grid' is called 'mine' now" in said
    assert "cells to run" not in said
    assert labels() == {"mine": 6, "stripes": 6}
    after = pd.read_parquet("results.parquet").set_index("key").sort_index()
    assert after.time_s.tolist() == before.time_s.tolist()
    assert "Nothing to do" in bench("run", "--methods", "mine:grid")[1]


def test_a_name_of_something_else_in_the_file_is_refused_before_anything_runs(bench):
    bench("run", "--methods", "grid")
    before = pd.read_parquet("results.parquet")
    status, said = bench("run", "--methods", "Grid:stripes")
    assert status == 1
    assert "stripes would be called 'Grid', which stands for method grid" in said
    assert "--methods 'LABEL:stripes'" in said
    pd.testing.assert_frame_equal(pd.read_parquet("results.parquet"), before)


def test_scored_maps_never_take_the_label_of_a_method_nor_a_method_theirs(bench, tmp_path):
    bench("run", "--methods", "stripes")
    maps = tmp_path / "results.run" / "labels" / "stripes"
    for name in ("stripes",):
        status, said = bench("score", maps, "--name", name)
        assert status == 1
        assert "--name: 'stripes' stands for method stripes" in said
        assert "another --name, or another --out" in said
    assert bench("score", maps, "--name", "Grid")[0] == 0
    status, said = bench("run", "--methods", "grid")
    assert status == 1
    assert "grid would be called 'Grid', which stands for label maps from elsewhere" in said
    assert bench("run", "--methods", "mine:grid")[0] == 0
    assert labels() == {"Grid": 6, "mine": 6, "stripes": 6}


def test_scored_maps_are_stored_beside_those_of_a_method_of_that_name(bench, tmp_path):
    bench("run", "--methods", "grid")
    stored = tmp_path / "results.run" / "labels" / "grid" / "4" / "im0.png"
    before = stored.read_bytes()
    bench("run", "--methods", "stripes")
    assert bench("score", tmp_path / "results.run" / "labels" / "stripes", "--name", "grid")[0] == 0
    assert stored.read_bytes() == before


def test_labels_are_chosen_with_commas_in_brackets_and_renamed_when_shown(bench, compare):
    bench(
        "run", "--methods", "net[blocks=2,iterations=7],net[blocks=3],stripes", "--preset", "paper"
    )
    long = "Net[blocks=2,iterations=7]"
    assert compare("--only", f"{long},stripes")[0] == [long, "stripes"]
    assert compare("--without", f"{long},stripes")[0] == ["Net[blocks=3]"]
    names = compare("--rename", f"{long}=ours, weak", "--rename", "stripes=Lines")[0]
    assert names == ["Lines", "Net[blocks=3]", "ours, weak"]
    assert compare("--only", "stripes", "--rename", "stripes=Lines")[0] == ["Lines"]
    assert (
        "no label 'strips'; did you mean 'stripes'?" in compare("--rename", "strips=x", status=1)[1]
    )
    said = compare("--rename", f"stripes={long}", status=1)[1]
    assert f"would both be '{long}'" in said


def test_labels_are_renamed_in_plots_and_under_protocols(bench):
    bench("run", "--methods", "grid,stripes")
    rename = ("--rename", "stripes=Lines")
    status, said = bench("plot", "results.parquet", "--formats", "png", "--out", "p", *rename)
    assert status == 0, said
    [summary] = Path("p").glob("*summary.md")
    assert "Lines" in summary.read_text()
    status, said = bench(
        "protocols", "results.parquet", "--protocol", "default", "--metrics", "asa", *rename
    )
    assert status == 0, said
    assert "Lines" in said
    assert "stripes" not in said
    status, said = bench("protocols", "results.parquet", "--rename", "nobody=x")
    assert status == 1
    assert "no label 'nobody'" in said
    status, said = bench("protocols", "results.parquet", "--only", "grid,strips", *rename)
    assert status == 0, said
    assert said.count("no label is like 'strips'; did you mean 'stripes'?") == 1


def test_two_files_are_compared_under_a_common_label(bench, tmp_path):
    bench("run", "--methods", "mine:stripes")
    (tmp_path / "results.parquet").rename(tmp_path / "a.parquet")
    (tmp_path / "results.run").rename(tmp_path / "a.run")
    bench("run", "--methods", "stripes")
    files = ("a.parquet", "results.parquet")
    assert bench("compare", *files)[0] == 1
    status, said = bench("compare", *files, "--rename", "mine=stripes", "--tolerance", 0)
    assert status == 0, said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine", "'mine' is no pair of labels; write OLD=NEW"),
        ("mine=", "is no pair of labels"),
        ("A[x=1", "unbalanced bracket"),
    ],
)
def test_what_is_no_renaming_is_told(bench, text, message):
    status, said = bench("compare", "results.parquet", "--rename", text)
    assert status == 1
    assert message in said
