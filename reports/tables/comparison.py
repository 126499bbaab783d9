"""Tables that compare the labels of one results file: at equal returned count, or over a range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, align
from reports.data.mixture import together
from reports.data.results import Facts, ResultsError, choose_labels, file_facts, load_scores
from reports.data.words import ARROWS, counted
from reports.statistics.aggregate import aggregate
from reports.statistics.area import areas, summary_of
from reports.statistics.equal_counts import AtCount, at_counts, images_of
from reports.statistics.simultaneous import Standings, standings
from reports.tables.markdown import PARTIAL, mean_cells, table

DEFAULT_METRICS = ("asa", "br", "ue_np", "ev")
MOST_MISSING = 0.1  # of the images; who lacks more is compared with, but is not the best
_NOT_ASKED = "no count was asked for; say at which returned counts to compare (--at 100,200)"
DAGGER_AT = (
    "† Over fewer images than others (missing, or undefined there): never bold, and not the best "
    "if more than 10 % are missing."
)
DAGGER_OVER = "† Some points of the curve are over fewer images or seeds than those of others."


@dataclass(frozen=True, eq=False)
class Report:
    """A comparison: the tables as Markdown, and all their numbers in tidy rows."""

    text: str
    numbers: pd.DataFrame


def compare_at(
    results: Path,
    counts: Sequence[float] | None = None,
    metrics: Sequence[str] = DEFAULT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Report:
    """Compare labels at equal returned counts, each image interpolated along its own curve.

    Parameters
    ----------
    results : Path
        The results file.
    counts : sequence of float, optional
        The returned counts; those asked on each data set split unless given.
    metrics : sequence of str
        Metric ids. By the first one the rows are sorted and compared with the best.
    only, without : sequence of str
        Patterns of the labels to compare and to leave out, such as ``SLIC*``; case is ignored.
    on_note : callable, optional
        Gets each remark on what is left out, one line each.
    rename : mapping of str to str, optional
        What labels are called instead.

    Returns
    -------
    Report
        One row of numbers per data set split, count, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, rows do not
        belong together, or no count is given and none was asked for.
    """
    loaded, shown = _load(results, metrics, only, without, rename, on_note)
    frame, apart = together(loaded, allow_mixed)
    if counts is None and not frame["n"].notna().any():
        raise ResultsError(f"{results}: {_NOT_ASKED}")
    facts = file_facts(results)
    texts, numbers = [], []
    for aligned in align(frame, shown):
        asked = _asked(aligned) if counts is None else list(counts)
        if not asked:
            on_note(f"{aligned.name}: {_NOT_ASKED}")
        for at in at_counts(aligned, shown, asked):
            rows = _numbers_at(at, shown)
            texts.append(_text_at(at, shown, rows, facts))
            numbers.append(_with_source(rows, aligned, facts))
    texts += [*_bullets(apart), _legend_at(shown, facts.samples)]
    return _report(texts, numbers, shown, DAGGER_AT)


def _bullets(notes: Sequence[str]) -> Iterator[str]:
    """Yield one block of what the tables leave out or keep apart; nothing without notes."""
    if notes:
        yield "\n".join(f"- {note}" for note in notes)


def _asked(aligned: Aligned) -> list[float]:
    """Return the asked counts, each once; none of label maps from elsewhere."""
    counts: list[float] = np.unique(aligned.ns[np.isfinite(aligned.ns)]).tolist()
    return counts


def compare_over(
    results: Path,
    low: float,
    high: float,
    metrics: Sequence[str] = DEFAULT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Report:
    """Compare the areas under the curves of labels over a range of returned counts.

    Parameters
    ----------
    results : Path
        The results file.
    low, high : float
        Ends of the range, ``low < high``.
    metrics, only, without, on_note, allow_mixed, rename
        As for `compare_at`.

    Returns
    -------
    Report
        One row of numbers per data set split, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, or rows do
        not belong together.
    ValueError
        If `low` is not below `high`.
    """
    loaded, shown = _load(results, metrics, only, without, rename, on_note)
    frame, apart = together(loaded, allow_mixed)
    facts = file_facts(results)
    texts, numbers = [], []
    for aligned in align(frame, shown):
        rows = areas(aligned, shown, low, high).assign(over_low=low, over_high=high)
        heading = f"**{aligned.name}** over {low:g} to {high:g} returned superpixels"
        heading += f", {facts.images(aligned.name, len(aligned.images))}{facts.under}"
        texts += [heading, *_text_over(rows)]
        numbers.append(_with_source(rows, aligned, facts))
    texts += [*_bullets(apart), _legend_over(facts.samples)]
    return _report(texts, numbers, shown, DAGGER_OVER)


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
    rename: Mapping[str, str] | None,
    on_note: Callable[[str], None],
) -> tuple[pd.DataFrame, list[str]]:
    """Load the rows of the chosen labels; return also the metrics that have a value at all."""
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    frame = choose_labels(load_scores(results, wanted), only, without, rename, on_note=on_note)
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
        told = _standings(at.aligned, metric)
        part = pd.DataFrame(
            {
                "count": at.count,
                "metric": metric,
                "label": points["label"],
                "covered": at.covered,
                "images": at.images,
                "value": points["value"],
                "low": points["low"],
                "high": points["high"],
                "value_images": points["images"],
                "missing": points["missing"],
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
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _undefined_reasons(at: AtCount, metric: str) -> list[str]:
    """Say for each label on how many images it lacks the metric alone; empty if on none."""
    return [
        f"no value of {metric} on {images_of(number)}" if number else ""
        for number in at.undefined[metric].tolist()
    ]


def _standings(aligned: Aligned, metric: str) -> Standings:
    """Tell the ranks of the labels; nobody competes where no direction is better."""
    direction = get_metric(metric).direction
    nobody = np.zeros(len(aligned.labels), dtype=bool)
    return standings(
        aligned.scores[metric],
        direction == "high",
        aligned.weights.get(metric),
        competing=nobody if direction is None else None,
    )


def _best(metric: str, points: pd.DataFrame) -> int | None:
    """Return the label of the best mean among those that have it on nearly all images."""
    direction = get_metric(metric).direction
    values = points["value"].to_numpy() * (-1.0 if direction == "high" else 1.0)
    asked = points["images"] + points["missing"]
    competing = (points["missing"] <= MOST_MISSING * asked).to_numpy() & np.isfinite(values)
    if direction is None or competing.sum() < 2:
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


def _text_at(at: AtCount, metrics: Sequence[str], rows: pd.DataFrame, facts: Facts) -> str:
    first = rows[rows["metric"] == metrics[0]].reset_index(drop=True)
    columns = {
        "label": list(first["label"]),
        "images": [f"{covered} of {at.images}" for covered in first["covered"]],
    }
    for metric in metrics:
        part = rows[rows["metric"] == metric]
        bold = part["not_told_from_best"].to_numpy()
        columns[metric + ARROWS[get_metric(metric).direction]] = mean_cells(part, bold)
    if "difference" in first:
        columns[f"{metrics[0]} - best"] = _difference_cells(first)
    columns = _best_first(columns, first, get_metric(metrics[0]).direction)
    title = f"**{at.aligned.name}** at {at.count:g} returned superpixels"
    title += f", {facts.images(at.aligned.name, at.images)}{facts.under}"
    lacking = "\n".join(_lacking_at(at, metrics))
    return "\n\n".join(filter(None, [title, table(columns), lacking]))


def _lacking_at(at: AtCount, metrics: Sequence[str]) -> Iterator[str]:
    """Yield a line for each label with fewer values than images, and why."""
    by_metric = zip(*(_undefined_reasons(at, metric) for metric in metrics), strict=True)
    for label, covered, reason, undefined in zip(
        at.aligned.labels, at.covered.tolist(), at.reasons, by_metric, strict=True
    ):
        parts = []
        if reason:
            lost = f"{at.images - covered} of {counted(at.images, 'image')}"
            parts.append(f"not at {at.count:g} on {lost} ({reason})")
        parts += filter(None, undefined)
        if parts:
            yield f"- {label}: {'; '.join(parts)}"


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
    lacking = "\n".join(_lacking_over(rows))
    if lacking:
        yield lacking


def _lacking_over(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each label that lacks areas or intervals, and why."""
    unsure = "no interval: " + rows["no_interval"]
    said = rows.assign(why=rows["reason"].where(rows["no_interval"] == "", unsure))
    for label, its in said.groupby("label", sort=False):
        by_reason = its[its["why"] != ""].groupby("why", sort=False)["summary"]
        parts = [
            str(why) if len(names) == len(its) else f"{', '.join(names)}: {why}"
            for why, names in by_reason
        ]
        if parts:
            yield f"- {label}: {'; '.join(parts)}"


def _legend_over(samples: str) -> str:
    return (
        f"Average of the curve (mean score over {samples} against mean returned count) over the "
        "range, ± half of its 95 % bootstrap interval over images. AMR, AUE, AUV: 100 times the "
        "average of 1 - br, ue_np, 1 - ev (doi 10.1016/j.cviu.2017.03.007)."
    )


def _legend_at(metrics: Sequence[str], samples: str) -> str:
    return (
        f"Mean over {samples} ± half of its 95 % bootstrap interval, each image interpolated along "
        "its own curve over the returned count; nothing is extrapolated. **Bold**: not told from "
        "the best by a paired bootstrap over images (95 %), among labels with a value on every "
        "image that any has one on. "
        f"{metrics[0]} - best: over the images that both cover."
    )
