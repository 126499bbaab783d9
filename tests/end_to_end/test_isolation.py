"""A method that harms costs its own cell: the rows of all others are as without it."""

import json

import pyarrow.parquet as pq
import pytest

from tests.faults import hostile
from tests.faults.hostile import EXPECTED, check

LEAVING = [name for name, case in EXPECTED.items() if case.status in ("ok", "skipped")]
RAISING = [n for n, case in EXPECTED.items() if case.status == "failed" and not case.options]
CRASHING = [name for name, case in EXPECTED.items() if case.status == "crashed"]
OTHERS = {options[0][2:]: names for options, names in hostile.groups().items() if options}


def test_a_method_that_ends_its_process_is_tried_again_and_crashed(tmp_path):
    assert check(tmp_path, CRASHING, workers=2) == []


def test_whatever_a_method_raises_is_its_own_row(tmp_path):
    assert check(tmp_path, RAISING) == []


def test_what_a_method_leaves_behind_reaches_no_other(tmp_path):
    assert check(tmp_path, LEAVING) == []


@pytest.mark.parametrize("option", OTHERS)
def test_a_method_that_is_stopped_costs_nobody_else(tmp_path, option):
    assert check(tmp_path, OTHERS[option], workers=2) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--memory", "0"), "--memory: 0 cannot be; give GiB above 0"),
        (("--memory", "nan"), "--memory: nan cannot be"),
        (
            ("--memory", "1", "--backend", "sequential"),
            "leave --backend sequential or --memory out",
        ),
        (("--memory", "0.05", "--workers", "1"), "--memory: 0.05 GiB are too few for a worker"),
    ],
)
def test_a_limit_that_cannot_be_is_said(here, options, said):
    finished = here("run", "--methods", "grid", "--n", "9", "--limit", "1", *options)
    assert finished.status == 1
    assert said in finished.out


def test_the_limit_is_kept_with_the_run(here, tmp_path):
    run = ("run", "--methods", "grid", "--n", "9", "--limit", "1", "--memory", "4")
    assert here(*run, "--workers", "1").status == 0
    facts = json.loads(
        pq.read_schema(tmp_path / "results.parquet").metadata[b"superpixel_bench.run"]
    )
    assert facts["runs"][0]["memory"] == 4.0


LEAVES = """
import threading
import time

import numpy as np
import psutil

from methods import Method, register


@register
class Leaves(Method):
    name = "leaves"

    def segment_many(self, image, ns):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        return [self.divide(image, n) for n in ns]

    def segment(self, image, n):
        return self.segment_many(image, [n])[0]

    def divide(self, image, n):
        labels = np.tile(np.arange(image.shape[1]) * n // image.shape[1], (image.shape[0], 1))
        return labels if n < 30 else labels.astype(float) + 0.5


LEFT = []


@register
class Keeps(Method):
    name = "keeps"

    def segment(self, image, n):
        LEFT.append(np.ones(150 << 17))
        return np.zeros(image.shape[:2], int)


@register
class Big(Method):
    name = "big"

    def segment(self, image, n):
        # A GiB but for 80 MiB, beside what was left here.
        held = psutil.Process().memory_info().rss - sum(each.nbytes for each in LEFT)
        mine = np.ones((2**30 - (80 << 20) - held) // 8)
        time.sleep(1.0)
        return np.zeros(image.shape[:2], int) + int(mine[0])
"""


@pytest.fixture(scope="module")
def leaves(tmp_path_factory):
    """Return a plugin whose methods leave threads and memory."""
    path = tmp_path_factory.mktemp("plugin") / "leaves.py"
    path.write_text(LEAVES)
    return path


def test_counts_are_timed_in_every_round_though_their_process_is_replaced(here, tmp_path, leaves):
    run = ("run", "--methods", "leaves", "--plugin", leaves, "--n", "10,20,30")
    finished = here(*run, "--limit", "1", "--timing")
    assert finished.status == 2
    rows = pq.read_table(tmp_path / "results.parquet").to_pylist()
    found = {row["n"]: (row["status"], row["time_repeats"]) for row in rows}
    assert found[10] == found[20] == ("ok", 3)
    assert found[30][0] == "invalid"
    assert "leaves left threads behind in" in finished.out


def test_memory_that_a_cell_before_has_left_is_not_blamed_on_the_next(here, leaves):
    run = ("run", "--methods", "keeps,big", "--plugin", leaves, "--n", "4")
    finished = here(*run, "--limit", "1", "--workers", "1", "--memory", "1")
    assert finished.status == 0, finished.out


def test_a_stage_has_its_workers_though_the_one_before_needed_fewer(here, tmp_path):
    names = "pid.py"
    (tmp_path / names).write_text(
        "import os\nimport time\nfrom methods import Method, register\n\n\n"
        "@register\nclass Pid(Method):\n    name = 'pid'\n\n"
        "    def segment(self, image, n):\n"
        "        self.facts = {'pid': os.getpid()}\n        time.sleep(0.5)\n"
        "        return image[..., 0].astype(int) * 0\n"
    )
    run = ("run", "--methods", "pid", "--plugin", tmp_path / names, "--n", "4", "--limit", "1")
    finished = here(*run, "--workers", "2", "--perturb", "flip,blur:2,gamma:0.7")
    assert finished.status == 0, finished.out
    rows = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert len({json.loads(row["facts"])["pid"] for row in rows if row["perturbation"]}) == 2
