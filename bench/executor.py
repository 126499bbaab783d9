"""Runs cells in worker processes, and outlives workers that hang or crash."""

from __future__ import annotations

import json
import os
import signal
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

from joblib.externals import loky

from bench.errors import BenchError
from bench.plan import Batch, Cell
from bench.store import Store
from bench.worker import (
    THREAD_VARIABLES,
    Job,
    Outcome,
    blank_row,
    initialise,
    run_batch,
    serve,
    time_is_up,
)

# A method that never returns to Python is killed this long after its time is up.
GRACE_S = 2.0
POLL_S = 0.2
# Workers that die before any cell ends (no memory, a broken plugin) are not started for ever.
MOST_FRUITLESS = 5
CRASHED = {
    "status": "crashed",
    "error": "the worker process died while it ran the method (a crash, or out of memory)",
}


def run_here(job: Job, batches: Iterable[Batch]) -> Iterator[Outcome]:
    """Run cells one after the other in this process (``--backend sequential``), for debugging."""
    initialise(job)
    for batch in batches:
        yield from run_batch(batch)


def run_in_workers(job: Job, batches: Iterable[Batch], workers: int) -> Iterator[Outcome]:
    """Run batches of cells in loky worker processes and yield the outcomes as they come.

    A worker that dies breaks the whole pool. The pool is then started anew; cells that were
    only waiting are handed out again. When several cells were running, or one of several counts
    at once, each is run again alone to learn which of them kills its worker: that one ends as
    ``crashed``, the others as usual.
    """
    yield from _Pool(job, workers).run(batches)


class _Pool:
    def __init__(self, job: Job, workers: int) -> None:
        self.job = job
        self.workers = workers
        self.store = Store(job.out)
        self.waiting: deque[Batch] = deque()
        self.suspects: deque[Batch] = deque()
        self.running: dict[Future[list[Outcome]], Batch] = {}
        self.overdue: set[str] = set()
        self.alone = False
        self.fruitless = 0
        self.executor = self._start()

    def _start(self) -> loky.ProcessPoolExecutor:
        # A worker that has grown is replaced by loky, which says so as a warning to developers.
        warnings.filterwarnings(
            "ignore", message="A worker stopped while some jobs", category=UserWarning
        )
        return loky.ProcessPoolExecutor(
            self.workers, initializer=serve, initargs=(self.job,), env=THREAD_VARIABLES
        )

    def run(self, batches: Iterable[Batch]) -> Iterator[Outcome]:
        self.waiting.extend(batches)
        try:
            while self.waiting or self.suspects or self.running:
                self._hand_out()
                finished, _ = wait(self.running, timeout=POLL_S, return_when=FIRST_COMPLETED)
                broken = False
                for future in finished:
                    try:
                        outcomes = future.result()
                    except BrokenProcessPool:
                        broken = True
                        continue
                    del self.running[future]
                    self.fruitless = 0
                    yield from outcomes
                self.alone = self.alone and bool(self.running)
                if broken:
                    yield from self._recover()
                self._kill_overdue()
        finally:
            self.executor.shutdown(wait=True, kill_workers=True)

    def _hand_out(self) -> None:
        """Keep the workers busy; a suspect runs with nothing beside it."""
        if self.suspects or self.alone:
            queue, most = self.suspects, 1
        else:
            queue, most = self.waiting, 2 * self.workers
        try:
            while queue and len(self.running) < most:
                with _interrupts_held():
                    future = self.executor.submit(run_batch, queue[0])
                self.running[future] = queue.popleft()
                self.alone = queue is self.suspects
        except BrokenProcessPool:  # a worker died between two cells
            if not self.running:
                self._restart()

    def _recover(self) -> Iterator[Outcome]:
        """Find out which cells died with the pool, keep that as rows, and start a new pool."""
        in_flight = {key for key, _ in self._markers().values()}
        # If we killed a worker, the pool broke for that; whatever else was running is innocent.
        killed, self.overdue = self.overdue, set()
        blamed = in_flight & killed if killed else in_flight
        lost = list(self.running.values())
        self.running.clear()
        self._restart()
        again: list[Batch] = []
        for batch in lost:
            left = []
            for cell in batch:
                row = self.store.read_row(cell.key)
                if cell.key in blamed and killed:
                    yield self._keep(cell, time_is_up(self.job.timeout or 0.0))
                elif cell.key in blamed and len(blamed) == len(batch) == 1:
                    yield self._keep(cell, CRASHED)
                elif cell.key in blamed:
                    self.suspects.append((cell,))
                elif cell.key not in in_flight and row is not None:
                    yield Outcome(cell, row["status"], row["error"])
                else:
                    left.append(cell)
            if left and blamed.isdisjoint(cell.key for cell in batch):
                again.append(tuple(left))
            else:
                again += [(cell,) for cell in left]
        self.waiting.extendleft(reversed(again))

    def _restart(self) -> None:
        self.fruitless += 1
        if self.fruitless > MOST_FRUITLESS:
            raise BenchError(
                f"worker processes died {self.fruitless} times without finishing a cell;"
                " free some memory, use fewer --workers, or look at it with --backend sequential"
            )
        self.executor.shutdown(wait=True, kill_workers=True)
        for marker in self.store.inflight.iterdir():
            marker.unlink(missing_ok=True)
        self.executor = self._start()

    def _keep(self, cell: Cell, columns: Mapping[str, object]) -> Outcome:
        self.fruitless = 0
        row = blank_row(self.job, cell) | dict(columns)
        self.store.write_row(row)
        (self.store.rounds / f"{cell.key}.json").unlink(missing_ok=True)
        return Outcome(cell, row["status"], row["error"])

    def _kill_overdue(self) -> None:
        """Kill workers whose cell is past its time; a method inside C code hears no alarm."""
        if self.job.timeout is None:
            return
        for pid, (key, deadline) in self._markers().items():
            if deadline is not None and time.time() > deadline + GRACE_S:
                self.overdue.add(key)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _markers(self) -> dict[int, tuple[str, float | None]]:
        """Return what each worker says it is running: process id -> (cell key, deadline)."""
        found = {}
        for marker in self.store.inflight.glob("[0-9]*"):
            if marker.suffix:  # half-written
                continue
            with suppress(FileNotFoundError, ValueError):
                key, deadline = json.loads(marker.read_text())
                found[int(marker.name)] = (key, deadline)
        return found


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C while worker processes are born, which inherit that until they are ready."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
