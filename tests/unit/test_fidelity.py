"""What docs and methods say of our scores beside those of the authors' programs is so."""

from pathlib import Path

import numpy as np
import pytest

from methods import get_method
from methods.registry import BUILTIN, get_class
from tests.benchmark.bench_methods import (
    PUBLISHED,
    REFERENCES,
    TRAIN_COUNT,
    TRAIN_MARGIN,
    TRAIN_METRICS,
    images,
    score,
)
from tests.shared import needs_shared

TABLE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
COLUMNS = ("count", *TRAIN_METRICS, "ms")
BASELINES = {"grid", "hex", "voronoi"}
each_method = pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.name)


def documented():
    """The table's cells by the method's name, then by column; ours, and after a slash theirs."""
    text = TABLE.read_text(encoding="utf-8").partition("against their authors' code")[2]
    table = text[text.index("| `") :].split("\n\n")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in table]
    return {name.strip("`"): dict(zip(COLUMNS, cells, strict=True)) for name, *cells in rows}


def ours(cell):
    return float(cell.partition(" / ")[0])


def short(value):
    """A score as departures write it: .9264."""
    return f"{value:.4f}".removeprefix("0")


@pytest.fixture(scope="module")
def train():
    return images("train", slice(0, None, 40))


@pytest.fixture(scope="module")
def val():
    return images("val", slice(4, None, 5))


def test_every_own_method_is_in_the_table():
    compiled = {
        name
        for name in BUILTIN
        if BUILTIN[name].startswith("methods.classical") and not get_class(name).library
    }
    assert {each.method for each in PUBLISHED} == compiled - BASELINES
    assert set(documented()) == {each.name for each in PUBLISHED}


@each_method
def test_the_table_has_what_is_known_of_the_authors_program(published):
    cells = documented()[published.name]
    for metric, theirs in published.scores.items():
        assert cells[metric].endswith(f"/ {theirs:.4f}")
        assert abs(ours(cells[metric]) - theirs) <= TRAIN_MARGIN[metric]
    there = "not compared" if published.ms is None else f"{published.ms:g}"
    assert cells["ms"].endswith(f"/ {there}")


@each_method
def test_departures_have_the_scores_of_the_table(published):
    cells, departures = documented()[published.name], get_class(published.method).departures
    for metric, theirs in published.scores.items():
        assert short(theirs) in departures
        assert short(ours(cells[metric])) in departures


@needs_shared
@each_method
def test_the_table_has_what_the_method_scores(published, train):
    method, cells = get_method(published.method, **published.params), documented()[published.name]
    found = [score(method, each, TRAIN_COUNT) for each in train]
    for column in COLUMNS[:-1]:
        off = 0.051 if column == "count" else 5.1e-5
        assert np.mean([each[column] for each in found]) == pytest.approx(
            ours(cells[column]), abs=off
        )


@needs_shared
@pytest.mark.parametrize(("n", "asa", "recall"), [(50, 0.002, 0.02), (400, 0.002, 0.01)])
def test_ers_scores_as_the_authors_program(n, asa, recall, val):
    reference = next(each for each in REFERENCES if each.method == "ers")
    found = [score(get_method("ers"), each, n) for each in val]
    place = reference.count.index(n)
    for metric, margin in (("asa", asa), ("br_r2", recall)):
        theirs = reference.scores[metric][place]
        assert np.mean([each[metric] for each in found]) == pytest.approx(theirs, abs=margin)
