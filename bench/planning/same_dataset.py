"""Whether a run is on the data set that a results file is of, decided by the contents of images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.datasets import Dataset
from bench.errors import UsageError
from bench.planning.cells import Cell
from bench.storage.store import Store
from reports.data.results import dataset_name
from reports.data.words import counted, few

_POINT = ("image", "method", "params", "n", "seed", "device")


def check_dataset(
    store: Store, dataset: Dataset, cells: Sequence[Cell], same_place: bool, may_change: bool
) -> None:
    """Refuse a run whose images are not those of the rows that a results file has.

    Rows without scores do not count. A folder may have moved, and may have grown. An image that
    was changed is let in only if all its rows are replaced, so that two contents never mix.

    Parameters
    ----------
    store : Store
        The results file.
    dataset : Dataset
        What the run is on.
    cells : sequence of Cell
        What the run is asked for.
    same_place : bool
        Whether the data set is where that of the last run was.
    may_change : bool
        Whether images may have other contents than before.

    Raises
    ------
    UsageError
        If they are of two data sets, or of two states of one and rows of both would remain.
    """
    rows = store.rows([*_POINT, "dataset", "split", "label", "content", "status"])
    rows = rows.filter(pc.equal(rows["status"], "ok"))
    found = _distinct(rows, "dataset", "split", "image", "content")
    here = (dataset.name, dataset.split)
    other = sorted({(row["dataset"], row["split"]) for row in found} - {here})
    if other:
        raise UsageError(
            f"{store.out} holds results of data set '{dataset_name(*other[0])}', and this run is on"
            f" '{dataset_name(*here)}'; give another --out"
        )
    stored: dict[str, set[str]] = {}
    for row in found:
        stored.setdefault(row["image"], set()).add(row["content"])
    now = _contents_now(dataset, cells, stored)
    lost = stored.keys() - now.keys()
    if lost and not same_place:
        raise UsageError(
            f"{store.out} holds results of images that are not in {_place(dataset)}:"
            f" {few(sorted(lost))}; these are two data sets, give another --out"
        )
    changed = {image for image, content in now.items() if content not in stored[image]}
    if not changed:
        return
    what = (
        f"{len(changed)} of {counted(len(stored), 'image')} in {store.out} had another content, or"
        f" other annotations, than in {_place(dataset)}: {few(sorted(changed))}"
    )
    if not may_change:
        raise UsageError(
            f"{what}; for another data set give another --out, and where this one was mended run"
            " everything again with --force, which replaces the rows"
        )
    left = _not_replaced(rows, cells, changed)
    if left:
        raise UsageError(
            f"{what}; rows of the former content would remain ({few(sorted(left))}): run them again"
            " in the same command, or give another --out"
        )


def _contents_now(
    dataset: Dataset, cells: Sequence[Cell], stored: Collection[str]
) -> dict[str, str]:
    """Return the contents that the stored images have in the data set, of those that are there."""
    asked = {cell.image: cell.content for cell in cells}
    here = set(dataset.whole or dataset.names)
    return {
        image: asked.get(image) or dataset.fingerprint(image)
        for image in stored
        if image in asked or image in here
    }


def _not_replaced(rows: pa.Table, cells: Sequence[Cell], changed: Collection[str]) -> set[str]:
    """Name the labels and counts of rows of changed images that no cell would replace."""
    again = {tuple(getattr(cell, name) for name in _POINT) for cell in cells}
    left = (
        row
        for row in _distinct(rows, *_POINT, "label")
        if row["image"] in changed and tuple(row[name] for name in _POINT) not in again
    )
    return {
        row["label"] if row["n"] is None else f"{row['label']} at n = {row['n']}" for row in left
    }


def _distinct(rows: pa.Table, *columns: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.group_by(list(columns)).aggregate([]).to_pylist()
    return found


def _place(dataset: Dataset) -> str:
    return str(dataset.root) if dataset.root else f"'{dataset.identity}'"
