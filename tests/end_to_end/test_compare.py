"""bench compare as a user runs it: tables on the terminal and in files, errors, exit statuses."""

import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from tests.conftest import PLUGIN
from tests.fake_results import METHODS, Fake, table, write


@pytest.fixture
def a(tmp_path):
    return write(tmp_path / "a.parquet", Fake(METHODS[:4]))


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Run ``bench compare ...`` in the test's folder: exit status, standard output and error."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        status = _status(["compare", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def other(tmp_path):
    """The same cells with one score changed by 0.01."""
    rows = table(Fake(METHODS[:4]))
    asa = rows["asa"].to_pylist()
    asa[5] -= 0.01
    where = rows.schema.get_field_index("asa")
    pq.write_table(
        rows.set_column(where, "asa", pa.array(asa)).replace_schema_metadata(rows.schema.metadata),
        tmp_path / "b.parquet",
    )
    return tmp_path / "b.parquet"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, bench.cli\n"
        "status = bench.cli._status(['compare', '--help'])\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'scipy', 'pyarrow'}\n"
        "loaded = sorted(heavy & set(sys.modules))\n"
        "sys.exit(f'imported {loaded}' if loaded else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--tolerance" in done.stdout


def test_what_bench_run_wrote_can_be_compared(bench, tiny, tmp_path):
    data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    made = bench("run", "--methods", "stripes,grid", "--n", "4,9,16", *data)
    assert made.status == 0, made.out
    at = bench("compare", "results.parquet", "--at", 9, "--out", "at.csv")
    assert at.status == 0, at.out
    assert "at 9 returned superpixels, 3 images" in at.out
    scores = pd.read_parquet(tmp_path / "results.parquet")
    expected = scores[(scores.method == "grid") & (scores.n_labels == 9)].asa.mean()
    numbers = pd.read_csv(tmp_path / "at.csv").set_index(["label", "metric"])
    assert numbers.loc[("Grid", "asa"), "value"] == pytest.approx(expected)
    again = bench("compare", "results.parquet", "results.parquet", "--tolerance", 0)
    assert again.status == 0, again.out


def test_the_table_is_printed_and_written_as_markdown(compare, a, tmp_path):
    status, out, _ = compare(a, "--at", "60,150", "--out", "folder/table.md")
    assert status == 0
    assert out == (tmp_path / "folder" / "table.md").read_text(encoding="utf-8")
    assert out.count("returned superpixels, 20 images") == 2
    for label in METHODS[:4]:
        assert f"| {label} " in out


def test_all_numbers_are_written_unrounded(compare, a, tmp_path):
    told = compare(a, "--over", "80,200", "--out", "areas.csv", "--quiet")
    assert told == (0, "", "")
    numbers = pd.read_csv(tmp_path / "areas.csv")
    assert len(numbers) == 4 * 4
    assert not numbers["value"].eq(numbers["value"].round(6)).any()


def test_a_count_that_nobody_covers_is_no_error(compare, a):
    status, out, _ = compare(a, "--at", 9000, "--metrics", "asa")
    assert status == 0
    assert "or fewer" in out


def test_the_exit_status_tells_whether_two_files_agree(bench, compare, a, other):
    assert compare(a, other)[0] == 0
    assert compare(a, other, "--tolerance", 0.011)[0] == 0
    differs = bench("compare", a, other, "--tolerance", 0.009, "--quiet")
    assert differs.status == 3
    (line,) = differs.out.splitlines()
    assert "asa differs by up to 0.01 (SEEDS, n 100, image00000, seed 0)" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.parquet"], "no such file"),
        (["a.parquet", "missing.parquet"], "no such file"),
        (["cut.parquet"], "truncated"),
        (["a.parquet", "cut.parquet"], "truncated"),
        (["a.parquet", "--metrics", "asaa"], "did you mean 'asa'"),
        (["a.parquet", "--metrics", ","], "names nothing"),
        (["lacking.parquet"], "no column 'asa'"),
        (["a.parquet", "lacking.parquet"], "no column 'asa'"),
        (["a.parquet", "--at", "0"], "--at: 0 is too small; the least value is 1"),
        (["a.parquet", "--at", "100,many"], "--at: 'many' is not an integer"),
        (["a.parquet", "--at", "-5"], "--at: -5 is too small"),
        (["a.parquet", "--at", "1e3"], "'1e3' is not an integer"),
        (["a.parquet", "--at", "9" * 20], "too large"),
        (["a.parquet", "--over", "0,100"], "--over: 0 is too small; the least value is 1"),
        (["a.parquet", "fast.parquet", "--metrics", "gr"], "fast.parquet --metrics default,gr"),
        (["a.parquet", "--over", "100"], "LOW,HIGH"),
        (["a.parquet", "--over", "200,100"], "LOW below HIGH"),
        (["a.parquet", "--over", "100,100"], "LOW below HIGH"),
        (["a.parquet", "--over", "1,2,3"], "LOW,HIGH"),
        (["a.parquet", "--at", "9", "--over", "1,9"], "give one of them"),
        (["a.parquet", "a.parquet", "--at", "9"], "one file at a time"),
        (["a.parquet", "a.parquet", "--over", "1,9"], "one file at a time"),
        (["a.parquet", "--only", "zz*"], "no label is left"),
        (["a.parquet", "--tolerance", "0.1"], "two files"),
        (["a.parquet", "a.parquet", "--tolerance", "-1"], "least value is 0"),
        (["a.parquet", "a.parquet", "--tolerance", "nan"], "least value is 0"),
        (["a.parquet", "--out", "table.txt"], "nor in .csv"),
        (["a.parquet", "--out", "a.parquet/table.md"], "cannot write"),
        (["foreign.parquet"], "no count was asked for"),
        (["a.parquet", "unrelated.parquet"], "no cell in common"),
        (["failed.parquet"], "no cell ended ok"),
    ],
)
def test_a_mistake_is_told_in_a_line(compare, a, tmp_path, arguments, message):
    (tmp_path / "cut.parquet").write_bytes(a.read_bytes()[:-300])
    pq.write_table(table(Fake()).drop_columns(["asa"]), tmp_path / "lacking.parquet")
    rows = table(Fake(METHODS[:4]))
    empty = pa.nulls(len(rows), pa.float64())
    fast = rows.set_column(rows.schema.get_field_index("gr"), "gr", empty)
    pq.write_table(fast, tmp_path / "fast.parquet")
    write(tmp_path / "foreign.parquet", Fake(ns=(None,)))
    write(tmp_path / "unrelated.parquet", Fake(dataset="folder"))
    write(tmp_path / "failed.parquet", Fake(failing=1.0))
    status, out, error = compare(*arguments)
    assert (status, out) == (1, "")
    (line,) = error.splitlines()
    assert line.startswith("bench: ")
    assert message in line
