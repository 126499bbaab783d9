"""Times that were taken while other programs had the processor are told from the others."""

import os

import pytest

from bench.cli import _status
from bench.execution import contention, measure
from bench.execution.contention import has_waited, is_crowded, read_threads
from bench.execution.crews import all_cores
from tests.conftest import PLUGIN

S = 1_000_000_000  # nanoseconds


@pytest.mark.parametrize(
    ("took_s", "ran_s", "waited_s", "contended"),
    [
        (1.0, 1.0, 0.0, False),  # alone
        (2.0, 1.0, 1.0, True),  # half of the time another program had the core
        (1.15, 1.0, 0.15, True),
        (1.05, 1.0, 0.05, False),
        (1.0, 0.001, 0.0002, False),  # it slept, and waited a little when it woke up
        (10.0, 0.5, 0.6, False),  # it read a file for ten seconds
        (0.001, 0.0005, 0.0005, False),  # too short to tell
    ],
)
def test_waiting_for_the_processor_is_told_from_sleeping(took_s, ran_s, waited_s, contended):
    before = {"7": (5 * S, 3 * S, 40)}
    after = {"7": (5 * S + int(ran_s * S), 3 * S + int(waited_s * S), 41)}
    assert has_waited(before, after, took_s) == contended


def test_many_threads_may_wait_a_little_each():
    before = {str(i): (S, S, 0) for i in range(8)}
    little = {str(i): (2 * S, S + S // 25, 1) for i in range(8)}
    much = {str(i): (2 * S, S + S // 5, 1) for i in range(8)}
    assert not has_waited(before, little, 1.04)
    assert has_waited(before, much, 1.2)


def test_a_thread_that_is_new_counts_from_nothing():
    assert has_waited({"1": (S, 0, 1)}, {"1": (S, 0, 1), "2": (S, S, 9)}, 2.0)


def test_threads_that_wake_up_often_wait_each_time_on_an_idle_machine_too():
    assert not has_waited({"1": (0, 0, 0)}, {"1": (S, S // 2, 8000)}, 1.5)
    assert has_waited({"1": (0, 0, 0)}, {"1": (S, S // 2, 200)}, 1.5)


def test_what_linux_counts_is_read_for_each_thread(tmp_path):
    for thread, text in (("7", "12 34 5"), ("8", "1 2 3"), ("9", "")):
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(text)
    assert read_threads(tmp_path) == {"7": (12, 34, 5), "8": (1, 2, 3)}


@pytest.mark.parametrize("text", [None, "0 0 0"])
def test_a_system_that_does_not_count_says_so(tmp_path, text):
    (tmp_path / "7").mkdir()
    if text:
        (tmp_path / "7" / "schedstat").write_text(text)
    assert read_threads(tmp_path) is None


def test_without_counts_it_is_little_processor_time_on_a_full_machine(monkeypatch):
    load = all_cores()
    monkeypatch.setattr(contention, "_load", lambda: load + 2.0)
    assert is_crowded(time_s=2.0, cpu_s=1.0)
    assert not is_crowded(time_s=2.0, cpu_s=1.95)
    monkeypatch.setattr(contention, "_load", lambda: load)
    assert not is_crowded(time_s=2.0, cpu_s=1.0)


@pytest.fixture
def timed(tiny, tmp_path, monkeypatch, results, capfd):
    """``bench run --timing`` in this process, on a machine that says how long threads wait."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None, raising=False)

    def start(waits):
        """Take each call's share of waiting from a list, again and again."""
        readings = iter(
            {"1": (S + i * S, int(i % 2 * waits[i // 2 % len(waits)] * 9 * S), i)}
            for i in range(999)
        )
        monkeypatch.setattr(measure, "read_threads", lambda: next(readings))
        data = ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
        options = ["--backend", "sequential", "--timing", "--force"]
        assert _status(["run", "--methods", "stripes", "--n", "4", *data, *options]) == 0
        return results().contended.tolist(), capfd.readouterr().err

    return start


def test_a_run_that_is_alone_is_not_marked(timed):
    contended, said = timed([0])
    assert contended == [False] * 3
    assert "other programs" not in said


def test_a_run_beside_another_program_is_marked_and_says_so(timed):
    contended, said = timed([1])
    assert contended == [True] * 3
    assert "3 of 3 cells were timed while other programs ran" in said


def test_one_round_of_three_that_had_to_wait_does_not_change_the_median(timed):
    # Three cells in each round: the second one is beside another program.
    assert timed([0, 0, 0, 1, 1, 1, 0, 0, 0])[0] == [False] * 3
    assert timed([0, 0, 0, 1, 1, 1, 1, 1, 1])[0] == [True] * 3
