"""What `python -m tests.faults` does for hours, once each: kills, power cuts, full disks."""

import random

import pytest

from tests.faults.disks import cannot_mount, ext4
from tests.faults.fault_commands import kill_command, prepare
from tests.faults.fault_kills import TARGETS, kill_until_done
from tests.faults.fault_power import MOUNTS, cut_until_done
from tests.faults.fault_storage import CASES, try_case
from tests.faults.plan import PLANS, Place

SHORT = (
    "the disk is full at a row",
    "the disk is full at the results file",
    "the folder is removed at gathering",
    "the folder is moved at a label map",
    "no semaphores",
    "locks fail (ENOLCK)",
    "kill -9 of the group at gathering, force",
    "kill -9 of the group at a row, timing",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small data set, and what undisturbed runs make of it."""
    return Place(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize(("target", "plan"), list(zip(TARGETS, PLANS, strict=False)))
def test_a_kill_costs_the_cells_in_flight(place, target, plan):
    _, _, wrong = kill_until_done(place, plan, target, 1, random.Random(0))
    assert wrong == []


@pytest.mark.skipif(bool(cannot_mount()), reason=cannot_mount())
@pytest.mark.parametrize("options", MOUNTS)
def test_a_power_cut_takes_nothing_that_was_relied_upon(place, options):
    with ext4(place.fresh(), options) as disk:
        _, _, wrong = cut_until_done(place, PLANS[0], disk, 2, random.Random(0))
    assert wrong == []


@pytest.mark.parametrize("name", ["merge", "drop"])
def test_a_command_that_was_killed_is_given_again(place, name):
    assert kill_command(place, prepare(place), name, 0.9)[1] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.what in SHORT], ids=str)
def test_a_run_stops_in_a_line_or_goes_on(place, case):
    if case.disk != "any" and cannot_mount():
        pytest.skip(cannot_mount())
    assert try_case(place, case).wrong == ()
