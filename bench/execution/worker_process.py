"""One worker process as the run sees it: what it was given, what it says, how it ended."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

import psutil
from joblib.externals.loky.backend.process import LokyProcess

from bench.errors import BenchError
from bench.execution.inflight import Said, read_marker
from bench.execution.job import Job
from bench.execution.processes import in_main_thread, interrupts_held, variables_of_workers
from bench.execution.serving import Answer, serve
from bench.planning.cells import Batch
from bench.storage.store import Store
from methods.messages import CUT, without_colours

# Of what a method prints so much is kept, for the row of the cell that takes its process along.
LAST_WORDS = 4096
PIECE = 2**16
# A batch that is sent while another runs must fit into the pipe, or the run would wait for it.
FITS = 2**12
# A worker whose last batch took less is given the next one before it asks.
QUICK_S = 0.5
# What is killed may have started others meanwhile; what cannot be killed is left in the end.
MOST_GENERATIONS = 100
# Workers say so in their environment, which what they start inherits.
RUN = "SUPERPIXEL_BENCH_RUN"

# The worker processes of this one, of all lanes and, on a cluster, of all threads.
_alive_here: set[int] = set()
_births = threading.Lock()


class WorkerProcess:
    """A process that runs batches one after the other, and says what came of each.

    Parameters
    ----------
    job : Job
    environment : mapping
        Variables that it starts with, beside those of this process.

    Attributes
    ----------
    batches : deque of batches
        What it was given and has not answered; it is at the first one.
    answered : int
        How many batches it has finished.
    stopped : (str, str or None) or None
        Why it was killed, and at which cell.
    """

    def __init__(self, job: Job, environment: Mapping[str, str]) -> None:
        self._store = Store(job.out)
        with _limits_told():
            self._begin(job, environment)
        self.batches: deque[Batch] = deque()
        self.answered = 0
        self.stopped: tuple[str, str | None] | None = None
        self._written = b""
        self._since = time.monotonic()
        self._took_s = QUICK_S

    def _begin(self, job: Job, environment: Mapping[str, str]) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        self._output, their_output = multiprocessing.Pipe(duplex=False)
        os.set_blocking(self._output.fileno(), False)
        own = {RUN: str(os.getpid())}
        self.process = LokyProcess(
            target=serve,
            args=(job, theirs, their_output, os.getpid(), in_main_thread()),
            env=variables_of_workers(environment) | own,
        )
        with interrupts_held(), _births:
            self.process.start()
            assert self.process.pid is not None
            self.pid: int = self.process.pid
            _alive_here.add(self.pid)
        theirs.close()
        their_output.close()

    @property
    def listens(self) -> list[Connection]:
        """What there is to wait for; nothing where it has closed its ends."""
        return [each for each in (self.connection, self._output) if not each.closed]

    @property
    def quick(self) -> bool:
        """Whether what it did last took so little that the next may wait for it."""
        return self._took_s < QUICK_S

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        status: int | None = self.process.exitcode
        return status

    def give(self, batch: Batch) -> bool:
        """Send a batch; return False if that has to wait until it has nothing else to do."""
        sent = pickle.dumps(batch)
        if self.batches and len(sent) > FITS:
            return False
        with suppress(OSError):  # it has died, or closed its end, which is seen elsewhere
            self.connection.send_bytes(sent)
        if not self.batches:
            self._since = time.monotonic()
        self.batches.append(batch)
        return True

    def receive(self) -> Iterator[tuple[Batch, Answer | Exception]]:
        """Yield what came of its batches; keep the end of what it prints."""
        self._read_output()
        try:
            while not self.connection.closed and self.connection.poll():
                answer = self.connection.recv()
                batch = self.batches.popleft() if self.batches else ()
                now = time.monotonic()
                self._took_s, self._since = now - self._since, now
                self.answered += 1
                yield batch, answer
        except (EOFError, OSError):
            self.connection.close()

    def said(self) -> Said | None:
        """Return which cell it is at, and how far."""
        return read_marker(self._store.inflight / str(self.pid))

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        text = self._written.decode("utf-8", "backslashreplace")
        cut = f"{CUT} " if len(self._written) == LAST_WORDS else ""  # where it begins
        lines = without_colours(f"{cut}{text}").split("\n")
        return next((" ".join(line.split()) for line in reversed(lines) if line.strip()), "")

    def stop(self, why: str) -> None:
        """Kill it with all that it has started, and keep why."""
        if self.stopped is None:
            said = self.said()
            self.stopped = why, said.key if said else None
        kill_below(self.pid)

    def end(self) -> None:
        """Kill it, if it still runs, and forget it."""
        if self.status is None:
            kill_below(self.pid)
        self.process.join()
        _alive_here.discard(self.pid)
        self._read_output()
        self.connection.close()
        self._output.close()
        (self._store.inflight / str(self.pid)).unlink(missing_ok=True)

    def _read_output(self) -> None:
        try:
            while not self._output.closed:
                piece = os.read(self._output.fileno(), PIECE)
                if not piece:
                    self._output.close()
                self._written = (self._written + piece)[-LAST_WORDS:]
                if len(piece) < PIECE:
                    break
        except BlockingIOError:
            pass


@contextmanager
def _limits_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"cannot start another worker process: {error.strerror or error}; use fewer --workers,"
            " or raise the limits of open files and processes (ulimit -n, ulimit -u)"
        ) from error


def kill_below(pid: int) -> None:
    """Kill a process after all that it has started, and those which these start meanwhile."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.suspend()
        for _ in range(MOST_GENERATIONS):
            children = _alive(process)
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            if not children:
                break
        process.kill()


def _alive(process: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def end_orphans() -> None:
    """Kill what was started by workers that have died, which became children of this process."""
    with _births:
        for child in psutil.Process().children():
            with suppress(psutil.Error, ChildProcessError):
                mark = child.pid not in _alive_here and child.environ().get(RUN)
                if mark == str(os.getpid()):
                    kill_below(child.pid)
                    os.waitpid(child.pid, 0)
