"""Score a label map against annotators: the one function that the rest of the world calls."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy.typing as npt

from metrics.base import METRICS, Metric, Source, get_metric
from metrics.connectivity import connect
from metrics.inputs import (
    Annotators,
    Case,
    as_image,
    as_label_map,
    as_plain,
    as_truths,
    check_n,
    check_shape,
    check_void,
)
from metrics.labelmap import LabelMap
from metrics.protocols import DEFAULT_PROTOCOL, Protocol, get_protocol

CURES = {
    "truth": "an annotator: pass truths=",
    "image": "the image: pass image=",
    "n": "the count that was asked for: pass n=",
}


def evaluate(
    labels: npt.ArrayLike | LabelMap,
    truths: npt.ArrayLike | Sequence[npt.ArrayLike] | Annotators,
    image: npt.ArrayLike | None = None,
    n: int | None = None,
    void: npt.ArrayLike | None = None,
    metrics: Iterable[str] | None = None,
    protocol: str | Protocol = DEFAULT_PROTOCOL,
) -> dict[str, float | list[float]]:
    """Score a label map by every metric, against every annotator.

    Parameters
    ----------
    labels : (H, W) array of int
        Superpixels: any labels from 0, of any integer type, gaps allowed. Or one of the maps of
        `Annotators`, of which nothing is measured again.
    truths : (H, W) array of int, or sequence of them
        The annotators' segments, in any labels from 0; ``[]`` without annotators. Or what
        `prepare` made of them, once for many label maps of an image.
    image : (H, W, 3) or (H, W) array, optional
        sRGB or grey, uint8 or float in [0, 1]; floats are rounded to 0..255.
    n : int, optional
        Number of superpixels that was asked for.
    void : (H, W) array of bool, optional
        True at pixels that count in no metric: as if the image ended there.
    metrics : iterable of str, optional
        Ids to compute. By default all but the slow ones and `br`, and then NaN where the input that
        a metric needs is absent.
    protocol : str or Protocol
        What `br` counts as boundary and as near, what is done to the labels before anything is
        measured, and how annotators become one value. `PROTOCOLS` has the known ones.

    Returns
    -------
    dict
        id -> float; and for metrics that need annotators id + "_by_annotator" -> list of float, of
        those annotators that the protocol counts. The plain value is by default the mean over the
        annotators where the metric is defined. NaN where it is undefined
        (`METRICS[id].undefined` has the rule).

    Raises
    ------
    ValueError
        If an array has the wrong shape, type or values, a metric or protocol is unknown, or a
        metric that was asked for by id lacks its input.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    >>> labels = np.repeat([[0, 1, 1, 1]], 4, axis=0)
    >>> evaluate(labels, truth, metrics=["asa", "br_r0"])
    {'asa': 0.75, 'asa_by_annotator': [0.75], 'br_r0': 0.5, 'br_r0_by_annotator': [0.5]}
    """
    given = labels if isinstance(labels, LabelMap) else as_plain(labels, "labels")
    array = given.values if isinstance(given, LabelMap) else given
    check_shape(array, "labels", None)
    rules = get_protocol(protocol) if isinstance(protocol, str) else protocol
    mask = check_void(void, array.shape)
    annotators = as_truths(truths, array.shape, mask)[: rules.first]
    alone = Case(
        connect(as_label_map(given, "labels", mask), rules.connectivity),
        image=as_image(image, array.shape),
        n=check_n(n),
        protocol=rules,
    )
    there = {"truth": bool(annotators), "image": image is not None, "n": n is not None}
    inputs = {name for name, is_there in there.items() if is_there}
    chosen = _choose(metrics, inputs)
    single = _values([m for m in chosen if "truth" not in m.needs], alone, inputs)
    paired = [m for m in chosen if "truth" in m.needs]
    each = [
        _values(paired, Case(alone.labels, truth, alone.image, alone.n, rules), inputs)
        for truth in annotators
    ]
    scores: dict[str, float | list[float]] = {}
    for m in chosen:
        if "truth" in m.needs:
            values = [one[m.id][0] for one in each]
            weights = [one[m.id][1] for one in each]
            scores[m.id] = _combine(values, weights, m, rules)
            scores[f"{m.id}_by_annotator"] = values
        else:
            scores[m.id] = single[m.id][0]
    return scores


def mean_where_defined(values: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Return the mean of the values that are not NaN; NaN if there is none."""
    if weights is not None:
        pairs = [(v, w) for v, w in zip(values, weights, strict=True) if not math.isnan(v)]
        total = math.fsum(w for _, w in pairs)
        if total:
            return math.fsum(v * w for v, w in pairs) / total
        # Nothing, or only annotators without a boundary, which then weigh the same.
    defined = [v for v in values if not math.isnan(v)]
    return math.fsum(defined) / len(defined) if defined else float("nan")


def _combine(
    values: Sequence[float], weights: Sequence[float], m: Metric, protocol: Protocol
) -> float:
    """Make an image's value of those of its annotators."""
    if protocol.annotators in ("best", "worst") and m.direction is not None:
        defined = [value for value in values if not math.isnan(value)]
        pick = max if (m.direction == "high") == (protocol.annotators == "best") else min
        return pick(defined, default=float("nan"))
    return mean_where_defined(values, weights if protocol.annotators == "pooled" else None)


def _choose(ids: Iterable[str] | None, given: set[str]) -> list[Metric]:
    if ids is None:
        return [m for m in METRICS.values() if not m.on_request]
    if isinstance(ids, str):
        raise ValueError(f"metrics is the string {ids!r}: pass a list of ids, [{ids!r}]")
    chosen = [get_metric(str(id)) for id in ids]
    for m in chosen:
        for name in sorted(m.needs - given):
            raise ValueError(f"metric {m.id!r} needs {CURES[name]}, or leave the metric out")
    return chosen


def _values(
    chosen: Iterable[Metric], case: Case, given: set[str]
) -> dict[str, tuple[float, float]]:
    """Compute each metric and its weight, each source once; NaN where an input is absent."""
    measured: dict[type[Source], Any] = {}
    found = {}
    for m in chosen:
        if not m.needs <= given:
            found[m.id] = float("nan"), 1.0
            continue
        if m.source not in measured:
            measured[m.source] = m.source.measure(case)
        source = measured[m.source]
        weight = m.weight if case.protocol.annotators == "pooled" else None
        found[m.id] = m.formula(source), weight(source) if weight else 1.0
    return found
