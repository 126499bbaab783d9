"""Losses on perturbed images as tables: what ``bench compare --perturbed`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from metrics import get_metric
from reports.data.choose import choose_labels
from reports.data.facts import file_facts
from reports.data.mixture import together
from reports.data.perturbed import PERTURBATION, STABILITY, load_with_perturbed
from reports.data.results import dataset_name
from reports.data.schema import ResultsError
from reports.data.words import number
from reports.statistics.robustness import losses
from reports.tables.comparison import Report
from reports.tables.markdown import (
    NOTHING,
    PARTIAL,
    PIECES,
    PIECES_LEGEND,
    marked,
    mean_cells,
    table,
)

_HOW_TO_READ = (
    "Loss on perturbed images: clean - perturbed (perturbed - clean where less is better), mean "
    "over {samples} of the differences of each image ± half of its 95 % interval; more is worse, "
    "and an interval around 0 tells of no loss. stability: mean over images of the adjusted Rand "
    "index (Hubert and Arabie 1985) of the label maps of the clean and the perturbed image, "
    "geometry undone; 1 means the same superpixels. count: what came back, clean → perturbed; "
    "scores improve with it alone."
)
_DAGGER = "† Over fewer images than were asked for (failed as they are or perturbed)."


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
    facts = file_facts(results)
    chosen = choose_labels(loaded, only, without, rename, on_note=on_note)
    if chosen[PERTURBATION].isna().all():
        raise ResultsError(f"{results}: no image of these labels was perturbed; choose other ones")
    frame, apart = together(chosen, allow_mixed)
    numbers = losses(frame, wanted)
    texts = [_HOW_TO_READ.format(samples=facts.samples)]
    for (dataset, split, way), its in numbers.groupby(["dataset", "split", PERTURBATION]):
        name = dataset_name(str(dataset), str(split))
        images = facts.images(name, int(its["asked"].max()))
        texts.append(f"**{name}**, {way}, {images}{facts.under}")
        texts.append(table(dict(_columns(its, wanted))))
    texts += ["\n".join(f"- {note}" for note in apart)] if apart else []
    tables = "\n".join(texts[1:])
    texts += [_DAGGER] if PARTIAL in tables else []
    texts += [PIECES_LEGEND] if PIECES in tables else []
    return Report("\n\n".join(texts) + "\n", numbers)


def _columns(its: pd.DataFrame, metrics: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    first = its[its["metric"] == metrics[0]]
    yield "method", marked(map(str, first["label"]), first["in_pieces"])
    yield "n", [number(float(n)) for n in first["n"]]
    counts = zip(first["count"], first["count_perturbed"], strict=True)
    yield (
        "count",
        [f"{clean:.0f} → {changed:.0f}" if clean > 0 else NOTHING for clean, changed in counts],
    )
    for metric in metrics:
        of = its[its["metric"] == metric]
        yield f"loss in {metric}", mean_cells(of.assign(value=of["loss"]), sign="+")
    stability = its[its["metric"] == STABILITY]
    yield STABILITY, mean_cells(stability.assign(value=stability["perturbed"]))
