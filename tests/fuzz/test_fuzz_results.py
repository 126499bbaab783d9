"""Results files of strangers: damaged, with other columns, values, texts and facts than ours."""

import contextlib
import copy
import io
import json
import os
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli import _status
from reports.data.schema import RUN_KEY
from tests.fuzz.mutations import mutated
from tests.fuzz.settings import fuzzed

# What would move the cursor, ring, or be taken for a command by a terminal.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
TEXTS = (
    *("", " ", ".", "..", "../../../escaped", "/etc/passwd", "a/b", "a\\b", "CON", "x" * 5000),
    *("\x1b[31mred\x1b[0m", "two\nlines", "\r", "\0", "\x07", "\x9b2J", "\u202e", "\ud7ff", "é"),
    *(
        "=1+1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "$\\input{/etc/passwd}$",
        "a & b % c # d_e^f",
    ),
    *("[bold]x[/bold]", "{x}", "%s", "ok", "failed", "{}", "[]", "null", '{"a": NaN}'),
)
NUMBERS = (
    0,
    1,
    -1,
    3,
    2**31 - 1,
    -(2**31),
    0.5,
    1e300,
    -1e300,
    *map(float, ("nan", "inf", "-inf")),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(TEXTS) | st.sampled_from((*NUMBERS, 10**30)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A results file of two methods on two images, with its folder and its data set."""
    folder = tmp_path_factory.mktemp("origin")
    rng = np.random.default_rng(0)
    for i in range(2):
        for kind, values in (("images", rng.integers(0, 256, (12, 16, 3))), ("labels", None)):
            pixels = np.indices((12, 16))[1] // (5 + i) if values is None else values
            (folder / "data" / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "data" / kind / f"im{i}.png"), pixels.astype(np.uint8))
    out = str(folder / "results.parquet")
    arguments = ["--methods", "grid,hex", "--n", "4,9", "--backend", "sequential", "--quiet"]
    where = ["--dataset", "folder", "--root", str(folder / "data"), "--out", out]
    assert _status(["run", *arguments, *where]) == 0
    shutil.copy(folder / "results.parquet", folder / "other.parquet")
    return folder


@pytest.fixture
def copied(origin, tmp_path):
    """Return a fresh copy of the results below a folder in which nothing else is."""

    def make(name="case"):
        shutil.rmtree(tmp_path / "outer", ignore_errors=True)
        folder = tmp_path / "outer" / "inner" / name
        shutil.copytree(origin, folder)
        return folder

    return make


def run(folder, *arguments):
    """Run the program; it must end well or say what is wrong, in what a terminal can show."""
    out, err = io.StringIO(), io.StringIO()
    here = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = _status([str(argument) for argument in arguments])
    finally:
        os.chdir(here)
    assert status in (0, 1, 2, 3)
    said = out.getvalue() + err.getvalue()
    assert "Traceback" not in said
    assert not CONTROL.search(said), CONTROL.search(said)
    if status == 1:
        assert err.getvalue().startswith(("bench: ", "note: ", "Usage", "Warning", "Error"))
    outer = folder.parents[1]
    assert [path.name for path in outer.iterdir()] == ["inner"]
    assert [path.name for path in outer.parent.iterdir()] == ["outer"]
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
    return status


COMMANDS = {
    "compare": ("compare", "results.parquet"),
    "csv": ("compare", "results.parquet", "--format", "csv"),
    "latex": ("compare", "results.parquet", "--format", "latex", "--at", "5"),
    "macros": ("compare", "results.parquet", "--format", "macros"),
    "merge": (
        *("merge", "results.parquet", "other.parquet"),
        *("--out", "m.parquet", "--labels", "copy"),
    ),
    "drop": ("drop", "results.parquet", "--only", "Grid"),
    "resume": (
        *("run", "--methods", "grid,hex", "--n", "4,9", "--backend", "sequential"),
        *("--dataset", "folder", "--root", "data"),
    ),
}
SLOW = {
    "plot": ("plot", "results.parquet", "--out", "figures"),
    "report": ("report", "results.parquet"),
}


def change_table(table, draw):
    """Return a table with some values, types and columns changed."""
    table = pa.table({name: table[name] for name in table.column_names})
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, table.num_columns - 1))
        field = table.schema.field(place)
        what = draw(
            st.sampled_from(("values", "values", "values", "type", "drop", "twice", "rows"))
        )
        if what == "values" or what == "type":
            text = pa.types.is_string(field.type) != (what == "type")
            values = table.column(place).to_pylist()
            kind = field.type
            if what == "type":
                values = [None if value is None else str(value) for value in values]
                kind = pa.string() if text else pa.float64()
            for row in (
                draw(st.lists(st.sampled_from(range(len(values))), max_size=4)) if values else ()
            ):
                values[row] = draw(st.none() | st.sampled_from(TEXTS if text else NUMBERS))
            with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError):
                kept = pa.array(values, kind, from_pandas=False)
                table = table.set_column(place, pa.field(field.name, kind), kept)
        elif what == "drop" and table.num_columns > 1:
            table = table.remove_column(place)
        elif what == "twice":
            table = table.append_column(field, table.column(place))
        elif what == "rows":
            table = table.slice(0, draw(st.integers(0, len(table))))
    return table


def change_json(value, draw):
    """Return a JSON value with another one in some places of it."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        holder, key = [value], 0
        while isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 5)):
            holder = holder[key]
            keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
            key = draw(st.sampled_from(keys))
        if isinstance(holder, list) and len(holder) == 1 and holder[0] is value:
            value = draw(JSON)
        else:
            holder[key] = draw(JSON)
    return value


def commands(slow):
    many = {**COMMANDS, **SLOW} if slow else COMMANDS
    return st.sampled_from(sorted(many)).map(many.__getitem__)


@fuzzed(12)
@given(data=st.data())
def test_rows_that_nobody_of_us_wrote(copied, data):
    folder = copied()
    table = pq.read_table(folder / "results.parquet")
    changed = change_table(table, data.draw).replace_schema_metadata(table.schema.metadata)
    if data.draw(st.booleans()):
        shutil.rmtree(folder / "results.run")
    pq.write_table(changed, folder / "results.parquet")
    run(folder, *data.draw(commands(slow=True)))


@fuzzed(10)
@given(data=st.data())
def test_facts_that_nobody_of_us_wrote(copied, data):
    folder = copied()
    table = pq.read_table(folder / "results.parquet")
    meta = dict(table.schema.metadata)
    meta[RUN_KEY] = json.dumps(change_json(json.loads(meta[RUN_KEY]), data.draw)).encode()
    if data.draw(st.booleans()):
        shutil.rmtree(folder / "results.run")
    pq.write_table(table.replace_schema_metadata(meta), folder / "results.parquet")
    run(folder, *data.draw(commands(slow=True)))


@fuzzed(10)
@given(data=st.data())
def test_a_damaged_results_file(copied, data):
    folder = copied()
    path = folder / "results.parquet"
    path.write_bytes(data.draw(mutated([path.read_bytes()])))
    run(folder, *data.draw(commands(slow=False)))


@fuzzed(10)
@given(data=st.data())
def test_a_damaged_folder(copied, data):
    folder = copied()
    files = sorted(p for p in (folder / "results.run").rglob("*") if p.is_file())
    path = data.draw(st.sampled_from(files))
    if path.suffix == ".json" and data.draw(st.booleans()):
        path.write_text(json.dumps(change_json(json.loads(path.read_text()), data.draw)))
    else:
        path.write_bytes(data.draw(mutated([path.read_bytes()])))
    if data.draw(st.booleans()):
        (folder / "results.parquet").unlink()
    run(folder, *data.draw(commands(slow=False)))
