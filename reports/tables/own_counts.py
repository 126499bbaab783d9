"""Tables of labels minus others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned
from reports.data.results import Facts
from reports.data.words import ARROWS, counted
from reports.statistics.differences import differences_to
from reports.statistics.equal_counts import AtCount, at_returned
from reports.statistics.pieces import in_pieces
from reports.statistics.simultaneous import standings
from reports.tables.markdown import marked, mean_cells, table

DAGGER = (
    "† Over fewer images than the label has: on the others the curve does not reach the count. "
    "Such an interval stands for itself."
)


def numbers_own(aligned: Aligned, own: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row per point of the own labels, metric and other label."""
    parts = []
    for point, (label, n) in enumerate(zip(aligned.labels, aligned.ns, strict=True)):
        if label in own and np.isfinite(aligned.scores["n_labels"][:, point]).any():
            at = at_returned(aligned, metrics, point)
            parts += [_minus_others(at, label, metric).assign(n=n) for metric in metrics]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _minus_others(at: AtCount, own: str, metric: str) -> pd.DataFrame:
    """Subtract the others from a label; one row per other label."""
    its = at.aligned.labels.index(own)
    direction = get_metric(metric).direction
    weights = at.aligned.weights.get(metric)
    told = standings(at.aligned.scores[metric], direction == "high", weights)
    to_own = differences_to(at.aligned, metric, its, told)
    pieces = in_pieces(at.aligned)
    rows = pd.DataFrame(
        {
            "label": own,
            "count": at.count,
            "metric": metric,
            "minus": at.aligned.labels,
            "images": len(at.aligned.images),
            "difference_images": to_own["difference_images"],
            "difference": -to_own["difference"],
            "difference_low": -to_own["difference_high"],
            "difference_high": -to_own["difference_low"],
            "in_pieces": bool(pieces[its]),
            "minus_in_pieces": pieces,
            "reason": at.reasons,
        }
    )
    return rows.drop(index=its)


def text_own(
    aligned: Aligned, rows: pd.DataFrame, metrics: Sequence[str], facts: Facts
) -> Iterator[str]:
    """Write a table for each asked count, and why others cannot be read."""
    for _, part in rows.groupby("n", dropna=False):
        first = part[part["metric"] == metrics[0]].reset_index(drop=True)
        direction = get_metric(metrics[0]).direction
        worst = first["difference"] * (-1.0 if direction == "low" else 1.0)
        order = first.assign(worst=worst).sort_values(["label", "worst"]).index
        shown = [row for row in order if first["difference_images"][row]]
        columns = {
            "label": marked(first["label"], first["in_pieces"]),
            "minus": marked(first["minus"], first["minus_in_pieces"]),
            "images": [
                f"{known} of {images}"
                for known, images in zip(first["difference_images"], first["images"], strict=True)
            ],
            "count": [f"{count:.0f}" for count in first["count"]],
        }
        for metric in metrics:
            columns[metric + ARROWS[get_metric(metric).direction]] = _cells(part, metric)
        n = float(part["n"].iloc[0])
        asked = "without an asked count" if np.isnan(n) else f"at n = {n:g}"
        heading = f"**{aligned.name}** {asked}, "
        heading += f"{facts.images(aligned.name, len(aligned.images))}{facts.under}"
        lines = table({head: [cells[row] for row in shown] for head, cells in columns.items()})
        lacking = "\n".join(_lacking(first))
        yield "\n\n".join(filter(None, [heading, lines if shown else "", lacking]))


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


def _lacking(first: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each other label that cannot be read at all counts of a label."""
    short = first[first["difference_images"] < first["images"]]
    columns = ("label", "minus", "images", "difference_images", "metric", "reason")
    for label, minus, images, read, metric, reason in short[list(columns)].to_numpy().tolist():
        lost = f"{images - read} of {counted(images, 'image')}"
        why = reason or f"no value of {metric}"
        yield f"- {minus} has no value at the count of {label} on {lost} ({why})"


def legend_own(samples: str) -> str:
    """Say how to read the tables."""
    return (
        f"Mean over {samples} of label minus another ± half of its 95 % interval, each image at "
        "the count that the label returned on it (count: its mean), where the other's own curve "
        "over the returned count is read; nothing is extrapolated. **Bold**: told from 0. The "
        "intervals of one label, n and metric hold together, with those of the others among each "
        "other."
    )
