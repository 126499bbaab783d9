"""Read the rows of a results file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reports.data.facts import facts_of
from reports.data.labels import IS_MINE, IS_MINE_FIELD
from reports.data.schema import (
    COLUMNS,
    REPEATED,
    ResultsError,
    check_columns,
    check_results,
    check_values,
)

Floats = npt.NDArray[np.float64]


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
        Those of `ORIGINS` that the file lacks are null. With the label comes `labels.IS_MINE`,
        if the file has it as joining writes it.

    Raises
    ------
    ResultsError
        If the file cannot be used (see `check_results`) or lacks one of the columns.
    """
    schema = check_results(path)
    wanted = list(dict.fromkeys(columns))
    check_columns(schema, wanted, path)
    wanted += [IS_MINE] if "label" in wanted and _is_joined(schema) else []
    present = [name for name in wanted if name in schema.names]
    pairs = facts_of(schema, path).protocol.annotators == "pairs"
    lists = [m for m in wanted if pairs and f"{m}_by_annotator" in schema.names]
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in REPEATED if c in present])
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
    check_values(frame, path)
    if "n" in frame:
        frame["n"] = frame["n"].astype(float)
    if "contended" in frame:
        frame["contended"] = frame["contended"].fillna(True).astype(bool)  # unknown is no proof
    return frame


def _is_joined(schema: pa.Schema) -> bool:
    """Tell whether joining wrote which rows are one's own; another program's column counts not."""
    if IS_MINE not in schema.names:
        return False
    return bool(IS_MINE_FIELD.metadata.items() <= (schema.field(IS_MINE).metadata or {}).items())


def pairs_column(metric: str) -> str:
    """Name the column of the number of annotators that a cell has a value of a metric for."""
    return f"{metric}_pairs"


def _count_defined(lists: pa.ListArray) -> Floats:
    """Count the values of each list that are neither null nor NaN; a null list has none."""
    defined = pc.fill_null(pc.is_finite(pc.list_flatten(lists)), False).to_numpy(False)
    owners = pc.list_parent_indices(lists).to_numpy()
    return np.bincount(owners[defined], minlength=len(lists)).astype(float)


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
