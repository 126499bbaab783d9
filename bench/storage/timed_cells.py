"""The times of cells that were run again to be timed, beside the scores of the first run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from bench.errors import UsageError
from bench.storage.schema import IDENTITY, with_column
from reports.data.facts import file_facts
from reports.data.mixture import short
from reports.data.words import counted

TIMES: Final = (
    *("time_s", "time_shared_s", "time_spread_s", "time_repeats"),
    *("cpu_s", "warmup_s", "peak_mb", "threads", "contended", "machine", "run"),
)
#: What a row is of, and what else the same label map has in common.
_SAME: Final = (*IDENTITY, "content", "version")
_OUTCOME: Final = ("status", "n_requested", "n_returned", "n_labels", "n_components")


def with_times(
    rows: pa.Table,
    timed: pa.Table,
    results: Path,
    times: Path,
    on_note: Callable[[str], None] = lambda _: None,
) -> pa.Table:
    """Return rows with the times of the same cells, whose scores must be the same.

    Times that were taken while others ran, or once only, stay behind: they do not compare.

    Parameters
    ----------
    rows, timed : Table
        With all facts of the present schema.
    results, times : Path
        The files that they are from.
    on_note : callable
        Gets a line on the times that stay behind.

    Raises
    ------
    UsageError
        If a cell of `timed` is not in `rows` or has other scores there, no time is left, or the
        two files are scored under protocols that are not the same.
    """
    _check_protocols(results, times)
    place = {cell: i for i, cell in enumerate(_cells(rows))}
    found = [place.get(cell) for cell in _cells(timed)]
    if None in found:
        raise _misfit(timed, found.index(None), times, f"is not in {results}")
    its = rows.take(pa.array(found, pa.int64()))
    for name in _compared(rows, timed):
        differ = pc.index(_differ(its[name], timed[name]), True).as_py()
        if differ >= 0:
            ours, theirs = (table[name][differ].as_py() for table in (its, timed))
            said = f"has other scores in {results} ({name} is {theirs} and {ours})"
            raise _misfit(timed, differ, times, said)
    alone = _taken_alone(timed, times, on_note)
    for name in TIMES:
        values = rows[name].to_pylist()
        for i, value, chosen in zip(found, timed[name].to_pylist(), alone, strict=True):
            if chosen:
                values[i] = value
        rows = with_column(rows, name, values)
    return rows


def _cells(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in _SAME), strict=True))


def _misfit(timed: pa.Table, row: int, times: Path, said: str) -> UsageError:
    its = _named(timed, row)
    version = short(str(timed["version"][row]))
    return UsageError(
        f"--times: {its} of {times} (version {version}) {said}; take the times of the same methods,"
        " versions and images"
    )


def _named(timed: pa.Table, row: int) -> str:
    method, n, image = (timed[name][row] for name in ("method", "n", "image"))
    return f"{method} at n = {n} on image {image}"


# --- what must be the same ---------------------------------------------------------------------


def _check_protocols(results: Path, times: Path) -> None:
    """Refuse another scoring, whatever it is called."""
    ours, theirs = (file_facts(path).protocol for path in (results, times))
    differ = theirs.differences(ours)
    if differ:
        raise UsageError(
            f"--times: {times} is scored under protocol {theirs.name} and {results} under"
            f" {ours.name}, which differ in {', '.join(differ)}, so that it cannot be known whether"
            " the label maps are the same; take times of a run under the same --protocol, or score"
            f" their label maps: bench rescore {times} --protocol {ours.name} --out OTHER.parquet"
        )


def _compared(rows: pa.Table, timed: pa.Table) -> Sequence[str]:
    """Name the columns that are the same for the same label map: what came out, and all scores."""
    floats = (field.name for field in rows.schema if pa.types.is_floating(field.type))
    scores = [name for name in floats if name not in TIMES and name in timed.column_names]
    return [*_OUTCOME, *scores]


def _differ(a: pa.ChunkedArray, b: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell which values are not the same; what one of them does not say is no difference."""
    differ = pc.fill_null(pc.not_equal(a, b), False)
    if not pa.types.is_floating(a.type):
        return differ
    undefined = pc.fill_null(pc.and_(pc.is_nan(a), pc.is_nan(b)), False)
    return pc.and_not(differ, undefined)


# --- what compares -----------------------------------------------------------------------------


def _taken_alone(timed: pa.Table, times: Path, on_note: Callable[[str], None]) -> list[bool]:
    """Tell which times compare, as `reports.data.align.timed_alone` does, and are repeated."""
    has = pc.and_(timed["time_s"].is_valid(), pc.equal(timed["status"], "ok"))
    waited = pc.fill_null(timed["contended"], True)  # unknown is no proof
    repeated = pc.fill_null(pc.greater(timed["time_repeats"], 1), False)
    good = pc.and_(has, pc.and_not(repeated, waited))
    lost = pc.and_not(has, good)
    count, first = pc.sum(lost).as_py(), pc.index(lost, True).as_py()
    why = ""
    if count:
        how = "while other programs or cells ran" if waited[first].as_py() else "once only"
        why = (
            f"{counted(count, 'time')} of {times} do not compare and stay behind, such as that of"
            f" {_named(timed, first)}, taken {how}; `bench run --timing` on an idle machine takes"
            " times that do, with --force those of such cells again"
        )
    if not pc.any(good).as_py():
        raise UsageError(
            f"--times: {why}"
            if why
            else f"--times: {times} has no times; give what `bench run --timing` wrote of the same"
            " cells"
        )
    if why:
        on_note(why)
    chosen: list[bool] = good.to_pylist()
    return chosen
