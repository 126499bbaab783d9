"""A results file made small, to be published: every score, and nothing of whose computer it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.errors import UsageError
from bench.storage.files import storage_errors, write_atomically
from bench.storage.merging import join_facts
from bench.storage.parts import read_part
from bench.storage.plain_names import plain_command, plain_params, plain_text, without_folders
from bench.storage.schema import missing_facts, results_schema, with_column, with_run_facts
from bench.storage.timed_cells import TIMES, with_times
from reports.data.facts import file_facts
from reports.data.mixture import refuse_mixtures
from reports.data.results import dataset_name, load
from reports.data.schema import ResultsError, check_results, run_facts
from reports.data.words import counted, few, number

#: What is known of a cell but not kept: paths, digests that are no score, what a method said.
LEFT_OUT = ("key", "labels_file", "facts")
#: Of the times the rows keep what they are without one.
_STAY = ("machine", "run", "threads", "contended")

_FACTS = ("protocol", "metrics", "match_n", "treatments", "dataset", "machines", "annotators")
_RUN = (
    *("id", "machine", "arguments", "started", "finished", "cells", "workers", "backend"),
    *("timeout", "timing", "dataset", "reading", "images", "images_of", "dataset_sha256"),
    *("versions", "git_revision"),
)
#: What a cell is to whoever reads the file.
_CELL = ("dataset", "split", "image", "label", "n", "seed", "device", "perturbation")


def condense(
    results: Path,
    out: Path,
    times: Path | None = None,
    on_note: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the scores of a results file as a small one, which every command can read.

    Rows keep their scores to the last digit, and what they are scores of. They lose label maps and
    values by annotator, so they cannot be scored again; and their times, since a run with several
    workers has none that compare, unless `times` has them.

    Parameters
    ----------
    results : Path
        A finished results file.
    out : Path
        The file to write. Only what condensing wrote may be there, and is replaced if it has no
        cell, score or time that the new one lacks.
    times : Path, optional
        What `bench run --timing` made of some of the same cells: their rows get its times.
    on_note : callable
        Gets a line on times that were not taken alone, and stay behind.

    Returns
    -------
    int
        Bytes of the new file.

    Raises
    ------
    UsageError
        If a file cannot be used, rows of it do not belong together, what is at `out` would be
        lost, or `times` has other scores, another scoring or no time that was taken alone.
    StorageError
        If the new file cannot be written.
    """
    if out.resolve() in {path.resolve() for path in (results, times) if path is not None}:
        raise UsageError(f"--out: {out} is one of the files to condense; give another name")
    before = _condensed(out)
    table, facts = _read(results)
    timed = None if times is None else _read(times)
    kept = _kept(facts, None if timed is None else timed[1])
    rows = _timeless(table)
    if times is not None and timed is not None:
        rows = with_times(rows, timed[0], results, times, on_note)
    if facts.get("protocol", {}).get("annotators") != "pairs":  # else they weigh the images
        rows = _nulled(rows, [name for name in rows.column_names if name.endswith("_by_annotator")])
    for name, change in (
        ("error", plain_text),
        ("label", plain_command),
        ("params", plain_params),
    ):
        rows = _plain(rows, name, change, results)
    order = ("dataset", "split", "method", "params", "n", "seed", "image")
    rows = rows.sort_by([(name, "ascending") for name in order])
    lost = "" if before is None else _lost(before, rows) or _other_scoring(out, results)
    if lost:
        raise UsageError(
            f"--out: to replace {out} by what is made of {results} would lose {lost}; give another"
            f" name, or remove {out} first"
        )
    content = _encoded(with_run_facts(_nulled(rows, LEFT_OUT), kept))
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, content)
    return len(content)


def _condensed(out: Path) -> pa.Table | None:
    """Return the condensed file that is there; refuse to lose another one: its rows have keys."""
    with storage_errors(out):
        if not out.exists():
            return None
    try:
        check_results(out)
        table = read_part(out)
        if table["key"].null_count == len(table):
            return table
    except (ResultsError, UsageError, OSError, pa.ArrowException):
        pass
    raise UsageError(
        f"--out: {out} is there already, is no condensed file, and would be lost; give another"
        " name, or move it"
    )


def _lost(before: pa.Table, rows: pa.Table) -> str:
    """Say what rows have not that others have: cells, or scores and times of them."""
    place = {cell: row for row, cell in enumerate(_cells(rows))}
    found = [place.get(cell) for cell in _cells(before)]
    if None in found:
        its = before.slice(found.index(None), 1).to_pylist()[0]
        where = f"image {its['image']} of {dataset_name(its['dataset'], its['split'])}"
        at = number(float("nan") if its["n"] is None else its["n"])
        return (
            f"{counted(found.count(None), 'cell')}, such as {its['label']} at n = {at} on {where}"
        )
    after = rows.take(pa.array(found, pa.int64()))
    scores = sorted(field.name for field in before.schema if _is_score(field))
    lost = {name: _gone(before[name], after, name) for name in scores}
    return few([f"{name} of {counted(cells, 'cell')}" for name, cells in lost.items() if cells])


def _cells(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in _CELL), strict=True))


def _gone(before: pa.ChunkedArray, after: pa.Table, name: str) -> int:
    """Count the rows that had a value and have none."""
    if name not in after.column_names:
        return len(before.drop_null())
    lost: int | None = pc.sum(pc.and_(before.is_valid(), after[name].is_null())).as_py()
    return lost or 0


def _other_scoring(out: Path, results: Path) -> str:
    """Say under which protocol scores would be lost, whatever it is called; empty if none are."""
    try:
        before, now = (file_facts(path).protocol for path in (out, results))
    except ResultsError as error:
        raise UsageError(str(error)) from error
    differ = before.differences(now)
    return f"scores under protocol {before.name} ({', '.join(differ)})" if differ else ""


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return facts and scores of a file, those of metrics that are not installed, too."""
    try:
        schema = check_results(path)
        refuse_mixtures(load(path))
    except ResultsError as error:
        raise UsageError(str(error)) from error
    table, known = read_part(path), set(results_schema().names)
    own = {*schema.names, *missing_facts(schema.names, ())}
    kept = [f.name for f in table.schema if f.name in own and (f.name in known or _is_score(f))]
    return table.select(kept), run_facts(schema)


def _is_score(field: pa.Field) -> bool:
    """Tell whether a column has what a metric's have: numbers, or lists of them by annotator."""
    of_lists = pa.types.is_list(field.type) and field.name.endswith("_by_annotator")
    return bool(pa.types.is_floating(field.type.value_type if of_lists else field.type))


def _nulled(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        if name in table.column_names:
            kind = table.schema.field(name).type
            table = with_column(table, name, pa.nulls(len(table), kind))
    return table


def _timeless(table: pa.Table) -> pa.Table:
    """Return rows without times, as those of label maps that were made elsewhere."""
    return _nulled(table, [name for name in TIMES if name not in _STAY])


# --- what is true of the whole file ------------------------------------------------------------


def _kept(facts: dict[str, Any], timed: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a file says of itself that is of the scores, and not of a computer's folders."""
    both = join_facts([facts] if timed is None else [facts, timed])
    return {name: facts[name] for name in _FACTS if name in facts} | {
        "machines": {id: _plain_machine(its) for id, its in both["machines"].items()},
        "runs": [_plain_run(run) for run in both["runs"]],
    }


def _plain_run(run: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: run[name] for name in _RUN if name in run}
    return kept | {"arguments": [without_folders(str(a)) for a in run.get("arguments", ())]}


def _plain(rows: pa.Table, name: str, change: Callable[[str], str], results: Path) -> pa.Table:
    """Return rows without folders in a column of text."""
    known = {each: change(each) for each in rows[name].unique().to_pylist() if each}
    if name == "params" and len(set(known.values())) < len(known):
        plain = Counter(known.values()).most_common(1)[0][0]
        raise UsageError(
            f"{results}: has parameters that differ in folders alone, which are not kept ({plain});"
            " give programs names of their own, or condense them from files of their own"
        )
    return with_column(rows, name, [known.get(each, each) for each in rows[name].to_pylist()])


def _plain_machine(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of the system's name its release, which says more of a host than of a result."""
    words = str(facts.get("system", "")).split()
    return {**facts, "system": " ".join(dict.fromkeys([*words[:1], *words[-1:]]))}


def _encoded(table: pa.Table) -> bytes:
    """Return Parquet: doubles split into streams of bytes, whose first ones alone repeat."""
    floats = [field.name for field in table.schema if pa.types.is_float64(field.type)]
    lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
    others = [name for name in table.column_names if name not in {*floats, *lists}]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=19,
        use_dictionary=others,
        use_byte_stream_split=floats,
        write_statistics=False,
        row_group_size=1 << 20,
    )
    return bytes(sink.getvalue().to_pybytes())
