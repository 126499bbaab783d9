"""What one worker process does with one cell: load, segment inside the clock, score, store."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Dataset, DatasetError, Sample
from bench.datasets.perturbations import Perturbation
from bench.errors import StorageError
from bench.execution.alarm import alarm
from bench.execution.cell_errors import OUT_OF_MEMORY, one_line, release_memory, time_is_up
from bench.execution.compiling import noted, seconds_compiling
from bench.execution.inflight import Marker
from bench.execution.job import Job, Outcome, blank_row
from bench.execution.method_calls import (
    CellTimeoutError,
    Shared,
    call,
    call_for_many,
    call_matched,
    share,
)
from bench.execution.plugins import load_plugins
from bench.execution.processes import first_alone, only_here
from bench.execution.remains import Remains
from bench.execution.surroundings import Own, Surroundings
from bench.planning.cells import Batch, Cell
from bench.scoring.annotators import compared_metrics, is_outdated, read_scores, score_annotators
from bench.scoring.score import Scoring, score
from bench.scoring.stability import adjusted_rand_index
from bench.storage.files import forget_labels, write_quickly
from bench.storage.rounds import read_rounds, spread, write_rounds
from bench.storage.store import Store
from methods.base import Method, Skip
from methods.canonical import InvalidLabelsError, canonicalise
from methods.labelfiles import LabelFileError, encode_labels, read_label_map
from methods.progress import listening
from methods.registry import get_method

# The columns of which a timed cell keeps the median.
TIMES = ("time_s", "time_shared_s", "cpu_s")

LARGEST_IN_PNG = 65535
# Compiling and importing may take this much longer than --timeout allows a cell.
WARM_UP_S = 60.0


class MethodError(Exception):
    """A method raised; carries one line that says what and where."""


_job: Job | None = None
_surroundings: Surroundings | None = None
_remains: Remains | None = None  # in worker processes only, which can be replaced

# The cores that this process was given.
_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()


def initialise(job: Job) -> None:
    """Prepare this process: plugins, and one core for itself where times are taken on one."""
    global _job, _surroundings
    load_plugins(job.plugins)
    _job = job.opened()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(_CORES)} if job.pinned else _CORES)
    _surroundings = Surroundings(job.threads)
    _surroundings.settle()


def watch_remains(remains: Remains) -> Remains:
    """Let it know from now on when methods are warmed up and when they return."""
    global _remains
    _remains = remains
    return remains


def spoilt() -> str:
    """Say what a method has changed for good; empty if nothing."""
    return "" if _surroundings is None else _surroundings.spoilt


def run_batch(batch: Batch) -> Iterator[Outcome]:
    """Run cells (or one timing round of each), keep their rows, and yield what came of each.

    Whatever goes wrong short of killing the process becomes a row with a status; only storage
    problems are raised, since they concern the run and not a cell.
    """
    assert _job is not None, "initialise comes first"
    store = Store(_job.out)
    todo = []
    for cell in batch:
        row = store.read_row(cell.key) if _job.rounds > 1 else None
        if row is None:
            todo.append(cell)
        else:  # it failed in an earlier round, or has all of its rounds
            yield Outcome(cell, row["status"], finished=False)
    shared = Shared(tuple(cell.n for cell in todo if cell.n is not None))
    for cell in todo:
        marker = Marker(store.inflight / str(os.getpid()), cell.key)
        marker.write(deadline=None)
        start, compiled_s = time.perf_counter() - _warming_s, seconds_compiling()
        try:
            with listening(marker.iterate):
                outcome = _run_cell(_job, store, cell, shared, marker)
        finally:
            marker.remove()
        took_s = time.perf_counter() - _warming_s - start
        compiled_s = seconds_compiling() - compiled_s
        if (outcome.error or "").startswith(OUT_OF_MEMORY):
            release_memory()
        yield replace(outcome, took_s=took_s, compiled_s=compiled_s)


def _run_cell(job: Job, store: Store, cell: Cell, shared: Shared, marker: Marker) -> Outcome:
    row = blank_row(job, cell)
    if cell.carried.get("status"):  # no label map to score again
        store.write_row(row)
        return Outcome(cell, cell.carried["status"], row["error"])
    try:
        if cell.decline:
            raise Skip(cell.decline)
        sample = load_sample(job.dataset, cell.image, cell.perturbation)
        if cell.perturbation is None:
            _keep_annotators(store, cell, sample, job.scoring)
        row |= {"height": sample.image.shape[0], "width": sample.image.shape[1]}
        if cell.labels_path is None:
            raw, clock = _segment(job, store, cell, sample, shared, marker)
        else:
            raw, clock = read_label_map(cell.labels_path, sample.image.shape[:2]), {}
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
            row["stability"] = _stability(store, cell, labels)
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
    if row["status"] != "ok" and not cell.carried:
        forget_labels(store.labels, cell.labels_name)
    store.write_row(row)
    (store.rounds / f"{cell.key}.json").unlink(missing_ok=True)
    return Outcome(cell, row["status"], row["error"])


def _segment(
    job: Job, store: Store, cell: Cell, sample: Sample, shared: Shared, marker: Marker
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return the method's raw labels and the columns of the clock."""
    n = cell.n
    assert n is not None, "only stored label maps have no n"
    assert _surroundings is not None, "initialise comes first"
    with _blamed_on_the_method():
        warm = _warm_method(job, store, cell, sample.image, n, marker)
        method = warm.method
        with _surroundings.kept(cell.seed if cell.draws else 0, warm.own):
            if cell.shares_work:
                with alarm(marker, job.timeout), only_here():
                    share(method, sample.image, shared)
            start = time.perf_counter() - shared.spent_s
            with alarm(marker, job.timeout, spent_s=shared.spent_s), only_here():
                if job.match_n is not None:
                    made = call_matched(method, sample.image, n, job.match_n)
                elif cell.shares_work:
                    made = call_for_many(method, sample.image, n, shared)
                else:
                    made = call(method, sample.image, n)
    if _remains is not None:
        _remains.returned()
    if job.timeout and time.perf_counter() - start > job.timeout:  # it would not be interrupted
        raise CellTimeoutError(job.timeout)
    measured = made.measured
    clock = {
        "time_s": measured.time_s,
        "time_spread_s": 0.0,
        "cpu_s": measured.cpu_s,
        "peak_mb": measured.peak_mb,
        "contended": job.contended or measured.contended,
        "warmup_s": warm.seconds,
        "facts": _with_trouble(made.facts, warm.trouble),
        **made.columns,
    }
    return measured.value, clock


def _with_trouble(facts: str, trouble: str) -> str:
    """Say beside the method's own facts that it was not warm, so that its time has more in it."""
    return json.dumps({**json.loads(facts), "warm_up": trouble}) if trouble else facts


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


_methods: dict[tuple[str, str, tuple[int, ...]], Warm] = {}

# Seconds that this process has spent warming up, or waiting for another that did.
_warming_s = 0.0


@dataclass(frozen=True)
class Warm:
    """A method that is ready, what it has set for itself, what that took, and what went wrong."""

    method: Method
    own: Own
    seconds: float = 0.0
    trouble: str = ""


def _warm_method(
    job: Job, store: Store, cell: Cell, image: NDArray[np.uint8], n: int, marker: Marker
) -> Warm:
    """Return the method, warmed up (compiled, imported) at its first use in this process.

    Where that fails the measured call is tried all the same: it may meet no such problem, or has
    the better words for it.
    """
    global _warming_s
    sizes = (*image.shape[:2], n) if cell.lane == "cuda" else ()  # of what is compiled there
    known = cell.method, json.dumps(cell.given, sort_keys=True), sizes
    if known in _methods:
        return _methods[known]
    assert _surroundings is not None, "initialise comes first"
    begin, trouble = time.perf_counter(), ""
    try:
        with (
            first_alone(store.inflight / f"compiled-{cell.method}"),
            alarm(marker, job.timeout and job.timeout + WARM_UP_S, "the warm-up"),
            listening(lambda *_: None),  # its iterations are not those of the cell
            noted(marker.compile),
            only_here(),
        ):
            method = get_method(cell.method, **cell.given)
            start = time.perf_counter()
            try:
                method.warm_up(image.copy(), n)
            except Exception as error:
                trouble = one_line(error)
            seconds = time.perf_counter() - start
    finally:
        _warming_s += time.perf_counter() - begin
        own = _surroundings.settle()
    if _remains is not None:
        _remains.warmed_up()
    _methods[known] = Warm(method, own)
    return Warm(method, own, seconds, trouble)


def _join_rounds(store: Store, cell: Cell, clock: dict[str, Any]) -> dict[str, Any]:
    """Add this round's times to those of earlier rounds; the median and the spread are kept."""
    this = {column: clock[column] for column in TIMES if column in clock}
    rounds = read_rounds(store.rounds, cell.key)
    rounds.append(this | {"contended": float(clock["contended"])})
    write_rounds(store.rounds, cell.key, rounds)
    medians = {column: float(np.median([each[column] for each in rounds])) for column in this}
    return (
        clock
        | medians
        | {
            "time_spread_s": spread(each["time_s"] for each in rounds),
            "time_repeats": len(rounds),
            # A median is that of a round that had to wait if most of them had.
            "contended": 2 * sum(each.get("contended", 0.0) for each in rounds) > len(rounds),
        }
    )


def _keep_annotators(store: Store, cell: Cell, sample: Sample, scoring: Scoring) -> None:
    """Score the annotators of an image against each other, once for all of its cells."""
    path = store.annotators / f"{cell.content}.json"
    kept = None if is_outdated(path) else read_scores(path)
    if kept is None or (kept and not kept.keys() >= set(compared_metrics(scoring))):
        write_quickly(path, json.dumps(score_annotators(sample, scoring)).encode())


def _keep_labels(store: Store, cell: Cell, labels: NDArray[np.int32]) -> str:
    suffix = ".png" if labels.max() <= LARGEST_IN_PNG else ".npy"
    path = store.labels / f"{cell.labels_name}{suffix}"
    write_quickly(path, encode_labels(labels, suffix), below=store.labels)
    forget_labels(store.labels, cell.labels_name, but=path)
    return str(path.relative_to(store.out.parent))


def _stability(store: Store, cell: Cell, labels: NDArray[np.int32]) -> float | None:
    """Compare the label map of a perturbed image with that of the image, which came before."""
    if cell.perturbation is None:
        return None
    for suffix in (".png", ".npy"):
        path = store.labels / f"{cell.clean_labels_name}{suffix}"
        if path.is_file():
            back = cell.perturbation.undo(labels)
            clean = canonicalise(read_label_map(path, back.shape[:2]), back.shape[:2])
            return adjusted_rand_index(clean, back)
    return None  # without an ok row of the image as it is there is no map of it


@lru_cache(maxsize=4)
def load_sample(dataset: Dataset, name: str, perturbation: Perturbation | None = None) -> Sample:
    """Load an image and its annotations, perturbed if asked for; cells of one follow each other."""
    sample = dataset.load(name)
    return sample if perturbation is None else perturbation.apply(sample)


def warm_up_scoring(scoring: Scoring) -> None:
    """Compile the scoring once, before many workers need it at the same time."""
    labels = np.arange(16, dtype=np.int32).reshape(4, 4) // 8
    sample = Sample("", np.zeros((4, 4, 3), np.uint8), (labels, labels))
    score(canonicalise(labels, labels.shape), sample, 2, scoring)
