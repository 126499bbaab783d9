"""Where the label map of a row lies, also after a results file and its folder were renamed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc


def find_label_map(results: Path, labels_file: str, former: Collection[str] = ()) -> Path:
    """Return where a row's label map is, or would be.

    Parameters
    ----------
    results : Path
        The results file.
    labels_file : str
        Its column of that name: a path from its folder, ``r.run/labels/...`` for ``r.parquet``.
    former : collection of str
        Names that the file's own folder has had: ``folders`` in the metadata. Where it has none
        recorded, a folder that is not there is taken to be the own one, if that has such a file.
    """
    literal = results.parent / labels_file
    own = results.with_suffix(".run")
    head, *rest = Path(labels_file).parts
    if head == own.name or not rest:
        return literal
    moved = own.joinpath(*rest)
    renamed = head in former or not (results.parent / head).exists()
    return moved if renamed and moved.is_file() else literal


def as_named_now(
    column: pa.ChunkedArray, results: Path, former: Collection[str]
) -> pa.ChunkedArray:
    """Return the column labels_file with the name that the file's own folder has now."""
    own = results.with_suffix(".run").name
    heads = pc.list_element(pc.split_pattern(column, "/", max_splits=1), 0).to_pandas()
    # The last name of each head says for all of them.
    examples = column.take(heads.dropna().drop_duplicates(keep="last").index.to_numpy())
    renamed = {
        _head(name)
        for name in filter(None, examples.to_pylist())
        if find_label_map(results, name, former) != results.parent / name
    }
    if not renamed:
        return column
    names = column.to_pylist()
    moved = [_with_head(name, own) if _head(name) in renamed else name for name in names]
    return pa.chunked_array([pa.array(moved, column.type)])


def _head(name: str | None) -> str | None:
    return Path(name).parts[0] if name else None


def _with_head(name: str, head: str) -> str:
    return str(Path(head, *Path(name).parts[1:]))
