"""What lies beside ``results.parquet``: shards, label maps and the manifest of a run.

A worker writes each finished row as a shard of its own, atomically, so that a killed run loses
only the cells in flight. Now and then the shards are gathered into a Parquet part, and at the
end all parts become ``results.parquet``.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bench.errors import StorageError, UsageError
from bench.schema import (
    IDENTITY,
    RUN_KEY,
    VERSION_KEY,
    results_schema,
    to_table,
    with_run_facts,
)
from reports.frame import ResultsError, check_results


@dataclass(frozen=True)
class Done:
    """What is known of a finished cell without reading its scores."""

    status: str
    repeats: int


class Store:
    """The files of one output, all named after it: ``r.parquet`` has ``r.run/`` beside it.

    Parameters
    ----------
    out : Path
        The results file.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_suffix(".run")
        self.shards = self.folder / "shards"
        self.labels = self.folder / "labels"
        self.inflight = self.folder / "inflight"
        self.rounds = self.folder / "rounds"
        self.manifest_path = self.folder / "manifest.json"

    # --- opening -------------------------------------------------------------------------

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the output for this process alone.

        The lock is the operating system's: it goes with the process that held it, however that
        process ended, so a dead run never blocks the next.
        """
        with storage_errors(self.folder):
            for folder in (self.shards, self.labels, self.inflight):
                folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise UsageError(
                    f"another run ({self._holder()}) is writing to {self.out};"
                    " wait for it, or give another --out"
                ) from None
        try:
            holder = {"pid": os.getpid(), "since": now()}
            write_atomically(self.folder / "holder.json", json.dumps(holder).encode())
            for leftover in (*self.inflight.iterdir(), *self.folder.rglob("*.tmp")):
                leftover.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    def _holder(self) -> str:
        try:
            holder = json.loads((self.folder / "holder.json").read_text())
            return f"process {holder['pid']}, since {holder['since']}"
        except (OSError, ValueError, KeyError):
            return "just starting"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest, with no runs where there is none yet."""
        try:
            loaded: dict[str, Any] = json.loads(self.manifest_path.read_text())
        except FileNotFoundError:
            return {"runs": []}
        except ValueError as error:
            raise UsageError(
                f"{self.manifest_path} is damaged ({error});"
                f" move {self.folder} away, or give another --out"
            ) from error
        return loaded

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest."""
        write_atomically(self.manifest_path, json.dumps(manifest, indent=1).encode())

    def adopt(self) -> None:
        """Take the rows of a results file whose folder is gone, so that nothing is overwritten.

        Raises
        ------
        UsageError
            If the file is no results file of this version and has no shards to be made from.
        """
        if not self.out.exists() or any(self.shards.iterdir()):
            return
        try:
            metadata = check_results(self.out).metadata
        except ResultsError as error:
            raise UsageError(f"{error}; it is left as it is") from error
        self._write_part(_read_part(self.out))
        self.write_manifest(json.loads(metadata[RUN_KEY]))

    # --- rows ----------------------------------------------------------------------------

    def write_row(self, row: dict[str, Any]) -> None:
        """Keep one finished row; safe from any process."""
        write_atomically(self.shards / f"{row['key']}.json", json.dumps(row).encode())

    def read_row(self, key: str) -> dict[str, Any] | None:
        """Return a row that a worker wrote since the last gathering, or None."""
        try:
            row: dict[str, Any] = json.loads((self.shards / f"{key}.json").read_text())
        except FileNotFoundError:
            return None
        return row

    def done(self) -> dict[str, Done]:
        """Return what is finished, by cell key; later rows of a key replace earlier ones."""
        found: dict[str, Done] = {}
        for part in self._parts():
            table = _read_part(part, ["key", "status", "time_repeats"])
            columns = (table[name].to_pylist() for name in table.column_names)
            found.update(
                (key, Done(status, repeats)) for key, status, repeats in zip(*columns, strict=True)
            )
        for row in self._loose_rows():
            found[row["key"]] = Done(row["status"], row["time_repeats"])
        return found

    def gather(self) -> None:
        """Turn the loose shards into one Parquet part."""
        loose = sorted(self.shards.glob("*.json"))
        if not loose:
            return
        self.write_part([json.loads(path.read_bytes()) for path in loose])
        for path in loose:
            path.unlink()

    def finish(self, facts: dict[str, Any]) -> int:
        """Write ``results.parquet`` from all parts; return how many outdated rows were left out.

        A row is outdated when a newer one is of the same image, method, parameters, n and seed.
        Without any row nothing is written.
        """
        self.gather()
        if not self._parts():
            return 0
        table = pa.concat_tables([_read_part(part) for part in self._parts()])
        newest = ~_identity(table).duplicated(keep="last").to_numpy()
        kept = table.filter(pa.array(newest))
        order = [(name, "ascending") for name in ("image", "label", "n", "seed")]
        kept = with_run_facts(kept.sort_by(order), facts)
        with storage_errors(self.out):
            temporary = self.out.with_name(self.out.name + ".tmp")
            try:
                pq.write_table(kept, temporary, compression="zstd")
                temporary.replace(self.out)
            finally:
                temporary.unlink(missing_ok=True)
        return int(len(newest) - newest.sum())

    def is_current(self) -> bool:
        """Tell whether ``results.parquet`` is whole and newer than every shard."""
        try:
            check_results(self.out)
            written = self.out.stat().st_mtime_ns
        except (ResultsError, OSError):
            return False
        return all(path.stat().st_mtime_ns <= written for path in self.shards.iterdir())

    def _loose_rows(self) -> Iterator[dict[str, Any]]:
        for path in self.shards.glob("*.json"):
            yield json.loads(path.read_bytes())

    def _parts(self) -> list[Path]:
        return sorted(self.shards.glob("part-*.parquet"))

    def write_part(self, rows: list[dict[str, Any]]) -> None:
        """Keep many finished rows at once."""
        self._write_part(to_table(rows))

    def _write_part(self, table: pa.Table) -> None:
        last = max((int(part.stem.partition("-")[2]) for part in self._parts()), default=0)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_atomically(self.shards / f"part-{last + 1:06d}.parquet", sink.getvalue().to_pybytes())


def _identity(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.select(list(IDENTITY)).to_pandas()
    return frame


def _read_part(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    found, expected = pq.read_schema(path), results_schema()
    versions = [(schema.metadata or {}).get(VERSION_KEY) for schema in (found, expected)]
    if versions[0] != versions[1] or not found.equals(expected):
        raise UsageError(
            f"{path} was written by another version of the suite, with other columns;"
            " give another --out, so that versions do not mix"
        )
    return pq.read_table(path, columns=None if columns is None else list(columns))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, making its folder where needed.

    Raises
    ------
    StorageError
        If it cannot be written (disk full, read-only folder); nothing is left behind.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into a message with path, reason and cure."""
    try:
        yield
    except OSError as error:
        cures = {
            errno.ENOSPC: "free some space and run the same command again",
            errno.EDQUOT: "free some space and run the same command again",
            errno.EROFS: "give an --out in a folder that can be written",
            errno.EACCES: "give an --out in a folder that can be written",
            errno.EPERM: "give an --out in a folder that can be written",
        }
        cure = cures.get(error.errno or 0, "give another --out")
        raise StorageError(f"cannot write {path}: {error.strerror or error}; {cure}") from error


def now() -> str:
    """Return the time of day in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_rounds(folder: Path, key: str) -> list[list[float]]:
    """Return the [time_s, cpu_s] pairs that earlier timing rounds of a cell left."""
    path = folder / f"{key}.json"
    try:
        rounds: list[list[float]] = json.loads(path.read_text())
    except FileNotFoundError:
        return []
    return rounds


def spread(values: Iterable[float]) -> float:
    """Return largest minus smallest."""
    array = np.asarray(list(values), dtype=float)
    return float(array.max() - array.min())
