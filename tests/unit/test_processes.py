"""One process compiles, the others find it compiled; none outlives the one that started it."""

import subprocess
import sys
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
@pytest.mark.parametrize("by_main_thread", [True, False])
def test_a_worker_whose_parent_was_gone_before_it_asked_ends_too(by_main_thread):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lives = (
        f"from bench.execution.processes import obey_parent as o; o({gone.pid}, {by_main_thread})"
    )
    waits = subprocess.run(
        [sys.executable, "-c", f"{lives}; import time; time.sleep(50)"], timeout=40
    )
    assert waits.returncode == 1
