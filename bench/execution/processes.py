"""How the processes that run methods and the one that started them get along."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from joblib.externals import loky

from bench.errors import BenchError
from bench.execution.supervision import die_with, end_with_parent
from bench.storage.files import storage_errors, write_quickly

# Python starts without the current folder first on its path, where files of the user's may have
# the names of modules that a worker needs; what methods start themselves is left as they expect.
_SAFE_PATH, _SET_HERE = "PYTHONSAFEPATH", "for the worker"


def obey_parent(parent: int, by_main_thread: bool = False) -> None:
    """Leave to the parent what concerns it: Ctrl-C, which reaches this process too, and life.

    Parameters
    ----------
    parent : int
        Its number, as it said itself: it may have been killed before this process asks.
    by_main_thread : bool
        Whether its main thread has started this process. The system then ends it with its parent,
        even while compiled code holds it; it would do so at the end of any other thread, too.
    """
    # A crash is told in a line; its stack, which loky would print, would drown the display.
    os.environ.setdefault("PYTHONFAULTHANDLER", "")
    if os.environ.get(_SAFE_PATH) == _SET_HERE:
        del os.environ[_SAFE_PATH]
    # What a method starts by multiprocessing knows nothing of loky, which loky makes the default.
    multiprocessing.set_start_method(None, force=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if by_main_thread:
        die_with(parent)
    else:
        threading.Thread(target=end_with_parent, args=(parent,), daemon=True).start()


def start_pool(environment: Mapping[str, str] | None = None) -> loky.ProcessPoolExecutor:
    """Start a process that outlives what runs in it, for what is no run.

    Parameters
    ----------
    environment : mapping, optional
        Variables that the process starts with, beside those of this one.

    Raises
    ------
    BenchError
        If the system has no semaphores left for it.
    """
    # A worker that has grown is replaced by loky, which says so as a warning to developers.
    warnings.filterwarnings(
        "ignore", message="A worker stopped while some jobs", category=UserWarning
    )
    try:
        return loky.ProcessPoolExecutor(
            1,
            initializer=obey_parent,
            initargs=(os.getpid(),),
            env=variables_of_workers(environment or {}),
        )
    except OSError as error:
        raise BenchError(
            f"cannot start a worker process: {error.strerror or error}; free some space in /dev/shm"
        ) from error


def in_main_thread() -> bool:
    """Tell whether this is the thread that lives as long as the process."""
    return threading.current_thread() is threading.main_thread()


def variables_of_workers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a worker process starts with, beside those of this one."""
    return {_SAFE_PATH: os.environ.get(_SAFE_PATH) or _SET_HERE, **environment}


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C while processes are born, which inherit that until they `obey_parent`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def only_here() -> Iterator[None]:
    """End a copy of this process, which a method has made by forking, where the method returns."""
    here = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != here:
            os._exit(1)


@contextmanager
def first_alone(through: Path) -> Iterator[None]:
    """Hold back the others until the first one is through; then all may pass at once.

    Parameters
    ----------
    through : Path
        The file that says so. If the first one fails or dies, the next one is alone in its turn.
    """
    lock = FileLock(f"{through}.lock")
    with storage_errors(through):
        lock.acquire()
    try:
        first = not through.exists()
        if not first:
            lock.release()
        yield
        if first:
            write_quickly(through, b"")
    finally:
        lock.release()
