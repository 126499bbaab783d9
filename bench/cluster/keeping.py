"""Writes what a Dask worker has sent, as a worker process of one machine writes it by itself."""

from __future__ import annotations

from bench.cluster.messages import Result
from bench.errors import BenchError
from bench.planning.cells import Cell
from bench.storage.files import forget_labels, write_atomically
from bench.storage.schema import results_schema
from bench.storage.store import Store


def keep(store: Store, cell: Cell, result: Result) -> None:
    """Keep the label map of a cell, and then its row."""
    path = None
    if result.labels is not None:
        suffix, content = result.labels
        if suffix not in (".png", ".npy"):
            raise BenchError(f"a Dask worker sent a label map as '{suffix}', not as .png or .npy")
        path = store.labels / f"{cell.labels_name}{suffix}"
        write_atomically(path, content)
    forget_labels(store.labels, cell.labels_name, but=path)
    # A Dask worker does not know the columns of a plugin's metrics, where a row has none of them.
    store.write_row(dict.fromkeys(results_schema().names) | result.row)
    (store.rounds / f"{cell.key}.json").unlink(missing_ok=True)


def keep_annotators(store: Store, content: str, scores: bytes) -> None:
    """Keep how the annotators of an image score against each other."""
    write_atomically(store.annotators / f"{content}.json", scores)
