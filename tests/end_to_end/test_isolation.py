"""A method that harms costs its own cell: the rows of all others are as without it."""

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
