"""What to do with superpixels that fall into several parts, before they are scored."""

import numpy as np
import numpy.typing as npt

from metrics.labelmap import LabelMap
from metrics.protocols import CONNECTIVITIES


def connect(labels: LabelMap, how: str) -> LabelMap:
    """Return the label map with its disconnected labels treated.

    Parameters
    ----------
    labels : LabelMap
        Not changed.
    how : {"as-is", "components", "components8", "merge"}
        "as-is" returns `labels` itself.

        "components" makes each 4-connected part a label of its own, numbered in raster order of
        first pixels; "components8" each 8-connected one.

        "merge" leaves every label its largest part. Any other part joins the kept part with which
        it shares the longest 4-border; parts that border on no kept part wait for the next round,
        when what has joined counts as part of what it joined. Among equals, parts come in raster
        order of their first pixels (of a kept part, before others joined). Labels keep their
        numbers. Parts that void cuts off from every kept part become labels of their own.

    Returns
    -------
    LabelMap
        Void where `labels` are; void is nobody's neighbour. `labels` itself if "merge" finds
        nothing to do.

    Raises
    ------
    ValueError
        If `how` is none of them.
    """
    if how not in CONNECTIVITIES:
        names = ", ".join(repr(name) for name in CONNECTIVITIES)
        raise ValueError(f"how is {how!r}: pass one of {names}")
    parts = labels.parts
    if how == "as-is" or (how == "merge" and parts.size.size == labels.sizes.size):
        return labels
    if how == "components":
        return _paint(labels, np.arange(parts.size.size, dtype=np.int32))
    if how == "components8":
        return _paint(labels, _joined_by_corners(labels))
    return _paint(labels, _merged(labels))


def _joined_by_corners(labels: LabelMap) -> npt.NDArray[np.int32]:
    """(P,) the number of the 8-connected part that each 4-connected one belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number = labels.parts.size.size
    part = _paint(labels, np.arange(number, dtype=np.int32)).values
    here, below = (
        np.hstack([part[:-1, :-1], part[:-1, 1:]]),
        np.hstack([part[1:, 1:], part[1:, :-1]]),
    )
    name = np.append(labels.parts.label, -1)  # void is the last element
    touching = (name[here] == name[below]) & (here != below) & (here >= 0)
    pairs = here[touching], below[touching]
    graph = coo_array((np.ones(pairs[0].size, bool), pairs), (number, number))
    joined = connected_components(graph, directed=False)[1]
    # Parts come in raster order of their first pixels, so the first of each names it.
    first = np.unique(joined, return_index=True)[1]
    return np.argsort(np.argsort(first)).astype(np.int32)[joined]


def _paint(labels: LabelMap, value: npt.NDArray[np.int32]) -> LabelMap:
    from metrics.kernels import connectivity as kernels

    out = np.empty(labels.values.shape, np.int32)
    kernels.paint_runs(labels.runs.start, labels.parts.of_run, value, out.ravel())
    return LabelMap(out)


def _merged(labels: LabelMap) -> npt.NDArray[np.int32]:
    """(P,) the label of each part after merging."""
    from metrics.kernels import connectivity as kernels

    runs, parts = labels.runs, labels.parts
    kept, owner = np.empty(labels.sizes.size, np.int32), np.empty(parts.size.size, np.int32)
    kernels.keep_largest(parts.label, parts.size, kept, owner)
    first = np.zeros(parts.size.size + 1, np.int32)
    borders = np.empty((6 * parts.of_run.size, 2), np.int32)
    width = labels.values.shape[1]
    kernels.find_borders(runs.start, parts.of_run, runs.first_of_row, width, first, borders)
    kernels.join_parts(first, borders, owner)

    # Index -1, void, is the last element of the table, and less than any label.
    name = np.full(labels.sizes.size + 1, -1, np.int32)
    name[runs.label] = labels.values.ravel()[runs.start[:-1]]
    value = name[parts.label[owner]]
    alone = owner < 0
    value[alone] = name.max() + 1 + np.arange(np.count_nonzero(alone))
    return value
