"""What a Dask worker process has of a run: child processes that run its cells, and images.

A cell takes place in a child process, under the parent that a run on one machine has, too: so a
time-out, a crash or a lack of memory ends as it does there, and the Dask worker stays.
"""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cluster.messages import (
    Delivery,
    Lacking,
    Orders,
    Request,
    Result,
    Unable,
    Unprepared,
)
from bench.cluster.samples import Delivered
from bench.errors import StorageError
from bench.execution.crews import Crew
from bench.execution.executor import Pool, close, memory_of, run_stage
from bench.execution.job import Job, Outcome
from bench.execution.memory_limit import MemoryWatch
from bench.execution.remains import adopt_orphans
from bench.planning.cells import Cell, Lane
from bench.storage.files import write_atomically
from bench.storage.provenance import machine, machine_id
from bench.storage.store import Store
from methods.memory import available

# Child processes that have had nothing to do for so long are ended; the next cell starts others.
IDLE_S = 60.0
# A station that was not asked for so long is given up, when another run comes.
GIVEN_UP_S = 3600.0
POLL_S = 0.2
TELL_EVERY_S = 1.0

_LEAVING = ("closing", "closed", "failed", "stopping")


class Unwanted(Exception):  # noqa: N818 (it is no error)
    """The run has ended, or does not want this cell any more, or this worker leaves."""


class Slot:
    """One child process, and the folder that it writes into."""

    def __init__(self, job: Job, threads: int) -> None:
        self.pool = Pool(replace(job, threads=threads), Crew(1, threads), deque())
        self.store = self.pool.store
        self.idle_since = time.monotonic()
        workers = self.pool.workers
        self.watched = (
            nullcontext() if job.memory is None else MemoryWatch(job.memory, workers.copy)
        )

    def run(self, request: Request, tell: Callable[..., None]) -> list[Outcome]:
        """Run what is asked, one batch after the other."""
        for folder in (self.store.shards, self.store.labels):  # of the cells before
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.store.shards, self.store.labels, self.store.inflight):
            folder.mkdir(parents=True, exist_ok=True)
        for name, labels in request.clean.items():
            write_atomically(self.store.labels / name, labels)
        self.pool.waiting.extend(request.batches)
        with self.watched:
            outcomes = list(run_stage([self.pool], tell))
        self.idle_since = time.monotonic()
        return outcomes

    def close(self) -> None:
        """End the child process at once."""
        close([self.pool])


class Station:
    """The slots of a run on one Dask worker.

    Parameters
    ----------
    run : str
    orders : Orders
    worker : distributed.Worker
    """

    def __init__(self, run: str, orders: Orders, worker: Any) -> None:
        self.worker, self.topic = worker, topic_of(run)
        self.folder = Path(worker.local_directory) / f"superpixel-bench-{run}"
        local = None if orders.dataset is None else pickle.loads(orders.dataset)
        samples = self.folder / "samples"
        self.images = Delivered(orders.name, orders.split, local, samples)
        plugins = []
        for i, plugin in enumerate(orders.plugins):
            place = self.folder / "plugins" / str(i)
            for name, source in plugin.sources.items():
                write_atomically(place / name, source)
            plugins.append(place / plugin.name)
        self.job = replace(
            orders.job,
            dataset=self.images,
            plugins=tuple(plugins),
            machine=machine_id(machine()),
            contended=True,
        )
        self.idle: dict[Lane, list[Slot]] = {}
        self.made = 0
        self.changed = threading.Condition()
        self.asked = 0  # requests that are here, also those that wait
        self.running: list[Request] = []
        self.alone = 0
        self.memory = available()
        self.last_used = time.monotonic()
        self.open = True
        _may_have_children()
        adopt_orphans()
        threading.Thread(target=self._end_idle, daemon=True).start()

    def answer(self, request: Request, wanted: Callable[[], bool]) -> Delivery | Lacking:
        """Run the cells of a request, unless their image is not here."""
        with self._counted():
            return self._answer(request, wanted)

    def _answer(self, request: Request, wanted: Callable[[], bool]) -> Delivery | Lacking:
        cell = request.batches[0][0]
        if request.sample is not None:
            self.images.keep(cell.image, request.sample)
        elif not self.images.has(cell.image, cell.content):
            return Lacking()
        with self._admitted(request, wanted):
            slot = self._take(cell.lane)
            try:
                outcomes = slot.run(request, self._teller(wanted))
                delivery = _collect(slot.store, outcomes)
            except BaseException:
                slot.close()
                raise
            with self.changed:
                if self.open:
                    self.idle.setdefault(cell.lane, []).append(slot)
                else:
                    slot.close()
        return delivery

    def close(self) -> None:
        """End the child processes, also those at work, and remove what is on disk."""
        with self._counted(), self.changed:
            self.open = False
            slots = [slot for lane in self.idle.values() for slot in lane]
            self.idle.clear()
            for slot in slots:
                slot.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count who may write here; the last to leave a closed station removes what is on disk."""
        with self.changed:
            self.asked += 1
            self.last_used = time.monotonic()
        try:
            yield
        finally:
            with self.changed:
                self.asked -= 1
                self.last_used = time.monotonic()
                if not (self.open or self.asked):
                    shutil.rmtree(self.folder, ignore_errors=True)

    # --- who runs beside whom ------------------------------------------------------------

    @contextmanager
    def _admitted(self, request: Request, wanted: Callable[[], bool]) -> Iterator[None]:
        """Wait until a request may run: one of all cores alone, others as memory allows."""
        alone = request.batches[0][0].lane == "cores"
        with self.changed:
            self.alone += alone
            try:
                while self.running and not (not alone and not self.alone and self._fits(request)):
                    if not (self.open and wanted()):
                        raise Unwanted
                    self.changed.wait(POLL_S)
                self.running.append(request)
            finally:
                self.alone -= alone
        try:
            yield
        finally:
            with self.changed:
                self.running.remove(request)
                self.changed.notify_all()

    def _fits(self, request: Request) -> bool:
        if any(each.batches[0][0].lane == "cores" for each in self.running):
            return False
        asked = [max(map(memory_of, each.batches)) for each in (*self.running, request)]
        return not any(asked) or sum(asked) <= self.memory

    def _take(self, lane: Lane) -> Slot:
        """Return a child process of a lane that has nothing to do, a new one if there is none."""
        with self.changed:
            if slots := self.idle.get(lane):
                return slots.pop()
            self.made += 1
            own = Store(self.folder / f"slot-{self.made}" / self.job.out.name)
        own.folder.mkdir(parents=True)
        annotators = self.folder / "annotators"
        annotators.mkdir(exist_ok=True)
        own.annotators.symlink_to(annotators)  # scored once for all slots
        threads = self.worker.state.nthreads if lane == "cores" else 1
        return Slot(replace(self.job, out=own.out), threads)

    def _end_idle(self) -> None:
        """End children that have had nothing to do for a while, all when the worker leaves."""
        while self.open:
            time.sleep(POLL_S)
            if self.worker.status.name in _LEAVING:
                self.close()
            with self.changed:
                late = time.monotonic() - IDLE_S
                old = [s for lane in self.idle.values() for s in lane if s.idle_since < late]
                self.idle = {
                    lane: [slot for slot in slots if slot not in old]
                    for lane, slots in self.idle.items()
                }
            for slot in old:
                slot.close()

    # --- what it says meanwhile ----------------------------------------------------------

    def _teller(self, wanted: Callable[[], bool]) -> Callable[..., None]:
        """Return what tells the run how far long cells are, and stops cells that it gave up."""
        last = time.monotonic()

        def tell(cells: Sequence[tuple[Cell, int, int]], compiling: Sequence[Cell]) -> None:
            nonlocal last
            if not (self.open and wanted()):
                raise Unwanted
            if (cells or compiling) and time.monotonic() - last > TELL_EVERY_S:
                last = time.monotonic()
                said = {
                    "iterations": [[cell.key, done, total] for cell, done, total in cells],
                    "compiling": [cell.key for cell in compiling],
                }
                self.worker.log_event(self.topic, said)

        return tell


def topic_of(run: str) -> str:
    """Return the topic of Dask's events under which workers say how far they are."""
    return f"superpixel-bench-{run}"


def _collect(store: Store, outcomes: Sequence[Outcome]) -> Delivery:
    results = {}
    for outcome in outcomes:
        row = store.read_row(outcome.cell.key)
        assert row is not None, "a cell ends with its row"
        labels = None
        if row["labels_file"]:
            path = store.out.parent / row["labels_file"]
            labels = path.suffix, path.read_bytes()
        results[outcome.cell.key] = Result(row, labels, outcome.took_s, outcome.compiled_s)
    path = store.annotators / f"{outcomes[0].cell.content}.json"
    return Delivery(results, path.read_bytes() if path.is_file() else None)


def _may_have_children() -> None:
    """Let this process start others, which Dask's nanny forbids by default.

    It does so lest they outlive the worker; those of a station end with it by themselves.
    """
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]


# --- the stations of this process --------------------------------------------------------------

_stations: dict[str, Station] = {}


def open_station(run: str, orders: bytes, worker: Any) -> None:
    """Prepare this worker for a run; stations of runs that seem to be dead are closed."""
    late = time.monotonic() - GIVEN_UP_S
    for other, its in list(_stations.items()):
        if its.last_used < late and not its.asked:
            close_station(other)
    if run not in _stations:
        _stations[run] = Station(run, pickle.loads(orders), worker)


def close_station(run: str) -> None:
    """End what a run has here."""
    station = _stations.pop(run, None)
    if station is not None:
        station.close()


def answer(run: str, request: bytes) -> bytes:
    """Run what is asked, in a thread of the Dask worker."""
    from distributed import get_worker

    worker = get_worker()
    station = _stations.get(run)
    if station is None:
        return pickle.dumps(Unprepared(worker.address))
    try:
        return pickle.dumps(station.answer(pickle.loads(request), _still_wanted(worker)))
    except (StorageError, OSError) as error:
        why = (
            f"cannot run cells in its folder {station.folder} ({error.__cause__ or error}); start"
            " it again, with space and the right to write below its --local-directory"
        )
        return pickle.dumps(Unable(worker.address, why))


def _still_wanted(worker: Any) -> Callable[[], bool]:
    """Return what tells whether the present task is still asked for, and its worker stays."""
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        leaves = worker.status.name in _LEAVING
        return not leaves and task is not None and task.state != "cancelled"

    return wanted
