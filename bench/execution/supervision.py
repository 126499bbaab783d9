"""How a run hears that it is to end, and how one that cannot hear is ended all the same.

Python's handlers of signals wait until compiled code returns. So where methods run in the process
of the program itself (``--backend sequential``), that process has a parent that does nothing but
wait, and that ends it if it was asked to and did not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from bench.errors import Interrupted

# Schedulers, `timeout` and service managers send the first, a terminal that closes the second.
ENDING = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)

# A method that is asked to end has so long; loading and writing results, which cannot hang in
# compiled code for ever, have longer.
GRACE_S = 2.0
LONGEST_S = 60.0
POLL_S = 0.05
# Some ask twice at once, the process and then its group; that is one asking.
TOGETHER_S = 1.0
PR_SET_PDEATHSIG = 1


def hear_schedulers() -> None:
    """Treat being asked to end as Ctrl-C: keep what is done, say how to continue."""
    for signum in ENDING:
        if signum == signal.SIGTERM or signal.getsignal(signum) == signal.SIG_DFL:  # not nohup
            signal.signal(signum, _interrupt)


_asked = -TOGETHER_S


def _interrupt(signum: int, _frame: FrameType | None) -> None:
    global _asked
    before, _asked = _asked, time.monotonic()
    if _asked - before < TOGETHER_S:
        return
    if signum != signal.SIGTERM:
        _forget_terminal()
    raise KeyboardInterrupt


def _forget_terminal() -> None:
    """Write nothing more to a terminal that is gone, which would be an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                os.dup2(nowhere, stream)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore being asked again while what is done is written down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.signal(signum, signal.SIG_IGN) for signum in ENDING}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@dataclass(frozen=True)
class Ended:
    """How the process that ran the methods ended.

    Attributes
    ----------
    status : int
        Its exit status, as a shell counts: 128 and the signal's number if one ended it.
    signal_name : str
        The signal that ended it, if one did.
    heard : bool
        False if it was asked to end, did not, and was killed.
    """

    status: int
    signal_name: str = ""
    heard: bool = True


def supervise(at_work: Callable[[int], bool]) -> Ended | None:
    """Go on in a child process, and wait for it here.

    Parameters
    ----------
    at_work : callable
        Tells whether the process of this number is at a cell.

    Returns
    -------
    Ended or None
        None in the child, and where there is no need for one or it would be in the way: of
        a debugger or a profiler, and of a program that called this one as a function.
    """
    if not _can_fork():
        return None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *ENDING})
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        die_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the child, too
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return _ended(os.waitpid(child, 0)[1])
    except KeyboardInterrupt:
        with undisturbed():
            return _end(child, at_work)


def _can_fork() -> bool:
    return (
        hasattr(os, "fork")
        and signal.getsignal(signal.SIGTERM) is _interrupt
        and threading.active_count() == 1
        and sys.gettrace() is None
        and sys.getprofile() is None
    )


def die_with(parent: int) -> None:
    """Be killed when the parent is, by the system, since compiled code may hold this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before that
            os._exit(1)
    else:
        threading.Thread(target=end_with_parent, args=(parent,), daemon=True).start()


def end_with_parent(parent: int, poll_s: float = 0.5) -> None:
    """Leave when the parent was killed, so that no worker writes into what a next run does."""
    while os.getppid() == parent:
        time.sleep(poll_s)
    os._exit(1)


def _end(child: int, at_work: Callable[[int], bool]) -> Ended:
    """Ask a child to end; kill it and what it has started if it does not."""
    os.kill(child, signal.SIGTERM)
    asked = time.monotonic()
    while True:
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            ended = _ended(status)
            # Already leaving, with its handlers gone, it may be ended by the second asking.
            return Ended(Interrupted.exit_status) if ended.signal_name == "SIGTERM" else ended
        waited = time.monotonic() - asked
        if waited > LONGEST_S or (waited > GRACE_S and at_work(child)):
            break
        time.sleep(POLL_S)
    import psutil

    for process in (*psutil.Process(child).children(recursive=True), psutil.Process(child)):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    os.waitpid(child, 0)
    return Ended(128 + signal.SIGKILL, heard=False)


def _ended(status: int) -> Ended:
    code = os.waitstatus_to_exitcode(status)
    return Ended(code) if code >= 0 else Ended(128 - code, signal.Signals(-code).name)
