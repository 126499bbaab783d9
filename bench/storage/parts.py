"""Finished rows on disk: a shard is one row as JSON, a part is many as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import UsageError
from bench.storage.files import write_atomically
from bench.storage.schema import CELL_FACTS, IDENTITY, missing_facts, promoted, to_table
from reports.data.results import LATER, version_of

# A shard does not say its version; it may lack what any version that can be read may lack.
_ANY_LACKS = frozenset(name for names in LATER.values() for name in names)


@dataclass(frozen=True)
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
    """Keep many finished rows as the newest part."""
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
    with _damage_told(path):
        found = pq.read_schema(path)
    may_lack = LATER.get(version_of(found) or "")
    if may_lack is None:
        raise _another_version(path, "has another schema version")
    missing = missing_facts(found.names, may_lack)
    if missing:
        raise _another_version(path, f"has no column {missing[0]}")
    names = None if wanted is None else [name for name in wanted if name in found.names]
    with _damage_told(path):
        table = pq.read_table(path, columns=names)
    try:
        return promoted(table, wanted)
    except ValueError as error:
        raise UsageError(
            f"{path}: {error}, as another program saved it; give the file as bench wrote it"
        ) from error


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


def stored_columns(parts: Iterable[Path]) -> set[str]:
    """Name the columns that any of the parts has."""
    names = set()
    for part in parts:
        with _damage_told(part):
            names |= set(pq.read_schema(part).names)
    return names


def newest(table: pa.Table) -> pa.Array:
    """Tell which rows are the last ones of their cell."""
    identity = table.select(list(IDENTITY)).to_pandas()
    return pa.array(~identity.duplicated(keep="last").to_numpy())


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
