"""A whole run: what is asked minus what is done, through the workers, into one results file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.datasets import Dataset
from bench.errors import Interrupted
from bench.execution.compiling import noted
from bench.execution.crews import ONE_BY_ONE, SIDE_BY_SIDE, TOGETHER, stages
from bench.execution.executor import Watch, run_here, run_in_workers
from bench.execution.job import Job, Outcome
from bench.execution.memory_limit import GIB
from bench.execution.supervision import undisturbed
from bench.execution.time_left import TimeLeft
from bench.execution.worker import warm_up_scoring
from bench.manifest import add_metrics, add_origin, open_manifest, run_facts, scored_by
from bench.planning.cells import Batch, Cell, group
from bench.planning.labels import settle_labels
from bench.planning.seeds import share_seeds
from bench.progress import Display
from bench.scoring.annotators import mark_outdated
from bench.settings import Settings
from bench.storage.copies import computed
from bench.storage.files import storage_errors
from bench.storage.keeping import Keeper
from bench.storage.labels import relabel, stored_labels
from bench.storage.parts import Done
from bench.storage.provenance import machine, machine_id, now, suite_version
from bench.storage.renewal import (
    Renewal,
    added,
    read_renewals,
    update_renewals,
    write_renewals,
)
from bench.storage.rounds import TIMING_ROUNDS, read_rounds
from bench.storage.schema import FAILURES
from bench.storage.store import Store
from bench.summary import (
    all_of,
    announce,
    say_compiling,
    say_mixed,
    say_new_metrics,
    say_what_had_to_wait,
    say_what_was_not_reached,
    summarise,
)
from reports.data.mixture import mixtures_in
from reports.data.words import counted

INTERRUPTED = Interrupted.exit_status


def run(cells: Sequence[Cell], dataset: Dataset, settings: Settings, console: Console) -> int:
    """Run every cell that is not finished, write the results file, return the exit status.

    Returns
    -------
    int
        0 if all cells asked for are ok (or skipped with a reason), 2 if some failed, 130 if
        the run was interrupted.

    Raises
    ------
    BenchError
        If the output belongs to another data set, another run or another version, or cannot
        be written. What is stored stays.
    """
    store = Store(settings.out)
    with store.locked():
        remark = store.adopt()
        if remark:
            console.print(f"Note: {remark}.", highlight=False, markup=False)
        columns = store.columns()
        store.gather()
        done = store.done()
        outdated = store.outdated(done)
        manifest = open_manifest(store, dataset, settings, cells, columns)
        say_new_metrics(add_metrics(manifest, settings), done, settings.out, console)
        add_origin(manifest, settings)
        run = run_facts(cells, dataset, settings)
        renewed = settle_labels(cells, stored_labels(store), settings.out)
        old = _to_renew(store, cells, done, settings, run["id"])
        todo = [cell for cell in cells if cell.key in old or _wanted(cell, done, settings)]
        if not todo and not renewed.labels and store.is_current():
            console.print(f"Nothing to do: {all_of(len(cells))} finished.")
            say_mixed(len(old), console)
            return summarise(cells, done, settings.out, console)
        if todo:
            facts = machine()
            manifest.setdefault("machines", {})[machine_id(facts)] = facts
            run |= {"cells": len(todo), "workers": settings.workers_for(len(todo))}
            manifest["runs"].append(run)
            store.write_manifest(manifest)
        runs = scored_by(manifest, settings)
        anew = old | {cell.key for cell in todo}
        usable = _reusable(cells, done, anew, settings)
        shared = share_seeds(todo, partial(computed, store, usable=usable, runs=runs))
        del done, usable  # a quarter of a gigabyte for a million rows
        for line in (*renewed.explain(settings.out.name), *shared.explain()):
            console.print(line, highlight=False, markup=False)
        try:
            relabel(store, renewed.labels)
            asked = len(cells) - len(shared.copied)
            _work(store, manifest, shared.run, asked, dataset, settings, console)
            shared.store_copies(store, run["id"])
        except (KeyboardInterrupt, Interrupted) as reason:
            with undisturbed():
                if isinstance(reason, Interrupted):
                    console.print(f"{reason}.", style="red", highlight=False, markup=False)
                shared.store_copies(store, run["id"])
                return _keep(store, manifest, settings.force, console, outdated)
        if todo:
            manifest["runs"][-1]["finished"] = now()
        _write_results(store, manifest, console, outdated)
        if settings.match_n is not None:
            say_what_was_not_reached(cells, settings, console)
        if settings.timing:
            say_what_had_to_wait(cells, settings.out, console)
        return summarise(cells, store.done(), settings.out, console)


def keep_what_is_done(out: Path, force: bool, console: Console) -> int:
    """Do what an interrupted run does at its end, for one whose process had to be killed."""
    store = Store(out)
    with store.locked():
        return _keep(store, store.manifest(), force, console, outdated=None)


def _keep(
    store: Store, manifest: dict[str, Any], force: bool, console: Console, outdated: int | None
) -> int:
    with undisturbed():
        console.print(f"Interrupted; keeping what is done in {store.out} ...")
        _write_results(store, manifest, console, outdated)
        how = ", with --force or without," if force else ""
        console.print(f"The same command again{how} continues from there.")
    return INTERRUPTED


def _to_renew(
    store: Store, cells: Sequence[Cell], done: dict[str, Done], settings: Settings, run: str
) -> set[str]:
    """Return the rows that --force wants anew, of this run or of one that was interrupted.

    The cells of an interrupted --force, asked for with --force again, go on from there.
    """
    renewals = read_renewals(store.folder, done)
    asked = frozenset(cell.key for cell in cells) if settings.force else frozenset()
    if settings.force and not any(each.keys == asked for each in renewals):
        _forget(store, cells)
        renewals = added(renewals, Renewal(run, store.last_part(), asked))
    write_renewals(store.folder, renewals)
    return {key for renewal in renewals for key in renewal.left(done)}


def _write_results(
    store: Store, manifest: dict[str, Any], console: Console, before: int | None
) -> None:
    """Write the results file; say what was replaced, if it is known how much was so before."""
    store.write_manifest(manifest)
    outdated = store.finish(manifest)
    say_mixed(update_renewals(store.folder, store.done), console)
    if before is not None and outdated > before:
        were = "was" if outdated - before == 1 else "were"
        console.print(
            f"{counted(outdated - before, 'row')} (run again, or of other method versions or image"
            f" content) {were} replaced by newer ones."
        )
    for mixture in mixtures_in(store.out) if store.out.exists() else ():
        console.print(f"Warning: {mixture.with_cure}.", style="yellow")


def _wanted(cell: Cell, finished: dict[str, Done], settings: Settings) -> bool:
    """Tell whether a cell is to be run, given what is kept of it."""
    done = finished.get(cell.key)
    if done is None:
        return True
    if done.status == "skipped" and not cell.carried:  # older rows do not know why
        return bool(done.temporary or (done.temporary is None and settings.retry_failed))
    if settings.retry_failed and done.status in FAILURES:
        return True
    return settings.timing and done.status == "ok" and done.repeats < TIMING_ROUNDS


def _reusable(
    cells: Sequence[Cell], done: dict[str, Done], anew: set[str], settings: Settings
) -> Callable[[str], bool]:
    """Return what tells by its key whether a row may serve for other seeds; none is run anew."""
    least = TIMING_ROUNDS if settings.timing else 1
    # With --force only what the same --force has renewed before it was interrupted.
    may = {cell.key for cell in cells} if settings.force else done.keys()
    return lambda key: key in done and done[key].repeats >= least and key in may and key not in anew


def _work(
    store: Store,
    manifest: dict[str, Any],
    todo: Sequence[Cell],
    asked: int,
    dataset: Dataset,
    settings: Settings,
    console: Console,
) -> None:
    if not todo:
        return
    workers = settings.workers_for(len(todo))
    job = Job(
        dataset=dataset,
        out=settings.out,
        plugins=settings.plugins,
        timeout=settings.timeout,
        memory=None if settings.memory is None else int(settings.memory * GIB),
        rounds=TIMING_ROUNDS if settings.timing else 1,
        pinned=settings.timing,
        scoring=settings.scoring,
        match_n=settings.match_n,
        run=manifest["runs"][-1]["id"],
        machine=manifest["runs"][-1]["machine"],
        suite=suite_version(),
    )
    announce(todo, asked, workers, settings, console)
    on_cluster = settings.backend == "dask"
    if not on_cluster:
        with noted(lambda begins: say_compiling(begins, console)):
            warm_up_scoring(settings.scoring)
    todo_stages = _stages(store, todo, settings)
    total = sum(len(batch) for stage in todo_stages for batch in stage)
    one_after_the_other = [part for stage in todo_stages for part in stages(stage)]
    forecast = TimeLeft(one_after_the_other, workers, one_by_one=settings.timing)
    unit = "rounds" if settings.timing else "cells"
    keeper = Keeper(store, gathers=not settings.timing)
    with Display(total, console, unit, forecast.left) as display:
        watch = _watch(display, forecast, keeper)
        if on_cluster:
            from bench.cluster.run import run_cells

            outcomes = run_cells(job, todo_stages, settings, manifest, watch, forecast, console)
        elif settings.backend == "sequential":
            outcomes = run_here(job, todo_stages)
        else:
            outcomes = run_in_workers(job, todo_stages, workers, watch)
        with closing(outcomes):  # however it ends, no worker goes on
            _follow(outcomes, display, forecast, keeper)


def _stages(store: Store, todo: Sequence[Cell], settings: Settings) -> list[list[Batch]]:
    """Order what is to do: what may run side by side, and what comes after."""
    if settings.timing:
        batches = _timing_rounds(store, todo)
        return [stage for its in batches for stage in stages(its, ONE_BY_ONE)]
    how = _HOW[settings.backend]
    return [stage for cells in _clean_first(todo) for stage in stages(group(cells), how)]


# A Dask worker sees to it that what needs all of its cores is alone there.
_HOW = {"loky": SIDE_BY_SIDE, "sequential": ONE_BY_ONE, "dask": TOGETHER}


def _clean_first(cells: Iterable[Cell]) -> Iterator[list[Cell]]:
    """Part the cells: label maps of perturbed images are compared with those of the images."""
    cells = list(cells)
    yield [cell for cell in cells if cell.perturbation is None]
    yield [cell for cell in cells if cell.perturbation is not None]


def _timing_rounds(store: Store, todo: Sequence[Cell]) -> Iterator[list[Batch]]:
    """Every cell once a round, each round in another order, so that drift hits all alike.

    Of a round the images as they are come first, and then those that are perturbed.
    """
    missing = {cell.key: TIMING_ROUNDS - len(read_rounds(store.rounds, cell.key)) for cell in todo}
    shuffle = random.Random(0)  # the order is part of the run's record
    for left in range(TIMING_ROUNDS, 0, -1):
        for cells in _clean_first(cell for cell in todo if missing[cell.key] >= left):
            batches = group(cells)
            shuffle.shuffle(batches)
            yield batches


def _forget(store: Store, cells: Iterable[Cell]) -> None:
    """Take nothing over from earlier runs of these cells."""
    for key in {cell.key for cell in cells}:
        (store.rounds / f"{key}.json").unlink(missing_ok=True)
    with storage_errors(store.annotators):
        for content in {cell.content for cell in cells}:
            mark_outdated(store.annotators / f"{content}.json")


def _watch(display: Display, forecast: TimeLeft, keeper: Keeper) -> Watch:
    """Return what learns from how far long cells are, shows it, and is called often."""

    def show(cells: Sequence[tuple[Cell, int, int]], compiling: Sequence[Cell]) -> None:
        keeper.look()
        forecast.hear(cells)
        display.show_compiling(dict.fromkeys(cell.method for cell in compiling))
        display.show_iterations(
            {f"{c.label} · {c.image} · n={c.n}": (done, total) for c, done, total in cells}
        )

    return show


def _follow(
    outcomes: Iterator[Outcome], display: Display, forecast: TimeLeft, keeper: Keeper
) -> None:
    """Show the outcomes as they come, and keep what is finished."""
    for outcome in outcomes:
        cell = outcome.cell
        what = f"{cell.label}, n = {cell.n}, image '{cell.image}'"
        forecast.finish(cell, outcome.took_s)
        display.add_compiled(cell.method, outcome.compiled_s)
        display.add_left(cell.method, outcome.left)
        display.add(outcome.status, what, outcome.error, outcome.finished)
        keeper.add()
