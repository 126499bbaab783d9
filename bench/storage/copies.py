"""Rows that are copies of others: one computation of a method that does not draw, for all seeds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

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


def computed(store: Store, keys: Collection[str]) -> dict[Computed, str]:
    """Return the computations that ended ok, of the stored rows with these keys, and their keys."""
    table = store.rows(("key", "status", *Computed._fields))
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return {Computed(*its): key for key, status, *its in rows if status == "ok" and key in keys}


def store_copies(
    store: Store,
    copies: Mapping[str, Collection[tuple[str, int]]],
    run: str,
    of_run: Collection[str],
) -> None:
    """Keep a row for each cell that has that of another one, but for key and seed.

    The copies keep everything else, the run, the machine and the times of the one computation too;
    their `facts` say of which seed they are (``copy_of_seed``).

    Parameters
    ----------
    store : Store
    copies : mapping of str to collection of (str, int)
        By the key of the row to copy, the keys and seeds of the copies.
    run, of_run : str, collection of str
        What this run computes, by key: older rows of these are not copied, if it was interrupted.
    """
    if not copies:
        return
    store.gather()
    table = store.rows()
    keys = table["key"].to_pylist()
    rows = [
        row | {"key": key, "seed": seed, "facts": _mark(row)}
        for row in table.take([i for i, key in enumerate(keys) if key in copies]).to_pylist()
        if row["run"] == run or row["key"] not in of_run
        for key, seed in copies[row["key"]]
    ]
    if rows:
        store.write_part(rows)


def _mark(row: Mapping[str, object]) -> str:
    """Return the facts of a copy; that of a copy is of the same seed."""
    return json.dumps({"copy_of_seed": row["seed"], **json.loads(str(row["facts"] or "{}"))})
