"""What a perturbation of the image costs: differences of scores paired by image, and stability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import labels_by_device
from reports.data.perturbed import PERTURBATION, STABILITY
from reports.data.words import few
from reports.statistics.intervals import mean_interval

MOVED = 0.1  # of the returned count; less is as methods are taken to have returned about n
_POINT = ["dataset", "split", "label", "n", PERTURBATION]
_OF_IMAGE = ["dataset", "split", "label", "n", "image"]
HEADS = (
    *("dataset", "split", "label", "n", PERTURBATION, "metric"),
    *("clean", "perturbed", "loss", "low", "high", "images", "missing"),
    *("count", "count_perturbed"),
)
_COUNT = "n_labels"


def losses(frame: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Compare the scores on perturbed images with those on the same images as they are.

    Parameters
    ----------
    frame : DataFrame
        Rows of both, with `COLUMNS`, the metrics and ``stability``.
    metrics : sequence of str
        Metric ids.

    Returns
    -------
    DataFrame
        One row per label, n, perturbation and metric: `HEADS`. The means are over the images (and
        the seeds of each) that have both; loss is clean - perturbed where more is better or
        neither, perturbed - clean where less is better, so that more of it is worse; low and high
        are its 95 % interval. missing counts the images with a clean score that lack a perturbed
        one. count and count_perturbed are the mean returned counts on the images that have both:
        scores improve with them alone. Of the metric ``stability``, the adjusted Rand index of the
        two label maps with geometry undone, perturbed is the mean, low and high its interval.
    """
    rows = frame[frame["status"] == "ok"]
    rows = rows.assign(label=labels_by_device(rows), image=rows["image"].astype(object))
    rows = rows.astype(dict.fromkeys(("dataset", "split", PERTURBATION), object))
    changed = rows[PERTURBATION].notna()
    clean = rows[~changed].groupby(_OF_IMAGE, dropna=False)[sorted({*metrics, _COUNT})].mean()
    perturbed = rows[changed].groupby([*_POINT, "image"], dropna=False)
    values = perturbed[sorted({*metrics, _COUNT, STABILITY})].mean().reset_index()
    points = values[_POINT].drop_duplicates().sort_values(_POINT, kind="stable")
    both = values.merge(
        clean.add_suffix("|clean").reset_index(), on=_OF_IMAGE, how="left", validate="m:1"
    )
    parts = [_of_metric(both, metric, _absent(points, clean, metric)) for metric in metrics]
    table = pd.concat([*parts, _of_stability(both)], ignore_index=True)
    table = table.merge(_counts(both), on=_POINT, how="left")
    order = {name: place for place, name in enumerate([*metrics, STABILITY])}
    return table.sort_values(
        [*_POINT, "metric"],
        key=lambda column: column.map(order) if column.name == "metric" else column,
        kind="stable",
    )[list(HEADS)].reset_index(drop=True)


def _counts(both: pd.DataFrame) -> pd.DataFrame:
    """Return the mean returned counts of each point, of the image and of the perturbed image."""
    known = both[both[_COUNT].notna() & both[f"{_COUNT}|clean"].notna()]
    points = known.groupby(_POINT, dropna=False)
    means = points.agg(count=(f"{_COUNT}|clean", "mean"), count_perturbed=(_COUNT, "mean"))
    return means.reset_index()


def count_notes(table: pd.DataFrame) -> Iterator[str]:
    """Say where perturbed images change the returned count by over a tenth: losses hold both."""
    moved = (table["count_perturbed"] / table["count"] - 1).abs() > MOVED
    points = table[moved].drop_duplicates(["label", "n", PERTURBATION])
    for label, its in points.groupby("label", sort=True):
        each = [
            f"{row.count_perturbed:.0f} with {way}"
            for way, row in zip(its[PERTURBATION], its.itertuples(), strict=True)
        ]
        yield f"{label} returns {its['count'].iloc[0]:.0f} superpixels, but {few(each, 6)}"


def _absent(points: pd.DataFrame, clean: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Count for each point the images that have a clean score."""
    scored = clean[clean[metric].notna()].reset_index()
    number = scored.groupby(_OF_IMAGE[:-1], dropna=False).size().rename("scored").reset_index()
    return points.merge(number, on=_OF_IMAGE[:-1], how="left")


def _of_metric(both: pd.DataFrame, metric: str, scored: pd.DataFrame) -> pd.DataFrame:
    sign = -1.0 if get_metric(metric).direction == "low" else 1.0
    pair = both[[*_POINT, "image", metric, f"{metric}|clean"]].copy()
    pair["loss"] = sign * (pair[f"{metric}|clean"] - pair[metric])
    known = pair[pair["loss"].notna()]
    means = known.groupby(_POINT, dropna=False).agg(
        clean=(f"{metric}|clean", "mean"),
        perturbed=(metric, "mean"),
        loss=("loss", "mean"),
        images=("loss", "size"),
    )
    table = scored.merge(means.reset_index(), on=_POINT, how="left")
    table["images"] = table["images"].fillna(0).astype(int)
    table["missing"] = table["scored"].fillna(0).astype(int) - table["images"]
    return table.merge(_intervals(known, "loss"), on=_POINT, how="left").assign(metric=metric)


def _of_stability(both: pd.DataFrame) -> pd.DataFrame:
    known = both[both[STABILITY].notna()]
    means = known.groupby(_POINT, dropna=False)[STABILITY].agg(perturbed="mean", images="size")
    table = means.reset_index().assign(clean=np.nan, loss=np.nan, missing=0, metric=STABILITY)
    return table.merge(_intervals(known, STABILITY), on=_POINT, how="left")


def _intervals(known: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the 95 % interval of the mean over images of a column, for each point."""
    points = known.groupby(_POINT, dropna=False, sort=True)
    keys = points.size().reset_index()[_POINT]
    image, images = pd.factorize(known["image"])
    values = np.full((len(images), len(keys)), np.nan)
    values[image, points.ngroup().to_numpy()] = known[column].to_numpy(dtype=float)
    low, high = mean_interval(values) if len(keys) else (np.empty(0), np.empty(0))
    return keys.assign(low=low, high=high)
