"""What a label map is scored by, the protocol and the metrics, and the columns that come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets import Sample
from methods.labels import n_components
from metrics import DEFAULT, DEFAULT_PROTOCOL, METRICS, Protocol, evaluate
from metrics.connectivity import connect
from metrics.labelmap import LabelMap
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
    metrics: tuple[str, ...] = (*DEFAULT, "br")

    @property
    def facts(self) -> dict[str, Any]:
        """What results files say about it, as JSON-like values."""
        return {"protocol": self.protocol.definition(), "metrics": list(self.metrics)}

    def connected(self, how: Connectivity | None) -> Scoring:
        """Return this with another treatment of unconnected labels; None changes nothing."""
        if how is None:
            return self
        return replace(self, protocol=replace(self.protocol, connectivity=how))


DEFAULT_SCORING = Scoring()


def score(
    labels: NDArray[np.int32], sample: Sample, n: int | None, scoring: Scoring
) -> dict[str, Any]:
    """Return the columns of scores of a canonical label map.

    The counts are of the whole map, void pixels included, after unconnected labels were treated as
    the protocol says; all other metrics are of the scored pixels.
    """
    scores: dict[str, Any] = evaluate(
        labels,
        list(sample.truths),
        image=sample.image,
        n=n,
        void=sample.void,
        # One that needs a count has no value where none was asked for.
        metrics=[
            m for m in _ordered(scoring.metrics) if n is not None or "n" not in METRICS[m].needs
        ],
        protocol=scoring.protocol,
    )
    scores |= {count: int(scores[count]) for count in COUNTS}
    if sample.void is not None:
        scored = connect(LabelMap(labels), scoring.protocol.connectivity)
        scores |= {"n_labels": scored.sizes.size, "n_components": n_components(scored.values)}
        if n is not None and "count_error" in scores:
            scores["count_error"] = abs(scores["n_labels"] - n) / n
    return scores | {"n_returned": int(labels.max()) + 1}


def _ordered(metrics: tuple[str, ...]) -> list[str]:
    return [id for id in METRICS if id in metrics or id in COUNTS]
