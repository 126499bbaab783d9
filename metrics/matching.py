"""One-to-one matching of thinned boundaries, as the Berkeley benchmark does it."""

import numpy as np

from metrics.labelmap import LabelMap


def count_matches(truth: LabelMap, labels: LabelMap, distance: float) -> int:
    """Count the most pairs of thinned boundary pixels of both, no pixel in two pairs.

    Parameters
    ----------
    truth, labels : LabelMap
        Two partitions of one image.
    distance : float
        Largest Euclidean distance of a pair, px, 0 or more; itself included.

    Returns
    -------
    int
        Size of the maximum matching, at most the boundary pixels of either. Exact.

    Notes
    -----
    Martin, Fowlkes, Malik, TPAMI 2004, doi 10.1109/TPAMI.2004.1273918, minimise the distance of
    pairs at an outlier cost per pixel left over. Where an outlier costs more than any pair saves,
    as there, that matches as many pixels as this.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    from metrics import kernels_matching

    of, near = truth.thinned, labels.thinned
    if not (of.size and near.size):
        return 0
    place = np.full(labels.values.shape, -1, np.int32)
    place.ravel()[near] = np.arange(near.size)
    # A distance that is a whole number but for its rounding reaches that number.
    squared = distance * distance * (1 + 1e-12)
    first, found = np.empty(of.size + 1, np.int32), np.empty(0, np.int32)
    found = np.empty(kernels_matching.find_near(of, place, squared, first, found), np.int32)
    kernels_matching.find_near(of, place, squared, first, found)
    graph = csr_array((np.ones(found.size, np.uint8), found, first), (of.size, near.size))
    return int(np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0))
