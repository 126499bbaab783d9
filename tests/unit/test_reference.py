"""The results that come with the suite are what the suite computes."""

import json
import os
from datetime import date

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench.datasets import open_dataset
from bench.scoring.score import Scoring, score
from bench.storage.provenance import machine
from methods.canonical import canonicalise
from methods.registry import get_class, get_method, method_version
from reports.data.facts import file_facts
from reports.data.reference import FOLDER, reference_files
from reports.data.schema import run_facts
from tests.shared import BSDS500, needs_shared

CELLS = 10
# Others every day, so that all labels get their turn; LOT draws those of a failure again.
LOT = int(os.environ.get("LOT") or date.today().toordinal())
FILES = reference_files()
EVERY = sorted(FOLDER.rglob("*.parquet"))  # also those that docs/claims.md is written from


def each(files):
    return pytest.mark.parametrize("path", files, ids=lambda path: path.stem)


@needs_shared
@each(EVERY)
def test_cells_drawn_by_lot_have_the_scores_that_are_computed_now(path):
    facts = run_facts(pq.read_schema(path))
    dataset = open_dataset("bsds500", root=BSDS500, split=facts["dataset"].partition("/")[2])
    scoring = Scoring(file_facts(path).protocol, tuple(facts["metrics"]))
    known = repeatable(pd.read_parquet(path), facts["machines"])
    if known.empty:
        pytest.skip("networks in it round otherwise on this processor, or take minutes a cell")
    for row in drawn(known):
        given = json.loads(row["params"])
        taken = {each.name for each in get_class(row["method"]).parameters()}
        given |= {name: row[name] for name in ("seed", "device") if name in taken}
        sample = dataset.load(row["image"])
        assert dataset.fingerprint(row["image"]) == row["content"]
        made = get_method(row["method"], **given).segment(sample.image.copy(), row["n"])
        found = score(canonicalise(made, sample.image.shape[:2]), sample, row["n"], scoring)
        names = [name for name in (*facts["metrics"], "n_returned") if name in found]
        ours, theirs = ([float(its[name]) for name in names] for its in (found, row))
        where = f"{row['label']} at {row['n']} on {row['image']} (LOT={LOT}): {names}"
        np.testing.assert_array_equal(ours, theirs, err_msg=where)
        assert len(names) > 20


def drawn(known):
    """Return one cell each of ten labels, by the day's lot."""
    one_each = known.sample(frac=1, random_state=LOT).drop_duplicates("label")
    return one_each.head(CELLS).to_dict("records")


@each(EVERY)
def test_it_is_of_the_methods_as_they_are_now(path):
    rows = pd.read_parquet(path, columns=["method", "version"]).drop_duplicates()
    for method, version in rows.itertuples(index=False):
        own = method_version(get_class(method)).partition("+")[0]  # not that of a library
        assert version.partition("+")[0] == own, method


def test_there_are_reference_results():
    assert [path.stem for path in FILES] == ["bsds500-test", "bsds500-val"]


def repeatable(rows, machines):
    """Return what this machine can soon compute again: of the same version and processor.

    Networks round otherwise on another instruction set, and with the paper's settings take long.
    """
    here = {name: method_version(get_class(name)) for name in rows["method"].unique()}
    networks = [name for name in here if "cuda" in get_class(name).devices]
    same = {id for id, its in machines.items() if its["instruction_set"] == instruction_set()}
    as_before = ~rows["method"].isin(networks) | rows["machine"].isin(same)
    current = rows["version"] == rows["method"].map(here)
    quick = ~rows["params"].str.contains('"preset": "paper"', regex=False)
    return rows[(rows["status"] == "ok") & as_before & current & quick]


def instruction_set():
    return machine()["instruction_set"]


@each(FILES)
def test_it_is_whole_and_says_where_it_is_from(path):
    rows = pd.read_parquet(path)
    facts = run_facts(pq.read_schema(path))
    split = facts["dataset"].partition("/")[2]
    assert path.name == f"bsds500-{split}.parquet"
    images = {"test": 200, "val": 100}[split]
    cells = rows.groupby(["method", "n"])["image"].nunique()
    assert (cells == images).all()
    every = rows.groupby("method")["n"].nunique()
    assert set(rows["n"]) == {25, 50, 100, 200, 400, 800}
    assert (every == 6).all()
    assert len(every) >= 29
    assert (rows["status"] == "ok").mean() > 0.99
    assert all(run["versions"]["superpixel-bench"] for run in facts["runs"])
    assert set(rows["machine"]) <= facts["machines"].keys()


@each(EVERY)
def test_it_is_small_and_has_no_folders(path):
    assert path.stat().st_size < 9e6
    said = pq.read_schema(path).metadata[b"superpixel_bench.run"].decode()
    assert not any(name in said for name in ("/home/", "/root/", "/tmp/", "/work/"))
    assert pd.read_parquet(path, columns=["labels_file"]).isna().all(axis=None)
