"""Bring results into the shape that statistics need: images x points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.data.labels import matches, own_labels
from reports.data.mixture import refuse_mixtures, time_mixture
from reports.data.results import Floats, dataset_name, pairs_column
from reports.data.schema import STATUSES, ResultsError
from reports.data.words import number

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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
        Per metric id, ``pieces`` (connected ones to a label), and ``time_s`` of uncontended cells
        alone; NaN where there is no value.
    weights : mapping of str to (I, C) array
        Per metric id, what each image weighs in a mean over images: its number of annotators
        under a protocol that takes every pair of image and annotator for a sample. A metric that
        is not in it weighs all images the same.
    times_differ : str
        Why there is no ``time_s``, if the times that there are do not compare with each other.
    mine : frozenset of str, optional
        The labels of one's own, where others' are beside them.
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
    weights: Mapping[str, Floats] = field(default_factory=dict)
    times_differ: str = ""
    mine: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """The data set and its split, as people write it: ``bsds500/test``."""
        return dataset_name(self.dataset, self.split)

    @property
    def returned(self) -> Floats:
        """The (I, C) counts; NaN where some seeds of the image failed."""
        return np.where(self.partial, np.nan, self.scores["n_labels"])

    def named(self, patterns: Iterable[str]) -> list[str]:
        """Return the labels that match a pattern, each once; see `labels.matches`."""
        return [it for it in dict.fromkeys(self.labels) if matches(it, patterns, self.mine)]

    def of_images(self, chosen: Flags) -> Aligned:
        """Keep some images, those True in an (I,) array; `cells` still counts those of all."""
        return replace(
            self,
            images=tuple(np.array(self.images, dtype=object)[chosen]),
            partial=self.partial[chosen],
            ran=self.ran[chosen],
            scores={score: values[chosen] for score, values in self.scores.items()},
            weights={metric: mass[chosen] for metric, mass in self.weights.items()},
        )

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


PIECES = "pieces"  # the score that says how many connected pieces there are to a label


def align(frame: pd.DataFrame, scores: Sequence[str]) -> list[Aligned]:
    """Sort rows into images x points, one `Aligned` per data set split.

    Parameters
    ----------
    frame : DataFrame
        Rows with `COLUMNS` and the columns of `scores`, as `load` reads them: a column
        ``<metric>_pairs`` makes the weights of that metric.
    scores : sequence of str
        Metric ids.

    Raises
    ------
    ResultsError
        If one label stands for different parameters, so that two rows claim the same place, or if
        rows do not belong together (see `mixture.find_mixtures`).
    """
    refuse_mixtures(frame)
    groups = frame.groupby(["dataset", "split"], observed=True, sort=True)
    return [_align(str(dataset), str(split), part, scores) for (dataset, split), part in groups]


def _align(dataset: str, split: str, part: pd.DataFrame, scores: Sequence[str]) -> Aligned:
    part = part.assign(**{PIECES: part.get("n_components", np.nan) / part["n_labels"]})
    label = labels_by_device(part)
    points = part.groupby([label, part["n"]], dropna=False, sort=True)
    point = points.ngroup().to_numpy()
    keys = points.size().index
    image, images = pd.factorize(part["image"].astype(object), sort=True)
    _refuse_twins(part, label, point, image)

    shape = (len(images), len(keys))
    size = shape[0] * shape[1]
    place = image * shape[1] + point
    status = pd.Categorical(part["status"], categories=STATUSES).codes
    ok = status == STATUSES.index("ok")
    cells = np.bincount(point * len(STATUSES) + status, minlength=shape[1] * len(STATUSES))
    timed = timed_alone(part)
    times_differ = time_mixture(part.assign(label=label)[timed])
    if times_differ:
        timed = np.zeros_like(timed)

    def seed_mean(column: str, rows: Flags, weights: Floats | None = None) -> Floats:
        values = part[column].to_numpy(dtype=float, na_value=np.nan)
        kept = rows & np.isfinite(values)
        mass = np.ones(kept.sum()) if weights is None else weights[kept]
        total = np.bincount(place[kept], values[kept] * mass, minlength=size)
        return _quotient(total, np.bincount(place[kept], mass, minlength=size)).reshape(shape)

    weighted = {m: pairs_column(m) for m in scores if pairs_column(m) in part}
    pairs = {m: part[column].to_numpy(dtype=float) for m, column in weighted.items()}
    seeds_asked = np.bincount(place, minlength=size).reshape(shape)
    seeds_ok = np.bincount(place[ok], minlength=size).reshape(shape)
    return Aligned(
        dataset=dataset,
        split=split,
        images=tuple(str(name) for name in images),
        labels=tuple(str(key) for key in keys.get_level_values(0)),
        ns=keys.get_level_values(1).to_numpy(dtype=float),
        cells=cells.reshape(shape[1], len(STATUSES)),
        partial=(seeds_ok > 0) & (seeds_ok < seeds_asked),
        ran=seeds_ok > 0,
        scores={name: seed_mean(name, ok, pairs.get(name)) for name in ("n_labels", *scores)}
        | {PIECES: seed_mean(PIECES, ok)}
        | {"time_s": seed_mean("time_s", timed)},
        weights={
            metric: np.nan_to_num(seed_mean(column, ok & part[metric].notna().to_numpy()))
            for metric, column in weighted.items()
        },
        times_differ=times_differ,
        mine=own_labels(part.assign(label=label)),
    )


def timed_alone(part: pd.DataFrame) -> Flags:
    """Choose the rows with uncontended times, and repeated ones alone if there are any.

    `bench run --timing` repeats each cell on one core; single runs do not compare with that.
    Whether the others do is for `mixture.time_mixture` to say.

    Parameters
    ----------
    part : DataFrame
        Rows with `COLUMNS`, of one data set split.

    Returns
    -------
    (rows,) bool array
        True only where the cell ended ok and has a time.
    """
    timed = (part["status"] == "ok") & part["time_s"].notna() & ~part["contended"]
    alone: Flags = timed.to_numpy(dtype=bool)
    repeated: Flags = alone & (part["time_repeats"].to_numpy() > 1)
    return repeated if repeated.any() else alone


def labels_by_device(part: pd.DataFrame) -> pd.Series[str]:
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
        raise ResultsError(twins_message(part.assign(label=label)[twins].iloc[0]))


def twins_message(row: pd.Series[Any]) -> str:
    """Say that there is more than one row of the image, label, n and seed of this one."""
    return (
        f"label {row['label']!r} has more than one row for image {row['image']!r}, "
        f"n {number(row['n'])}, seed {row['seed']}: it stands for different parameters, versions "
        "or devices; leave it out (--without), or write them to separate files (--out)"
    )


def coverage(aligned: Aligned, score: str) -> pd.DataFrame:
    """Say what the value of a score at each point is over.

    Returns
    -------
    DataFrame
        One row per point: label; n (NaN if none was asked); images, how many have a value;
        missing, how many more should; count, the mean number of superpixels on the same images,
        which weigh as in the mean of the score.
    """
    found = np.isfinite(aligned.scores[score])
    return pd.DataFrame(
        {
            "label": aligned.labels,
            "n": aligned.ns,
            "images": found.sum(axis=0),
            "missing": aligned.missing(score).sum(axis=0),
            "count": mean_of(aligned.scores["n_labels"], found, aligned.weights.get(score)),
        }
    )


def mean_of(values: Floats, chosen: Flags, weights: Floats | None = None) -> Floats:
    """Average each column over the chosen rows; NaN where none is chosen."""
    mass = chosen if weights is None else np.where(chosen, weights, 0.0)
    total = np.where(chosen, values if weights is None else values * mass, 0.0).sum(axis=0)
    return _quotient(total, mass.sum(axis=0))


def _quotient(total: npt.NDArray[np.number], number: npt.NDArray[np.number]) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    quotient: Floats = np.full(total.shape, np.nan)
    np.divide(total, number, out=quotient, where=number > 0)
    return quotient
