"""What a run says of its rows, at its start and at its end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from bench.execution.crews import all_cores, threads_of
from bench.planning.cells import Cell, Lane
from bench.settings import Settings
from bench.storage.parts import Done, read_columns
from bench.storage.schema import FAILURES
from methods.memory import available
from reports.data.words import counted
from reports.statistics.pieces import MOST_PIECES

REASONS = 3  # for which cells were skipped, shown at the end


def say_compiling(begins: bool, console: Console) -> None:
    """Say that what all cells need is being compiled."""
    if begins:
        console.print("Compiling the scoring, on first use only ...")


def announce(
    todo: Sequence[Cell], asked: int, workers: int, settings: Settings, console: Console
) -> None:
    """Say how many cells are to run, in which way."""
    resumed = f" ({asked - len(todo)} of {asked} are finished)" if len(todo) < asked else ""
    if settings.backend == "dask":
        how = f"on the Dask cluster '{settings.scheduler}'"
    else:
        how = "one after the other, timed" if settings.timing else _side_by_side(todo, workers)
    console.print(
        f"{counted(len(todo), 'cell')} to run{resumed}, {how}, into {settings.out}", highlight=False
    )
    if (cores := all_cores()) < workers:
        console.print(
            f"Note: {workers} workers share {counted(cores, 'core')}, so each is slower;"
            " leave --workers out for as many as there are cores.",
            style="yellow",
        )
    busy = os.getloadavg()[0]
    if settings.timing and busy > 0.5:
        console.print(
            f"Note: this machine is busy (load {busy:.1f}); times will be better on an idle one.",
            style="yellow",
        )


def _side_by_side(todo: Sequence[Cell], workers: int) -> str:
    """Say how many cells of each lane run at a time."""
    counts = Counter(cell.lane for cell in todo)
    beside = min(workers, counts["core"])
    largest = max((cell.memory for cell in todo if cell.lane == "core"), default=0)
    fit = available() // largest if largest else beside
    short = f" (memory for {max(1, fit)} of the largest)" if fit < beside else ""
    ways: dict[Lane, str] = {
        "core": f"{beside} at a time{short}",
        "cuda": "on CUDA",
        "cores": f"one at a time with {counted(threads_of('cores'), 'thread')}",
    }
    if len(counts) == 1:
        return ways[todo[0].lane]
    return ", ".join(f"{counts[lane]} of them {way}" for lane, way in ways.items() if counts[lane])


def say_what_was_not_reached(cells: Sequence[Cell], settings: Settings, console: Console) -> None:
    """Say for which labels no request came near enough to n."""
    rows = read_columns(settings.out, columns=["key", "label", "match_reached"]).to_pylist()
    asked = {cell.key for cell in cells if not cell.carried}  # known of what is scored again
    missed = Counter(
        row["label"] for row in rows if row["key"] in asked and row["match_reached"] is False
    )
    if missed:
        each = ", ".join(f"{label} {number}" for label, number in missed.most_common())
        console.print(
            f"{counted(missed.total(), 'cell')} did not come within {settings.match_n:.0%} of n"
            f" (column match_reached): {each}. The nearest count was kept.",
            highlight=False,
        )


def say_what_had_to_wait(cells: Sequence[Cell], out: Path, console: Console) -> None:
    """Say how many cells were timed while other programs had the processor."""
    timed, asked = [("status", "==", "ok")], {cell.key for cell in cells}
    rows = read_columns(out, columns=["key", "contended"], filters=timed).to_pylist()
    contended = [row["contended"] for row in rows if row["key"] in asked]
    if any(contended):
        were = "was" if sum(contended) == 1 else "were"
        console.print(
            f"{sum(contended)} of {counted(len(contended), 'cell')} {were} timed while other"
            " programs ran; rows marked contended are left out of figures of runtime. --force on an"
            " idle machine times them again.",
            highlight=False,
            style="yellow",
        )


def say_mixed(old: int, console: Console) -> None:
    """Warn of rows from before an interrupted --force."""
    if old:
        are, them = ("is", "it") if old == 1 else ("are", "them")
        console.print(
            f"Warning: {counted(old, 'row')} {are} still from before an interrupted --force, beside"
            f" newer ones (column run); its command, with --force or without, renews {them}.",
            style="yellow",
        )


def say_new_metrics(new: Sequence[str], done: dict[str, Done], out: Path, console: Console) -> None:
    """Say which metrics older rows lack, and what computes them."""
    if new and done:
        console.print(
            f"Note: {counted(len(done), 'finished row')} without {', '.join(new)}: bench rescore"
            f" {out.name} computes that from the label maps, with the same --plugin if any.",
            highlight=False,
            markup=False,
        )


def all_of(cells: int) -> str:
    """Return the subject of a sentence on all cells."""
    return "the only cell is" if cells == 1 else f"all {cells} cells are"


def _say_why_skipped(cells: Sequence[Cell], out: Path, console: Console) -> None:
    columns, which = ["key", "label", "error"], [("status", "==", "skipped")]
    asked = {cell.key for cell in cells}
    reasons = Counter(
        f"{row['label']}: {row['error']}"
        for row in read_columns(out, columns=columns, filters=which).to_pylist()
        if row["key"] in asked
    )
    for reason, number in reasons.most_common(REASONS):
        console.print(f"{number} skipped, {reason}", highlight=False, markup=False)
    if len(reasons) > REASONS:
        console.print(f"{len(reasons) - REASONS} more reasons are in the column error.")


def _say_pieces(cells: Sequence[Cell], out: Path, console: Console) -> None:
    """Name the labels with over a tenth more connected pieces than labels, at their worst n.

    That is on average over the images as they are; perturbed ones are another matter.
    """
    columns, ok = ["key", "label", "n", "n_labels", "n_components"], [("status", "==", "ok")]
    rows = read_columns(out, columns=columns, filters=ok)
    cells = [cell for cell in cells if cell.perturbation is None]
    rows = rows.filter(pc.is_in(rows["key"], pa.array([cell.key for cell in cells], pa.string())))
    ratios = pc.divide(pc.cast(rows["n_components"], pa.float64()), rows["n_labels"])
    points = rows.append_column("pieces", ratios).group_by(["label", "n"])
    means = points.aggregate([("pieces", "mean")]).group_by("label")
    worst = means.aggregate([("pieces_mean", "max")])
    broken = [
        f"{row['label']} ({row['pieces_mean_max']:.1f} to a label)"
        for row in worst.sort_by("label").to_pylist()
        if row["pieces_mean_max"] is not None and row["pieces_mean_max"] > MOST_PIECES
    ]
    if broken:
        console.print(
            f"In pieces: {', '.join(broken)}. The pieces of a label follow boundaries that"
            " connected superpixels cannot; --connectivity merge scores them as such.",
            markup=False,
        )


def summarise(cells: Sequence[Cell], done: dict[str, Done], out: Path, console: Console) -> int:
    """Say how the cells ended, and return the exit status."""
    counts = Counter(done[cell.key].status for cell in cells)
    parts = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    console.print(f"{counted(len(cells), 'cell')}: {parts}. Results: {out}", highlight=False)
    _say_pieces(cells, out, console)
    if counts["skipped"]:
        _say_why_skipped(cells, out, console)
    failed = sum(counts[status] for status in FAILURES)
    if failed:
        console.print(
            f"{counted(failed, 'cell')} failed; the columns status and error say why."
            " --retry-failed runs what failed again."
        )
    return 2 if failed else 0
