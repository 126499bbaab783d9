"""Read a results file and bring it into the shape that statistics need: images x points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from metrics import METRICS
from reports.stats import bootstrap_interval

SCHEMA_VERSION = "1"
VERSION_KEY = b"superpixel_bench.schema"

STATUSES = ("ok", "failed", "timeout", "crashed", "invalid", "skipped")
COLUMNS = (
    *("dataset", "split", "image", "label", "n", "seed", "status", "n_labels"),
    *("time_s", "time_repeats", "contended", "device", "threads"),
)
_REPEATED = ("dataset", "split", "image", "label", "status", "device")

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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

    Raises
    ------
    ResultsError
        If the file cannot be used (see `check_results`) or lacks one of the columns.
    """
    schema = check_results(path)
    wanted = list(dict.fromkeys(columns))
    lacking = [name for name in wanted if name not in schema.names]
    if lacking:
        raise ResultsError(
            f"{path}: no column {lacking[0]!r}; the scores in it are {', '.join(_scores(schema))}"
        )
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in _REPEATED if c in wanted])
        frame: pd.DataFrame = file.read(columns=wanted).to_pandas()[wanted]
    except (pa.ArrowInvalid, OSError) as error:
        raise ResultsError(
            f"{path}: damaged ({' '.join(str(error).split())}); "
            "`bench run` with the same arguments writes it again from its .run folder"
        ) from error
    if "n" in frame:
        frame["n"] = frame["n"].astype(float)
    if "contended" in frame:
        frame["contended"] = frame["contended"].fillna(True).astype(bool)  # unknown is no proof
    return frame


def _scores(schema: pa.Schema) -> list[str]:
    """Name the metric columns of a file, as a cure for one that is not there."""
    return [metric for metric in METRICS if metric in schema.names]


@dataclass(frozen=True, eq=False)
class Aligned:
    """The results on one data set split: images in rows, points (label, n) in columns.

    The seeds of an image are averaged, because the image is the unit of every interval.

    Attributes
    ----------
    dataset, split : str
        Where the images are from.
    images : tuple of str
        The I images that any cell asked for.
    labels : tuple of str
        The label of each of the C points, sorted; within a label n ascends.
    ns : (C,) array
        The asked count of each point; NaN where none was asked.
    cells : (C, 6) array
        Number of cells (image x seed) by status, in the order of `STATUSES`.
    partial : (I, C) bool array
        Whether some seeds of the image ended ok and others did not.
    ran : (I, C) bool array
        Whether any seed of the image ended ok.
    scores : mapping of str to (I, C) array
        Per metric id, and ``time_s`` of uncontended cells alone; NaN where there is no value.
    """

    dataset: str
    split: str
    images: tuple[str, ...]
    labels: tuple[str, ...]
    ns: Floats
    cells: Counts
    partial: Flags
    ran: Flags
    scores: Mapping[str, Floats]

    @property
    def name(self) -> str:
        """The data set and its split, as people write it: ``bsds500/test``."""
        return "/".join(part for part in (self.dataset, self.split) if part)

    def missing(self, score: str) -> Flags:
        """Tell where a value is missing that other points, or the data set, call for.

        A score that is undefined on an image whatever the label map (say, an annotation without
        a boundary) is missing for nobody. A mean over some of the seeds only counts as missing:
        whoever fails on hard seeds would otherwise gain by it.

        Returns
        -------
        (I, C) bool array
        """
        found: Flags = np.isfinite(self.scores[score])
        undefined = self.ran.any(axis=1, keepdims=True) & ~found.any(axis=1, keepdims=True)
        return (~found & ~undefined) | self.partial


def align(frame: pd.DataFrame, scores: Sequence[str]) -> list[Aligned]:
    """Sort rows into images x points, one `Aligned` per data set split.

    Parameters
    ----------
    frame : DataFrame
        Rows with `COLUMNS` and the columns of `scores`.
    scores : sequence of str
        Metric ids.

    Raises
    ------
    ResultsError
        If one label stands for different parameters, so that two rows claim the same place.
    """
    groups = frame.groupby(["dataset", "split"], observed=True, sort=True)
    return [_align(str(dataset), str(split), part, scores) for (dataset, split), part in groups]


def _align(dataset: str, split: str, part: pd.DataFrame, scores: Sequence[str]) -> Aligned:
    label = _labels_by_device(part)
    points = part.groupby([label, part["n"]], dropna=False, sort=True)
    point = points.ngroup().to_numpy()
    keys = points.size().index
    image, images = pd.factorize(part["image"].astype(object), sort=True)
    _refuse_twins(part, label, point, image)

    shape = (len(images), len(keys))
    place = image * shape[1] + point
    status = pd.Categorical(part["status"], categories=STATUSES).codes
    ok = status == STATUSES.index("ok")
    cells = np.bincount(point * len(STATUSES) + status, minlength=shape[1] * len(STATUSES))
    timed = _comparable_times(part, ok)

    def seed_mean(column: str, rows: Flags) -> Floats:
        values = part[column].to_numpy(dtype=float, na_value=np.nan)
        kept = rows & np.isfinite(values)
        total = np.bincount(place[kept], values[kept], minlength=shape[0] * shape[1])
        seeds = np.bincount(place[kept], minlength=shape[0] * shape[1])
        return _quotient(total, seeds).reshape(shape)

    seeds_asked = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    seeds_ok = np.bincount(place[ok], minlength=shape[0] * shape[1]).reshape(shape)
    return Aligned(
        dataset=dataset,
        split=split,
        images=tuple(str(name) for name in images),
        labels=tuple(str(key) for key in keys.get_level_values(0)),
        ns=keys.get_level_values(1).to_numpy(dtype=float),
        cells=cells.reshape(shape[1], len(STATUSES)),
        partial=(seeds_ok > 0) & (seeds_ok < seeds_asked),
        ran=seeds_ok > 0,
        scores={name: seed_mean(name, ok) for name in ("n_labels", *scores)}
        | {"time_s": seed_mean("time_s", timed)},
    )


def _comparable_times(part: pd.DataFrame, ok: Flags) -> Flags:
    """Choose the rows whose times compare: uncontended, and repeated ones alone if there are any.

    `bench run --timing` repeats each cell on one core; single runs do not compare with that.
    """
    alone: Flags = ok & ~part["contended"].to_numpy(dtype=bool)
    repeated: Flags = alone & (part["time_repeats"].to_numpy() > 1)
    return repeated if repeated.any() else alone


def _labels_by_device(part: pd.DataFrame) -> pd.Series[str]:
    """Return the labels, with the device added to those that ran on more than one.

    Device is no part of a label, but neither times nor networks' scores may be mixed over it.
    """
    label = part["label"].astype(object)
    pairs = part[["label", "device"]].drop_duplicates()
    mixed = set(pairs.loc[pairs["label"].duplicated(), "label"])
    if mixed:
        on_many = label.isin(mixed)
        label = label.mask(on_many, label + " (" + part["device"].astype(object) + ")")
    return label.rename("label")


def _refuse_twins(
    part: pd.DataFrame,
    label: pd.Series[str],
    point: npt.NDArray[np.integer],
    image: npt.NDArray[np.integer],
) -> None:
    cells = pd.DataFrame({"point": point, "image": image, "seed": part["seed"].to_numpy()})
    twins = cells.duplicated().to_numpy()
    if twins.any():
        first = part[twins].iloc[0]
        raise ResultsError(
            f"label {label[twins].iloc[0]!r} has more than one row for image {first['image']!r}, "
            f"n {first['n']:g}, seed {first['seed']}: it stands for different parameters or "
            "versions; write them to separate files (--out) and plot each"
        )


def coverage(aligned: Aligned, score: str) -> pd.DataFrame:
    """Say what the value of a score at each point is over.

    Returns
    -------
    DataFrame
        One row per point: label; n (NaN if none was asked); images, how many have a value;
        missing, how many more should; count, the mean number of superpixels on the same images.
    """
    found = np.isfinite(aligned.scores[score])
    return pd.DataFrame(
        {
            "label": aligned.labels,
            "n": aligned.ns,
            "images": found.sum(axis=0),
            "missing": aligned.missing(score).sum(axis=0),
            "count": _mean(aligned.scores["n_labels"], found),
        }
    )


def aggregate(aligned: Aligned, metrics: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Average metrics over the images of each point, with 95 % bootstrap intervals.

    Returns
    -------
    dict of str to DataFrame
        By metric id: the columns of `coverage`, then value, the mean; low, high, the ends of the
        interval, NaN for fewer than two images.
    """
    width = len(aligned.labels)
    bounds = bootstrap_interval(np.hstack([aligned.scores[metric] for metric in metrics]))
    tables = {}
    for i, metric in enumerate(metrics):
        values = aligned.scores[metric]
        low, high = (ends[i * width : (i + 1) * width] for ends in bounds)
        mean = _mean(values, np.isfinite(values))
        tables[metric] = coverage(aligned, metric).assign(value=mean, low=low, high=high)
    return tables


def quartiles(aligned: Aligned) -> pd.DataFrame:
    """Return the median and the quartiles of the seconds per image, uncontended cells only.

    Returns
    -------
    DataFrame
        The columns of `aggregate`: value is the median, low and high are the quartiles.
    """
    values = aligned.scores["time_s"]
    found = np.full((3, values.shape[1]), np.nan)
    known = np.isfinite(values).any(axis=0)
    found[:, known] = np.nanquantile(values[:, known], (0.25, 0.5, 0.75), axis=0)
    low, median, high = found
    return coverage(aligned, "time_s").assign(value=median, low=low, high=high)


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the figures and tables of one data set split show.

    Attributes
    ----------
    aligned : Aligned
        The results themselves.
    points : mapping of str to DataFrame
        By metric id, in the order asked for, what `aggregate` returns.
    times : DataFrame
        What `quartiles` returns.
    """

    aligned: Aligned
    points: Mapping[str, pd.DataFrame]
    times: pd.DataFrame

    @property
    def timed(self) -> bool:
        """Whether any cell was timed without others beside it."""
        return bool((self.times["images"] > 0).any())


def analyse(aligned: Aligned, metrics: Sequence[str]) -> Analysis:
    """Aggregate the metrics and the times of one data set split."""
    return Analysis(aligned, aggregate(aligned, metrics), quartiles(aligned))


def _mean(values: Floats, chosen: Flags) -> Floats:
    """Average each column over the chosen rows; NaN where none is chosen."""
    total = np.where(chosen, values, 0.0).sum(axis=0)
    number = chosen.sum(axis=0)
    return _quotient(total, number)


def _quotient(total: npt.NDArray[np.number], number: npt.NDArray[np.integer]) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    quotient: Floats = np.full(total.shape, np.nan)
    np.divide(total, number, out=quotient, where=number > 0)
    return quotient
