"""What a perturbation of the image costs: differences of scores paired by image, and stability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, align, labels_by_device
from reports.data.perturbed import PERTURBATION, STABILITY
from reports.data.words import few
from reports.statistics.aggregate import aggregate
from reports.statistics.asked import NEAR
from reports.statistics.pieces import in_pieces

_POINT = ["dataset", "split", "label", "n", PERTURBATION]
_CELL = ["dataset", "split", "image", "label", "n", "seed"]
HEADS = (
    *("dataset", "split", "label", "n", PERTURBATION, "metric"),
    *("clean", "perturbed", "loss", "low", "high", "images", "missing"),
    *("count", "count_perturbed", "asked", "in_pieces"),
)
_COUNT = "n_labels"


def losses(frame: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Compare the scores on perturbed images with those on the same images as they are.

    Parameters
    ----------
    frame : DataFrame
        Rows of both, with `COLUMNS`, the metrics and ``stability``. A column ``<metric>_pairs``
        makes the weights of that metric, as in `align`.
    metrics : sequence of str
        Metric ids.

    Returns
    -------
    DataFrame
        One row per label, n, perturbation and metric: `HEADS`. The means are over the images (and
        the seeds of each) that have both; loss is clean - perturbed where more is better or
        neither, perturbed - clean where less is better, so that more of it is worse; low and high
        are its 95 % interval. Of the asked images, those that any cell of the data set asked for,
        missing lack it, in part or as a whole, though others have it. count and count_perturbed
        are the mean returned counts on the images that have the loss: scores improve with them
        alone. in_pieces tells labels in pieces, of the image or of the perturbed one. Of the
        metric ``stability``, the adjusted Rand index of the two label maps with geometry undone,
        perturbed is the mean, low and high its interval.
    """
    rows = frame.assign(label=labels_by_device(frame), device="")
    names = ["dataset", "split", "image", "label", "status", PERTURBATION]
    rows = rows.astype(dict.fromkeys(names, object))
    changed = rows[PERTURBATION].notna()
    scores = [*metrics, STABILITY]
    parts = [
        _of_way(rows[~changed], its, scores).assign(**{PERTURBATION: way})
        for way, its in rows[changed].groupby(PERTURBATION, sort=True)
    ]
    order = {name: place for place, name in enumerate(scores)}
    return (
        pd.concat(parts)
        .sort_values(
            [*_POINT, "metric"],
            key=lambda column: column.map(order) if column.name == "metric" else column,
            kind="stable",
        )[list(HEADS)]
        .reset_index(drop=True)
    )


def _of_way(clean: pd.DataFrame, changed: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Compare the rows of one perturbation with those of images as they are, cell by cell."""
    cells = pd.concat([clean[_CELL], changed[_CELL]]).drop_duplicates()
    asked = cells.merge(changed[_POINT[:-1]].drop_duplicates(), on=_POINT[:-1])
    for side in (clean, changed):
        align(side, ())  # refuses two rows of a cell
    before, after = (asked.merge(side, on=_CELL, how="left") for side in (clean, changed))
    before[STABILITY] = after[STABILITY]
    both = ((before["status"] == "ok") & (after["status"] == "ok")).to_numpy()
    for score in (*scores, _COUNT):
        known = both & before[score].notna().to_numpy() & after[score].notna().to_numpy()
        for side in (before, after):
            side[score] = side[score].where(known)
    # Cells that one side lacks have failed; times have no part in this.
    status = np.where(both, "ok", "failed")
    ours, theirs = (
        align(side.assign(status=status, device="", contended=True), scores)
        for side in (before, after)
    )
    return pd.concat([_measured(a, b, scores) for a, b in zip(ours, theirs, strict=True)])


def _measured(clean: Aligned, changed: Aligned, scores: Sequence[str]) -> pd.DataFrame:
    """Average the scores of the same cells of both, and their differences."""
    apart = {
        score: (-1.0 if get_metric(score).direction == "low" else 1.0)
        * (clean.scores[score] - changed.scores[score])
        for score in scores
        if score != STABILITY
    }
    changed = replace(changed, weights=clean.weights)
    loss = replace(clean, scores={**clean.scores, **apart})
    tables = [aggregate(each, scores) for each in (clean, changed, loss)]
    # No image leaves stability undefined.
    unstable = (~np.isfinite(changed.scores[STABILITY]) | changed.partial).sum(axis=0)
    pieces = in_pieces(clean) | in_pieces(changed)
    parts = []
    for score in scores:
        before, after, difference = (table[score] for table in tables)
        nothing = score == STABILITY
        parts.append(
            pd.DataFrame(
                {
                    "dataset": clean.dataset,
                    "split": clean.split,
                    "label": clean.labels,
                    "n": clean.ns,
                    "metric": score,
                    "clean": np.nan if nothing else before["value"],
                    "perturbed": after["value"],
                    "loss": np.nan if nothing else difference["value"],
                    "low": difference["low"],
                    "high": difference["high"],
                    "images": difference["images"],
                    "missing": unstable if nothing else difference["missing"],
                    "count": before["count"],
                    "count_perturbed": after["count"],
                    "asked": len(clean.images),
                    "in_pieces": pieces,
                }
            )
        )
    return pd.concat(parts)


def count_notes(table: pd.DataFrame) -> Iterator[str]:
    """Say where perturbed images change the returned count by over a tenth: losses hold both."""
    moved = (table["count_perturbed"] / table["count"] - 1).abs() > NEAR
    points = table[moved].drop_duplicates(["label", "n", PERTURBATION])
    for label, its in points.groupby("label", sort=True):
        each = [
            f"{row.count_perturbed:.0f} with {way}"
            for way, row in zip(its[PERTURBATION], its.itertuples(), strict=True)
        ]
        yield f"{label} returns {its['count'].iloc[0]:.0f} superpixels, but {few(each, 6)}"
