"""What lies beside ``results.parquet``: shards, label maps and the manifest of a run.

A worker writes each finished row as a shard of its own, atomically, so that a killed run loses
only the cells in flight. Now and then the shards are gathered into a Parquet part, and at the
end all parts become ``results.parquet``.
"""

from __future__ import annotations

import glob
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import UsageError
from bench.storage.agreement import agreement
from bench.storage.damage import forget_damaged
from bench.storage.files import storage_errors, write_atomically, write_quickly
from bench.storage.holding import Hold
from bench.storage.label_paths import as_named_now
from bench.storage.origin import difference, remember
from bench.storage.parts import (
    Done,
    find_parts,
    newest,
    number_of,
    numbered,
    read_all,
    read_facts,
    read_part,
    read_shard,
    read_shards,
    stored_columns,
    without_unknown,
    write_parquet,
    write_part,
)
from bench.storage.renewal import update_renewals
from bench.storage.schema import IDENTITY, to_table
from bench.storage.whole import Whole
from reports.data.schema import VERSION_KEY, ResultsError, check_results, run_facts
from reports.output import put, sync_folder


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
        self._changed = self.folder / "changed"
        self._hold = Hold(self.folder, out)

    # --- opening -------------------------------------------------------------------------

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the output for this process alone, and remove what a killed run left half-done.

        Raises
        ------
        BusyError
            If another process holds it.
        StorageError
            If the file system refuses, here or in what is done while the output is held.
        """
        with storage_errors(self.folder):
            for folder in (self.shards, self.labels, self.inflight, self.rounds, self.annotators):
                folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder)
            sync_folder(self.out.parent)
        with storage_errors(), self._hold.taken():
            half_written = self.out.parent.glob(f"{glob.escape(self.out.name)}.*.tmp")
            own = (self.shards, self.labels, self.rounds, self.annotators)  # others lock their own
            temporary = (file for folder in own for file in folder.rglob("*.tmp"))
            for leftover in (*half_written, *self.inflight.iterdir(), *temporary):
                leftover.unlink(missing_ok=True)
            forget_damaged(self.out, self.shards, self.labels)
            yield

    def manifest(self) -> dict[str, Any]:
        """Return the manifest, with no runs where there is none yet.

        Of the names that the folder has had, `folders`, the last is its present one.
        """
        try:
            loaded = json.loads(self.manifest_path.read_text())
        except FileNotFoundError:
            loaded = {"id": uuid.uuid4().hex, "runs": []}
        except ValueError:
            loaded = None
        if not isinstance(loaded, dict) or not isinstance(loaded.get("runs"), list):
            raise UsageError(
                f"{self.manifest_path} is damaged; move {self.folder} away, or give another --out"
            )
        former = [name for name in loaded.get("folders", ()) if name != self.folder.name]
        return loaded | {"folders": [*former, self.folder.name]}

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest."""
        self._hold.check()
        write_atomically(self.manifest_path, json.dumps(manifest, indent=1).encode())

    def adopt(self) -> str | None:
        """Take over a results file, so that no row in it is overwritten.

        A file whose folder is gone becomes the first part of a new one. A damaged file is made
        again from the shards, where there are any.

        Returns
        -------
        str or None
            What the user should know.

        Raises
        ------
        UsageError
            If the file is damaged, or of another version, and there is nothing to make it from;
            or if it is not what this folder made.
        """
        if not self.out.exists():
            return None
        if any(self.shards.iterdir()):
            self._leave_what_is_not_ours()
            remember(self.folder, [self.out])  # an earlier version did not
            return None
        try:
            facts = run_facts(check_results(self.out))
        except ResultsError as error:
            raise UsageError(f"{error}; it is left as it is") from error
        read_part(self.out)  # can be continued
        table = pq.read_table(self.out)
        version = {VERSION_KEY: table.schema.metadata[VERSION_KEY]}
        former = [name for name in facts.pop("folders", ()) if name != self.folder.name]
        self.write_manifest({"id": uuid.uuid4().hex, "runs": [], **facts})
        write_part(self.shards, table.replace_schema_metadata(version))
        remember(self.folder, [self.out])
        if not former:
            return None
        return (
            f"{self.out.name} has no folder {self.folder.name} beside it, and is continued without;"
            f" its label maps stay where they are. If it was renamed, rename {former[-1]} as well"
        )

    def _leave_what_is_not_ours(self) -> None:
        if not self.out.exists():
            return
        why = difference(self.out, self.folder, self.manifest())
        if why is not None:
            raise UsageError(
                f"{self.out} is not what {self.folder.name} made: {why}. It is left as it is: move"
                " it away, and the same command writes the results again from that folder; or give"
                " another --out"
            )

    # --- rows ----------------------------------------------------------------------------

    def write_row(self, row: dict[str, Any]) -> None:
        """Keep one finished row; safe from any process."""
        write_quickly(self.shards / f"{row['key']}.json", json.dumps(row).encode())

    def read_row(self, key: str) -> dict[str, Any] | None:
        """Return a row that a worker wrote since the last gathering, or None."""
        return read_shard(self.shards / f"{key}.json")

    def done(self) -> dict[str, Done]:
        """Return what is finished, by cell key: of the rows of one cell the newest alone.

        A row that another one replaced, say of an image that was changed and changed back, is not
        in the results file any more, so its cell is not finished.
        """
        known = ("status", "time_repeats", "temporary", "part")  # in the order of Done's
        parts, loose = find_parts(self.shards), read_shards(self.shards)
        rows = [pq.read_metadata(part).num_rows for part in parts] + [len(loose)]
        numbers = [*map(number_of, parts), self.last_part() + 1]
        names = tuple(dict.fromkeys(("key", *known[:-1], *IDENTITY)))
        table = read_facts(parts, loose, names)
        table = table.append_column("part", pa.array(np.repeat(numbers, rows)))
        table = table.filter(newest(table))
        # Most rows have one of a few values, which need not be there a million times.
        kinds = numbered(table, known)
        firsts = table.select(known).take(np.unique(kinds, return_index=True)[1])
        each = [Done(*row.values()) for row in firsts.to_pylist()]
        return dict(zip(table["key"].to_pylist(), map(each.__getitem__, kinds), strict=True))

    def outdated(self, done: Collection[str]) -> int:
        """Return how many rows of the parts have been replaced, given the cells that are done."""
        rows = sum(pq.read_metadata(part).num_rows for part in find_parts(self.shards))
        return int(rows) - len(done)

    def last_part(self) -> int:
        """Return the number of the newest part, 0 if there is none."""
        return max(map(number_of, find_parts(self.shards)), default=0)

    def columns(self) -> set[str]:
        """Name the columns that stored rows have."""
        loose = {name for row in read_shards(self.shards) for name in row}
        return loose | stored_columns(find_parts(self.shards))

    def rows(self, columns: Iterable[str] | None = None) -> pa.Table:
        """Return all rows, of those of one cell the newest alone; all columns or some.

        Where some are asked for, texts that repeat are dictionaries.
        """
        parts, loose = find_parts(self.shards), read_shards(self.shards)
        if columns is None:
            table = read_all(parts, loose)
            return table.filter(newest(table))
        wanted = list(columns)
        needed = list(dict.fromkeys((*wanted, *IDENTITY)))
        table = read_facts(parts, loose, needed)
        return table.filter(newest(table)).select(wanted)

    def gather(self) -> None:
        """Turn the loose shards into one Parquet part."""
        self._hold.check()
        rows = read_shards(self.shards)
        self.write_part(rows)
        for row in rows:
            (self.shards / f"{row['key']}.json").unlink()

    def finish(self, manifest: dict[str, Any]) -> int:
        """Write ``results.parquet`` from all parts; of rows of one cell the newest is kept.

        Without any row nothing is written.

        Returns
        -------
        int
            How many rows were left out because a newer one is of the same cell.

        Raises
        ------
        UsageError
            If another program has put something else in its place meanwhile.
        """
        self.gather()
        parts = find_parts(self.shards)
        if not parts:
            return 0
        self._leave_what_is_not_ours()
        whole = Whole(parts)
        facts = manifest | {
            "parts": [part.name for part in parts],
            "unrenewed": update_renewals(self.folder, self.done),
            "annotators": agreement(whole.facts, self.annotators, manifest),
        }
        labels = whole.facts["labels_file"]
        labels = as_named_now(labels, self.out, manifest.get("folders", ()))

        def write(temporary: Path) -> None:
            whole.write(temporary, facts, labels)
            remember(self.folder, [temporary, self.out])

        with storage_errors(self.out):
            put(self.out, write, synced=True)
            self._changed.unlink(missing_ok=True)
        return whole.outdated

    # --- without a run -------------------------------------------------------------------

    def recover(self) -> int:
        """Write the results file from the folder of a run that was killed.

        Returns
        -------
        int
            How many rows it has.

        Raises
        ------
        UsageError
            If a run is writing to it, or what is there is not what the folder made.
        StorageError
            If it cannot be written.
        """
        with self.locked():
            self.finish(self.manifest())
            return len(self.done())

    def is_current(self) -> bool:
        """Tell whether to write ``results.parquet`` again would change nothing."""
        facts, name = self._facts_of_all(), self.folder.name
        return facts is not None and (
            facts.get("folders", [name])[-1] == name
            and facts.get("unrenewed", 0) == update_renewals(self.folder, self.done)
        )

    def holds_all(self) -> bool:
        """Tell whether ``results.parquet`` is whole and made of just the parts that are here."""
        return self._facts_of_all() is not None

    def _facts_of_all(self) -> dict[str, Any] | None:
        if self._changed.exists() or any(self.shards.glob("*.json")):
            return None
        try:
            facts = run_facts(check_results(self.out))
        except ResultsError:
            return None
        its = (self.manifest().get("id"), [part.name for part in find_parts(self.shards)])
        return facts if (facts.get("id"), facts.get("parts")) == its else None

    def change_parts(self, change: Callable[[pa.Table], pa.Table]) -> None:
        """Replace each part, the oldest first; it keeps its number, which tells older from newer.

        However this ends, the results file is not current until it is written again.
        """
        write_atomically(self._changed, b"")
        for part in find_parts(self.shards):
            changed = change(read_part(part))
            write_parquet(part, without_unknown(changed, stored_columns([part])))

    def write_part(self, rows: list[dict[str, Any]]) -> None:
        """Keep many finished rows at once, if there are any."""
        if rows:
            known = {name for row in rows for name in row}
            write_part(self.shards, without_unknown(to_table(rows), known))
