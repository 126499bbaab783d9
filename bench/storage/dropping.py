"""Rows taken out of a results file and of its folder, so that their cells run again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from bench.errors import UsageError
from bench.storage.files import storage_errors
from bench.storage.parts import read_part
from bench.storage.schema import IDENTITY
from bench.storage.store import Store
from reports.data.schema import ResultsError, check_results
from reports.data.words import few

Flags = npt.NDArray[np.bool_]

#: The columns by which rows are chosen.
CHOOSING = (*IDENTITY, "key", "label", "version", "status", "labels_file")

#: Tells which rows of a frame with `CHOOSING` go.
Choose = Callable[[pd.DataFrame], Flags]


@dataclass(frozen=True)
class Dropped:
    """What was taken out, or would be.

    Attributes
    ----------
    rows, kept : int
        Rows that go, and rows that stay.
    labels : tuple of (str, int)
        By label, how many rows of it go.
    label_maps : int
        Label maps that were removed with them.
    """

    rows: int
    kept: int
    labels: tuple[tuple[str, int], ...]
    label_maps: int = 0


def drop_rows(out: Path, choose: Choose, with_labels: bool, dry_run: bool) -> Dropped:
    """Remove rows from a results file and from its ``.run`` folder.

    Older rows of the same cells, which newer ones had replaced, go too: none comes back.

    Parameters
    ----------
    out : Path
        The results file.
    choose : callable
        Tells which rows go.
    with_labels : bool
        Whether their label maps are removed, as far as they lie in the file's own folder and no
        other row refers to them.
    dry_run : bool
        Whether only to say what would go. Finished rows that the file lacks are put into it first.

    Raises
    ------
    UsageError
        If the file cannot be used, another run is writing to it, or no row is chosen.
    StorageError
        If something cannot be written; the rows are then still there.
    """
    store = Store(out)
    if not out.exists() and not (store.shards.is_dir() and any(store.shards.iterdir())):
        raise UsageError(f"{out}: no such file; `bench run` writes one")
    if not store.folder.exists():  # nor shall there be one beside what is no results file
        counted = _counted(*_choose(out, choose))
        if dry_run:
            return counted
    with store.locked():
        store.adopt()
        manifest = store.manifest()
        if not store.is_current():
            store.finish(manifest)
        frame, chosen = _choose(out, choose)
        if dry_run:
            return _counted(frame, chosen)
        _drop(store, chosen)
        store.finish(manifest)
        for key in frame["key"][chosen]:
            (store.rounds / f"{key}.json").unlink(missing_ok=True)
        removed = _remove_label_maps(store, frame, chosen) if with_labels else 0
        return _counted(frame, chosen, removed)


def _choose(out: Path, choose: Choose) -> tuple[pd.DataFrame, Flags]:
    try:
        check_results(out)
        frame = read_part(out, CHOOSING).to_pandas()
    except ResultsError as error:
        raise UsageError(str(error)) from error
    if frame.empty:
        raise UsageError(f"{out} has no rows; there is nothing to drop")
    chosen = choose(frame)
    if not chosen.any():
        labels = sorted(frame["label"].unique())
        statuses = sorted(frame["status"].unique())
        raise UsageError(
            f"no row of {out} is chosen; it has the labels {few(labels, 10)}, and "
            f"the statuses {', '.join(statuses)}"
        )
    return frame, chosen


def _counted(frame: pd.DataFrame, chosen: Flags, label_maps: int = 0) -> Dropped:
    by_label = frame["label"][chosen].value_counts(sort=False).sort_index()
    labels = tuple((str(label), int(rows)) for label, rows in by_label.items())
    return Dropped(int(chosen.sum()), int((~chosen).sum()), labels, label_maps)


def _drop(store: Store, chosen: Flags) -> None:
    """Take all rows of the chosen cells out of the parts, those that were replaced as well."""
    gone = set(compress(_cells(read_part(store.out, IDENTITY)), chosen))

    def change(table: pa.Table) -> pa.Table:
        return table.filter(pa.array([cell not in gone for cell in _cells(table)], pa.bool_()))

    store.change_parts(change)


def _cells(table: pa.Table) -> list[tuple[Any, ...]]:
    """Return what cell each row is of."""
    return list(zip(*(table[name].to_pylist() for name in IDENTITY), strict=True))


def _remove_label_maps(store: Store, frame: pd.DataFrame, chosen: Flags) -> int:
    """Remove the label maps of the chosen rows alone; return how many."""
    here, own = store.out.resolve().parent, store.labels.resolve()

    def paths(rows: pd.DataFrame) -> set[Path]:
        return {(here / name).resolve() for name in rows["labels_file"].dropna()}

    gone = paths(frame[chosen]) - paths(frame[~chosen])
    mine = [path for path in gone if path.is_relative_to(own) and path.is_file()]
    with storage_errors(own):
        for path in mine:
            path.unlink()
    return len(mine)


def parameters_match(params: str, grid: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Tell whether a row's parameters have values of a grid such as ``[compactness=1,10]``.

    Parameters
    ----------
    params : str
        The parameters as JSON, all of them.
    grid : sequence of (name, values)
        The values as text; a number is the same however it is written.
    """
    try:
        known = json.loads(params)
    except (TypeError, ValueError):  # another program made the row
        known = None
    return isinstance(known, dict) and all(
        name in known and any(_same(known[name], text) for text in values) for name, values in grid
    )


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool) or value is None:
        return str(value).lower() == text.lower()
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value) == text
