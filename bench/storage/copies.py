"""Rows that are copies of others: one computation of a method that does not draw, for all seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from bench.storage.files import put_copy, put_link, storage_errors
from bench.storage.label_paths import find_label_map
from bench.storage.schema import results_schema
from bench.storage.store import Store


class Computed(NamedTuple):
    """What decides the label map of a method that does not draw."""

    image: str
    content: str
    method: str
    params: str
    version: str
    n: int | None
    device: str
    perturbation: str | None


class Copy(NamedTuple):
    """A cell that has the row of another one, but for these."""

    key: str
    seed: int
    labels_name: str


def computed(
    store: Store,
    asked: Mapping[str, Collection[Any]],
    usable: Callable[[str], bool],
    runs: Collection[str],
) -> dict[Computed, str]:
    """Return the computations that ended ok, and the keys of their rows.

    Parameters
    ----------
    store : Store
    asked : mapping of str to collection
        By column, the values that are asked for; rows with others are passed over.
    usable : callable
        Tells whether the row with a key may be used.
    runs : collection of str
        Only of these runs: rows of others may lack a metric.
    """
    table = store.rows(("key", "status", "run", *Computed._fields))
    for column, values in {"status": ["ok"], "run": runs, **asked}.items():
        allowed = pa.array(list(values), results_schema().field(column).type)
        table = table.filter(pc.is_in(table[column], allowed))
    rows = zip(*(table[name].to_pylist() for name in ("key", *Computed._fields)), strict=True)
    return {Computed(*its): key for key, *its in rows if usable(key)}


def store_copies(
    store: Store,
    copies: Mapping[str, Collection[Copy]],
    run: str,
    of_run: Collection[str],
) -> None:
    """Keep a row for each cell that has that of another one, but for key and seed.

    The copies keep the run, the machine and the times of the one computation; their `facts` say of
    which seed they are (``copy_of_seed``). Each has a label map of its own, which stays as it is
    if the other one is computed again: a link to the same file, where there are links.

    Parameters
    ----------
    store : Store
    copies : mapping of str to collection of Copy
        By the key of the row to copy.
    run, of_run : str, collection of str
        What this run computes, by key: older rows of these are not copied, if it was interrupted.
    """
    if not copies:
        return
    store.gather()
    former = store.manifest()["folders"]
    table = store.rows()
    rows = [
        row
        | {"key": copy.key, "seed": copy.seed, "facts": _mark(row, copy.seed)}
        | {"labels_file": _own_label_map(store, row["labels_file"], copy.labels_name, former)}
        for row in table.filter(pc.is_in(table["key"], pa.array(list(copies)))).to_pylist()
        if row["run"] == run or row["key"] not in of_run
        for copy in copies[row["key"]]
    ]
    store.write_part(rows)


def _own_label_map(
    store: Store, labels_file: str | None, name: str, former: Collection[str]
) -> str | None:
    """Return the path of a copy's label map; without one that is there, that of the row copied."""
    source = labels_file and find_label_map(store.out, labels_file, former)
    if not source or not source.is_file():
        return labels_file
    target = store.labels / f"{name}{source.suffix}"
    with storage_errors(target):
        try:
            put_link(source, target)
        except OSError:  # a file system without
            put_copy(source, target)
    return str(target.relative_to(store.out.parent))


def _mark(row: Mapping[str, object], seed: int) -> str:
    """Return the facts of a copy; that of a copy is of the same seed, but none of its own."""
    facts = {"copy_of_seed": row["seed"], **json.loads(str(row["facts"] or "{}"))}
    if facts["copy_of_seed"] == seed:
        facts["copy_of_seed"] = row["seed"]
    return json.dumps(facts)
