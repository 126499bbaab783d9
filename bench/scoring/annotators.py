"""Annotators scored against each other, as if each were a segmentation: what people agree on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets import Sample
from bench.scoring.score import Scoring, prepared
from metrics import METRICS, Annotators, evaluate


def score_annotators(sample: Sample, scoring: Scoring) -> dict[str, list[float]]:
    """Score each annotator of an image against the others.

    Returns
    -------
    dict of str to list of float
        By id of each metric that compares with annotators, a value per annotator under the
        protocol; empty where there are fewer than two.
    """
    maps = prepared(sample).maps[: scoring.protocol.first]
    if len(maps) < 2:
        return {}
    compared = compared_metrics(scoring)
    # Annotators mean unconnected segments, such as the sky on both sides of a tower.
    protocol = replace(scoring.protocol, connectivity="as-is")
    each = [
        evaluate(
            own,
            Annotators((*maps[:i], *maps[i + 1 :]), prepared(sample).void),
            void=sample.void,
            metrics=compared,
            protocol=protocol,
        )
        for i, own in enumerate(maps)
    ]
    return {id: [float(scores[id]) for scores in each] for id in compared}  # type: ignore[arg-type]


def compared_metrics(scoring: Scoring) -> list[str]:
    """Name the metrics by which annotators are scored against each other."""
    return [id for id in scoring.metrics if METRICS[id].needs == {"truth"}]


def summarise(files: Iterable[Path], pairs: bool) -> dict[str, Any]:
    """Average over images what `score_annotators` returned of each.

    Parameters
    ----------
    files : iterable of Path
        JSON files; those that are not there are passed over.
    pairs : bool
        Whether an image weighs as much as it has annotators with a value.

    Returns
    -------
    dict
        ``images``, the number of images with several annotators, and ``metrics``: by id the means
        over images of the lowest, of the mean and of the highest annotator's value.
    """
    images = [found for path in files if (found := read_scores(path))]
    metrics = {}
    for id in dict.fromkeys(id for image in images for id in image):
        if not all(id in image for image in images):  # a metric that was added later
            continue
        values = [np.array(image[id]) for image in images]
        defined = [v[np.isfinite(v)] for v in values if np.isfinite(v).any()]
        if defined:
            ends = [(v.min(), v.mean(), v.max()) for v in defined]
            weights = [len(v) if pairs else 1 for v in defined]
            means = np.average(ends, axis=0, weights=weights)
            metrics[id] = [round(float(mean), 6) for mean in means]
    return {"images": len(images), "metrics": metrics}


def read_scores(path: Path) -> Mapping[str, list[float]] | None:
    """Return what was kept of an image, or None if there is nothing, or it is damaged."""
    try:
        found: dict[str, list[float]] = json.loads(path.read_text())
        numbers = all(isinstance(v, int | float) for values in found.values() for v in values)
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return None
    return found if numbers else None


def mark_outdated(path: Path) -> None:
    """Have the scores of an image's annotators computed again; until then they hold.

    The mark is the time of the file: nothing that is written has that of the epoch.
    """
    if path.exists():
        os.utime(path, (0, 0))


def is_outdated(path: Path) -> bool:
    """Tell whether what was kept is marked so."""
    return path.exists() and path.stat().st_mtime_ns == 0
