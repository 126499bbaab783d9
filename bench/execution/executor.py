"""Runs cells in worker processes, and outlives workers that hang or crash."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing.connection import wait

from bench.errors import BenchError
from bench.execution.cell_errors import crashed, time_is_up, too_much_memory
from bench.execution.crews import Crew, crews, threads_of
from bench.execution.inflight import Said
from bench.execution.job import Job, Outcome, blank_row
from bench.execution.memory_limit import GIB, TOO_LARGE, MemoryWatch
from bench.execution.remains import adopt_orphans
from bench.execution.worker import initialise, run_batch
from bench.execution.worker_process import WorkerProcess, end_orphans
from bench.planning.cells import Batch, Cell, Lane
from bench.storage.files import forget_labels
from bench.storage.store import Store
from methods.memory import available

TOO_LATE = "time-out"
# A method that never returns to Python is killed this long after its time is up.
GRACE_S = 2.0
POLL_S = 0.2
# Workers that die before any cell ends (no memory, a broken plugin) are not started for ever.
MOST_FRUITLESS = 5

#: Hears, a few times a second, which cells report iterations, as (cell, done, total), and of which
#: cells the methods are being compiled.
Watch = Callable[[Sequence[tuple[Cell, int, int]], Sequence[Cell]], None]


def run_here(job: Job, stages: Iterable[Sequence[Batch]]) -> Generator[Outcome, None, None]:
    """Run cells one after the other in this process (``--backend sequential``), for debugging.

    The batches of a stage are of one lane.
    """
    for stage in stages:
        own = _job_of(job, stage[0][0].lane, contended=False)
        initialise(own)
        for batch in stage:
            yield from run_batch(batch)


def run_in_workers(
    job: Job, stages: Sequence[Sequence[Batch]], workers: int, watch: Watch | None = None
) -> Generator[Outcome, None, None]:
    """Run batches of cells in worker processes and yield the outcomes as they come.

    A worker that dies is replaced, and the others go on. The cell that it was at is run again, in
    a new process with no other of its crew beside it: what killed the worker may have been left by
    a cell before it, or be the memory that others took. If it dies again the cell is ``crashed``.
    A cell whose worker was killed because it took too long is not tried again.

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
    pools: dict[Lane, list[Pool]] = {}

    def everybody() -> list[WorkerProcess]:
        return [worker for of in [*pools.values()] for pool in of for worker in [*pool.workers]]

    counts = [Counter(batch[0].lane for batch in stage) for stage in stages]
    most = {lane: max(each[lane] for each in counts) for each in counts for lane in each}
    adopt_orphans()
    watched = nullcontext() if job.memory is None else MemoryWatch(job.memory, everybody)
    try:
        for i, stage in enumerate(stages):
            needed = {batch[0].lane for later in stages[i:] for batch in later}
            for lane in pools.keys() - needed:
                close(pools.pop(lane))
            with watched:
                yield from run_stage(_enlist(pools, job, stage, most, workers), watch)
    finally:
        for lane in pools:
            close(pools[lane])
        end_orphans()
        adopt_orphans(False)


def _job_of(job: Job, lane: Lane, contended: bool) -> Job:
    pinned = job.pinned and lane != "cores"
    reserves = lane == "cuda"
    return replace(
        job, threads=threads_of(lane), pinned=pinned, contended=contended, reserves=reserves
    )


def _enlist(
    pools: dict[Lane, list[Pool]],
    job: Job,
    stage: Sequence[Batch],
    most: Mapping[Lane, int],
    workers: int,
) -> list[Pool]:
    """Give the batches of a stage to the pools of their lanes, which start where they are new.

    A pool is as large as the stage with the `most` batches of its lane needs.
    """
    lanes: dict[Lane, list[Batch]] = {}
    for batch in stage:
        lanes.setdefault(batch[0].lane, []).append(batch)
    hired = {lane: crews(lane, most[lane], workers, one_by_one=job.pinned) for lane in lanes}
    contended = sum(crew.workers for lane in hired for crew in hired[lane]) > 1
    for lane in hired.keys() - pools.keys():
        own, waiting = _job_of(job, lane, contended), deque[Batch]()
        pools[lane] = [Pool(own, crew, waiting) for crew in hired[lane]]
    for lane, batches in lanes.items():
        pools[lane][0].waiting.extend(batches)  # the one queue of all its crews
    return [pool for lane in lanes for pool in pools[lane]]


def run_stage(pools: Sequence[Pool], watch: Watch | None) -> Iterator[Outcome]:
    """Run what waits in pools, and yield the outcomes as they come."""
    next_look = time.monotonic()
    while any(pool.busy for pool in pools):
        for pool in pools:
            pool.hand_out()
        wait([each for pool in pools for worker in pool.workers for each in worker.listens], POLL_S)
        for pool in pools:
            yield from pool.collect()
        if time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + POLL_S
        for pool in pools:
            pool.stop_overdue()
        if watch is not None:
            compiling = [cell for pool in pools for cell in pool.compiling()]
            watch([each for pool in pools for each in pool.iterations()], compiling)


def memory_of(batch: Batch) -> int:
    """Return the bytes that a batch needs at a time."""
    return max(cell.memory for cell in batch)


def close(pools: Iterable[Pool]) -> None:
    """End the processes of pools, whatever they are at."""
    for pool in pools:
        pool.close()


class Pool:
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
        self.suspects: deque[Cell] = deque()
        self.accused: set[str] = set()
        self.workers: list[WorkerProcess] = []
        self.fruitless = 0
        self.memory = available()

    @property
    def busy(self) -> bool:
        """Whether there is anything left to run."""
        return bool(self.waiting or self.suspects or self.given)

    @property
    def given(self) -> list[Batch]:
        """The batches that workers have and have not answered."""
        return [batch for worker in self.workers for batch in worker.batches]

    def hand_out(self) -> None:
        """Keep the workers busy; suspects come last, each alone and in a new process."""
        while self.waiting and len(self.given) < self.crew.ahead and self._fits(self.waiting[0]):
            worker = self._free()
            if worker is None or not worker.give(self.waiting[0]):
                break
            self.waiting.popleft()
        if self.suspects and not self.waiting and not self.given:
            for worker in [each for each in self.workers if each.answered]:
                self._dismiss(worker)
            worker = self._free()
            assert worker is not None, "none is busy"
            worker.give((self.suspects.popleft(),))

    def _free(self) -> WorkerProcess | None:
        """Return who is to have the next batch: who has none, a new one, or who is quick."""
        idle = [worker for worker in self.workers if not worker.batches]
        if not idle and len(self.workers) < self.crew.workers:
            idle = [WorkerProcess(self.job, self.crew.environment)]
            self.workers += idle
        if not idle and len(self.waiting) > self.crew.workers:
            idle = [each for each in self.workers if len(each.batches) == 1 and each.quick]
        return idle[0] if idle else None

    def _fits(self, batch: Batch) -> bool:
        """Return whether there is memory for a batch beside those that are given out."""
        needed = sum(memory_of(each) for each in self.given)
        return not needed or needed + memory_of(batch) <= self.memory

    def collect(self) -> Iterator[Outcome]:
        """Take what the workers have finished, and see to those that died or are overdue."""
        for worker in [*self.workers]:
            status = worker.status  # before its last words are heard
            for batch, answer in worker.receive():
                if isinstance(answer, Exception):
                    raise answer
                self.fruitless = 0
                if answer.spoilt:
                    ended = {outcome.cell.key for outcome in answer.outcomes}
                    self._replace(worker, tuple(c for c in batch if c.key not in ended))
                yield from answer.outcomes
            if status is not None and worker in self.workers:
                yield from self._bury(worker, status)

    def _replace(self, worker: WorkerProcess, left: Batch) -> None:
        """Dismiss a worker in whose process a method has left what cannot be put back."""
        self.waiting.extendleft(reversed(worker.batches))
        if left:
            self.waiting.appendleft(left)
        self._dismiss(worker)

    def _dismiss(self, worker: WorkerProcess) -> None:
        self.workers.remove(worker)
        worker.end()

    def _bury(self, worker: WorkerProcess, status: int) -> Iterator[Outcome]:
        """See to the cells of a worker that died.

        The one that it was at is run again alone, unless the worker was killed for that cell: for
        its time, or for memory that no cell before can have left.
        """
        said = worker.said()
        why, stopped_at = worker.stopped or ("", None)
        begun, *others = worker.batches or ((),)
        # Otherwise it may hold what cells before this one have left.
        fresh = not worker.answered and [cell.key for cell in begun[:1]] == [said and said.key]
        self._dismiss(worker)
        end_orphans()
        self.waiting.extendleft(reversed(others))
        left: list[Cell] = []
        found = False
        for cell in begun:
            row = self.store.read_row(cell.key)
            if said is not None and cell.key == said.key:
                found = True
                if why == TOO_LARGE and not fresh and cell.key not in self.accused:
                    self.accused.add(cell.key)
                    self.suspects.append(cell)
                elif why and cell.key == stopped_at:
                    yield self._keep(cell, *self._stopped(why))
                elif why:
                    left.append(cell)
                elif cell.key in self.accused:
                    yield self._keep(cell, crashed(status, worker.last_words), 0.0)
                else:
                    self.accused.add(cell.key)
                    self.suspects.append(cell)
            elif row is not None and not found:
                yield Outcome(cell, row["status"], row["error"])
                self.fruitless = 0
            else:
                left.append(cell)
        if not found:
            self._count_fruitless(why, worker.last_words)
        together = [tuple(left)] if left and not found else [(cell,) for cell in left]
        self.waiting.extendleft(reversed(together))

    def _stopped(self, why: str) -> tuple[Mapping[str, object], float]:
        """Return the columns of a cell whose worker was killed for it, and what it took."""
        if why == TOO_LATE:
            return time_is_up(self.job.timeout or 0.0), self.job.timeout or 0.0
        return too_much_memory(self.job.memory or 0), 0.0

    def _count_fruitless(self, why: str, last_words: str) -> None:
        """Give up where workers die at no cell, again and again."""
        self.fruitless += 1
        if self.fruitless <= MOST_FRUITLESS:
            return
        if why == TOO_LARGE:
            raise BenchError(
                f"--memory: {(self.job.memory or 0) / GIB:g} GiB are too few for a worker process"
                " even before it runs a method; give more"
            )
        raise BenchError(
            f"worker processes died {self.fruitless} times without beginning a cell"
            f"{f' ({last_words})' if last_words else ''}; free some memory, use fewer --workers, or"
            " look at it with --backend sequential"
        )

    def _keep(self, cell: Cell, columns: Mapping[str, object], took_s: float) -> Outcome:
        self.fruitless = 0
        row = blank_row(self.job, cell) | dict(columns)
        if not cell.carried:
            forget_labels(self.store.labels, cell.labels_name)
        self.store.write_row(row)
        (self.store.rounds / f"{cell.key}.json").unlink(missing_ok=True)
        return Outcome(cell, row["status"], row["error"], took_s=took_s)

    def stop_overdue(self) -> None:
        """Kill workers whose cell is past its time; a method inside C code hears no alarm."""
        if self.job.timeout is None:
            return
        for worker in self.workers:
            said = worker.said()
            if said and said.deadline is not None and time.monotonic() > said.deadline + GRACE_S:
                worker.stop(TOO_LATE)

    def iterations(self) -> Iterator[tuple[Cell, int, int]]:
        """Return how far the running cells are that say so."""
        for cell, said in self._running():
            if said.iterations is not None:
                yield (cell, *said.iterations)

    def compiling(self) -> Iterator[Cell]:
        """Return the running cells whose methods are being compiled."""
        return (cell for cell, said in self._running() if said.compiling)

    def _running(self) -> Iterator[tuple[Cell, Said]]:
        cells = {cell.key: cell for batch in self.given for cell in batch}
        for worker in self.workers:
            said = worker.said()
            if said is not None and said.key in cells:
                yield cells[said.key], said

    def close(self) -> None:
        """End the workers, whatever they are at."""
        for worker in [*self.workers]:
            self._dismiss(worker)
