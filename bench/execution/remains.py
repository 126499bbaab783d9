"""What a method leaves behind that nobody can take back; its process is then replaced."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
import threading
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

PR_SET_CHILD_SUBREAPER = 36

# Other threads are busy when they use more than this share of a core, and still do some time later:
# those of libraries wait a moment for more work without sleeping.
BUSY_SHARE = 0.05
BUSY_LEAST_S = 0.005
SETTLES_S = 0.05
SETTLES_TIMES = 6

# A process may grow by so much, or by this share of --memory, after the last warm-up in it.
MOST_GROWN = 2**30
GROWN_SHARE = 0.25


def adopt_orphans(adopt: bool = True) -> None:
    """Become the parent of processes whose own parent dies below this one, where there is a way."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


class Remains:
    """Looks for what methods leave in this process.

    Parameters
    ----------
    limit : int or None
        The bytes that the process may hold.
    """

    def __init__(self, limit: int | None = None) -> None:
        adopt_orphans()
        self._process = psutil.Process()
        self._descriptors = {number: _identity(number) for number in _open_descriptors()}
        self._most_open = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        self._may_grow = MOST_GROWN if limit is None else min(MOST_GROWN, GROWN_SHARE * limit)
        self.warmed_up()
        self.returned()

    def warmed_up(self) -> None:
        """Take what the process holds and runs now for what it needs."""
        self._held = self._process.memory_info().rss
        self._own = {child.pid for child in self._process.children()}
        self._threads = set(threading.enumerate())

    def returned(self) -> None:
        """Note that the method has returned: from now on no other thread has anything to do."""
        self._clock = _clock()

    def find(self) -> str:
        """Say what a method has left; empty if nothing that matters."""
        if self.closed():
            return "descriptors that are closed or another's"
        if len(_open_descriptors()) > self._most_open:
            return "too many open files"
        if _has_processes(self._process, self._own):
            return "processes"
        if set(threading.enumerate()) - self._threads:
            return "threads"
        if self._is_busy():
            return "busy threads"
        if self._has_grown():
            return "memory"
        return ""

    def closed(self) -> bool:
        """Tell whether a descriptor that the process began with is no longer what it was."""
        return any(_identity(number) != was for number, was in self._descriptors.items())

    def _is_busy(self) -> bool:
        wall, others = (now - then for now, then in zip(_clock(), self._clock, strict=True))
        if others < max(BUSY_LEAST_S, BUSY_SHARE * wall):
            return False
        for _ in range(SETTLES_TIMES):
            before = _clock()
            time.sleep(SETTLES_S)
            wall, others = (now - then for now, then in zip(_clock(), before, strict=True))
            if others < BUSY_SHARE * wall:
                return False
        return True

    def _has_grown(self) -> bool:
        if self._process.memory_info().rss < self._held + self._may_grow:
            return False
        gc.collect()
        return bool(self._process.memory_info().rss > self._held + self._may_grow)


def _clock() -> tuple[float, float]:
    """Return the time, and the processor time of all other threads."""
    return time.perf_counter(), time.process_time() - time.thread_time()


def _open_descriptors() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208
    return []


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _has_processes(process: psutil.Process, own: Collection[int]) -> bool:
    """Tell whether there are processes below this one, beside its own and those of Python."""
    if hasattr(os, "waitid"):  # quick, but not there on every system
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
    left = False
    for child in process.children():
        with suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
            elif child.pid not in own and child.pid not in _trackers():
                left = True
    return left


def _trackers() -> set[int]:
    """Return the processes by which Python and joblib clear up what others leave."""
    names = ("multiprocessing", "joblib.externals.loky.backend")
    modules = [sys.modules.get(f"{name}.resource_tracker") for name in names]
    trackers = [getattr(module, "_resource_tracker", None) for module in modules]
    return {getattr(tracker, "_pid", None) or 0 for tracker in trackers}
