"""Being asked to end: by whom, how often, and what may not be disturbed by it."""

import os
import signal

import pytest

from bench.cli import _status
from bench.execution import supervision
from bench.execution.supervision import hear_schedulers, supervise, undisturbed


@pytest.fixture
def handlers():
    """The handlers of this process, which are there again after the test."""
    before = {signum: signal.getsignal(signum) for signum in supervision.ENDING}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.fixture
def clock(monkeypatch, handlers):
    """A clock that stands still until it is set."""
    now = [1000.0]
    monkeypatch.setattr(supervision.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(supervision, "_asked", 0.0)
    hear_schedulers()
    return now


def test_being_asked_twice_at_once_interrupts_once(clock):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    clock[0] += 2.0
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_writing_what_is_done_is_not_disturbed(clock):
    with undisturbed():
        for signum in supervision.ENDING:
            signal.raise_signal(signum)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_nohup_is_respected(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hear_schedulers()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_program_that_calls_the_suite_is_not_forked(monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    assert supervise(lambda process: True) is None


def test_a_command_that_is_interrupted_before_its_first_cell_says_so(monkeypatch, capfd, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.runner.run", interrupted)
    monkeypatch.chdir(tmp_path)
    assert _status(["run", "--methods", "grid", "--n", "4"]) == 130
    assert capfd.readouterr().err == "bench: interrupted\n"
