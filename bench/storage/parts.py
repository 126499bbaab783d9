"""Finished rows on disk: a shard is one row as JSON, a part is many as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.errors import UsageError
from bench.storage.files import sync_all, write_atomically
from bench.storage.schema import CELL_FACTS, IDENTITY, missing_facts, promoted, to_table
from reports.data.schema import LATER, version_of

# Texts of which nearly every row has another one.
_OWN_TEXTS = ("key", "labels_file")

# A shard does not say its version; it may lack what any version that can be read may lack.
_ANY_LACKS = frozenset(name for names in LATER.values() for name in names)


@dataclass(frozen=True, slots=True)
class Done:
    """What is known of a finished cell without reading its scores.

    Attributes
    ----------
    status : str
    repeats : int
        Timing rounds.
    temporary : bool or None
        Whether a skipped cell may not be skipped another day; None of rows that do not know.
    part : int
        Number of the part that has the row; one more than the last if it is in none yet.
    """

    status: str
    repeats: int
    temporary: bool | None = None
    part: int = 0


def find_parts(folder: Path) -> list[Path]:
    """Return the parts of a folder, oldest first."""
    return sorted(folder.glob("part-*.parquet"))


def number_of(part: Path) -> int:
    """Return a part's number; a later part has a higher one."""
    return int(part.stem.partition("-")[2])


def write_part(folder: Path, table: pa.Table) -> None:
    """Keep many finished rows as the newest part, once the disk has the label maps of the rows."""
    sync_all(folder)
    last = max(map(number_of, find_parts(folder)), default=0)
    write_parquet(folder / f"part-{last + 1:06d}.parquet", table)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a part, in place of what it was before if there is one."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(path, sink.getvalue().to_pybytes())


def without_unknown(table: pa.Table, stored: Iterable[str]) -> pa.Table:
    """Drop the columns of metrics that are not among those `stored`.

    `read_part` adds them; kept, they would say that the rows were scored without these metrics on
    purpose, and not before there were any.
    """
    known = {*stored, *CELL_FACTS}
    return table.select([name for name in table.column_names if name in known])


def read_part(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a part, or a whole results file, with the columns of the present schema.

    A column that was not there yet when the part was written, of a new metric for example, is null.
    One that only a plugin or a newer suite knows is kept.

    Parameters
    ----------
    path : Path
    columns : iterable of str, optional
        Only these.

    Raises
    ------
    UsageError
        If it is damaged, or was written with other columns than any version that can be read.
    """
    wanted = None if columns is None else list(columns)
    with _damage_told(path), pq.ParquetFile(path) as file:
        found = file.schema_arrow
        _check_version(path, found)
        names = None if wanted is None else [name for name in wanted if name in found.names]
        table = file.read(columns=names)
    return _promoted(path, table, wanted)


def part_schema(path: Path) -> pa.Schema:
    """Return the columns that `read_part` gives, without reading a row; the same errors."""
    with _damage_told(path):
        found = pq.read_schema(path)
    _check_version(path, found)
    return _promoted(path, found.empty_table()).schema


def _check_version(path: Path, found: pa.Schema) -> None:
    may_lack = LATER.get(version_of(found) or "")
    if may_lack is None:
        raise _another_version(path, "has another schema version")
    missing = missing_facts(found.names, may_lack)
    if missing:
        raise _another_version(path, f"has no column {missing[0]}")


def _promoted(path: Path, table: pa.Table, wanted: Iterable[str] | None = None) -> pa.Table:
    try:
        return promoted(table, wanted)
    except ValueError as error:
        raise UsageError(
            f"{path}: {error}, as another program saved it; give the file as bench wrote it"
        ) from error


def read_columns(path: Path, columns: list[str], filters: Any = None) -> pa.Table:
    """Return some columns of a results file that was just written, of all rows or of some.

    Raises
    ------
    UsageError
        If it is damaged.
    """
    with _damage_told(path):
        return pq.read_table(path, columns=columns, filters=filters)


def read_shard(path: Path) -> dict[str, Any] | None:
    """Return a row, or None if there is none; a damaged one (a power cut) is thrown away."""
    try:
        row = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        row = None
    if not isinstance(row, dict):
        path.unlink(missing_ok=True)
        return None
    return row


def read_shards(folder: Path) -> list[dict[str, Any]]:
    """Return the rows that are not in a part yet; what cannot be read will be run again.

    Raises
    ------
    UsageError
        If one was written with other columns.
    """
    rows = []
    for path in sorted(folder.glob("*.json")):
        row = read_shard(path)
        missing = [] if row is None else missing_facts(row.keys(), _ANY_LACKS)
        if missing:
            raise _another_version(path, f"has no {missing[0]}")
        rows += [] if row is None else [row]
    return rows


def read_all(parts: Sequence[Path], rows: Sequence[dict[str, Any]] = ()) -> pa.Table:
    """Read parts and loose rows as one table, oldest first."""
    tables = [read_part(part) for part in parts]
    return pa.concat_tables([*tables, to_table(rows)], promote_options="permissive")


def read_facts(
    parts: Sequence[Path], rows: Sequence[dict[str, Any]], columns: Sequence[str]
) -> pa.Table:
    """Read a few columns of parts and loose rows as one table, oldest first.

    Texts that repeat are dictionaries, which there is memory for in a million rows.
    """
    tables = [_encoded(read_part(part, columns)) for part in parts]
    tables.append(_encoded(to_table(rows).select(columns)))
    return pa.concat_tables(tables).unify_dictionaries()


def _encoded(table: pa.Table) -> pa.Table:
    for name in table.column_names:
        if name not in _OWN_TEXTS and pa.types.is_string(table.schema.field(name).type):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].dictionary_encode())
    return table


def stored_columns(parts: Iterable[Path]) -> set[str]:
    """Name the columns that any of the parts has."""
    names = set()
    for part in parts:
        with _damage_told(part):
            names |= set(pq.read_schema(part).names)
    return names


def newest(table: pa.Table) -> pa.Array:
    """Tell which rows are the last ones of their cell."""
    return pa.array(~pd.Series(numbered(table, IDENTITY)).duplicated(keep="last").to_numpy())


def numbered(table: pa.Table, columns: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return a number for each row, the same for rows that are equal in some columns.

    The numbers begin at 0, in the order in which they first appear.
    """
    numbers = np.zeros(len(table), np.int64)
    for name in columns:
        column = table[name].unify_dictionaries().combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        values = pc.fill_null(column.indices, len(column.dictionary)).to_numpy()
        numbers = pd.factorize(numbers * (len(column.dictionary) + 1) + values)[0]
    return numbers


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise UsageError(
            f"{path} is damaged ({error}); remove it, and the same command runs its cells again"
        ) from error


def _another_version(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} {why}: another version of the suite wrote it, or another program changed it;"
        " give another --out, so that versions do not mix, or the file as bench wrote it"
    )
