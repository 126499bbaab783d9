"""What one worker process does with one cell: load, segment inside the clock, score, store."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Dataset, DatasetError, Sample
from bench.errors import StorageError
from bench.execution.cell_errors import OUT_OF_MEMORY, one_line, release_memory, time_is_up
from bench.execution.inflight import Marker
from bench.execution.method_calls import (
    CellTimeoutError,
    Shared,
    call,
    call_for_many,
    call_matched,
    share,
)
from bench.execution.processes import first_alone, obey_parent
from bench.planning.cells import Batch, Cell
from bench.scoring.annotators import compared_metrics, read_scores, score_annotators
from bench.scoring.score import DEFAULT_SCORING, Scoring, score
from bench.storage.files import write_atomically
from bench.storage.rounds import read_rounds, spread, write_rounds
from bench.storage.schema import results_schema
from bench.storage.store import Store
from methods.base import Method, Skip
from methods.canonical import InvalidLabelsError, canonicalise
from methods.labelfiles import LabelFileError, encode_labels, read_labels
from methods.progress import listening
from methods.registry import get_method, load_plugin_file

# The columns of which a timed cell keeps the median.
TIMES = ("time_s", "time_shared_s", "cpu_s")

LARGEST_IN_PNG = 65535
# Compiling and importing may take this much longer than --timeout allows a cell.
WARM_UP_S = 60.0


@dataclass(frozen=True)
class Job:
    """What all cells of a run share."""

    dataset: Dataset
    out: Path
    plugins: tuple[Path, ...] = ()
    timeout: float | None = None
    contended: bool = False
    threads: int = 1
    rounds: int = 1
    pinned: bool = False
    scoring: Scoring = DEFAULT_SCORING
    match_n: float | None = None
    run: str = ""
    machine: str = ""
    suite: str = ""


@dataclass(frozen=True)
class Outcome:
    """What the progress display needs to know of a finished cell (or of one timing round)."""

    cell: Cell
    status: str
    error: str | None = None
    finished: bool = True


class MethodError(Exception):
    """A method raised; carries one line that says what and where."""


_job: Job | None = None

# The cores that this process was given.
_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()


def initialise(job: Job) -> None:
    """Prepare this process: plugins, and one core for itself where times are taken on one."""
    global _job
    _job = job
    for plugin in job.plugins:
        load_plugin_file(plugin)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(_CORES)} if job.pinned else _CORES)


def serve(job: Job) -> None:
    """Prepare a worker process."""
    obey_parent()
    initialise(job)


def run_batch(batch: Batch) -> list[Outcome]:
    """Run cells (or one timing round of each) and keep their rows.

    Whatever goes wrong short of killing the process becomes a row with a status; only storage
    problems are raised, since they concern the run and not a cell.
    """
    assert _job is not None, "initialise comes first"
    store = Store(_job.out)
    outcomes, todo = [], []
    for cell in batch:
        row = store.read_row(cell.key) if _job.rounds > 1 else None
        if row is None:
            todo.append(cell)
        else:  # it failed in an earlier round, or has all of its rounds
            outcomes.append(Outcome(cell, row["status"], finished=False))
    shared = Shared(tuple(cell.n for cell in todo if cell.n is not None))
    for cell in todo:
        marker = Marker(store.inflight / str(os.getpid()), cell.key)
        marker.write(deadline=None)
        try:
            with listening(marker.iterate):
                outcomes.append(_run_cell(_job, store, cell, shared, marker))
        finally:
            marker.remove()
        if (outcomes[-1].error or "").startswith(OUT_OF_MEMORY):
            release_memory()
    return outcomes


def _run_cell(job: Job, store: Store, cell: Cell, shared: Shared, marker: Marker) -> Outcome:
    row = blank_row(job, cell)
    if cell.carried.get("status"):  # no label map to score again
        store.write_row(row)
        return Outcome(cell, cell.carried["status"], row["error"])
    try:
        if cell.decline:
            raise Skip(cell.decline)
        sample = load_sample(job.dataset, cell.image)
        _keep_annotators(store, cell, sample, job.scoring)
        row |= {"height": sample.image.shape[0], "width": sample.image.shape[1]}
        if cell.labels_path is None:
            raw, clock = _segment(job, store, cell, sample, shared, marker)
        else:
            raw, clock = read_labels(Path(cell.labels_path)), {}
            if not cell.carried:
                clock = {"n_requested": cell.n}
        labels = canonicalise(raw, sample.image.shape[:2])
        if job.rounds > 1:
            clock = _join_rounds(store, cell, clock)
            if clock["time_repeats"] < job.rounds:
                return Outcome(cell, "ok", finished=False)
        row |= clock | score(labels, sample, cell.n, job.scoring.connected(cell.connectivity))
        if row["labels_file"] is None:
            row["labels_file"] = _keep_labels(store, cell, labels)
        row["status"] = "ok"
    except Skip as reason:
        row |= {"status": "skipped", "error": str(reason), "temporary": reason.temporary}
    except InvalidLabelsError as error:
        row |= {"status": "invalid", "error": str(error)}
    except CellTimeoutError as error:
        row |= time_is_up(*error.args)
    except (DatasetError, LabelFileError, MethodError) as error:
        row |= {"status": "failed", "error": str(error)}
    except StorageError:
        raise
    except Exception as error:
        row |= {"status": "failed", "error": one_line(error)}
    if row["error"]:
        row["error"] = row["error"].encode("utf-8", "backslashreplace").decode()
    store.write_row(row)
    (store.rounds / f"{cell.key}.json").unlink(missing_ok=True)
    return Outcome(cell, row["status"], row["error"])


def _segment(
    job: Job, store: Store, cell: Cell, sample: Sample, shared: Shared, marker: Marker
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return the method's raw labels and the columns of the clock."""
    n = cell.n
    assert n is not None, "only stored label maps have no n"
    with _blamed_on_the_method():
        method, warmup_s = _warm_method(job, store, cell, sample.image, n, marker)
        if cell.shares_work:
            with _alarm(marker, job.timeout):
                share(method, sample.image, shared)
        start = time.perf_counter() - shared.spent_s
        with _alarm(marker, job.timeout, spent_s=shared.spent_s):
            if job.match_n is not None:
                made = call_matched(method, sample.image, n, job.match_n)
            elif cell.shares_work:
                made = call_for_many(method, sample.image, n, shared)
            else:
                made = call(method, sample.image, n)
    if job.timeout and time.perf_counter() - start > job.timeout:  # it would not be interrupted
        raise CellTimeoutError(job.timeout)
    measured = made.measured
    clock = {
        "time_s": measured.time_s,
        "time_spread_s": 0.0,
        "cpu_s": measured.cpu_s,
        "peak_mb": measured.peak_mb,
        "warmup_s": warmup_s,
        "facts": made.facts,
        **made.columns,
    }
    return measured.value, clock


@contextmanager
def _blamed_on_the_method() -> Iterator[None]:
    """Turn whatever a method raises into a MethodError, even what is meant to end a process."""
    try:
        yield
    except (Skip, CellTimeoutError, InvalidLabelsError, StorageError):
        raise
    except KeyboardInterrupt as error:
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            raise  # the user's, in this very process
        raise MethodError(one_line(error)) from error
    except BaseException as error:
        raise MethodError(one_line(error)) from error


_methods: dict[tuple[str, str], Method] = {}


def _warm_method(
    job: Job, store: Store, cell: Cell, image: NDArray[np.uint8], n: int, marker: Marker
) -> tuple[Method, float]:
    """Return the method, warmed up (compiled, imported) at its first use in this process."""
    known = cell.method, json.dumps(cell.given, sort_keys=True)
    if known in _methods:
        return _methods[known], 0.0
    with (
        first_alone(store.inflight / f"compiled-{cell.method}"),
        _alarm(marker, job.timeout and job.timeout + WARM_UP_S, "the warm-up"),
    ):
        method = get_method(cell.method, **cell.given)
        start = time.perf_counter()
        method.warm_up(image.copy(), n)
        warmup_s = time.perf_counter() - start
    limit_threads(job.threads)
    _methods[known] = method
    return method, warmup_s


def limit_threads(threads: int) -> None:
    """Hold the libraries that are loaded to so many threads; later ones read the environment."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _join_rounds(store: Store, cell: Cell, clock: dict[str, Any]) -> dict[str, Any]:
    """Add this round's times to those of earlier rounds; the median and the spread are kept."""
    this = {column: clock[column] for column in TIMES if column in clock}
    rounds = [*read_rounds(store.rounds, cell.key), this]
    write_rounds(store.rounds, cell.key, rounds)
    medians = {column: float(np.median([each[column] for each in rounds])) for column in this}
    return (
        clock
        | medians
        | {
            "time_spread_s": spread(each["time_s"] for each in rounds),
            "time_repeats": len(rounds),
        }
    )


def _keep_annotators(store: Store, cell: Cell, sample: Sample, scoring: Scoring) -> None:
    """Score the annotators of an image against each other, once for all of its cells."""
    path = store.annotators / f"{cell.content}.json"
    kept = read_scores(path)
    if kept is None or (kept and not kept.keys() >= set(compared_metrics(scoring))):
        write_atomically(path, json.dumps(score_annotators(sample, scoring)).encode())


def _keep_labels(store: Store, cell: Cell, labels: NDArray[np.int32]) -> str:
    suffix = ".png" if labels.max() <= LARGEST_IN_PNG else ".npy"
    path = store.labels / f"{cell.labels_name}{suffix}"
    write_atomically(path, encode_labels(labels, suffix))
    return str(path.relative_to(store.out.parent))


@lru_cache(maxsize=4)
def load_sample(dataset: Dataset, name: str) -> Sample:
    """Load an image and its annotations; the cells of one image follow each other."""
    return dataset.load(name)


def blank_row(job: Job, cell: Cell) -> dict[str, Any]:
    """Return a row with what is known before the cell runs, and null for the rest."""
    height, width = cell.size or (None, None)
    row = dict.fromkeys(results_schema().names)
    return row | {
        "key": cell.key,
        "dataset": job.dataset.name,
        "split": job.dataset.split,
        "image": cell.image,
        "height": height,
        "width": width,
        "method": cell.method,
        "params": cell.params,
        "label": cell.label,
        "version": cell.version,
        "n": cell.n,
        "seed": cell.seed,
        "device": cell.device,
        "threads": job.threads,
        "contended": job.contended,
        "time_repeats": 1,
        "facts": "{}",
        "content": cell.content,
        "run": job.run,
        "machine": job.machine,
        "suite": job.suite,
        "protocol": job.scoring.protocol.name,
        "connectivity": job.scoring.connected(cell.connectivity).protocol.connectivity,
        **cell.carried,
    }


def warm_up_scoring(scoring: Scoring) -> None:
    """Compile the scoring once, before many workers need it at the same time."""
    labels = np.arange(16, dtype=np.int32).reshape(4, 4) // 8
    sample = Sample("", np.zeros((4, 4, 3), np.uint8), (labels, labels))
    score(canonicalise(labels, labels.shape), sample, 2, scoring)


@contextmanager
def _alarm(
    marker: Marker, seconds: float | None, what: str = "the method", spent_s: float = 0.0
) -> Iterator[None]:
    """Raise CellTimeoutError after so many seconds, less those spent, wherever Python then is.

    A method that never returns to Python hears no alarm; the parent reads the deadline in the
    marker and kills the process.
    """
    if seconds is None:
        yield
        return
    left = seconds - spent_s
    if left <= 0:
        raise CellTimeoutError(seconds, what)

    def ring(_signum: int, _frame: FrameType | None) -> None:
        raise CellTimeoutError(seconds, what)

    marker.write(deadline=time.time() + left)
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, left)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        marker.write(deadline=None)
