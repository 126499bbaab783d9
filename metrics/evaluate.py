"""Score a label map against annotators: the one function that the rest of the world calls."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrics.base import METRICS, Metric, Source, get_metric
from metrics.inputs import (
    Case,
    as_image,
    as_label_map,
    as_truths,
    check_n,
    check_shape,
    check_void,
)

CURES = {
    "truth": "an annotator: pass truths=",
    "image": "the image: pass image=",
    "n": "the count that was asked for: pass n=",
}


def evaluate(
    labels: npt.ArrayLike,
    truths: npt.ArrayLike | Sequence[npt.ArrayLike],
    image: npt.ArrayLike | None = None,
    n: int | None = None,
    void: npt.ArrayLike | None = None,
    metrics: Iterable[str] | None = None,
) -> dict[str, float | list[float]]:
    """Score a label map by every metric, against every annotator.

    Parameters
    ----------
    labels : (H, W) array of int
        Superpixels: any labels from 0, of any integer type, gaps allowed.
    truths : (H, W) array of int, or sequence of them
        The annotators' segments, in any labels from 0; ``[]`` without annotators.
    image : (H, W, 3) or (H, W) array, optional
        sRGB or grey, uint8 or float in [0, 1]; floats are rounded to 0..255.
    n : int, optional
        Number of superpixels that was asked for.
    void : (H, W) array of bool, optional
        True at pixels that count in no metric: as if the image ended there.
    metrics : iterable of str, optional
        Ids to compute. All but the slow ones by default, and then NaN where the input that a metric
        needs is absent.

    Returns
    -------
    dict
        id -> float; and for metrics that need annotators id + "_by_annotator" -> list of float, of
        which the plain value is the mean over annotators where the metric is defined. NaN where it
        is undefined (`METRICS[id].undefined` has the rule).

    Raises
    ------
    ValueError
        If an array has the wrong shape, type or values, a metric is unknown, or one that was asked
        for by id lacks its input.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    >>> labels = np.repeat([[0, 1, 1, 1]], 4, axis=0)
    >>> evaluate(labels, truth, metrics=["asa", "br_r0"])
    {'asa': 0.75, 'asa_by_annotator': [0.75], 'br_r0': 0.5, 'br_r0_by_annotator': [0.5]}
    """
    array = np.asarray(labels)
    check_shape(array, "labels", None)
    mask = check_void(void, array.shape)
    annotators = as_truths(truths, array.shape, mask)
    alone = Case(
        as_label_map(array, "labels", mask),
        image=as_image(image, array.shape),
        n=check_n(n),
    )
    given = {"truth": bool(annotators), "image": image is not None, "n": n is not None}
    chosen = _choose(metrics, {name for name, there in given.items() if there})

    single = [m for m in chosen if "truth" not in m.needs]
    paired = [m for m in chosen if "truth" in m.needs]
    values = dict(_values(single, alone, given))
    per_annotator = [
        dict(_values(paired, Case(alone.labels, truth, alone.image, alone.n), given))
        for truth in annotators
    ]
    scores: dict[str, float | list[float]] = {}
    for m in chosen:
        if "truth" in m.needs:
            each = [one[m.id] for one in per_annotator]
            scores[m.id] = mean_where_defined(each)
            scores[f"{m.id}_by_annotator"] = each
        else:
            scores[m.id] = values[m.id]
    return scores


def mean_where_defined(values: Sequence[float]) -> float:
    """Return the mean of the values that are not NaN; NaN if there is none."""
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else float("nan")


def _choose(ids: Iterable[str] | None, given: set[str]) -> list[Metric]:
    if ids is None:
        return [m for m in METRICS.values() if not m.slow]
    if isinstance(ids, str):
        raise ValueError(f"metrics is the string {ids!r}: pass a list of ids, [{ids!r}]")
    chosen = [get_metric(str(id)) for id in ids]
    for m in chosen:
        for name in sorted(m.needs - given):
            raise ValueError(f"metric {m.id!r} needs {CURES[name]}, or leave the metric out")
    return chosen


def _values(
    chosen: Iterable[Metric], case: Case, given: dict[str, bool]
) -> Iterator[tuple[str, float]]:
    """Compute each metric, each source once; NaN where an input is absent."""
    measured: dict[type[Source], Any] = {}
    for m in chosen:
        if not all(given[name] for name in m.needs):
            yield m.id, float("nan")
            continue
        if m.source not in measured:
            measured[m.source] = m.source.measure(case)
        yield m.id, m.formula(measured[m.source])
