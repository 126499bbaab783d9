"""Deals the cells of a run to a Dask cluster, a few at a time, and keeps what comes back."""

from __future__ import annotations

import pickle
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from bench.cluster import remote
from bench.cluster.keeping import keep, keep_annotators
from bench.cluster.messages import Delivery, Lacking, Request, Unable, Unprepared, orders_of
from bench.cluster.pace import Pace
from bench.cluster.roster import LostSchedulerError, Roster
from bench.cluster.samples import packed
from bench.cluster.station import Unwanted, topic_of
from bench.errors import BenchError
from bench.execution.executor import Watch
from bench.execution.job import Job, Outcome, blank_row
from bench.planning.cells import Batch, Cell, Lane
from bench.storage.files import forget_labels
from bench.storage.store import Store

if TYPE_CHECKING:
    from distributed import Client, Future

# Tasks given out for each cell that runs, so that no worker waits for the next.
AHEAD = 2.5
# What is given out while no worker is here, so that an adaptive cluster starts some.
BECKON = 2
POLL_S = 0.2
SAMPLES_AT_HAND = 8
# What a worker last said of a cell holds so long.
SAID_HOLDS_S = 10.0


@dataclass(frozen=True)
class Reporter:
    """Who hears what of a run on a cluster.

    Attributes
    ----------
    watch : callable
        How far cells are, as in a run on one machine.
    hire : callable
        How many cells of each lane run at a time, when that changes.
    add_machine : callable
        The facts of each machine that cells run on.
    say : callable
        A line for the user.
    """

    watch: Watch
    hire: Callable[[Mapping[Lane, int]], None]
    add_machine: Callable[[dict[str, Any]], None]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What one Dask task runs."""

    batches: tuple[Batch, ...]
    with_sample: bool = False
    workers: frozenset[str] | None = None  # that may run it, if not all

    @property
    def first(self) -> Cell:
        """Its first cell; all are of one image and lane."""
        return self.batches[0][0]

    @property
    def cells(self) -> list[Cell]:
        """All of its cells."""
        return [cell for batch in self.batches for cell in batch]


def run_on_cluster(
    job: Job, stages: Sequence[Sequence[Batch]], client: Client, reporter: Reporter
) -> Iterator[Outcome]:
    """Run batches of cells on the workers of a Dask cluster and yield the outcomes as they come.

    Parameters
    ----------
    job : Job
    stages : sequence of sequences of batches
        A stage begins when the one before it has ended.
    client : distributed.Client
    reporter : Reporter

    Raises
    ------
    UsageError
        If a worker that is there at the beginning has other versions; later ones are left out.
    LostSchedulerError
        If the scheduler is gone.
    """
    run = uuid.uuid4().hex[:12]
    dealer = _Dealer(job, client, run, reporter)
    client.subscribe_topic(topic_of(run), dealer.hear)
    try:
        with Roster(client, run, orders_of(job), reporter.add_machine, reporter.say) as roster:
            for stage in stages:
                yield from dealer.run_stage(stage, roster)
    finally:
        if client.status == "running":  # without a scheduler there is nobody to tell
            with suppress(Exception):
                client.cancel(list(dealer.flying), force=True)
                client.unsubscribe_topic(topic_of(run))
                client.run(remote.finish, run, on_error="ignore")


class _Dealer:
    """What is to do, what is given out, and what the workers said last."""

    def __init__(self, job: Job, client: Client, run: str, reporter: Reporter) -> None:
        self.job, self.client, self.run, self.reporter = job, client, run, reporter
        self.store = Store(job.out)
        self.waiting: dict[Lane, deque[Batch]] = {
            "core": deque(),
            "cuda": deque(),
            "cores": deque(),
        }
        self.again: deque[Task] = deque()
        self.flying: dict[Future[bytes], Task] = {}
        self.landed: SimpleQueue[Future[bytes]] = SimpleQueue()
        self.pace = Pace()
        self.made = 0
        self.not_before = 0.0
        self.scored: set[str] = set()
        self.said: dict[str, tuple[float, tuple[int, int] | None]] = {}
        self.lanes: dict[Lane, int] = {}
        self.told: set[str] = set()
        self.sample = lru_cache(SAMPLES_AT_HAND)(lambda image: packed(job.dataset, image))

    def run_stage(self, stage: Sequence[Batch], roster: Roster) -> Iterator[Outcome]:
        """Run batches; those of all cores are given out last."""
        for batch in stage:
            self.waiting[batch[0].lane].append(batch)
        next_look = 0.0
        while self.flying or self.again or any(self.waiting.values()):
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + POLL_S
                self._look(roster)
            self._hand_out(roster)
            for future, answer in self._wait():
                yield from self._take(future, answer, roster)

    def hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Note what a worker says of its cells; called in another thread."""
        now, said = time.monotonic(), event[1]
        for key in said["compiling"]:
            self.said[key] = now, None
        for key, done, total in said["iterations"]:
            self.said[key] = now, (done, total)

    # --- giving out ----------------------------------------------------------------------

    def _look(self, roster: Roster) -> None:
        roster.report()
        if self.client.status not in ("running", "newly-created"):
            raise LostSchedulerError(f"the Dask scheduler is gone (client {self.client.status})")
        if roster.lanes != self.lanes:
            self.lanes = roster.lanes
            self.reporter.hire(self.lanes)
        if not self.lanes["core"]:
            self._say_once("Waiting for Dask workers; the run goes on when one comes.")
        elif self._lacks_gpu():
            self._say_once(
                "Cells of a GPU wait for a Dask worker that declares one:"
                ' dask worker ... --resources "GPU=1"'
            )
        left = [
            future
            for future, task in self.flying.items()
            if task.workers is not None and task.workers.isdisjoint(roster.hands)
        ]
        if left:  # by all that may run them
            self.client.cancel(left, force=True)
        self._watch()

    def _lacks_gpu(self) -> bool:
        left = self.waiting["cuda"] or any(task.first.lane == "cuda" for task in self.again)
        return bool(left) and not self.lanes["cuda"]

    def _watch(self) -> None:
        """Pass on what the workers say of the cells that they are at."""
        cells = {cell.key: cell for task in self.flying.values() for cell in task.cells}
        late = time.monotonic() - SAID_HOLDS_S
        said = {key: its for key, its in list(self.said.items()) if key in cells and its[0] > late}
        for key in self.said.keys() - said.keys():
            self.said.pop(key, None)
        iterations = [(cells[key], *its) for key, (_, its) in said.items() if its is not None]
        compiling = [cells[key] for key, (_, its) in said.items() if its is None]
        self.reporter.watch(iterations, compiling)

    def _say_once(self, line: str) -> None:
        if line not in self.told:
            self.told.add(line)
            self.reporter.say(line)

    def _hand_out(self, roster: Roster) -> None:
        """Keep the window full: a few tasks for each cell that the workers run at a time."""
        most = {
            "core": AHEAD * self.lanes["core"],
            "cuda": AHEAD * self.lanes["cuda"],
            "cores": self.lanes["cores"] + 1,
        }
        if time.monotonic() < self.not_before:
            return
        again, self.again = self.again, deque()
        self.again += [task for task in again if not self._submit(task, roster)]
        given = Counter(task.first.lane for task in (*self.flying.values(), *self.again))
        for lane, queue in self.waiting.items():
            while queue and given[lane] < max(BECKON, most[lane]):
                if lane == "cores" and self.waiting["core"]:
                    break
                task = Task(self.pace.take(queue, self.lanes[lane]))
                given[lane] += 1
                if not self._submit(task, roster):
                    self.again.append(task)

    def _submit(self, task: Task, roster: Roster) -> bool:
        """Give out a task, unless nobody may have it now."""
        workers = roster.open_to(task.first.lane)
        if workers is not None and not workers:
            return False
        self.made += 1
        request = Request(
            task.batches,
            self.sample(task.first.image) if task.with_sample else None,
            self._clean(task.cells),
        )
        future = self.client.submit(
            remote.work,
            self.run,
            pickle.dumps(request),
            key=f"{task.first.method}-{self.run}-{self.made}",
            pure=False,
            resources={"GPU": 1} if task.first.lane == "cuda" else None,
            workers=workers and sorted(workers),
        )
        self.flying[future] = replace(task, workers=workers)
        future.add_done_callback(self.landed.put)
        return True

    def _clean(self, cells: Sequence[Cell]) -> dict[str, bytes]:
        """Return the label maps that those of perturbed images are compared with."""
        names = {cell.clean_labels_name for cell in cells if cell.perturbation is not None}
        files = [(f"{name}{suffix}") for name in names for suffix in (".png", ".npy")]
        return {
            file: (self.store.labels / file).read_bytes()
            for file in files
            if (self.store.labels / file).is_file()
        }

    # --- taking back ---------------------------------------------------------------------

    def _wait(self) -> Iterator[tuple[Future[bytes], bytes | None]]:
        """Return the tasks that have ended, after waiting a little for the first.

        Their answers are fetched together, which costs one way to the scheduler and not one each.
        """
        ended = []
        with suppress(Empty):
            ended.append(self.landed.get(timeout=POLL_S))
            while True:
                ended.append(self.landed.get_nowait())
        fine = [future for future in ended if future.status == "finished"]
        answers: dict[Future[bytes], bytes] = {}
        with suppress(Exception):  # each will say by itself what went wrong
            answers = dict(zip(fine, self.client.gather(fine), strict=True))
        for future in ended:
            yield future, answers.get(future)

    def _take(
        self, future: Future[bytes], fetched: bytes | None, roster: Roster
    ) -> Iterator[Outcome]:
        from distributed.scheduler import KilledWorker

        task = self.flying.pop(future)
        if future.status in ("cancelled", "lost"):
            self.again.append(task)  # unless the scheduler is gone, which the next look finds
            return
        try:
            answer: Lacking | Unprepared | Unable | Delivery = pickle.loads(
                fetched or future.result()
            )
        except KilledWorker:
            yield from self._blame(task)
            return
        except (Unwanted, CancelledError):
            self.again.append(task)
            return
        except BenchError as error:
            raise BenchError(f"on a Dask worker: {error}") from error
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise BenchError(f"a Dask worker could not run a task: {why}") from error
        if isinstance(answer, Lacking):
            self.again.append(replace(task, with_sample=True))
            return
        if isinstance(answer, Unprepared | Unable):
            # The next look prepares it, for it has just come or lost what it had, or leaves it out.
            roster.look_again(answer.worker, answer.why if isinstance(answer, Unable) else "")
            self.not_before = time.monotonic() + POLL_S
            self.again.append(task)
            return
        content = task.first.content
        if answer.annotators is not None and content not in self.scored:
            keep_annotators(self.store, content, answer.annotators)
            self.scored.add(content)
        for cell in task.cells:
            result = answer.results[cell.key]
            keep(self.store, cell, result)
            self.pace.learn(cell, result.took_s)
            row = result.row
            yield Outcome(
                cell,
                row["status"],
                row["error"],
                took_s=result.took_s,
                compiled_s=result.compiled_s,
            )

    def _blame(self, task: Task) -> Iterator[Outcome]:
        """Try cells alone of which one brings workers down; such a cell itself has crashed."""
        if len(task.cells) > 1:
            self.again += [replace(task, batches=((cell,),)) for cell in task.cells]
            return
        (cell,) = task.cells
        forget_labels(self.store.labels, cell.labels_name)
        row = blank_row(self.job, cell) | _BROUGHT_DOWN | {"machine": None}
        self.store.write_row(row)
        yield Outcome(cell, row["status"], row["error"], took_s=0.0)


_BROUGHT_DOWN = {
    "status": "crashed",
    "error": "the Dask worker died that ran it, and so did those that tried it again: no memory"
    " was left there, or the machines were taken away; --retry-failed tries once more",
}
