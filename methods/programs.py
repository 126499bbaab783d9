"""Running somebody else's program: measured, bounded, and with nothing of it left behind.

Between this process and the program stands a small one, `methods.guardian`. It ends the program,
with all that it has started, when this process is done with it or is killed; and it knows what the
program alone has cost, where the memory of a child of this process starts at that of this one.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from methods.messages import without_colours

_GUARDIAN = Path(__file__).with_name("guardian.py")
# How much of the end of what a program prints is kept.
_KEPT = 4096
_CHUNK = 65536
# Killing takes no time but for a process that waits in the kernel, say for a dead network drive.
_KILLING_S = 10.0
# The unit of ru_maxrss, in MiB.
_MB = 2.0**-20 if sys.platform == "darwin" else 2.0**-10


@dataclass(frozen=True)
class Ended:
    """How a program ended and what it cost.

    Attributes
    ----------
    status : int
        Its exit status; the negative number of a signal that ended it.
    seconds, cpu_s : float
        Wall and processor seconds of the program and of the programs it waited for.
    peak_mb : float
        The most memory (MiB) that one of them held; at least about 9, which starting it takes.
    said : str
        The end of what it wrote to standard error, or to standard output if that is nothing.
    """

    status: int
    seconds: float
    cpu_s: float
    peak_mb: float
    said: str

    @property
    def how(self) -> str:
        """The exit status or the signal, in words."""
        if self.status >= 0:
            return f"ended with exit status {self.status}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:  # one of the real-time signals
            name = f"signal {-self.status}"
        why = ", as the system does where memory is short" if name == "SIGKILL" else ""
        return f"was ended by {name}{why}"


def run_program(words: Sequence[str]) -> Ended:
    """Run a program to its end, from the current folder, without a shell and without an input.

    Whatever ends this call, an error, an alarm or Ctrl-C, ends the program and all that it has
    started; on Linux also what has left its process group.

    Raises
    ------
    OSError
        If it cannot be run.
    RuntimeError
        If the process that stands between was killed, by the program or the system.
    """
    mine, theirs = os.pipe()
    with os.fdopen(mine, "rb", buffering=0) as report:
        try:
            guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_GUARDIAN), str(theirs), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        assert guardian.stdin
        assert guardian.stdout
        assert guardian.stderr
        with guardian.stdout as out, guardian.stderr as err:
            try:
                told, out_end, err_end = _read_ends(report, out, err)
            finally:
                guardian.stdin.close()
                with suppress(subprocess.TimeoutExpired):
                    guardian.wait(_KILLING_S)
    return _ended(told, _plain(err_end) or _plain(out_end))


def _read_ends(report: IO[bytes], *streams: IO[bytes]) -> list[bytes]:
    """Read until the guardian has gone, keeping the end of each stream alone."""
    ends = dict.fromkeys((report, *streams), b"")
    with selectors.DefaultSelector() as waiting:
        for each in ends:
            os.set_blocking(each.fileno(), False)
            waiting.register(each, selectors.EVENT_READ)
        gone = False
        while not gone:
            for key, _ in waiting.select():
                stream: Any = key.fileobj
                chunk = os.read(stream.fileno(), _CHUNK)
                ends[stream] = (ends[stream] + chunk)[-_KEPT:]
                if not chunk:
                    waiting.unregister(stream)
                    gone |= stream is report
        for stream in streams:  # what a pipe still holds
            with suppress(BlockingIOError):
                ends[stream] = (ends[stream] + os.read(stream.fileno(), 1 << 20))[-_KEPT:]
    return list(ends.values())


def _ended(report: bytes, said: str) -> Ended:
    what, *numbers = report.decode().split() or [""]
    if what == "refused":
        error = int(numbers[0])
        raise OSError(error, os.strerror(error))
    if what != "ended":
        raise RuntimeError(
            "the process that watches the program was killed, and the program with it; let the "
            "program end no process but its own, and see whether memory was short"
        )
    status, seconds, cpu_s, peak = numbers
    return Ended(
        os.waitstatus_to_exitcode(int(status)),
        float(seconds),
        float(cpu_s),
        float(peak) * _MB,
        said,
    )


def _plain(said: bytes) -> str:
    """Return what was printed as one line without colours."""
    text = without_colours(said.decode(errors="replace"))
    return "".join(c if c.isprintable() else " " for c in text).strip()
