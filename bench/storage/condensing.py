"""A results file made small, to be published: every score, and nothing of whose computer it was."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import UsageError
from bench.storage.files import storage_errors, write_atomically
from bench.storage.parts import read_part
from bench.storage.schema import IDENTITY, results_schema, with_column, with_run_facts
from reports.data.mixture import refuse_mixtures, short
from reports.data.results import load
from reports.data.schema import ResultsError, check_results, run_facts

#: What is known of a cell but not kept: paths, digests that are no score, what a method said.
LEFT_OUT = ("key", "labels_file", "facts")
TIMES = (
    *("time_s", "time_shared_s", "time_spread_s", "time_repeats"),
    *("cpu_s", "warmup_s", "peak_mb", "threads", "contended", "machine", "run"),
)
#: Of these the rows keep what they are without a time.
_STAY = ("machine", "run", "threads", "contended")

_FACTS = ("protocol", "metrics", "match_n", "treatments", "dataset", "machines", "annotators")
_RUN = (
    *("id", "machine", "arguments", "started", "finished", "cells", "workers", "backend"),
    *("timeout", "timing", "dataset", "reading", "images", "images_of", "dataset_sha256"),
    *("versions", "git_revision"),
)
# In a command a path may go on with a place, such as {n}; behind one it is of a folder of the run.
_FOLDERS = re.compile(r"(?<![\w.}])(?:~|[A-Za-z]:)?(?:[/\\][\w.+@ -]+)*[/\\](?=[\w.{])")
# A word of a command, as a shell tells them apart; a path with spaces is quoted.
_WORD = re.compile(r""""[^"]*"|'[^']*'|(?:\\.|[^\s"'])+""")


def condense(results: Path, out: Path, times: Path | None = None) -> int:
    """Write the scores of a results file as a small one, which every command can read.

    Rows keep their scores to the last digit, and what they are scores of. They lose label maps and
    values by annotator, so they cannot be scored again; and their times, since a run with several
    workers has none that compare, unless `times` has them.

    Parameters
    ----------
    results : Path
        A finished results file.
    out : Path
        The file to write; only what condensing wrote may be there, and is replaced.
    times : Path, optional
        What `bench run --timing` made of some of the same cells: their rows get its times.

    Returns
    -------
    int
        Bytes of the new file.

    Raises
    ------
    UsageError
        If a file cannot be used, rows of it do not belong together, or `times` has other scores.
    StorageError
        If the new file cannot be written.
    """
    if out.resolve() in {path.resolve() for path in (results, times) if path is not None}:
        raise UsageError(f"--out: {out} is one of the files to condense; give another name")
    _refuse_to_replace(out)
    table, facts = _read(results)
    timed = None if times is None else _read(times)
    kept = _kept(facts, None if timed is None else timed[1])
    rows = _timeless(table)
    if times is not None and timed is not None:
        rows = _with_times(rows, timed[0], results, times)
    if facts.get("protocol", {}).get("annotators") != "pairs":  # else they weigh the images
        rows = _nulled(rows, [name for name in rows.column_names if name.endswith("_by_annotator")])
    for name, change in (
        ("error", _plain_text),
        ("label", _plain_command),
        ("params", _plain_params),
    ):
        rows = _plain(rows, name, change, results)
    order = ("dataset", "split", "method", "params", "n", "seed", "image")
    rows = rows.sort_by([(name, "ascending") for name in order])
    content = _encoded(with_run_facts(_nulled(rows, LEFT_OUT), kept))
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, content)
    return len(content)


def _refuse_to_replace(out: Path) -> None:
    """Refuse to lose a file that condensing did not make: its rows have keys."""
    with storage_errors(out):
        if not out.exists():
            return
    try:
        check_results(out)
        keys = pq.read_table(out, columns=["key"])["key"]
        is_condensed = keys.null_count == len(keys)
    except (ResultsError, OSError, KeyError, pa.ArrowException):
        is_condensed = False
    if not is_condensed:
        raise UsageError(
            f"--out: {out} is there already, is no condensed file, and would be lost; give another"
            " name, or move it"
        )


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    try:
        schema = check_results(path)
        refuse_mixtures(load(path))
    except ResultsError as error:
        raise UsageError(str(error)) from error
    known = set(results_schema().names) & {*schema.names, *LEFT_OUT}
    table = read_part(path)
    return table.select([name for name in table.column_names if name in known]), run_facts(schema)


def _nulled(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        if name in table.column_names:
            kind = table.schema.field(name).type
            table = with_column(table, name, pa.nulls(len(table), kind))
    return table


def _timeless(table: pa.Table) -> pa.Table:
    """Return rows without times, as those of label maps that were made elsewhere."""
    return _nulled(table, [name for name in TIMES if name not in _STAY])


def _with_times(rows: pa.Table, timed: pa.Table, results: Path, times: Path) -> pa.Table:
    """Return rows with the times of the same cells, whose scores must be the same."""
    identity = (*IDENTITY, "content", "version")
    place = {cell: i for i, cell in enumerate(_cells(rows, identity))}
    columns = {name: rows[name].to_pylist() for name in TIMES}
    scores = ("status", "asa", "n_labels")
    ours, theirs = (list(_cells(table, scores)) for table in (rows, timed))
    new = {name: timed[name].to_pylist() for name in TIMES}
    for j, cell in enumerate(_cells(timed, identity)):
        i = place.get(cell)
        if i is None or ours[i] != theirs[j]:
            what = "is not in" if i is None else "has other scores in"
            named = dict(zip(identity, cell, strict=True))
            raise UsageError(
                f"--times: {named['method']} at n = {named['n']} on image {named['image']} of"
                f" {times} (version {short(str(named['version']))}) {what} {results}; take the"
                " times of the same methods, versions and images"
            )
        for name in TIMES:
            columns[name][i] = new[name][j]
    for name, values in columns.items():
        rows = with_column(rows, name, values)
    return rows


def _cells(table: pa.Table, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))


# --- what is true of the whole file ------------------------------------------------------------


def _kept(facts: Mapping[str, Any], timed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a file says of itself that is of the scores, and not of a computer's folders."""
    both = [facts] if timed is None else [facts, timed]
    machines = {id: its for each in both for id, its in each.get("machines", {}).items()}
    runs = [run for each in both for run in each.get("runs", ())]
    return {name: facts[name] for name in _FACTS if name in facts} | {
        "machines": {id: _plain_machine(its) for id, its in machines.items()},
        "runs": [_plain_run(run) for run in runs],
    }


def _plain_run(run: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: run[name] for name in _RUN if name in run}
    return kept | {"arguments": [without_folders(str(a)) for a in run.get("arguments", ())]}


def without_folders(argument: str) -> str:
    """Return a word of a command line with the name of a file or folder for its path."""
    option, equals, value = argument.partition("=")
    if not (option.startswith("--") and equals):
        option, equals, value = "", "", argument
    if "{" in value or "[" in value:  # a method with its parameters, which may name a program
        return option + equals + _plain_command(value)
    return option + equals + (PurePath(value).name if "/" in value else value)


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


def _plain_text(text: str) -> str:
    return _FOLDERS.sub("", text)


def _plain_command(text: str) -> str:
    return _WORD.sub(lambda word: _plain_text(word[0]), text)


def _plain_params(params: str) -> str:
    """Return parameters, as rows have them, without folders in those that are text."""
    try:
        given = json.loads(params)
        plain = {k: _plain_command(v) if isinstance(v, str) else v for k, v in given.items()}
    except (ValueError, AttributeError):  # no run writes such
        return _plain_command(params)
    return params if plain == given else json.dumps(plain, sort_keys=True)


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
