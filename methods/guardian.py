"""Start a program, wait for it, and leave nothing of it running; a process of its own.

`methods.programs` runs this file as ``python -I -S guardian.py DESCRIPTOR PROGRAM ARGUMENT ...``.
Its standard input ends when nobody waits for the program any more, be it that its time is up or
that whoever started it was killed; then, and when the program has ended by itself, all that it
started is killed. To the descriptor goes one line: what `wait4` says of the program, or why it
cannot run. Modules that take long to import (pathlib, subprocess) are not used.
"""

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LINUX = sys.platform == "linux"


def guard(report: int, words: list[str]) -> None:
    """Run a program; return when nothing of it is left."""
    os.set_inheritable(report, False)
    if LINUX:  # what the program leaves behind becomes a child of this process
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    start = time.perf_counter()
    program = os.fork()
    if program == 0:
        _become(report, words)
    ended, said = 0, ""
    while not ended:
        ready = select.select([sys.stdin.fileno(), woken], [], [])[0]
        if woken not in ready:
            break
        os.read(woken, 4096)
        ended, status, used = os.wait4(program, os.WNOHANG)
        seconds = time.perf_counter() - start
        said = f"ended {status} {seconds} {used.ru_utime + used.ru_stime} {used.ru_maxrss}"
    _end_all(program)
    if ended:
        os.write(report, said.encode())


def _become(report: int, words: list[str]) -> None:
    """Turn this process into the program, in a session of its own and without an input."""
    os.setsid()
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):  # Python, or we, ignore them
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(words[0], words)
    except OSError as error:
        os.write(report, f"refused {error.errno}\n".encode())
    finally:
        os._exit(127)


def _end_all(program: int) -> None:
    """Kill the program's group, then what has left it, until this process has no child."""
    with suppress(OSError):
        os.killpg(program, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                for child in _children():
                    with suppress(OSError):
                        os.kill(child, signal.SIGKILL)
                os.waitpid(-1, 0)


def _children() -> list[int]:
    """Return the processes that have this one as their parent."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")) if LINUX else ():  # noqa: PTH208
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
            if int(file.read().rpartition(b")")[2].split()[1]) == os.getpid():
                found.append(int(name))
    return found


if __name__ == "__main__":
    guard(int(sys.argv[1]), sys.argv[2:])
