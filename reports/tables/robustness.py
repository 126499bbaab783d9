"""Losses on perturbed images as tables: what ``bench compare --perturbed`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.mixture import together
from reports.data.perturbed import PERTURBATION, STABILITY, load_with_perturbed
from reports.data.results import ResultsError, choose_labels, dataset_name
from reports.data.words import number
from reports.statistics.robustness import losses
from reports.tables.comparison import Report
from reports.tables.markdown import NOTHING, table

_HOW_TO_READ = (
    "Loss on perturbed images: clean - perturbed (perturbed - clean where less is better), mean "
    "over images of the differences of each image, with its 95 % interval; more is worse, and an "
    "interval around 0 tells of no loss. stability: mean over images of the adjusted Rand index "
    "(Hubert and Arabie 1985) of the label maps of the clean and the perturbed image, geometry "
    "undone; 1 means the same superpixels. count: what came back, clean → perturbed; scores "
    "improve with it alone. † Over fewer images than the clean score."
)


def compare_perturbed(
    results: Path,
    metrics: Sequence[str],
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Report:
    """Compare scores on perturbed images with those on the images as they are.

    Parameters
    ----------
    results, metrics, only, without, on_note, allow_mixed, rename
        As for `comparison.compare_at`.

    Returns
    -------
    Report
        One row of numbers per data set split, label, n, perturbation and metric.

    Raises
    ------
    ResultsError
        If the file cannot be used, lacks a metric or perturbed images, no label is left, or rows
        do not belong together.
    """
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    loaded = load_with_perturbed(results, wanted)
    if loaded is None:
        raise ResultsError(
            f"{results}: no image was perturbed; `bench run ... --perturb noise:0.05,blur:2,flip` "
            "with the same --out adds them"
        )
    chosen = choose_labels(loaded, only, without, rename, on_note=on_note)
    frame, apart = together(chosen, allow_mixed)
    numbers = losses(frame, wanted)
    texts = [_HOW_TO_READ]
    for (dataset, split, way), its in numbers.groupby(["dataset", "split", PERTURBATION]):
        texts.append(f"**{dataset_name(str(dataset), str(split))}**, {way}")
        texts.append(table(dict(_columns(its, wanted))))
    texts += ["\n".join(f"- {note}" for note in apart)] if apart else []
    return Report("\n\n".join(texts) + "\n", numbers)


def _columns(its: pd.DataFrame, metrics: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    points = its[["label", "n"]].drop_duplicates()
    yield "method", [str(label) for label in points["label"]]
    yield "n", [number(float(n)) for n in points["n"]]
    first = points.merge(its.drop_duplicates(["label", "n"]), on=["label", "n"], how="left")
    counts = zip(first["count"], first["count_perturbed"], strict=True)
    yield "count", [f"{clean:.0f} → {changed:.0f}" for clean, changed in counts]
    for metric in [*metrics, STABILITY]:
        of = its[its["metric"] == metric]
        rows = points.merge(of, on=["label", "n"], how="left")
        value = rows["perturbed" if metric == STABILITY else "loss"]
        cells = zip(value, rows["low"], rows["high"], rows["missing"], strict=True)
        head = STABILITY if metric == STABILITY else f"loss in {metric}"
        yield head, [_cell(*cell, signed=metric != STABILITY) for cell in cells]


def _cell(value: float, low: float, high: float, missing: float, signed: bool) -> str:
    if not np.isfinite(value):
        return NOTHING
    sign = "+" if signed else ""
    interval = f" ({low:{sign}.4f} to {high:{sign}.4f})" if np.isfinite(low) else ""
    return f"{value:{sign}.4f}{interval}" + ("†" if missing > 0 else "")
