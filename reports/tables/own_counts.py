"""Tables of labels minus others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, mean_of
from reports.data.results import Facts, Floats
from reports.data.words import ARROWS, counted
from reports.statistics.equal_counts import AtCount, at_returned
from reports.statistics.intervals import CONFIDENCE, mean_interval
from reports.statistics.pieces import in_pieces
from reports.tables.markdown import marked, mean_cells, table

DAGGER = (
    "† Over fewer images than the label has a value on: there the other's curve does not reach the "
    "count."
)
IN_PIECES = (
    "‡ In pieces: over a tenth more 4-connected pieces than labels, which is no segmentation into "
    "so few superpixels, and scores higher than one."
)


def numbers_own(aligned: Aligned, own: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row per point of the own labels, metric and other label; none without others."""
    parts = []
    ended = np.isfinite(aligned.scores["n_labels"]) & ~aligned.partial
    for label in own:
        places = [j for j, its in enumerate(aligned.labels) if its == label and ended[:, j].any()]
        for point, at in zip(places, at_returned(aligned, metrics, places), strict=True):
            its = aligned.of_images(ended[:, point])
            parts += [_minus_others(its, point, at, metric) for metric in metrics]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _minus_others(its: Aligned, point: int, at: AtCount, metric: str) -> pd.DataFrame:
    """Subtract the others, at the counts that a point returned, from its score; one row for each.

    Bonferroni holds the intervals of all others together, also where each is over other images.
    """
    others = np.array([label != its.labels[point] for label in at.aligned.labels])
    score = its.scores[metric][:, [point]]
    apart: Floats = score - at.aligned.scores[metric][:, others]
    known = np.isfinite(apart)
    weights = None
    if metric in its.weights:
        both = its.weights[metric][:, [point]], at.aligned.weights[metric][:, others]
        weights = np.minimum(*both)
    compared = max(1, int(known.any(axis=0).sum()))
    low, high = mean_interval(apart, weights, 1 - (1 - CONFIDENCE) / compared)
    pieces = in_pieces(at.aligned)
    return pd.DataFrame(
        {
            "label": its.labels[point],
            "n": its.ns[point],
            "count": at.count,
            "metric": metric,
            "minus": np.array(at.aligned.labels, dtype=object)[others],
            "images": int(np.isfinite(score).sum()),
            "images_ok": len(its.images),
            "images_asked": at.images,
            "difference": mean_of(apart, known, weights),
            "difference_low": low,
            "difference_high": high,
            "difference_images": known.sum(axis=0),
            "in_pieces": pieces[~others].item(),
            "minus_in_pieces": pieces[others],
            "reason": np.array(at.reasons, dtype=object)[others],
        }
    )


def text_own(
    aligned: Aligned, rows: pd.DataFrame, metrics: Sequence[str], facts: Facts
) -> Iterator[str]:
    """Write a table for each asked count, and why others cannot be read."""
    for _, part in rows.groupby("n", dropna=False):
        first = part[part["metric"] == metrics[0]].reset_index(drop=True)
        direction = get_metric(metrics[0]).direction
        worst = first["difference"] * (-1.0 if direction == "low" else 1.0)
        order = first.assign(worst=worst).sort_values(["label", "worst"]).index
        there = part.groupby(["label", "minus"])["difference_images"].transform("max")
        known = there[part["metric"] == metrics[0]].to_numpy() > 0
        columns = {
            "difference": [
                f"{own} minus {other}"
                for own, other in zip(
                    marked(first["label"], first["in_pieces"]),
                    marked(first["minus"], first["minus_in_pieces"]),
                    strict=True,
                )
            ],
            "images": [
                f"{images} of {asked}"
                for images, asked in zip(
                    first["difference_images"], first["images_asked"], strict=True
                )
            ],
            "count": [f"{count:.0f}" for count in first["count"]],
        }
        for metric in metrics:
            columns[metric + ARROWS[get_metric(metric).direction]] = _cells(part, metric)
        n = float(part["n"].iloc[0])
        asked = "without an asked count" if np.isnan(n) else f"at n = {n:g}"
        heading = f"**{aligned.name}** {asked}, "
        heading += f"{facts.images(aligned.name, len(aligned.images))}{facts.under}"
        shown = [row for row in order if known[row]]
        lines = table({head: [cells[row] for row in shown] for head, cells in columns.items()})
        notes = "\n".join(f"- {note}" for note in _notes(part, metrics))
        yield "\n\n".join(filter(None, [heading, lines if shown else "", notes]))


def _cells(part: pd.DataFrame, metric: str) -> list[str]:
    its = part[part["metric"] == metric]
    points = its.assign(
        value=its["difference"],
        low=its["difference_low"],
        high=its["difference_high"],
        missing=its["images"] - its["difference_images"],
    )
    return mean_cells(points, _told_from_0(its), sign="+")


def _told_from_0(rows: pd.DataFrame) -> np.ndarray:
    """Tell which differences have an interval without 0, also as it is printed: with equal arms."""
    low, high = rows["difference_low"], rows["difference_high"]
    told = ((low > 0) | (high < 0)) & (rows["difference"].abs() > (high - low) / 2)
    return told.to_numpy()


def _notes(part: pd.DataFrame, metrics: Sequence[str]) -> Iterator[str]:
    """Say what a label itself lacks, which others cannot be read at its counts, and why."""
    for label, its in part.groupby("label"):
        asked, ok = (int(its[name].iloc[0]) for name in ("images_asked", "images_ok"))
        if ok < asked:
            yield f"{label} has no complete result on {asked - ok} of {counted(asked, 'image')}"
        if ok < 2:
            yield f"no intervals of {label}, nothing bold: one image says nothing about others"
        for metric in metrics:
            has = int(its.loc[its["metric"] == metric, "images"].iloc[0])
            if has < ok:
                yield f"{label} has no value of {metric} on {ok - has} of {counted(ok, 'image')}"
    first = part[part["metric"] == metrics[0]]
    columns = ["label", "minus", "reason"]
    for label, minus, reason in first.loc[first["reason"] != "", columns].to_numpy().tolist():
        yield f"{minus} at the counts of {label}: {reason}"


def legend_own(samples: str) -> str:
    """Say how to read the tables."""
    return (
        f"Mean difference over {samples} ± half of its 95 % interval, each image at the count that "
        "the label returned on it (count: its mean), where the other's own curve over the returned "
        "count is read; nothing is extrapolated. **Bold**: told from 0. The intervals of one "
        "label, n and metric hold together (Bonferroni)."
    )
