"""One process compiles, the others find it compiled."""

import threading

import pytest

from bench.execution.processes import first_alone

WAIT_S = 10


def passes(through, inside, may_leave):
    """Enter in a thread of its own, and stay until allowed to leave."""

    def enter():
        with first_alone(through):
            inside.release()
            may_leave.wait(WAIT_S)

    thread = threading.Thread(target=enter)
    thread.start()
    return thread


def test_the_others_wait_for_the_first_and_then_pass_together(tmp_path):
    through, inside, may_leave = tmp_path / "compiled", threading.Semaphore(0), threading.Event()
    with first_alone(through):
        threads = [passes(through, inside, may_leave) for _ in range(2)]
        assert not inside.acquire(timeout=0.3)
    together = [inside.acquire(timeout=WAIT_S) for _ in threads]
    may_leave.set()
    for thread in threads:
        thread.join()
    assert together == [True, True]


def test_where_the_first_fails_the_next_is_alone(tmp_path):
    through, inside, may_leave = tmp_path / "compiled", threading.Semaphore(0), threading.Event()
    with pytest.raises(RuntimeError), first_alone(through):
        raise RuntimeError
    threads = [passes(through, inside, may_leave) for _ in range(2)]
    assert inside.acquire(timeout=WAIT_S)
    assert not inside.acquire(timeout=0.3)
    may_leave.set()
    for thread in threads:
        thread.join()
    assert inside.acquire(timeout=WAIT_S)
