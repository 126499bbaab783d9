"""What docs/benchmarks.md says of our methods beside their authors' programs is what they score."""

from pathlib import Path

import numpy as np
import pytest

from methods import get_method
from methods.registry import BUILTIN, get_class
from tests.benchmark.bench_methods import PUBLISHED, TRAIN_COUNT, images, score
from tests.shared import needs_shared

TABLE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
OWN = sorted({each.method for each in PUBLISHED})


def documented():
    """The table's cells by the method's name: count, scores, time; ours, and theirs if known."""
    table = TABLE.read_text(encoding="utf-8").partition("against their authors' code")[2]
    lines = table.partition("| `")[1:]
    rows = [line.strip("| ").split(" | ") for line in "".join(lines).split("\n\n")[0].splitlines()]
    return {name.strip("`"): cells for name, *cells in rows}


@pytest.fixture(scope="module")
def train():
    return images("train", slice(0, None, 40))


def test_every_own_method_is_in_the_table():
    compiled = {
        name
        for name in BUILTIN
        if BUILTIN[name].startswith("methods.classical") and not get_class(name).library
    }
    baselines = {"grid", "hex", "voronoi"}
    assert compiled - baselines == set(OWN)
    assert set(documented()) == {each.name for each in PUBLISHED}


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.name)
def test_the_table_and_the_departures_have_the_scores_of_the_authors_program(published):
    cells, departures = documented()[published.name], get_class(published.method).departures
    for cell, theirs in zip(cells[1:3], (published.asa, published.br), strict=True):
        if theirs is None:
            assert "/" not in cell
            assert ("not compared" in cells[-1].lower()) == (published.ms is None)
        else:
            assert cell.endswith(f"/ {theirs:.4f}")
            assert f"{theirs:.4f}".removeprefix("0") in departures


@needs_shared
@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.name)
def test_the_table_has_what_the_method_scores(published, train):
    method = get_method(published.method, **published.params)
    scores = np.mean([list(score(method, each, TRAIN_COUNT).values()) for each in train], axis=0)
    ours = [float(cell.partition(" / ")[0]) for cell in documented()[published.name][:-1]]
    assert scores[0] == pytest.approx(ours[0], abs=0.051)
    assert scores[1:] == pytest.approx(np.array(ours[1:]), abs=5.1e-5)
