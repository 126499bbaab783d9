"""Read a results file: its rows, and what it says of itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metrics import DEFAULT_PROTOCOL, METRICS, PROTOCOLS, Protocol, ProtocolError
from metrics.names import did_you_mean
from metrics.protocols import from_definition
from reports.data.labels import VARIANT, Note, matches, tell_apart
from reports.data.words import counted, printable

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
_REPEATED = (
    *("dataset", "split", "image", "label", "status", "device", "perturbation"),
    *dict.fromkeys((*ORIGINS, *VARIANT)),
)
_TEXTS = frozenset(
    (
        *_REPEATED,
        *("key", "protocol", "connectivity"),
        *("error", "labels_file", "facts", "run"),
    )
)
_NEVER_NULL = ("dataset", "split", "image", "label", "method", "status")
_COUNTS = ("n", "n_requested", "n_returned", "n_labels", "n_components", "time_repeats", "threads")
_LARGEST = 1e15  # beyond it squares of scores, and their sums, would leave what a float can hold
_TRUTHS = frozenset(("contended", "match_reached", "temporary"))

# What the metadata say of the runs, by the kind that it must be.
_SHAPES: Mapping[str, type] = {
    **dict.fromkeys(("runs", "metrics", "treatments", "parts", "folders", "made_by"), list),
    **dict.fromkeys(("machines", "annotators", "protocol"), dict),
}

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
    version = version_of(schema)
    if version is None:
        raise ResultsError(
            f"{path}: a Parquet file, but not one that `bench run` wrote, or one that another "
            f"program saved again; {_cure(path)}"
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
            f" {_cure(path)}"
        )
    try:
        run_facts(schema)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}; {_cure(path)}") from error
    return schema


def version_of(schema: pa.Schema) -> str | None:
    """Return the schema version that a Parquet file says it has, None if it is no results file."""
    found = (schema.metadata or {}).get(VERSION_KEY)
    return None if found is None else str(found.decode(errors="replace"))


def _cure(path: Path) -> str:
    """Say how to come by a results file that can be used."""
    folder = path.with_suffix(".run")
    if not folder.is_dir():
        return "give the path of a results file as `bench run` wrote it"
    return (
        f"move it away, and `bench run` with the same arguments writes it again from {folder.name}"
    )


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
    published : mapping of str to int
        By `Aligned.name`, how many images that data set split has as published.
    unrenewed : int
        Rows from before a ``--force`` that was interrupted, beside newer ones.
    machines : mapping of str to mapping
        What is known of each machine, by the id that rows have.
    apart : tuple of str
        What was kept apart or left out because it does not belong together; see `mixture`.
    """

    protocol: Protocol = DEFAULT_PROTOCOL
    annotators: Mapping[str, Mapping[str, tuple[float, float, float]]] = field(default_factory=dict)
    published: Mapping[str, int] = field(default_factory=dict)
    unrenewed: int = 0
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    apart: tuple[str, ...] = ()

    def images(self, name: str, number: int) -> str:
        """Say how many images a data set split has here, and of how many where that is more."""
        whole = self.published.get(name, number)
        part = f"{number} of " if number < whole else ""
        return part + counted(max(number, whole), "image")

    def part(self, name: str, number: int) -> str:
        """Say as an end of a title that only so many images of many are shown; else nothing."""
        partial = number < self.published.get(name, number)
        return f", {self.images(name, number)}" if partial else ""

    @property
    def mixed(self) -> str:
        """Say that rows from before and after an interrupted ``--force`` stand side by side."""
        if not self.unrenewed:
            return ""
        are, them = ("is", "it") if self.unrenewed == 1 else ("are", "them")
        return (
            f"{counted(self.unrenewed, 'row')} {are} from before an interrupted "
            f"`bench run --force`, beside newer ones; the same command renews {them}"
        )

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
    """Return all that a results file says of its runs and its scoring.

    Raises
    ------
    ResultsError
        If another program changed it beyond recognition; the message does not know the file.
    """
    try:
        facts = json.loads((schema.metadata or {}).get(RUN_KEY, b"{}"))
    except ValueError:
        facts = None
    name = RUN_KEY.decode()
    if not isinstance(facts, dict):
        raise ResultsError(f"its metadata {name} are no JSON object: another program changed them")
    for key, kind in _SHAPES.items():
        if not isinstance(facts.get(key, kind()), kind):
            raise ResultsError(
                f"its metadata {name} have no {kind.__name__} as {key}: another program changed "
                "them"
            )
    if not all(isinstance(run, dict) for key in ("runs", "made_by") for run in facts.get(key, ())):
        raise ResultsError(f"its metadata {name} have runs that are no objects")
    return facts


def _facts(schema: pa.Schema, path: Path) -> Facts:
    stored = run_facts(schema)
    groups = stored.get("annotators", {}).items()
    try:
        unrenewed = int(stored.get("unrenewed", 0))
        protocol = from_definition(stored["protocol"]) if "protocol" in stored else DEFAULT_PROTOCOL
        reached = {
            name: {id: _three(values) for id, values in group["metrics"].items()}
            for name, group in groups
        }
    except (ProtocolError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise ResultsError(
            f"{path}: its metadata cannot be used ({error}); use the version of bench that wrote "
            f"the file, or {_cure(path)}"
        ) from error
    published = {
        run["dataset"]: run["images_of"] for run in stored.get("runs", ()) if run.get("images_of")
    }
    return Facts(protocol, reached, published, unrenewed, stored.get("machines", {}))


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    low, mean, high = map(float, values)
    return low, mean, high


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
    _check_columns(schema, wanted, path)
    present = [name for name in wanted if name in schema.names]
    pairs = _facts(schema, path).protocol.annotators == "pairs"
    lists = [m for m in wanted if pairs and f"{m}_by_annotator" in schema.names]
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in _REPEATED if c in present])
        table = file.read(columns=[*present, *(f"{metric}_by_annotator" for metric in lists)])
        frame: pd.DataFrame = table.select(present).to_pandas().reindex(columns=wanted)
    except (pa.ArrowInvalid, OSError) as error:
        raise ResultsError(
            f"{path}: damaged ({' '.join(str(error).split())}); "
            "`bench run` with the same arguments writes it again from its .run folder"
        ) from error
    for metric in lists:
        values = table[f"{metric}_by_annotator"].combine_chunks()
        frame[pairs_column(metric)] = _count_defined(values)
    _check_values(frame, path)
    if "n" in frame:
        frame["n"] = frame["n"].astype(float)
    if "contended" in frame:
        frame["contended"] = frame["contended"].fillna(True).astype(bool)  # unknown is no proof
    return frame


def _check_columns(schema: pa.Schema, wanted: Iterable[str], path: Path) -> None:
    """Refuse a file that lacks a column, or has something else in it."""
    may_lack = LATER[version_of(schema) or SCHEMA_VERSION]
    for name in wanted:
        if name in schema.names:
            kind = _holds(schema.field(name).type)
            expected = _expected(name)
            if kind not in (expected, "nothing"):
                raise ResultsError(
                    f"{path}: column {name!r} holds {kind} instead of {expected}, as another "
                    f"program saved it; {_cure(path)}"
                )
        elif name in METRICS and name not in COLUMNS:
            raise ResultsError(
                f"{path}: no column {name!r}; the scores in it are {', '.join(_scores(schema))}; "
                f"`bench rescore` with --metrics default,{name} adds it"
            )
        elif name not in may_lack:
            raise ResultsError(
                f"{path}: no column {name!r}, which another program left out; {_cure(path)}"
            )


def _check_values(frame: pd.DataFrame, path: Path) -> None:
    """Refuse values that no run writes; texts that a terminal would obey are made harmless."""
    for name in frame:
        if name in _TEXTS:
            wrong = _wrong_text(str(name), frame[name])
            frame[name] = _printable(frame[name])
        else:
            wrong = "" if name in _TRUTHS else _wrong_number(str(name), frame[name])
        if wrong:
            raise ResultsError(
                f"{path}: column {name!r} has {wrong}, which no run writes; {_cure(path)}"
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
        wrong |= numbers < 0
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


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of images as they are: perturbed ones are in no mean with them."""
    perturbed = frame["perturbation"].notna()
    return frame[~perturbed] if perturbed.any() else frame


def load_scores(
    path: Path,
    wanted: Sequence[str],
    extra: Sequence[str] = (),
    facts: Sequence[str] = (),
    perturbed: bool = False,
) -> pd.DataFrame:
    """Load wanted metrics, and extra ones that the file has; drop those without a value.

    `facts` are more columns of each cell. Rows of perturbed images are left out unless they are
    wanted, too.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, or no value of any wanted metric.
    """
    stored = check_results(path).names
    extra = [metric for metric in extra if metric in stored and metric not in wanted]
    every = load(path, (*COLUMNS, *facts, *wanted, *extra))
    frame = clean(every)
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
    return (every if perturbed else frame).drop(columns=empty)


def choose_labels(
    frame: pd.DataFrame,
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None = None,
    known: Collection[str] = (),
    on_note: Note = lambda _: None,
) -> pd.DataFrame:
    """Keep the rows whose label matches a pattern of `only` and none of `without`; rename them.

    Parameters
    ----------
    frame : DataFrame
        Rows with label; with `VARIANT` as well, labels are first made unique (see `tell_apart`).
    only, without : sequence of str
        Patterns of labels, as they are before they are renamed; case is ignored.
    rename : mapping of str to str, optional
        Labels to be, by those there are.
    known : collection of str
        Labels of another file, which `rename` may name as well.
    on_note : callable, optional
        Gets a line on each label that is not as it stands in the file.

    Raises
    ------
    ResultsError
        If no label is left, there is none of a name to rename, or two would have one name.
    """
    frame = tell_apart(frame, on_note)
    labels = [str(label) for label in frame["label"].unique()]
    renamed = _check(rename or {}, labels, known)
    chosen = [label for label in labels if matches(label, only) and not matches(label, without)]
    if not chosen:
        raise ResultsError(
            f"no label is left of {', '.join(sorted(labels))}; change --only or --without"
        )
    for pattern in (*only, *without):
        if pattern != "*" and not any(matches(label, [pattern]) for label in labels):
            hint = did_you_mean(pattern, labels)
            on_note(f"no label is like {pattern!r}" + (f"; {hint}" if hint else ""))
    kept = frame[frame["label"].isin(chosen)]
    return _rename(kept, chosen, renamed) if renamed else kept


def labels_in(path: Path) -> set[str]:
    """Return the labels of a results file, as `choose_labels` knows them.

    Raises
    ------
    ResultsError
        If the file cannot be used.
    """
    return set(tell_apart(load(path, (*VARIANT, "label")))["label"].unique())


# --- renaming ----------------------------------------------------------------------------------


def _check(
    rename: Mapping[str, str], labels: Collection[str], known: Collection[str]
) -> dict[str, str]:
    """Return the new labels by those that are meant, whatever their case."""
    found = {}
    everywhere = sorted({*labels, *known})
    for old, new in rename.items():
        same = [label for label in everywhere if label.casefold() == old.casefold()]
        meant = old if old in everywhere else same[0] if len(same) == 1 else None
        if meant is None:
            hint = did_you_mean(old, everywhere) or f"there are {', '.join(everywhere)}"
            raise ResultsError(f"--rename: no label {old!r}; {hint}")
        found[meant] = new
    return found


def _rename(frame: pd.DataFrame, labels: Sequence[str], renamed: Mapping[str, str]) -> pd.DataFrame:
    after: dict[str, str] = {}
    for label in labels:
        other = after.setdefault(renamed.get(label, label), label)
        if other != label:
            raise ResultsError(
                f"--rename: {other!r} and {label!r} would both be {renamed.get(label, label)!r};"
                " give each a name of its own, or leave one out (--without)"
            )
    return frame.assign(label=frame["label"].astype(object).map(lambda it: renamed.get(it, it)))
