"""bench compare as a user runs it: tables on the terminal and in files, errors, exit statuses."""

import json
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from tests.conftest import PLUGIN
from tests.fake_results import METHODS, Fake, table, write, write_changed


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
        (["a.parquet", "--within", "1.5"], "--within: 1.5 is no share of a count"),
        (["a.parquet", "--within", "0.1", "--over", "1,9"], "--within is for labels at equal"),
        (["a.parquet", "a.parquet", "--pvalues"], "--pvalues is for labels at equal counts"),
        (["a.parquet", "--only", "zz*"], "no label is left"),
        (["a.parquet", "--own", "zz*"], "no label is like 'zz*'; there are FH, LSC, SEEDS, S"),
        (["a.parquet", "--own", "slic", "--only", "SLIC"], "only SLIC is left: --only leaves"),
        (["a.parquet", "--own", ","], "--own: ',' names nothing"),
        (["a.parquet", "--own", "FH", "--at", "9"], "--own compares at the counts that these"),
        (["a.parquet", "a.parquet", "--own", "FH"], "--own compares at the counts that these"),
        (["a.parquet", "--own", "FH", "--within", "0.1"], "--within is for labels at equal"),
        (["a.parquet", "--tolerance", "0.1"], "two files"),
        (["a.parquet", "a.parquet", "--tolerance", "-1"], "least value is 0"),
        (["a.parquet", "a.parquet", "--tolerance", "nan"], "least value is 0"),
        (["a.parquet", "--out", "table.txt"], "ends in none of .md, .csv"),
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


# --- what could not be done is said, in a table ------------------------------------------------

LONG, CHINESE = "a" * 200, "我们的方法 & 50 %"


def broken(tmp_path, name):
    """Write a file with which something cannot be done; return it and what is said of it."""
    path = tmp_path / "odd.parquet"
    if name == "one image":
        return write(path, Fake(METHODS[:3], images=1)), "one image says nothing about others"
    if name == "one method":
        return write(path, Fake(METHODS[:1])), "fewer than two labels"
    if name == "no image in common":
        first, second = table(Fake(METHODS[:1])), table(Fake(("SEEDS",), dataset="bsds500"))
        images = pa.array([f"other{name}" for name in second["image"].to_pylist()])
        second = second.set_column(second.schema.get_field_index("image"), "image", images)
        both = pa.concat_tables([first, second]).replace_schema_metadata(first.schema.metadata)
        pq.write_table(both, path)
        return path, "20 of 40 images"
    if name == "no value":
        return write_changed(path, lambda f: f.assign(ev=pd.NA)), "ev has no value in any cell"
    if name == "no shared count":

        def far(frame):
            scale = frame["label"].map({"SLIC": 1, "SEEDS": 20, "FH": 400}).astype(int)
            return frame.assign(n_labels=(frame["n_labels"] * scale).astype("int32[pyarrow]"))

        return write_changed(path, far), "less is covered by"
    names = {"60 methods": tuple(f"Method {i}" for i in range(60)), "names": (LONG, CHINESE, "x|y")}
    return write(path, Fake(names[name], ns=(50, 100), images=25)), ""


@pytest.mark.parametrize("form", ["text", "latex", "macros", "json"])
@pytest.mark.parametrize(
    "name",
    [
        *("one image", "one method", "no image in common", "no value", "no shared count"),
        *("60 methods", "names"),
    ],
)
def test_odd_results_give_tables_that_say_what_could_not_be_done(compare, tmp_path, name, form):
    path, said = broken(tmp_path, name)
    status, out, error = compare(path, "--pvalues", "--format", form)
    assert status == 0, error
    if form == "text":
        assert said in out + error
    for other in (["--over", "60,70"], [path], *([["--own", "*"]] if name != "one method" else [])):
        assert compare(path, *other, "--metrics", "asa", "--format", form)[0] == 0


def test_tables_and_numbers_are_written_for_a_paper(compare, a, tmp_path):
    wide = ("--at", "100", "--metrics", "asa,br")
    told = compare(a, *wide, "--rename", "SLIC=Ours_1 & 2", "--format", "latex", "--out", "t.tex")[
        1
    ]
    assert (tmp_path / "t.tex").read_text() == told
    assert r"Ours\_1 \& 2 &" in told
    cited = compare(a, *wide, "--format", "macros", "--out", "numbers.tex")[1]
    assert (tmp_path / "numbers.tex").read_text() == cited
    assert r"\benchdefine{SLIC}{asa}{100}{value}{0." in cited
    assert compare(a, *wide, "--out", "t.json", "--quiet")[0] == 0
    assert len(json.loads((tmp_path / "t.json").read_text())) == 8
