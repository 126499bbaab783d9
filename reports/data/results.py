"""Read a results file: its rows, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metrics import DEFAULT_PROTOCOL, METRICS, PROTOCOLS, Protocol, ProtocolError
from metrics.protocols import from_definition

SCHEMA_VERSION = "2"
VERSION_KEY = b"superpixel_bench.schema"
RUN_KEY = b"superpixel_bench.run"

STATUSES = ("ok", "failed", "timeout", "crashed", "invalid", "skipped")
# What says whether rows belong together; files of earlier versions lack some of these.
ORIGINS = ("content", "method", "version", "params", "suite", "machine")
COLUMNS = (
    *("dataset", "split", "image", "label", "n", "seed", "status", "n_labels"),
    *("time_s", "time_repeats", "contended", "device", "threads"),
    *ORIGINS,
)
_REPEATED = ("dataset", "split", "image", "label", "status", "device", *ORIGINS)

Floats = npt.NDArray[np.float64]


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
    found = (schema.metadata or {}).get(VERSION_KEY)
    if found is None:
        raise ResultsError(
            f"{path}: a Parquet file, but not one that `bench run` wrote; "
            "give the path of a results file"
        )
    if found != SCHEMA_VERSION.encode():
        raise ResultsError(
            f"{path}: schema version {found.decode(errors='replace')}, but this version of bench "
            f"reads {SCHEMA_VERSION}; run it again, or use the version of bench that wrote it"
        )
    return schema


@dataclass(frozen=True)
class Facts:
    """What is true of a whole results file, as far as figures and tables need it.

    Attributes
    ----------
    protocol : Protocol
        What it was scored under.
    annotators : mapping of str to mapping
        By `Aligned.name`, then by metric id: how annotators score against each other, means over
        images of the lowest, the mean and the highest annotator. Empty where it is not known.
    machines : mapping of str to mapping
        What is known of each machine, by the id that rows have.
    apart : tuple of str
        What was kept apart or left out because it does not belong together; see `mixture`.
    """

    protocol: Protocol = DEFAULT_PROTOCOL
    annotators: Mapping[str, Mapping[str, tuple[float, float, float]]] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    apart: tuple[str, ...] = ()

    @property
    def under(self) -> str:
        """Name the protocol as an end of a heading; nothing for the usual one.

        Unconnected labels may have been treated otherwise than the protocol of that name says.
        """
        if self.protocol == DEFAULT_PROTOCOL:
            return ""
        name = self.protocol.name
        changed = name in PROTOCOLS and self.protocol != PROTOCOLS[name]
        treated = f" (connectivity {self.protocol.connectivity})" if changed else ""
        return f", protocol {name}{treated}"

    @property
    def samples(self) -> str:
        """What means are over, in words."""
        pairs = self.protocol.annotators == "pairs"
        return "pairs of image and annotator" if pairs else "images"


def file_facts(path: Path) -> Facts:
    """Read the facts of a results file; what it does not say is as under the default protocol.

    Raises
    ------
    ResultsError
        If the file cannot be used (see `check_results`).
    """
    return _facts(check_results(path), path)


def run_facts(schema: pa.Schema) -> dict[str, Any]:
    """Return all that a results file says of its runs and its scoring."""
    facts: dict[str, Any] = json.loads((schema.metadata or {}).get(RUN_KEY, b"{}"))
    return facts


def _facts(schema: pa.Schema, path: Path) -> Facts:
    stored = run_facts(schema)
    groups = stored.get("annotators", {}).items()
    try:
        protocol = from_definition(stored["protocol"]) if "protocol" in stored else DEFAULT_PROTOCOL
    except ProtocolError as error:
        raise ResultsError(
            f"{path}: {error}; use the version of bench that wrote the file"
        ) from error
    return Facts(
        protocol,
        {name: {id: tuple(v) for id, v in group["metrics"].items()} for name, group in groups},
        stored.get("machines", {}),
    )


def dataset_name(dataset: str, split: str) -> str:
    """Return a data set and its split as people write it: ``bsds500/test``."""
    return "/".join(part for part in (dataset, split) if part)


def load(path: Path, columns: Iterable[str] = COLUMNS) -> pd.DataFrame:
    """Read the named columns of a results file; the rest, lists above all, stays on disk.

    Parameters
    ----------
    path : Path
        A results file.
    columns : iterable of str
        Columns to read; each once, however often it is named.

    Returns
    -------
    DataFrame
        One row per cell. Strings that repeat are categories, ``n`` is a float, NaN for null.
        Under a protocol whose samples are pairs of image and annotator there is one column more
        for each metric with values by annotator, ``<metric>_pairs``: how many are defined.
        Those of `ORIGINS` that the file lacks are null.

    Raises
    ------
    ResultsError
        If the file cannot be used (see `check_results`) or lacks one of the columns.
    """
    schema = check_results(path)
    wanted = list(dict.fromkeys(columns))
    absent = [name for name in wanted if name in ORIGINS and name not in schema.names]
    wanted = [name for name in wanted if name not in absent]
    lacking = [name for name in wanted if name not in schema.names]
    if lacking:
        raise ResultsError(
            f"{path}: no column {lacking[0]!r}; the scores in it are {', '.join(_scores(schema))}"
        )
    pairs = _facts(schema, path).protocol.annotators == "pairs"
    lists = [m for m in wanted if pairs and f"{m}_by_annotator" in schema.names]
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in _REPEATED if c in wanted])
        table = file.read(columns=[*wanted, *(f"{metric}_by_annotator" for metric in lists)])
        frame: pd.DataFrame = table.select(wanted).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise ResultsError(
            f"{path}: damaged ({' '.join(str(error).split())}); "
            "`bench run` with the same arguments writes it again from its .run folder"
        ) from error
    for metric in lists:
        values = table[f"{metric}_by_annotator"].combine_chunks()
        frame[pairs_column(metric)] = _count_defined(values)
    frame[absent] = None
    if "n" in frame:
        frame["n"] = frame["n"].astype(float)
    if "contended" in frame:
        frame["contended"] = frame["contended"].fillna(True).astype(bool)  # unknown is no proof
    return frame


def pairs_column(metric: str) -> str:
    """Name the column of the number of annotators that a cell has a value of a metric for."""
    return f"{metric}_pairs"


def _count_defined(lists: pa.ListArray) -> Floats:
    """Count the values of each list that are neither null nor NaN; a null list has none."""
    defined = pc.fill_null(pc.is_finite(pc.list_flatten(lists)), False).to_numpy(False)
    owners = pc.list_parent_indices(lists).to_numpy()
    return np.bincount(owners[defined], minlength=len(lists)).astype(float)


def _scores(schema: pa.Schema) -> list[str]:
    """Name the metric columns of a file, as a cure for one that is not there."""
    return [metric for metric in METRICS if metric in schema.names]


def load_scores(path: Path, wanted: Sequence[str], extra: Sequence[str] = ()) -> pd.DataFrame:
    """Load wanted metrics, and extra ones that the file has; drop those without a value.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, or no value of any wanted metric.
    """
    stored = check_results(path).names
    extra = [metric for metric in extra if metric in stored and metric not in wanted]
    frame = load(path, (*COLUMNS, *wanted, *extra))
    ok = frame["status"] == "ok"
    if not ok.any():
        counts = frame["status"].value_counts()
        ends = ", ".join(f"{cells} {status}" for status, cells in counts.items() if cells)
        raise ResultsError(
            f"{path}: no cell ended ok ({ends or 'no rows at all'}); the column `error` says "
            "why, and `bench run ... --retry-failed` tries them again"
        )
    empty = [metric for metric in (*wanted, *extra) if not frame.loc[ok, metric].notna().any()]
    if set(wanted) <= set(empty):
        raise ResultsError(
            f"{path}: no cell has a value of {', '.join(wanted)} (undefined on these images, or "
            "slow and not computed); choose other --metrics"
        )
    return frame.drop(columns=empty)


def choose_labels(frame: pd.DataFrame, only: Sequence[str], without: Sequence[str]) -> pd.DataFrame:
    """Keep the rows whose label matches a pattern of `only` and none of `without`.

    Raises
    ------
    ResultsError
        If no label is left.
    """
    labels = [str(label) for label in frame["label"].unique()]
    chosen = [label for label in labels if _matches(label, only) and not _matches(label, without)]
    if not chosen:
        raise ResultsError(
            f"no label is left of {', '.join(sorted(labels))}; change --only or --without"
        )
    return frame[frame["label"].isin(chosen)]


def _matches(label: str, patterns: Sequence[str]) -> bool:
    # A label such as SLIC[sigma=1] is meant as it stands, too; brackets are no character classes.
    escaped = (pattern.casefold().replace("[", "[[]") for pattern in patterns)
    return any(fnmatchcase(label.casefold(), pattern) for pattern in escaped)
