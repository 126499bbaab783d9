"""Post-processing of a network's labels, with sets of pixels.

Shares nothing with the package.
"""

import numpy as np

from tests.oracle.oracle_merge import as_map, beside, parts_of


def cut_and_merge(labels, least, most):
    """Each new piece as a list of pixels, and the label map it leaves behind."""
    found, count = {}, 0
    for start in np.ndindex(labels.shape):
        if start in found:
            continue
        piece, last = [start], 0
        for pixel in piece:
            up, left, right, down = beside(pixel)
            for q in (right, left, down, up):
                if len(piece) >= most:
                    break
                if q in found:
                    last = found[q]
                elif is_pixel(q, labels) and q not in piece and labels[q] == labels[start]:
                    piece.append(q)
        small = len(piece) < least
        found |= dict.fromkeys(piece, last if small else count)
        count += not small
    return np.array([found[p] for p in np.ndindex(labels.shape)]).reshape(labels.shape)


def is_pixel(q, labels):
    return 0 <= q[0] < labels.shape[0] and 0 <= q[1] < labels.shape[1]


def merge_parts(labels, least, assignment=None):
    """The smallest part merges first, into the neighbour that it fits best."""
    fit = likeness(assignment) if assignment is not None else border
    regions = parts_of(labels)
    while len(regions) > 1:
        region = min(regions, key=lambda each: (len(each), min(each)))
        if len(region) >= least:
            break
        others = [each for each in regions if each is not region]
        touching = [each for each in others if border(region, each)]
        target = min(touching, key=lambda each: (-fit(region, each), min(each)))
        regions = [each for each in others if each is not target] + [region | target]
    return as_map(regions, labels.shape)


def border(region, other):
    """Pairs of pixels along the border of two regions."""
    return sum(q in other for p in region for q in beside(p))


def likeness(assignment):
    """Minus the Hellinger distance of the mean assignments of two regions."""

    def fit(region, other):
        means = (np.mean([assignment[p] for p in each], axis=0) for each in (region, other))
        one, two = (np.sqrt(each) for each in means)
        return -np.sqrt(((one - two) ** 2).sum() / 2)

    return fit
