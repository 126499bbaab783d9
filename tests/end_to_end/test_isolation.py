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


@pytest.mark.parametrize("workers", [1, 2])
def test_a_method_that_ends_its_process_is_tried_again_and_crashed(tmp_path, workers):
    assert check(tmp_path, CRASHING, workers) == []


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
