"""What a results file must be: its version, its columns, its metadata."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from metrics import METRICS
from reports.data.labels import VARIANT
from reports.data.shapes import FACTS, find_odd
from reports.data.words import printable

SCHEMA_VERSION = "4"
# The versions that can be read, each with the columns that files of it may lack.
_SINCE_4 = ("perturbation", "stability")
LATER: Mapping[str, tuple[str, ...]] = {
    "2": ("time_shared_s", "run", "machine", "suite", "temporary", *_SINCE_4),
    "3": _SINCE_4,
    "4": (),
}
VERSION_KEY = b"superpixel_bench.schema"
RUN_KEY = b"superpixel_bench.run"

STATUSES = ("ok", "failed", "timeout", "crashed", "invalid", "skipped")
# What says whether rows belong together; files of earlier versions lack some of these.
ORIGINS = ("content", "method", "version", "params", "suite", "machine")
COLUMNS = (
    *("dataset", "split", "image", "label", "n", "seed", "status", "n_labels"),
    "n_components",
    *("time_s", "time_repeats", "contended", "device", "threads", "perturbation"),
    *dict.fromkeys((*ORIGINS, *VARIANT)),
)
# Texts that repeat, which are read as categories.
REPEATED = (
    *("dataset", "split", "image", "label", "status", "device", "perturbation"),
    *dict.fromkeys((*ORIGINS, *VARIANT)),
)
_TEXTS = frozenset(
    (
        *REPEATED,
        *("key", "protocol", "connectivity"),
        *("error", "labels_file", "facts", "run"),
    )
)
_NEVER_NULL = ("dataset", "split", "image", "label", "method", "status")
_COUNTS = ("n", "n_requested", "n_returned", "n_labels", "n_components", "time_repeats", "threads")
_LARGEST = 1e15  # beyond it squares of scores, and their sums, would leave what a float can hold
_TRUTHS = frozenset(("contended", "match_reached", "temporary"))


class ResultsError(ValueError):
    """A results file that cannot be used; the message names the file, the reason and the cure."""


def check_results(path: Path) -> pa.Schema:
    """Return the columns of a results file that is whole and of this schema version.

    Raises
    ------
    ResultsError
        If the file is missing, unreadable, truncated, no Parquet, or of another schema version.
    """
    try:
        schema = pq.read_schema(path)
    except FileNotFoundError:
        raise ResultsError(
            f"{path}: no such file; `bench run` writes one, by default ./results.parquet"
        ) from None
    except pa.ArrowInvalid as error:
        raise ResultsError(
            f"{path}: not a Parquet file, or a truncated one; give a results file (a truncated one "
            "is written again from its .run folder by the same `bench run`)"
        ) from error
    except OSError as error:
        raise ResultsError(
            f"{path}: cannot be read ({error.strerror or error}); give the path of a results file"
        ) from error
    version = version_of(schema)
    if version is None:
        raise ResultsError(
            f"{path}: a Parquet file, but not one that `bench run` wrote, or one that another "
            f"program saved again; {cure(path)}"
        )
    if version == "1":
        raise ResultsError(
            f"{path}: schema version 1, whose columns were others; its label maps can be scored "
            f"again: bench score {path.with_suffix('.run')}/labels/METHOD --dataset DATASET "
            "--name METHOD --out OTHER.parquet"
        )
    if version not in LATER:
        raise ResultsError(
            f"{path}: schema version {version}, but this version of bench reads "
            f"{' and '.join(LATER)}; use the version of bench that wrote it, or run it again with "
            "another --out"
        )
    twice = [name for name, times in Counter(schema.names).items() if times > 1]
    if twice:
        raise ResultsError(
            f"{path}: has two columns {printable(twice[0])!r}, as another program saved it;"
            f" {cure(path)}"
        )
    try:
        run_facts(schema)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}; {cure(path)}") from error
    return schema


def version_of(schema: pa.Schema) -> str | None:
    """Return the schema version that a Parquet file says it has, None if it is no results file."""
    found = (schema.metadata or {}).get(VERSION_KEY)
    return None if found is None else str(found.decode(errors="replace"))


def cure(path: Path) -> str:
    """Say how to come by a results file that can be used."""
    folder = path.with_suffix(".run")
    if not folder.is_dir():
        return "give the path of a results file as `bench run` wrote it"
    return (
        f"move it away, and `bench run` with the same arguments writes it again from {folder.name}"
    )


def run_facts(schema: pa.Schema) -> dict[str, Any]:
    """Return all that a results file says of its runs and its scoring.

    Raises
    ------
    ResultsError
        If another program changed it beyond recognition; the message does not know the file.
    """
    try:
        facts = json.loads((schema.metadata or {}).get(RUN_KEY, b"{}"))
    except (ValueError, RecursionError):
        facts = None
    name = RUN_KEY.decode()
    if not isinstance(facts, dict):
        raise ResultsError(f"its metadata {name} are no JSON object: another program changed them")
    odd = find_odd(facts, FACTS)
    if odd:
        raise ResultsError(f"its metadata {name} have {odd}: another program changed them")
    return facts


def check_columns(schema: pa.Schema, wanted: Iterable[str], path: Path) -> None:
    """Refuse a file that lacks a column, or has something else in it."""
    may_lack = LATER[version_of(schema) or SCHEMA_VERSION]
    for name in wanted:
        if name in schema.names:
            kind = _holds(schema.field(name).type)
            expected = _expected(name)
            if kind not in (expected, "nothing"):
                raise ResultsError(
                    f"{path}: column {name!r} holds {kind} instead of {expected}, as another "
                    f"program saved it; {cure(path)}"
                )
        elif name in METRICS and name not in COLUMNS:
            raise ResultsError(
                f"{path}: no column {name!r}; the scores in it are {', '.join(_scores(schema))}; "
                f"`bench rescore` with --metrics default,{name} adds it"
            )
        elif name not in may_lack:
            raise ResultsError(
                f"{path}: no column {name!r}, which another program left out; {cure(path)}"
            )


def check_values(frame: pd.DataFrame, path: Path) -> None:
    """Refuse values that no run writes; texts that a terminal would obey are made harmless."""
    for name in frame:
        if name in _TEXTS:
            wrong = _wrong_text(str(name), frame[name])
            frame[name] = _printable(frame[name])
        else:
            wrong = "" if name in _TRUTHS else _wrong_number(str(name), frame[name])
        if wrong:
            raise ResultsError(
                f"{path}: column {name!r} has {wrong}, which no run writes; {cure(path)}"
            )


def _wrong_text(name: str, values: pd.Series) -> str:
    if name in _NEVER_NULL and values.isna().any():
        return "nothing in some row"
    odd = sorted(set(values.unique()).difference(STATUSES)) if name == "status" else []
    return repr(odd[0]) if odd else ""


def _wrong_number(name: str, values: pd.Series) -> str:
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    wrong = np.isfinite(numbers) & (np.abs(numbers) > _LARGEST)
    if name in _COUNTS:
        wrong |= numbers < 1
    return f"{numbers[wrong][0]:g}" if wrong.any() else ""


def _printable(values: pd.Series) -> pd.Series:
    """Return texts as a terminal may show them; those that are so already stay as they are."""
    kept = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
    odd = {text: printable(text) for text in kept.dropna().unique() if not text.isprintable()}
    if not odd:
        return values
    texts = values.astype(object).map(lambda text: odd.get(text, text))
    return texts.astype("category") if kept is not values else texts


def _expected(name: str) -> str:
    if name in _TEXTS:
        return "text"
    return "true and false" if name in _TRUTHS else "numbers"


def _holds(kind: pa.DataType) -> str:
    """Say in a word what a column of a type holds."""
    if pa.types.is_dictionary(kind):
        return _holds(kind.value_type)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "numbers"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "true and false"
    return "nothing" if pa.types.is_null(kind) else str(kind)


def _scores(schema: pa.Schema) -> list[str]:
    """Name the metric columns of a file, as a cure for one that is not there."""
    return [metric for metric in METRICS if metric in schema.names]
