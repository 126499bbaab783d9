"""What a label map is scored by, the protocol and the metrics, and the columns that come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Sample
from methods.canonical import n_components
from metrics import (
    DEFAULT_PROTOCOL,
    METRICS,
    RECORDED,
    Annotators,
    Protocol,
    evaluate,
    prepare,
)
from metrics.protocols import Connectivity

# Counts have columns of whole numbers, and every figure needs them.
COUNTS = ("n_labels", "n_components")


@dataclass(frozen=True)
class Scoring:
    """How the label maps of one results file are scored.

    Attributes
    ----------
    protocol : Protocol
        What is done to labels, what `br` counts, and how annotators become one value.
    metrics : tuple of str
        Ids to compute; the columns of the others stay null.
    """

    protocol: Protocol = DEFAULT_PROTOCOL
    metrics: tuple[str, ...] = RECORDED

    @property
    def facts(self) -> dict[str, Any]:
        """What results files say about it, as JSON-like values."""
        metrics = [id for id in METRICS if id in self.metrics]
        return {"protocol": self.protocol.definition(), "metrics": metrics}

    def connected(self, how: Connectivity | None) -> Scoring:
        """Return this with another treatment of unconnected labels; None changes nothing."""
        if how is None:
            return self
        return replace(self, protocol=replace(self.protocol, connectivity=how))


DEFAULT_SCORING = Scoring()


_prepared: WeakKeyDictionary[Sample, Annotators] = WeakKeyDictionary()


def prepared(sample: Sample) -> Annotators:
    """Return the annotators of an image, measured once for all of its cells."""
    if sample not in _prepared:
        _prepared[sample] = prepare(sample.truths, sample.void)
    return _prepared[sample]


def score(
    labels: NDArray[np.int32], sample: Sample, n: int | None, scoring: Scoring
) -> dict[str, Any]:
    """Return the columns of scores of a canonical label map.

    All metrics are of the scored pixels. Counts of labels as returned are of the whole map instead,
    because that is what came back, void pixels or not.
    """
    lacking = {"n"} if n is None else set()
    chosen = dict.fromkeys((*scoring.metrics, *COUNTS))
    scores: dict[str, Any] = evaluate(
        labels,
        prepared(sample),
        image=sample.image,
        n=n,
        void=sample.void,
        metrics=[id for id in chosen if not METRICS[id].needs & lacking],
        protocol=scoring.protocol,
    )
    scores |= {count: int(scores[count]) for count in COUNTS}
    returned = int(labels.max()) + 1
    if sample.void is not None and scoring.protocol.connectivity == "as-is":
        scores |= {"n_labels": returned, "n_components": n_components(labels)}
        if n is not None and "count_error" in scores:
            scores["count_error"] = abs(returned - n) / n
    return scores | {"n_returned": returned}
