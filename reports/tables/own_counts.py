"""Tables of labels minus others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned
from reports.data.facts import Facts
from reports.data.words import ARROWS, counted, few
from reports.statistics.equal_counts import far_apart, images_of
from reports.tables.markdown import NOTHING, marked, mean_cells, table

DAGGER = (
    "† Over fewer images than the label has a value on: there the other has none at the count, as "
    "is said below the table."
)
IN_PIECES = (
    "‡ In pieces: over a tenth more 4-connected pieces than labels, which is no segmentation into "
    "so few superpixels, and scores higher than one."
)


def text_own(
    aligned: Aligned, rows: pd.DataFrame, metrics: Sequence[str], facts: Facts
) -> Iterator[str]:
    """Write a table for each asked count, and why others cannot be read."""
    for _, part in rows.groupby("n", dropna=False):
        first = part[part["metric"] == metrics[0]].reset_index(drop=True)
        direction = get_metric(metrics[0]).direction
        worst = first["difference"] * (-1.0 if direction == "low" else 1.0)
        lacking = first["difference_images"] < first["images"]
        ranked = first.assign(lacking=lacking, worst=worst)
        order = ranked.sort_values(["label", "lacking", "worst"]).index
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
            "count": [NOTHING if np.isnan(c) else f"{c:.0f}" for c in first["count"]],
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
    return mean_cells(points, its["told"].to_numpy(), sign="+")


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
    lacking = first[first["reason"] != ""]
    for (own, reason), its in lacking.groupby(["label", "reason"], sort=False):
        yield f"{few(its['minus'], 12)} at the counts of {own}: {reason}"
    for own, its in first[first["far"] > 0].groupby("label", sort=False):
        far = far_apart(its["far"].tolist())
        yield f"{few(its['minus'], 12)} at the counts of {own!s}: {far}"
    columns = ["label", "minus", "metric", "undefined"]
    for label, minus, metric, lost in part.loc[part["undefined"] > 0, columns].to_numpy().tolist():
        yield f"{minus} at the counts of {label}: no value of {metric} on {images_of(lost)}"


def legend_own(samples: str) -> str:
    """Say how to read the tables."""
    return (
        f"Mean difference over {samples} ± half of its 95 % interval, each image at the count that "
        "the label returned on it (count: their mean), read off the other's own curve; nothing is "
        "extrapolated. **Bold**: told from 0. The intervals of one label, n and metric hold "
        "together (Bonferroni)."
    )
