"""Runs cells in worker processes, and outlives workers that hang or crash."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace

from joblib.externals import loky

from bench.errors import BenchError
from bench.execution.cell_errors import CRASHED, time_is_up
from bench.execution.crews import Crew, crews, threads_of
from bench.execution.inflight import Said, read_markers
from bench.execution.job import Job, Outcome, blank_row
from bench.execution.processes import interrupts_held, start_pool
from bench.execution.worker import initialise, limit_threads, run_batch, serve
from bench.planning.cells import Batch, Cell, Lane
from bench.storage.files import forget_labels
from bench.storage.store import Store
from methods.memory import available

# A method that never returns to Python is killed this long after its time is up.
GRACE_S = 2.0
POLL_S = 0.2
# Workers that die before any cell ends (no memory, a broken plugin) are not started for ever.
MOST_FRUITLESS = 5

#: Hears, a few times a second, which cells report iterations, as (cell, done, total), and of which
#: cells the methods are being compiled.
Watch = Callable[[Sequence[tuple[Cell, int, int]], Sequence[Cell]], None]


def run_here(job: Job, stages: Iterable[Sequence[Batch]]) -> Iterator[Outcome]:
    """Run cells one after the other in this process (``--backend sequential``), for debugging.

    The batches of a stage are of one lane.
    """
    for stage in stages:
        own = _job_of(job, stage[0][0].lane, contended=False)
        initialise(own)
        limit_threads(own.threads)
        for batch in stage:
            yield from run_batch(batch)


def run_in_workers(
    job: Job, stages: Sequence[Sequence[Batch]], workers: int, watch: Watch | None = None
) -> Iterator[Outcome]:
    """Run batches of cells in loky worker processes and yield the outcomes as they come.

    A worker that dies breaks the whole pool of its crew. The pool is then started anew; cells that
    were only waiting are handed out again. When several cells were running, or one of several
    counts at once, each is run again alone to learn which of them kills its worker: that one ends
    as ``crashed``, the others as usual.

    Parameters
    ----------
    job : Job
    stages : sequence of sequences of batches
        A stage begins when the one before it has ended. Workers of a lane stay for later stages.
    workers : int
        How many cells of one core run at a time.
    watch : callable, optional
        Hears how far cells are.
    """
    pools: dict[Lane, list[_Pool]] = {}
    try:
        for i, stage in enumerate(stages):
            needed = {batch[0].lane for later in stages[i:] for batch in later}
            for lane in pools.keys() - needed:
                _close(pools.pop(lane))
            yield from _run_stage(_enlist(pools, job, stage, workers), watch)
    finally:
        for lane in pools:
            _close(pools[lane])


def _job_of(job: Job, lane: Lane, contended: bool) -> Job:
    pinned = job.pinned and lane != "cores"
    return replace(job, threads=threads_of(lane), pinned=pinned, contended=contended)


def _enlist(
    pools: dict[Lane, list[_Pool]], job: Job, stage: Sequence[Batch], workers: int
) -> list[_Pool]:
    """Give the batches of a stage to the pools of their lanes, which start where they are new."""
    lanes: dict[Lane, list[Batch]] = {}
    for batch in stage:
        lanes.setdefault(batch[0].lane, []).append(batch)
    hired = {lane: crews(lane, len(lanes[lane]), workers, one_by_one=job.pinned) for lane in lanes}
    contended = sum(crew.workers for lane in hired for crew in hired[lane]) > 1
    for lane in hired.keys() - pools.keys():
        own, waiting = _job_of(job, lane, contended), deque[Batch]()
        pools[lane] = [_Pool(own, crew, waiting) for crew in hired[lane]]
    for lane, batches in lanes.items():
        pools[lane][0].waiting.extend(batches)  # the one queue of all its crews
    return [pool for lane in lanes for pool in pools[lane]]


def _run_stage(pools: Sequence[_Pool], watch: Watch | None) -> Iterator[Outcome]:
    next_look = time.monotonic()
    while any(pool.busy for pool in pools):
        for pool in pools:
            pool.hand_out()
        running = [future for pool in pools for future in pool.running]
        finished, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for pool in pools:
            yield from pool.collect(finished & pool.running.keys())
        if watch is not None and time.monotonic() >= next_look:
            next_look = time.monotonic() + POLL_S
            compiling = [cell for pool in pools for cell in pool.compiling()]
            watch([each for pool in pools for each in pool.iterations()], compiling)


def memory_of(batch: Batch) -> int:
    """Return the bytes that a batch needs at a time."""
    return max(cell.memory for cell in batch)


def _close(pools: Iterable[_Pool]) -> None:
    for pool in pools:
        pool.executor.shutdown(wait=True, kill_workers=True)


class _Pool:
    """The processes of one crew, and the batches that they run.

    Parameters
    ----------
    job : Job
    crew : Crew
    waiting : deque of batches
        What is to do; several pools may take from it.
    """

    def __init__(self, job: Job, crew: Crew, waiting: deque[Batch]) -> None:
        self.job = job
        self.crew = crew
        self.store = Store(job.out)
        self.waiting = waiting
        self.suspects: deque[Batch] = deque()
        self.running: dict[Future[list[Outcome]], Batch] = {}
        self.overdue: set[str] = set()
        self.alone = False
        self.fruitless = 0
        self.memory = available()
        self.executor = self._start()

    def _start(self) -> loky.ProcessPoolExecutor:
        return start_pool(self.crew.workers, serve, (self.job,), self.crew.environment)

    @property
    def busy(self) -> bool:
        """Whether there is anything left to run."""
        return bool(self.waiting or self.suspects or self.running)

    def hand_out(self) -> None:
        """Keep the workers busy; a suspect runs with nothing beside it."""
        if self.suspects or self.alone:
            queue, most = self.suspects, 1
        else:
            queue, most = self.waiting, self.crew.ahead
        try:
            while queue and len(self.running) < most and self._fits(queue[0]):
                with interrupts_held():
                    future = self.executor.submit(run_batch, queue[0])
                self.running[future] = queue.popleft()
                self.alone = queue is self.suspects
        except BrokenProcessPool:  # a worker died between two cells
            if not self.running:
                self._restart()

    def _fits(self, batch: Batch) -> bool:
        """Return whether there is memory for a batch beside those that are given out."""
        needed = sum(memory_of(each) for each in self.running.values())
        return not needed or needed + memory_of(batch) <= self.memory

    def collect(self, finished: Iterable[Future[list[Outcome]]]) -> Iterator[Outcome]:
        """Take what the workers have finished, and see to those that died or are overdue."""
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

    def iterations(self) -> Iterator[tuple[Cell, int, int]]:
        """Return how far the running cells are that say so."""
        cells = self._cells()
        for said in self._said():
            if said.iterations is not None:
                yield (cells[said.key], *said.iterations)

    def compiling(self) -> Iterator[Cell]:
        """Return the running cells whose methods are being compiled."""
        cells = self._cells()
        for said in self._said():
            if said.compiling:
                yield cells[said.key]

    def _recover(self) -> Iterator[Outcome]:
        """Find out which cells died with the pool, keep that as rows, and start a new pool."""
        in_flight = {said.key for said in self._said()}
        # If we killed a worker, the pool broke for that; whatever else was running is innocent.
        killed, self.overdue = self.overdue, set()
        blamed = in_flight & killed if killed else in_flight
        lost = list(self.running.values())
        self._restart()
        again: list[Batch] = []
        for batch in lost:
            left = []
            for cell in batch:
                row = self.store.read_row(cell.key)
                if cell.key in blamed and killed:
                    late = self.job.timeout or 0.0
                    yield self._keep(cell, time_is_up(late), took_s=late)
                elif cell.key in blamed and len(blamed) == len(batch) == 1:
                    yield self._keep(cell, CRASHED, took_s=0.0)
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
        """Start anew, without whatever was running."""
        self.fruitless += 1
        if self.fruitless > MOST_FRUITLESS:
            raise BenchError(
                f"worker processes died {self.fruitless} times without finishing a cell;"
                " free some memory, use fewer --workers, or look at it with --backend sequential"
            )
        self.executor.shutdown(wait=True, kill_workers=True)
        for said in self._said():
            (self.store.inflight / str(said.pid)).unlink(missing_ok=True)
        self.running.clear()
        self.executor = self._start()

    def _keep(self, cell: Cell, columns: Mapping[str, object], took_s: float) -> Outcome:
        self.fruitless = 0
        row = blank_row(self.job, cell) | dict(columns)
        if not cell.carried:
            forget_labels(self.store.labels, cell.labels_name)
        self.store.write_row(row)
        (self.store.rounds / f"{cell.key}.json").unlink(missing_ok=True)
        return Outcome(cell, row["status"], row["error"], took_s=took_s)

    def _kill_overdue(self) -> None:
        """Kill workers whose cell is past its time; a method inside C code hears no alarm."""
        if self.job.timeout is None:
            return
        for said in self._said():
            if said.deadline is not None and time.time() > said.deadline + GRACE_S:
                self.overdue.add(said.key)
                with suppress(ProcessLookupError):
                    os.kill(said.pid, signal.SIGKILL)

    def _cells(self) -> dict[str, Cell]:
        return {cell.key: cell for batch in self.running.values() for cell in batch}

    def _said(self) -> list[Said]:
        """Return what the workers of this pool say; others run other cells."""
        cells = self._cells()
        return [said for said in read_markers(self.store.inflight) if said.key in cells]
