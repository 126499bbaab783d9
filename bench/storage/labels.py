"""What the rows of an output call each method with its parameters, and calling it otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from bench.storage.schema import with_column
from bench.storage.store import Store


class Labelled(NamedTuple):
    """A method with its parameters, and a label that rows of it have.

    `scored` tells label maps from elsewhere, of which no method is known, from those of a run.
    """

    method: str
    params: str
    label: str
    scored: bool


def stored_labels(store: Store) -> set[Labelled]:
    """Return every label that the rows of an output have, and what it stands for."""
    table = store.rows(("method", "params", "label", "version"))
    rows = table.group_by(table.column_names).aggregate([]).to_pylist()
    return {Labelled(r["method"], r["params"], r["label"], not r["version"]) for r in rows}


def relabel(store: Store, labels: Mapping[tuple[str, str], str]) -> None:
    """Give the rows of methods with parameters another label.

    Parameters
    ----------
    store : Store
    labels : mapping of (str, str) to str
        By method and params, the label to be.
    """

    def change(table: pa.Table) -> pa.Table:
        settings = zip(table["method"].to_pylist(), table["params"].to_pylist(), strict=True)
        before = table["label"].to_pylist()
        after = [labels.get(its, label) for its, label in zip(settings, before, strict=True)]
        return with_column(table, "label", after)

    if labels:
        store.change_parts(change)
