"""What lies beside ``results.parquet``: shards, label maps and the manifest of a run.

A worker writes each finished row as a shard of its own, atomically, so that a killed run loses
only the cells in flight. Now and then the shards are gathered into a Parquet part, and at the
end all parts become ``results.parquet``.
"""

from __future__ import annotations

import glob
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bench.errors import BusyError, UsageError
from bench.scoring.annotators import summarise
from bench.storage.files import storage_errors, write_atomically
from bench.storage.provenance import now
from bench.storage.schema import IDENTITY, results_schema, to_table, with_run_facts
from reports.data.results import VERSION_KEY, ResultsError, check_results, dataset_name, run_facts
from reports.output import put


@dataclass(frozen=True)
class Done:
    """What is known of a finished cell without reading its scores."""

    status: str
    repeats: int


@dataclass(frozen=True)
class Finished:
    """What was noticed when the results file was written.

    Attributes
    ----------
    outdated : int
        Rows that were left out because a newer one is of the same cell.
    mixed : tuple of str
        Labels with rows of several method versions.
    """

    outdated: int = 0
    mixed: tuple[str, ...] = ()


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
        self.annotators = self.folder / "annotators"
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
                raise BusyError(
                    f"another run ({self._holder()}) is writing to {self.out};"
                    " wait for it, or give another --out"
                ) from None
        try:
            holder = {"pid": os.getpid(), "since": now()}
            write_atomically(self.folder / "holder.json", json.dumps(holder).encode())
            half_written = self.out.parent.glob(f"{glob.escape(self.out.name)}.*.tmp")
            own = (self.shards, self.labels, self.rounds, self.annotators)  # others lock their own
            temporary = (file for folder in own for file in folder.rglob("*.tmp"))
            for leftover in (*half_written, *self.inflight.iterdir(), *temporary):
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
            loaded = json.loads(self.manifest_path.read_text())
        except FileNotFoundError:
            return {"id": uuid.uuid4().hex, "runs": []}
        except ValueError:
            loaded = None
        if not isinstance(loaded, dict) or "runs" not in loaded:
            raise UsageError(
                f"{self.manifest_path} is damaged; move {self.folder} away, or give another --out"
            )
        return loaded

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest."""
        write_atomically(self.manifest_path, json.dumps(manifest, indent=1).encode())

    def adopt(self) -> None:
        """Take over a results file, so that no row in it is overwritten.

        A file whose folder is gone becomes the first part of a new one. A damaged file is made
        again from the shards, where there are any.

        Raises
        ------
        UsageError
            If the file is damaged, or of another version, and there is nothing to make it from;
            or if it is whole but not what this folder made.
        """
        if not self.out.exists():
            return
        has_shards = any(self.shards.iterdir())
        try:
            facts = self._facts_of_results()
        except ResultsError as error:
            if has_shards:
                return
            raise UsageError(f"{error}; it is left as it is") from error
        if not has_shards:
            self.write_manifest({"id": uuid.uuid4().hex, "runs": [], **facts})
            self._write_part(_read_part(self.out))
        elif facts.get("id") != self.manifest().get("id"):
            raise UsageError(
                f"{self.out} is not what {self.folder} made; move one of the two away, or give"
                " another --out"
            )

    def _facts_of_results(self) -> dict[str, Any]:
        return run_facts(check_results(self.out))

    # --- rows ----------------------------------------------------------------------------

    def write_row(self, row: dict[str, Any]) -> None:
        """Keep one finished row; safe from any process."""
        write_atomically(self.shards / f"{row['key']}.json", json.dumps(row).encode())

    def read_row(self, key: str) -> dict[str, Any] | None:
        """Return a row that a worker wrote since the last gathering, or None."""
        return _read_shard(self.shards / f"{key}.json")

    def done(self) -> dict[str, Done]:
        """Return what is finished, by cell key: of the rows of one cell the newest alone.

        A row that another one replaced, say of an image that was changed and changed back, is not
        in the results file any more, so its cell is not finished.
        """
        names = ["key", "status", "time_repeats", *IDENTITY]
        tables = [_read_part(part, names) for part in self._parts()]
        table = pa.concat_tables([*tables, to_table(self._loose_rows()).select(names)])
        table = table.filter(_newest(table))
        columns = (table[name].to_pylist() for name in ("key", "status", "time_repeats"))
        return {key: Done(status, n) for key, status, n in zip(*columns, strict=True)}

    def rows(self, columns: Iterable[str] | None = None) -> pa.Table:
        """Return all rows, of those of one cell the newest alone; all columns or some."""
        wanted = list(results_schema().names if columns is None else columns)
        needed = list(dict.fromkeys((*wanted, *IDENTITY)))
        tables = [_read_part(part, needed) for part in self._parts()]
        table = pa.concat_tables([*tables, to_table(self._loose_rows()).select(needed)])
        return table.filter(_newest(table)).select(wanted)

    def change_rows(self, change: Callable[[pa.Table], pa.Table]) -> None:
        """Change the gathered rows where they are, part by part."""
        for part in self._parts():
            before = _read_part(part)
            after = change(before)
            if not after.equals(before):
                write_atomically(part, _as_parquet(after))

    def gather(self) -> None:
        """Turn the loose shards into one Parquet part."""
        rows = self._loose_rows()
        if rows:
            self.write_part(rows)
        for row in rows:
            (self.shards / f"{row['key']}.json").unlink()

    def finish(self, manifest: dict[str, Any]) -> Finished:
        """Write ``results.parquet`` from all parts; of rows of one cell the newest is kept.

        Without any row nothing is written.
        """
        self.gather()
        parts = self._parts()
        if not parts:
            return Finished()
        table = pa.concat_tables([_read_part(part) for part in parts])
        order = [(name, "ascending") for name in ("image", "label", "n", "seed")]
        kept = table.filter(_newest(table)).sort_by(order)
        named = kept.select(["label", "method", "version"]).to_pandas()
        versions = named.groupby(["label", "method"])["version"].nunique()
        mixed = versions.index[versions > 1].get_level_values("label")
        facts = manifest | {
            "parts": [part.name for part in parts],
            "annotators": self._annotators(kept, manifest),
        }
        with storage_errors(self.out):
            whole = with_run_facts(kept, facts)
            put(self.out, lambda temporary: pq.write_table(whole, temporary, compression="zstd"))
        return Finished(len(table) - len(kept), tuple(mixed))

    def _annotators(self, table: pa.Table, manifest: dict[str, Any]) -> dict[str, Any]:
        """Summarise the annotators of each data set split; what is known of more images stays."""
        before = manifest.get("annotators", {})
        pairs = manifest.get("protocol", {}).get("annotators") == "pairs"
        images = table.select(["dataset", "split", "content"]).to_pandas().drop_duplicates()
        found = {}
        for (dataset, split), contents in images.groupby(["dataset", "split"])["content"]:
            name = dataset_name(dataset, split)
            files = [self.annotators / f"{content}.json" for content in contents]
            new = summarise(files, pairs)
            old = before.get(name, {"images": 0})
            found[name] = new if new["images"] >= old["images"] else old
        return {name: facts for name, facts in found.items() if facts["images"]}

    def is_current(self) -> bool:
        """Tell whether ``results.parquet`` is whole and made of just the parts that are here."""
        if any(self.shards.glob("*.json")):
            return False
        try:
            facts = self._facts_of_results()
        except ResultsError:
            return False
        return facts.get("parts") == [part.name for part in self._parts()]

    def _loose_rows(self) -> list[dict[str, Any]]:
        """Return the rows that are not in a part yet; what cannot be read will be run again."""
        columns = set(results_schema().names)
        rows = []
        for path in sorted(self.shards.glob("*.json")):
            row = _read_shard(path)
            if row is not None and row.keys() != columns:
                raise _another_version(path)
            rows += [] if row is None else [row]
        return rows

    def _parts(self) -> list[Path]:
        return sorted(self.shards.glob("part-*.parquet"))

    def write_part(self, rows: list[dict[str, Any]]) -> None:
        """Keep many finished rows at once."""
        self._write_part(to_table(rows))

    def _write_part(self, table: pa.Table) -> None:
        last = max((int(part.stem.partition("-")[2]) for part in self._parts()), default=0)
        write_atomically(self.shards / f"part-{last + 1:06d}.parquet", _as_parquet(table))


def _as_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _read_shard(path: Path) -> dict[str, Any] | None:
    """Return a row, or None if there is none; a damaged one (a power cut) is thrown away."""
    try:
        row: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        path.unlink(missing_ok=True)
        return None
    return row


def _read_part(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    try:
        found, expected = pq.read_schema(path), results_schema()
    except (pa.ArrowInvalid, OSError) as error:
        raise UsageError(
            f"{path} is damaged ({error}); remove it, and the same command runs its cells again"
        ) from error
    versions = [(schema.metadata or {}).get(VERSION_KEY) for schema in (found, expected)]
    if versions[0] != versions[1] or not found.equals(expected):
        raise _another_version(path)
    return pq.read_table(path, columns=None if columns is None else list(columns))


def _another_version(path: Path) -> UsageError:
    return UsageError(
        f"{path} was written by another version of the suite, with other columns;"
        " give another --out, so that versions do not mix"
    )


def _newest(table: pa.Table) -> pa.Array:
    """Tell which rows are the last ones of their cell."""
    identity = table.select(list(IDENTITY)).to_pandas()
    return pa.array(~identity.duplicated(keep="last").to_numpy())
