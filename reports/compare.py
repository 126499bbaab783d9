"""Tables that compare the labels of one results file: at equal returned count, or over a range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.area import areas, summary_of
from reports.curves import ARROWS
from reports.equal import AtCount, at_counts
from reports.frame import Aligned, aggregate, align
from reports.markdown import PARTIAL, mean_cells, table
from reports.results import Facts, ResultsError, choose_labels, file_facts, load_scores
from reports.stats import not_worse_than_best

AT_METRICS = ("asa", "br", "ue_np", "ev")
OVER_METRICS = ("br", "ue_np", "ev", "asa")
DAGGER_AT = "† Over fewer images than others (missing, or undefined there): never bold or best."
DAGGER_OVER = "† Some points of the curve are over fewer images or seeds than those of others."
LEGEND_OVER = (
    "Average of the curve (mean score against mean returned count) over the range, ± half of its "
    "95 % bootstrap interval over images. AMR, AUE, AUV: 100 times the average of 1 - br, ue_np, "
    "1 - ev (doi 10.1016/j.cviu.2017.03.007)."
)


@dataclass(frozen=True, eq=False)
class Report:
    """A comparison: the tables as Markdown, and all their numbers in tidy rows."""

    text: str
    numbers: pd.DataFrame


def compare_at(
    results: Path,
    counts: Sequence[float] | None = None,
    metrics: Sequence[str] = AT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
) -> Report:
    """Compare labels at equal returned counts, each image interpolated along its own curve.

    Parameters
    ----------
    results : Path
        The results file.
    counts : sequence of float, optional
        The returned counts; the asked ones of the file unless given.
    metrics : sequence of str
        Metric ids. By the first one the rows are sorted and compared with the best.
    only, without : sequence of str
        Patterns of the labels to compare and to leave out, such as ``SLIC*``; case is ignored.
    on_note : callable, optional
        Gets each remark on what is left out, one line each.

    Returns
    -------
    Report
        One row of numbers per data set split, count, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, or no count
        is given and none was asked for.
    """
    frame, shown = _load(results, metrics, only, without, on_note)
    asked = np.unique(frame["n"].dropna()).tolist() if counts is None else list(counts)
    if not asked:
        raise ResultsError(
            f"{results}: no count was asked for in it; say at which returned counts to compare "
            "(--at 100,200)"
        )
    facts = file_facts(results)
    texts, numbers = [], []
    for aligned in align(frame, shown):
        for at in at_counts(aligned, shown, asked):
            rows = _numbers_at(at, shown)
            texts.append(_text_at(at, shown, rows, facts))
            numbers.append(_with_source(rows, aligned, facts))
    return _report([*texts, _legend_at(shown)], numbers, shown, DAGGER_AT)


def compare_over(
    results: Path,
    low: float,
    high: float,
    metrics: Sequence[str] = OVER_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
) -> Report:
    """Compare the areas under the curves of labels over a range of returned counts.

    Parameters
    ----------
    results : Path
        The results file.
    low, high : float
        Ends of the range, ``low < high``.
    metrics, only, without, on_note
        As for `compare_at`.

    Returns
    -------
    Report
        One row of numbers per data set split, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, or no label is left.
    ValueError
        If `low` is not below `high`.
    """
    frame, shown = _load(results, metrics, only, without, on_note)
    facts = file_facts(results)
    texts, numbers = [], []
    for aligned in align(frame, shown):
        rows = areas(aligned, shown, low, high).assign(over_low=low, over_high=high)
        heading = f"**{aligned.name}** over {low:g} to {high:g} returned superpixels"
        heading += f", {len(aligned.images)} images{facts.under}"
        texts += [heading, *_text_over(rows)]
        numbers.append(_with_source(rows, aligned, facts))
    return _report([*texts, LEGEND_OVER], numbers, shown, DAGGER_OVER)


def _report(
    texts: Sequence[str], numbers: Sequence[pd.DataFrame], metrics: Sequence[str], dagger: str
) -> Report:
    """Put the tables together, with the meaning of the dagger if there is one."""
    titles = "; ".join(f"{metric}: {get_metric(metric).title}" for metric in metrics) + "."
    daggers = [dagger] if any(PARTIAL in text for text in texts) else []
    text = "\n\n".join([*texts, *daggers, titles])
    return Report(text, pd.concat(numbers, ignore_index=True))


def _load(
    results: Path,
    metrics: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    on_note: Callable[[str], None],
) -> tuple[pd.DataFrame, list[str]]:
    """Load the rows of the chosen labels; return also the metrics that have a value at all."""
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    frame = choose_labels(load_scores(results, wanted), only, without)
    for metric in wanted:
        if metric not in frame:
            on_note(f"{metric} has no value in any cell and is left out")
    return frame, [metric for metric in wanted if metric in frame]


def _with_source(rows: pd.DataFrame, aligned: Aligned, facts: Facts) -> pd.DataFrame:
    source = {"dataset": aligned.dataset, "split": aligned.split, "protocol": facts.protocol.name}
    return pd.DataFrame(source, index=rows.index).join(rows)


def _numbers_at(at: AtCount, metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row per metric and label."""
    means = aggregate(at.aligned, metrics)
    best = _best(metrics[0], means[metrics[0]])
    parts = []
    for metric, points in means.items():
        first = metric == metrics[0]
        part = pd.DataFrame(
            {
                "count": at.count,
                "metric": metric,
                "label": points["label"],
                "covered": at.covered,
                "images": len(at.aligned.images),
                "value": points["value"],
                "low": points["low"],
                "high": points["high"],
                "value_images": points["images"],
                "missing": points["missing"],
                "best": first & (points.index == best),
                "not_told_from_best": _not_told_from_best(at.aligned, metric),
                "reason": at.reasons,
            }
        )
        if first and best is not None:
            part = part.join(_to_the_best(at.aligned, metric, best))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _not_told_from_best(aligned: Aligned, metric: str) -> np.ndarray:
    direction = get_metric(metric).direction
    if direction is None:
        return np.zeros(len(aligned.labels), dtype=bool)
    return not_worse_than_best(
        aligned.scores[metric], direction == "high", aligned.weights.get(metric)
    )


def _best(metric: str, points: pd.DataFrame) -> int | None:
    """Return the label of the best mean among those that cover all images that any covers."""
    direction = get_metric(metric).direction
    values = points["value"].to_numpy() * (-1.0 if direction == "high" else 1.0)
    competing = (points["missing"] == 0).to_numpy() & np.isfinite(values)
    if direction is None or not competing.any():
        return None
    return int(np.where(competing, values, np.inf).argmin())


def _to_the_best(aligned: Aligned, metric: str, best: int) -> pd.DataFrame:
    """Return each label's mean difference to the best one over the images that both cover."""
    values, weights = aligned.scores[metric], dict(aligned.weights)
    if metric in weights:
        weights[metric] = np.minimum(weights[metric], weights[metric][:, [best]])
    scores = {**aligned.scores, metric: values - values[:, [best]]}
    apart = aggregate(replace(aligned, scores=scores, weights=weights), [metric])[metric]
    return pd.DataFrame(
        {
            "difference": apart["value"],
            "difference_low": apart["low"],
            "difference_high": apart["high"],
        }
    )


def _text_at(at: AtCount, metrics: Sequence[str], rows: pd.DataFrame, facts: Facts) -> str:
    images = len(at.aligned.images)
    first = rows[rows["metric"] == metrics[0]].reset_index(drop=True)
    columns = {
        "label": list(first["label"]),
        "images": [f"{covered} of {images}" for covered in first["covered"]],
    }
    for metric in metrics:
        part = rows[rows["metric"] == metric]
        bold = part["not_told_from_best"].to_numpy()
        columns[metric + ARROWS[get_metric(metric).direction]] = mean_cells(part, bold)
    if "difference" in first:
        columns[f"{metrics[0]} - best"] = _difference_cells(first)
    columns = _best_first(columns, first, get_metric(metrics[0]).direction)
    title = f"**{at.aligned.name}** at {at.count:g} returned superpixels"
    title += f", {images} images{facts.under}"
    sections = [title, table(columns)]
    lacking = [
        f"- {label}: not at {at.count:g} on {images - covered} of {images} images ({reason})"
        for label, covered, reason in zip(
            at.aligned.labels, at.covered.tolist(), at.reasons, strict=True
        )
        if reason
    ]
    return "\n\n".join(sections + (["\n".join(lacking)] if lacking else []))


def _best_first(
    columns: Mapping[str, list[str]], first: pd.DataFrame, direction: str | None
) -> dict[str, list[str]]:
    """Sort rows by the first score: the best on top, then incomplete ones, then those without."""
    ranked = first.assign(incomplete=first["missing"] > 0, nothing=first["value"].isna())
    order = ranked.sort_values(
        ["nothing", "incomplete", "value"], ascending=[True, True, direction == "low"]
    ).index
    return {head: [cells[row] for row in order] for head, cells in columns.items()}


def _difference_cells(first: pd.DataFrame) -> list[str]:
    points = first.assign(
        value=first["difference"], low=first["difference_low"], high=first["difference_high"]
    )
    cells = mean_cells(points[~first["best"]], sign="+")
    for row in np.flatnonzero(first["best"]):
        cells.insert(int(row), "best")
    return cells


def _text_over(rows: pd.DataFrame) -> Iterator[str]:
    columns = {"label": list(dict.fromkeys(rows["label"]))}
    for metric, part in rows.groupby("metric", sort=False):
        summary = summary_of(str(metric))
        columns[summary.name + ARROWS[summary.direction]] = mean_cells(part)
    first = rows[rows["metric"] == rows["metric"].iloc[0]].reset_index(drop=True)
    yield table(_best_first(columns, first, summary_of(first["metric"].iloc[0]).direction))
    lacking = rows[rows["reason"] != ""].groupby("label", sort=False)["reason"].unique()
    if len(lacking):
        yield "\n".join(f"- {label}: {'; '.join(reasons)}" for label, reasons in lacking.items())


def _legend_at(metrics: Sequence[str]) -> str:
    return (
        "Mean over images ± half of its 95 % bootstrap interval, each image interpolated along "
        "its own curve over the returned count; nothing is extrapolated. **Bold**: not told from "
        "the best by a paired bootstrap over images (95 %), among labels with a value on every "
        "image that any has one on. "
        f"{metrics[0]} - best: over the images that both cover."
    )
