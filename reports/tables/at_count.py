"""Tables of labels at equal returned count: means, the set of the best, ranks and differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned
from reports.data.facts import Facts
from reports.data.words import ARROWS, counted
from reports.statistics.aggregate import aggregate
from reports.statistics.equal_counts import AtCount, far_apart, images_of
from reports.statistics.pairwise import pairwise
from reports.statistics.pieces import connected_first, in_pieces, pieces_notes
from reports.statistics.simultaneous import Standings, standings
from reports.tables.markdown import NOTHING, best_first, marked, mean_cells, rank_cells, table

MOST_MISSING = 0.1  # of the images; who lacks more is compared with, but is not the best
NEAREST = " §"
DAGGER = (
    "† Over fewer images than were asked for (missing, or undefined there). Who lacks images that "
    "others have is never bold, has no rank, and is not the best if more than 10 % are missing."
)
SECTION = "§ On some images the curve ends short of the count, and its end is taken as it is."


def numbers_at(at: AtCount, metrics: Sequence[str], pvalues: bool = False) -> pd.DataFrame:
    """Return one row per metric and label, tests of the first metric only if asked for."""
    means = aggregate(at.aligned, metrics)
    pieces = in_pieces(at.aligned)
    best = _best(metrics[0], means[metrics[0]], pieces)
    parts = []
    for metric, points in means.items():
        first = metric == metrics[0]
        told = _standings(at.aligned, metric, pieces)
        part = pd.DataFrame(
            {
                "count": at.count,
                "metric": metric,
                "label": points["label"],
                "covered": at.covered,
                "nearest": at.nearest,
                "far": at.far,
                "images": at.images,
                "value": points["value"],
                "low": points["low"],
                "high": points["high"],
                "value_images": points["images"],
                "missing": points["missing"],
                "in_pieces": pieces,
                "best": first & (points.index == best),
                "not_told_from_best": told.best,
                "rank_low": told.rank_low,
                "rank_high": told.rank_high,
                "reason": [
                    "; ".join(filter(None, reasons))
                    for reasons in zip(at.reasons, _undefined_reasons(at, metric), strict=True)
                ],
            }
        )
        if first and best is not None:
            part = part.join(_to_the_best(at.aligned, metric, best, told))
            if pvalues:
                part = part.join(_tests(at.aligned, metric, best))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _undefined_reasons(at: AtCount, metric: str) -> list[str]:
    """Say for each label on how many images it lacks the metric alone; empty if on none."""
    return [
        f"no value of {metric} on {images_of(number)}" if number else ""
        for number in at.undefined[metric].tolist()
    ]


def _standings(aligned: Aligned, metric: str, pieces: np.ndarray) -> Standings:
    """Tell the ranks of the labels; nobody competes where no direction is better."""
    direction = get_metric(metric).direction
    everybody = np.full(len(pieces), direction is not None)
    return standings(
        aligned.scores[metric],
        direction == "high",
        aligned.weights.get(metric),
        competing=connected_first(everybody, pieces),
    )


def _best(metric: str, points: pd.DataFrame, pieces: np.ndarray) -> int | None:
    """Return the connected label of the best mean of those that have it on nearly all images."""
    direction = get_metric(metric).direction
    values = points["value"].to_numpy() * (-1.0 if direction == "high" else 1.0)
    asked = points["images"] + points["missing"]
    most = (points["missing"] <= MOST_MISSING * asked).to_numpy() & np.isfinite(values)
    competing = connected_first(most, pieces)
    if direction is None or most.sum() < 2:
        return None
    return int(np.where(competing, values, np.inf).argmin())


def _to_the_best(aligned: Aligned, metric: str, best: int, told: Standings) -> pd.DataFrame:
    """Return each label's mean difference to the best one, over the images that both cover.

    Where both compete its interval is the one that decides what is bold; else it stands for itself.
    """
    values, weights = aligned.scores[metric], dict(aligned.weights)
    if metric in weights:
        weights[metric] = np.minimum(weights[metric], weights[metric][:, [best]])
    scores = {**aligned.scores, metric: values - values[:, [best]]}
    apart = aggregate(replace(aligned, scores=scores, weights=weights), [metric])[metric]
    together = np.isfinite(told.low[:, best])
    middle = (told.low[:, best] + told.high[:, best]) / 2
    return pd.DataFrame(
        {
            "difference": np.where(together, middle, apart["value"]),
            "difference_low": np.where(together, told.low[:, best], apart["low"]),
            "difference_high": np.where(together, told.high[:, best], apart["high"]),
        }
    )


def _tests(aligned: Aligned, metric: str, best: int) -> pd.DataFrame:
    """Return Wilcoxon's test of each label against the best, adjusted for all pairs of labels."""
    tests = pairwise(aligned.scores[metric], get_metric(metric).direction == "high")
    return pd.DataFrame(
        {
            "wins": tests.wins[:, best],
            "ties": tests.ties[:, best],
            "losses": tests.losses[:, best],
            "p": tests.p[:, best],
            "p_holm": tests.holm[:, best],
        }
    )


def text_at(at: AtCount, metrics: Sequence[str], rows: pd.DataFrame, facts: Facts) -> str:
    """Write the table of one count, and why labels lack what they lack."""
    first = rows[rows["metric"] == metrics[0]].reset_index(drop=True)
    columns = {
        "label": marked(first["label"], first["in_pieces"]),
        "images": [
            f"{covered} of {at.images}" + (NEAREST if nearest else "")
            for covered, nearest in zip(first["covered"], first["nearest"], strict=True)
        ],
    }
    if first["rank_low"].any():
        columns["rank"] = rank_cells(first["rank_low"], first["rank_high"])
    for metric in metrics:
        part = rows[rows["metric"] == metric]
        part = part.assign(missing=np.maximum(part["missing"], part["images"] - part["covered"]))
        bold = part["not_told_from_best"].to_numpy()
        columns[metric + ARROWS[get_metric(metric).direction]] = mean_cells(part, bold)
    if "difference" in first:
        columns[f"{metrics[0]} - best"] = _difference_cells(first)
    if "p_holm" in first:
        columns |= _test_cells(first)
    columns = best_first(columns, first, get_metric(metrics[0]).direction)
    title = f"**{at.aligned.name}** at {at.count:g} returned superpixels"
    title += f", {facts.images(at.aligned.name, at.images)}{facts.under}"
    lacking = "\n".join([*_untold(at, metrics[0], first), *_lacking_at(at, metrics)])
    return "\n\n".join(filter(None, [title, table(columns), lacking]))


def _untold(at: AtCount, metric: str, first: pd.DataFrame) -> Iterator[str]:
    """Say why there is no rank, or who is in pieces; nothing if all is told."""
    values = int(first["value_images"].max())
    if not first["rank_low"].any() and values:
        if get_metric(metric).direction is None:
            yield f"- No ranks: no direction of {metric} is better."
        elif values < 2:
            yield "- No intervals, no ranks, nothing bold: one image says nothing about others."
        else:
            yield (
                f"- No ranks: fewer than two labels have a value of {metric} on every image that "
                "any has one on and are as connected as the others."
            )
    for note in pieces_notes(replace(at.aligned, ns=np.full(len(first), np.nan))):
        yield f"- {note}"


def _lacking_at(at: AtCount, metrics: Sequence[str]) -> Iterator[str]:
    """Yield a line for each label with fewer values than images or far points, and why."""
    by_metric = zip(*(_undefined_reasons(at, metric) for metric in metrics), strict=True)
    for label, covered, reason, far, undefined in zip(
        at.aligned.labels,
        at.covered.tolist(),
        at.reasons,
        at.far.tolist(),
        by_metric,
        strict=True,
    ):
        parts = []
        if reason:
            lost = f"{at.images - covered} of {counted(at.images, 'image')}"
            parts.append(f"not at {at.count:g} on {lost} ({reason})")
        parts += filter(None, undefined)
        if far:
            parts.append(far_apart([far]))
        if parts:
            yield f"- {label}: {'; '.join(parts)}"


def _difference_cells(first: pd.DataFrame) -> list[str]:
    points = first.assign(
        value=first["difference"], low=first["difference_low"], high=first["difference_high"]
    )
    cells = mean_cells(points[~first["best"]], sign="+")
    for row in np.flatnonzero(first["best"]):
        cells.insert(int(row), "best")
    return cells


def _test_cells(first: pd.DataFrame) -> dict[str, list[str]]:
    against = ~first["best"] & first["p"].notna()
    counts = first[["wins", "ties", "losses"]].astype(int).astype(str).agg("/".join, axis="columns")
    adjusted = first["p_holm"].map(lambda p: "< 0.0001" if p < 1e-4 else f"{p:.4f}")
    return {
        "won/tied/lost": list(counts.where(against, NOTHING)),
        "p (Holm)": list(adjusted.where(against, NOTHING)),
    }


def legend_at(metrics: Sequence[str], samples: str, pvalues: bool = False) -> str:
    """Say how to read the tables."""
    tests = (
        f" Won/tied/lost: images on which {metrics[0]} is better than, as good as and worse than "
        "that of the best; p (Holm): Wilcoxon's signed rank test on these, adjusted for all pairs "
        "of labels."
    )
    return (
        f"Mean over {samples} ± half of its 95 % interval, each image interpolated along its own "
        "curve over the returned count; nothing is extrapolated. **Bold**: the set of the best, "
        "which holds the best with 95 %, among labels with a value on every image that any has one "
        f"on; rank: from which to which the label may be by {metrics[0]}. {metrics[0]} - best: "
        "over the images that both cover. Ranks, bold and differences of the labels that "
        "have a rank hold together (95 % for all pairs of labels of a table, one metric)."
        + (tests if pvalues else "")
    )
