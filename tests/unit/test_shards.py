"""A plan divided into parts: every cell once, what belongs together together, and evenly."""

import random
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from bench.errors import UsageError
from bench.planning import shards
from bench.planning.cells import Cell, digest
from bench.planning.shards import Shard, divide, parse
from tests.conftest import PLUGIN


def cell(method="slic", image=0, n=100, seed=0, **more):
    key = digest([method, image, n, seed, str(more)])
    name, content = f"im{image}", digest(["content", image])
    facts = {"size": (10, 20), "params": "{}", "label": method, "device": "cpu", "draws": False}
    return Cell(key, name, content, method=method, n=n, seed=seed, **(facts | more))


def plan(methods=("slic", "fh", "snic"), images=40, counts=(50, 100), **more):
    return [cell(m, i, n, **more) for i in range(images) for m in methods for n in counts]


@pytest.mark.parametrize(("text", "shard"), [("1/1", Shard(1, 1)), ("3/16", Shard(3, 16))])
def test_a_part_is_read(text, shard):
    assert parse(text) == shard
    assert str(shard) == text


@pytest.mark.parametrize(
    "text",
    [
        "1/100001",
        "1/99999999",
        "0/16",
        "17/16",
        "3",
        "3/0",
        "a/b",
        "",
        "/",
        "3/16/2",
        "-1/4",
        "1.0/4",
        " 1/4",
        "٣/١٦",
    ],
)
def test_what_is_no_part_is_refused_in_a_line(text):
    with pytest.raises(UsageError, match="--shard: ") as refused:
        parse(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("parts", [1, 2, 7, 16, 1000])
def test_every_cell_is_in_one_part_in_the_order_of_the_plan(parts):
    cells = plan()
    divided = divide(cells, parts)
    assert len(divided) == parts
    assert sorted(c.key for part in divided for c in part) == sorted(c.key for c in cells)
    place = {c.key: i for i, c in enumerate(cells)}
    assert all(part == sorted(part, key=lambda c: place[c.key]) for part in divided)


def test_each_method_and_count_is_dealt_out_evenly():
    divided = divide(plan(images=37), 16)
    for method in ("slic", "fh", "snic"):
        for n in (50, 100):
            counts = [sum((c.method, c.n) == (method, n) for c in part) for part in divided]
            assert max(counts) - min(counts) <= 1
    assert max(map(len, divided)) - min(map(len, divided)) <= 1


def test_the_order_of_the_plan_does_not_matter():
    cells = [*plan(), *plan(("sh",), counts=range(50, 70), shares_work=True)]
    mixed = cells.copy()
    random.Random(0).shuffle(mixed)
    costs = {
        ("slic", "{}", "cpu"): {50: 1.0},
        ("fh", "{}", "cpu"): {50: 3.0, 100: 2.0},
        ("sh", "{}", "cpu"): {n: 1 / n for n in range(50, 70)},
    }
    for known in (None, costs):
        a, b = (divide(its, 7, known) for its in (cells, mixed))
        assert [{c.key for c in part} for part in a] == [{c.key for c in part} for part in b]


@pytest.mark.parametrize("costs", [None, {("slic", "{}", "cpu"): {50: 1.0}}])
def test_what_belongs_together_stays_together(costs):
    shared = plan(("ergc",), counts=(50, 100, 200), shares_work=True)
    seeds = [replace(c, seed=s, key=f"{c.key}{s}") for c in plan(("slic",)) for s in (0, 1, 2)]
    drawn = [replace(c, draws=True) for c in seeds]
    flipped = [replace(c, key=c.key + "f", perturbation="flip") for c in plan(("fh",))]
    for cells, same in (
        (shared, lambda c: c.image),
        (seeds, lambda c: (c.image, c.n)),
        ([*plan(("fh",)), *flipped], lambda c: (c.image, c.n)),
    ):
        homes = {}
        for number, part in enumerate(divide(cells, 5, costs)):
            for c in part:
                homes.setdefault(same(c), set()).add(number)
        assert {len(numbers) for numbers in homes.values()} == {1}
    spread = [{c.seed for c in part if c.image == "im0"} for part in divide(drawn, 6)]
    assert sum(map(bool, spread)) == 3  # what draws need not stay with its other seeds


def test_by_measured_costs_each_part_has_as_much_to_do():
    cells = plan(("slow", "quick"), images=20, counts=(100,))
    costs = {("slow", "{}", "cpu"): {100: 1.0}, ("quick", "{}", "cpu"): {100: 0.01}}
    divided = divide(cells, 4, costs)
    slow = [sum(c.method == "slow" for c in part) for part in divided]
    assert slow == [5, 5, 5, 5]
    uneven = divide(cells, 3, costs)  # 7, 7 and 6 slow ones: who has 6 takes the quick ones
    counts = [Counter(c.method for c in part) for part in uneven]
    assert sorted(count["slow"] for count in counts) == [6, 7, 7]
    assert {count["quick"] for count in counts if count["slow"] == 7} == {0}


def test_costs_are_read_from_results_and_unknown_ones_are_the_mean(here, tmp_path):
    common = ("--dataset", "sample", "--limit", 1, "--backend", "sequential")
    assert here("run", "--methods", "grid,slic", "--n", "50,100", *common).status == 0
    costs = shards.read_costs(tmp_path / "results.parquet")
    assert {kind[0] for kind in costs} == {"grid", "slic"}
    assert all(set(by_count) == {50, 100} for by_count in costs.values())
    seconds = shards._Seconds(costs)
    known = [each for by_count in costs.values() for each in by_count.values()]
    new = seconds.of(cell("unheard_of"))
    assert new == pytest.approx((sum(known) / len(known) + shards.BESIDE_S) * 200)
    declined = cell("slic", decline="too many")
    assert seconds.of(declined) == 0


# --- bench run --shard -----------------------------------------------------------------------


def test_sixteen_merged_parts_equal_one_run(here, tiny, results, tmp_path):
    common = ("run", "--methods", "stripes,noisy,shares", "--n", "4,9", "--seed", "0,1")
    common += ("--perturb", "flip", "--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    common += ("--backend", "sequential", "--quiet", "--metrics", "asa,br")
    assert here(*common, "--out", "whole.parquet").status == 0
    for i in range(1, 17):
        one = here(*common, "--shard", f"{i}/16", "--out", f"{i}.parquet")
        assert one.status == 0, one.out
    parts = [f"{i}.parquet" for i in range(1, 17) if (tmp_path / f"{i}.parquet").exists()]
    assert here("merge", *parts, "--out", "merged.parquet", "--labels", "copy").status == 0
    own = ["time_s", "cpu_s", "time_shared_s", "warmup_s", "peak_mb", "run", "contended"]
    own += ["labels_file"]  # in the folder of each
    whole, merged = (results(f"{name}.parquet").drop(columns=own) for name in ("whole", "merged"))
    pd.testing.assert_frame_equal(merged, whole)


def test_two_parts_into_one_file_are_their_union(here, tiny, results):
    common = ("run", "--methods", "stripes", "--n", "4,9", "--dataset", "folder", "--root", tiny)
    common += ("--plugin", PLUGIN, "--backend", "sequential")
    first = here(*common, "--shard", "1/2")
    assert first.status == 0, first.out
    assert "Shard 1/2: 3 of 6 cells" in first.out
    assert len(results()) == 3
    assert here(*common, "--shard", "2/2").status == 0
    assert len(results()) == 6
    runs = here("list", "runs", "results.parquet")
    assert runs.status == 0
    assert here(*common).out.startswith("Nothing to do: all 6 cells are finished.")


def test_a_part_without_cells_is_no_failure(here, tiny, tmp_path):
    common = ("run", "--methods", "stripes", "--n", "4", "--dataset", "folder", "--root", tiny)
    empty = here(*common, "--plugin", PLUGIN, "--shard", "4/4")
    assert empty.status == 0, empty.out
    assert "Shard 4/4: none of 3 cells, so there is nothing to run." in empty.out
    assert not (tmp_path / "results.parquet").exists()


def test_costs_without_a_part_are_refused(here):
    finished = here("run", "--costs", "r.parquet")
    assert finished.status == 1
    assert "--shard" in finished.out
