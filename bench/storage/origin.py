"""Whether a results file is what its .run folder made; no other one is ever overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.storage.files import write_atomically
from bench.storage.parts import find_parts, newest, read_all, stored_columns
from bench.storage.schema import results_schema
from reports.data.schema import LATER, ResultsError, run_facts, version_of

RECORD = "written.json"


def remember(folder: Path, files: Iterable[Path]) -> None:
    """Record that the folder made these files: a results file, and the one that it replaces."""
    digests = [_digest(file) for file in files if file.is_file()]
    write_atomically(folder / RECORD, json.dumps({"sha256": digests}).encode())


def difference(out: Path, folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """Say in what a results file is not what the folder made, or return None.

    One that was cut off or damaged is no other file: the folder has all that was in it.
    """
    recorded = _recorded(folder)
    if recorded is not None and _digest(out) in recorded:
        return None
    try:
        file = pq.read_table(out)
    except (pa.ArrowInvalid, OSError):
        with out.open("rb") as opened:
            return None if opened.read(4) in (b"PAR1", b"") else "it is no Parquet file"
    parts = find_parts(folder / "shards")
    version = version_of(file.schema)
    if version is None:
        return f"another program saved it, without its metadata{_columns(file, parts)}"
    if version not in LATER:
        return f"its schema version is {version}"
    try:
        facts = run_facts(file.schema)
    except ResultsError as error:
        return str(error)
    if facts.get("id") != manifest.get("id"):
        return "it comes from another folder"
    changed = _rows(file, parts, facts.get("parts", ())) + _columns(file, parts)
    if changed or recorded is not None:
        return f"another program changed it{changed}"
    return None  # by a version of the suite that kept no record


def _rows(file: pa.Table, parts: Iterable[Path], listed: Collection[str]) -> str:
    made = read_all([part for part in parts if part.name in listed])
    expected = int(newest(made).to_numpy(zero_copy_only=False).sum())
    return "" if len(file) == expected else f", with {len(file)} of {expected} rows"


def _columns(file: pa.Table, parts: Iterable[Path]) -> str:
    """Say which columns a file has besides, and which it has not."""
    has, stored = set(file.column_names), stored_columns(parts)
    more = sorted(has - stored - set(results_schema().names))
    less = sorted(stored - has)
    return "".join(
        f", {word} column{'s' if len(names) > 1 else ''} {', '.join(names)}"
        for word, names in (("with the", more), ("without the", less))
        if names
    )


def _recorded(folder: Path) -> list[str] | None:
    """Return the digests of what the folder made; None if an earlier version kept none."""
    try:
        return list(json.loads((folder / RECORD).read_text())["sha256"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
