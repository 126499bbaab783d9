"""What a run will cost: few iterations stand for all, two counts for those between them."""

from collections import Counter

import numpy as np
import pytest
from joblib import cpu_count

from bench.datasets import open_dataset
from bench.execution.cost import (
    Cost,
    Stopped,
    Timer,
    Watch,
    costs_by_count,
    count_cells,
    seconds_of,
    time_call,
)
from bench.planning.cells import make_plan
from bench.planning.selection import choose, parse_terms
from bench.planning.variants import make_variants
from methods.registry import load_plugin_file
from tests.conftest import PLUGIN

IMAGE = np.zeros((12, 18, 3), np.uint8)


def watch(*moments):
    return Watch(iter(moments).__next__)


def test_a_long_optimisation_is_stopped_after_a_few_iterations():
    watching = watch(100.0, 109.0, 111.0, 113.0)  # the first iteration takes 9 s, then each 2 s
    watching.hear(1, 500)
    watching.hear(2, 500)
    with pytest.raises(Stopped):
        watching.hear(3, 500)
    assert watching.expected == 9 + 499 * 2


def test_a_short_optimisation_is_timed_to_its_end():
    watching = watch(0.0, 1.0, 1.1, 1.2, 1.3)
    for done in range(1, 5):
        watching.hear(done, 50)


def test_one_whose_later_iterations_are_slow_is_stopped_there():
    watching = watch(0.0, 0.1, 0.2, 0.3, 5.3)
    for done in range(1, 4):
        watching.hear(done, 50)
    with pytest.raises(Stopped):
        watching.hear(4, 50)


def test_an_optimisation_is_timed_at_the_outer_counts_only():
    asked = []

    def timed(n):
        asked.append(n)
        return Cost(10.0 + n, iterates=True)

    costs = costs_by_count([25, 50, 100, 400], timed)
    assert asked == [25, 400]
    assert {n: cost.seconds for n, cost in costs.items()} == {25: 35, 50: 60, 100: 110, 400: 410}


@pytest.mark.parametrize(
    "at",
    [
        lambda n: Cost(1 / n),  # no optimisation
        lambda n: Cost(None, "too many") if n > 100 else Cost(n, iterates=True),
    ],
)
def test_where_there_is_no_line_every_count_is_timed(at):
    assert costs_by_count([400, 25, 100], at) == {n: at(n) for n in (25, 100, 400)}


def variant(text):
    return make_variants(choose(parse_terms(text), [], list), "paper", "cpu")[0]


def test_a_cell_is_counted_once_however_many_variants_and_seeds_there_are(tiny):
    load_plugin_file(PLUGIN)
    terms = parse_terms("grid,noisy,noisy[seed=1,2],net[blocks=2,3]")
    variants = make_variants(choose(terms, [], list), "paper", "cpu")
    cells = make_plan(open_dataset("folder", root=tiny), variants, [4, 9], [0])
    found = count_cells([cell for cell in cells if cell.label != "Net[blocks=3]"], variants)
    numbers = {each.label: dict(counts) for each, counts in found}
    assert numbers == {
        "Grid": {4: 3, 9: 3},
        "noisy": {4: 9, 9: 9},  # three seeds
        "Net[blocks=2]": {4: 3, 9: 3},
    }


def test_cells_of_one_core_run_side_by_side_and_those_of_all_one_after_the_other():
    cells, costs = Counter({50: 10, 100: 10}), {50: Cost(2.0), 100: Cost(6.0)}
    assert seconds_of(cells, costs, workers=4) == 20
    costs[100] = Cost(6.0, lane="cores")
    assert seconds_of(cells, costs, workers=4) == 65


def test_what_declines_takes_no_time():
    costs = {50: Cost(2.0), 100: Cost(None, "declined")}
    assert seconds_of(Counter({50: 3, 100: 3}), costs, workers=1) == 6


def test_a_method_that_fails_says_why():
    load_plugin_file(PLUGIN)
    cost = time_call("raises", {}, IMAGE, 4, threads=cpu_count())
    assert cost.seconds is None
    assert cost.reason.startswith("failed: ")


def test_a_network_is_timed_by_its_iterations():
    few = {"iterations": 2, "blocks": 1, "width": 1, "preset": "paper", "device": "cpu"}
    cost = time_call("rim", few, IMAGE, 4, threads=cpu_count())
    assert cost.seconds > 0, cost.reason
    assert cost.iterates


def test_a_method_that_crashes_takes_only_its_own_process_along(capfd):
    load_plugin_file(PLUGIN)
    with Timer(IMAGE, plugins=(PLUGIN,)) as timer:
        crashed = timer.time(variant("crashes"), 4)
        after = timer.time(variant("stripes"), 4)
    assert crashed.seconds is None
    assert "its process died" in crashed.reason
    assert after.seconds > 0
    assert capfd.readouterr().err == ""  # no stack of the crash
