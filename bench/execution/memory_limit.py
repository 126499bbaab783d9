"""``--memory``: worker processes that hold more than they may are stopped.

What they and the processes below them hold is looked at several times a second. What is asked for
in one piece that is far beyond the limit is refused by the system, before any of it is used.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

import psutil

GIB = 2**30
TOO_LARGE = "memory"
LOOK_S = 0.1
# Processes below a worker are searched among all of the machine, which takes longer.
LOOK_BELOW_EVERY = 5


def refuse_jumps(limit: int) -> None:
    """Let the system refuse this process, and those below it, twice the limit and 2 GiB.

    Libraries reserve what they never use, so that the limit itself would be too little.
    """
    most = 2 * limit + 2 * GIB
    with suppress(ValueError, OSError):  # less is allowed already
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


class Watched(Protocol):
    """A process that may be stopped."""

    pid: int

    def stop(self, why: str) -> None:
        """End it, and what it has started."""


class MemoryWatch:
    """Stops processes that hold more than they may, from a thread of its own.

    Parameters
    ----------
    limit : int
        Bytes.
    watched : callable
        Returns the processes that run now.
    """

    def __init__(self, limit: int, watched: Callable[[], Iterable[Watched]]) -> None:
        self.limit = limit
        self.watched = watched
        self._ended = threading.Event()

    def __enter__(self) -> MemoryWatch:
        self._ended.clear()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        looks = 0
        while not self._ended.wait(LOOK_S):
            looks += 1
            for process in self.watched():
                with suppress(psutil.Error, OSError):  # it has ended, or nobody may look at it
                    if held(process.pid, below=looks % LOOK_BELOW_EVERY == 0) > self.limit:
                        process.stop(TOO_LARGE)


def held(pid: int, below: bool = False) -> int:
    """Return the bytes in memory of a process, with those of all processes below it if asked."""
    try:
        process = psutil.Process(pid)
        own = int(process.memory_info().rss)
        children = process.children(recursive=True) if below else []
    except psutil.NoSuchProcess:
        return 0
    return own + sum(_own(child) for child in children)


def _own(process: psutil.Process) -> int:
    """Return what a process does not share with the one that it was forked from."""
    with suppress(psutil.Error):
        return int(process.memory_full_info().uss)
    return 0
