"""One results file of several: what must be the same in all, and which of two rows stays."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.errors import UsageError
from bench.storage.files import write_atomically
from bench.storage.label_copies import How, LabelMaps
from bench.storage.label_paths import find_label_map
from bench.storage.origin import difference
from bench.storage.parts import find_parts, read_part, without_unknown, write_part
from bench.storage.schema import IDENTITY, with_column
from bench.storage.store import Store
from reports.data.mixture import Mixture, mixtures_in, other_content
from reports.data.schema import ResultsError, check_results, run_facts
from reports.data.words import counted

# What all rows of a results file share, in the words of a refusal; see `Settings.kept`.
_SHARED = {
    "protocol": "protocol",
    "metrics": "metrics",
    "match_n": "--match-n",
    "treatments": "treatments of unconnected labels (--connectivity)",
}

# Where a file names runs: those that wrote it, and those whose label maps were scored again.
_RUNS = ("runs", "made_by")
_OF_ONE_FILE = ("id", "parts", "folders")

# In the folder of a merge that is not done.
_MERGING = "merging"


@dataclass(frozen=True)
class Merged:
    """What became of the rows of several files.

    Attributes
    ----------
    rows : int
        Rows of the new file.
    given : tuple of int
        Rows of each file.
    duplicates : int
        Rows left out because another one is of the same cell.
    label_maps : int
        Label maps that were copied or linked.
    absent : int
        Label maps that rows refer to, but that are not there.
    mixtures : tuple of Mixture
        What does not belong together in one mean, such as two versions of one method.
    """

    rows: int
    given: tuple[int, ...]
    duplicates: int
    label_maps: int
    absent: int
    mixtures: tuple[Mixture, ...]


@dataclass(frozen=True, eq=False)
class _Input:
    """A results file: its rows in the present columns, what it says of itself, its own columns."""

    path: Path
    table: pa.Table
    facts: dict[str, Any]
    columns: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> _Input:
        try:
            schema = check_results(path)
            facts = run_facts(schema)
        except ResultsError as error:
            raise UsageError(str(error)) from error
        table = read_part(path)
        if not len(table):
            raise UsageError(f"{path} has no rows; give the results of a run that has finished")
        store = Store(path)
        if facts.get("unrenewed"):
            raise UsageError(
                f"{path} has {counted(facts['unrenewed'], 'row')} from before a `bench run --force`"
                " that was interrupted; the same command again goes on, then merge"
            )
        foreign = store.shards.is_dir() and difference(path, store.folder, store.manifest())
        if foreign:
            raise UsageError(
                f"{path} is not what {store.folder} made: {foreign}; give the file that it made, or"
                " move that folder away"
            )
        if store.shards.is_dir() and not store.holds_all():
            raise UsageError(
                f"{path} is older than the rows in {store.folder}; the same `bench run` brings it"
                " up to date, then merge"
            )
        return cls(path, table, facts, tuple(schema.names))

    def label_map(self, name: str) -> Path:
        return find_label_map(self.path.resolve(), name, self.facts.get("folders", ()))

    def column(self, name: str) -> list[Any]:
        values: list[Any] = self.table[name].to_pylist()
        return values


def merge(inputs: Sequence[Path], out: Path, labels: How = "leave") -> Merged:
    """Write the rows of several results files as one.

    Of two rows of one cell the one that ended ok stays; of two such the one with more repeated
    times; of two alike that of the newer run; else that of the file named later.

    Parameters
    ----------
    inputs : sequence of Path
        Two results files or more; they stay as they are.
    out : Path
        The results file to be, with a ``.run`` folder of its own beside it, so that a run can
        continue it.
    labels : "leave", "copy" or "link"
        Whether label maps stay where they are, and rows refer to them there, or come along.

    Raises
    ------
    UsageError
        If there is nothing to merge, `out` is there already, a file cannot be used, or the files
        do not belong together; the message says in what they differ.
    StorageError
        If something cannot be written.
    """
    _check_paths(inputs, out)
    files = [_Input.read(path) for path in inputs]
    for other in files[1:]:
        _check_together(files[0], other)
    _check_contents(files)
    whole = pa.concat_tables([file.table for file in files], promote_options="permissive")
    owner = [i for i, file in enumerate(files) for _ in range(len(file.table))]
    kept = _best_of_each_cell(whole, owner, files)
    stored = whole["labels_file"].take(kept).to_pylist()
    sources = [
        None if name is None else files[owner[row]].label_map(name)
        for row, name in zip(kept, stored, strict=True)
    ]
    absent = [path for path in sources if path is not None and not path.is_file()]
    if absent and labels != "leave":
        raise UsageError(
            f"label map {absent[0]} is not there; put it back, or leave the label maps where they"
            " are (--labels leave)"
        )
    store = Store(out)
    with store.locked():
        if _was_killed(store):
            find_parts(store.shards)[0].unlink()
        write_atomically(store.folder / _MERGING, b"")
        places = LabelMaps(store, labels)
        names = [path and places.place(path) for path in sources]
        table = with_column(whole.take(kept), "labels_file", names)
        columns = {name for file in files for name in file.columns}
        _keep_annotators(files, store)
        manifest = join_facts([file.facts for file in files])
        store.write_manifest(manifest)
        write_part(store.shards, without_unknown(table, columns))
        store.finish(store.manifest())
        (store.folder / _MERGING).unlink()
    return Merged(
        rows=len(kept),
        given=tuple(len(file.table) for file in files),
        duplicates=len(whole) - len(kept),
        label_maps=places.brought,
        absent=len(absent),
        mixtures=tuple(mixtures_in(out)),
    )


# --- what must be the same ---------------------------------------------------------------------


def _check_paths(inputs: Sequence[Path], out: Path) -> None:
    if len(inputs) < 2:
        raise UsageError("one file alone is merged already; give two results files or more")
    seen: dict[Path, Path] = {}
    for path in inputs:
        if path.resolve() in seen:
            raise UsageError(f"{path} is named twice; give each results file once")
        seen[path.resolve()] = path
    if out.resolve() in seen:
        raise UsageError(f"--out: {out} is one of the files to merge; give another name")
    taken = out if out.exists() else Store(out).shards
    if out.exists() or (_rows_in(taken) and not _was_killed(Store(out))):
        raise UsageError(
            f"--out: {taken} is there already, and would be lost; give another name, or move it and"
            " its .run folder away"
        )


def _rows_in(shards: Path) -> list[str]:
    return [path.name for path in shards.iterdir()] if shards.is_dir() else []


def _was_killed(store: Store) -> bool:
    """Tell whether a folder has what a merge wrote that was killed, and nothing else."""
    return (store.folder / _MERGING).exists() and _rows_in(store.shards) == ["part-000001.parquet"]


def _check_together(first: _Input, other: _Input) -> None:
    """Refuse files of other data sets or scored otherwise."""
    for name in ("dataset", "split"):
        names = [sorted({repr(value) for value in file.column(name)}) for file in (first, other)]
        if names[0] != names[1]:
            raise _apart(first, other, name, *map(", ".join, names))
    for key, words in _SHARED.items():
        a, b = (_as_set(file.facts.get(key)) for file in (first, other))
        if a != b:
            raise _apart(first, other, words, _besides(a, b), _besides(b, a))
    ours, theirs = (str(file.facts.get("dataset")) for file in (first, other))
    if ours != theirs and not set(first.column("image")) & set(other.column("image")):
        raise _apart(first, other, "the data set", ours, f"{theirs}, with no image in common,")


def _as_set(value: Any) -> set[str]:
    """Return what a fact of a file consists of, in words; nothing of one that is not given."""
    if isinstance(value, dict):
        return {f"{name} {each}" for name, each in value.items()}
    return set(value) if isinstance(value, list) else {f"{value}"} - {"None"}


def _besides(a: set[str], b: set[str]) -> str:
    return ", ".join(sorted(a - b)) or ("as in the other, without those" if a else "none")


def _apart(first: _Input, other: _Input, what: str, a: str, b: str) -> UsageError:
    """Say in what two files differ, with both values, and what to do."""
    cure = (
        "run one of them again as the other was, or score it again by `bench rescore`"
        if what in (_SHARED["protocol"], _SHARED["metrics"])
        else "give files of the same data set, run in the same way"
    )
    return UsageError(
        f"{first.path} and {other.path} do not go together: {what} is {a} in the first and {b} in"
        f" the second; {cure}"
    )


def _check_contents(files: Sequence[_Input]) -> None:
    """Refuse files of which one image, or its annotations, is not the same."""
    known: dict[str, tuple[str, _Input]] = {}
    for file in files:
        differing = []
        contents = dict(zip(file.column("image"), file.column("content"), strict=True))
        for image, content in contents.items():
            if content is None:
                continue
            before, where = known.setdefault(image, (content, file))
            if before != content:
                differing.append((image, before, content, where))
        if differing:
            _, before, content, where = differing[0]
            said = other_content(
                [image for image, *_ in differing], (where.path, file.path), (before, content)
            )
            raise UsageError(f"{said}; run one of them again on the data set of the other")


# --- which of two rows stays -------------------------------------------------------------------


def _best_of_each_cell(table: pa.Table, owner: Sequence[int], files: Sequence[_Input]) -> list[int]:
    """Return the row numbers to keep, in their order."""
    frame = table.select([*IDENTITY, "status", "time_repeats", "run"]).to_pandas()
    started = {
        run["id"]: run.get("started") or ""
        for file in files
        for name in _RUNS
        for run in file.facts.get(name, ())
        if "id" in run
    }
    ranked = frame.assign(
        ok=frame["status"] == "ok",
        repeats=frame["time_repeats"].fillna(0),
        when=[started.get(run, "") for run in frame["run"]],
        file=owner,
    ).sort_values(["ok", "repeats", "when", "file"], kind="stable")
    kept = ranked[~ranked.duplicated(list(IDENTITY), keep="last")]
    rows: list[int] = sorted(kept.index.to_list())
    return rows


# --- what comes along --------------------------------------------------------------------------


def _keep_annotators(files: Sequence[_Input], store: Store) -> None:
    """Take over how the annotators of each image score against each other."""
    for file in files:
        for path in Store(file.path).annotators.glob("*.json"):
            if not (store.annotators / path.name).exists():
                write_atomically(store.annotators / path.name, path.read_bytes())


def join_facts(files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join what files say of themselves: what all share, every run and every machine."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in _RUNS}
    machines: dict[str, Any] = {}
    annotators: dict[str, Any] = {}
    for facts in files:
        for name, joined in runs.items():
            joined += [run for run in facts.get(name, ()) if run not in joined]
        machines |= facts.get("machines", {})
        for name, found in facts.get("annotators", {}).items():
            if found["images"] > annotators.get(name, {"images": 0})["images"]:
                annotators[name] = found
    first = {k: v for k, v in files[0].items() if k not in _OF_ONE_FILE}
    every = {
        name: sorted(joined, key=lambda run: str(run.get("started")))
        for name, joined in runs.items()
        if joined or name == "runs"
    }
    return first | {
        "id": uuid.uuid4().hex,
        **every,
        "machines": machines,
        "annotators": annotators,
    }
