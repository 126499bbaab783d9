"""Plain versions of the metrics computed on request, pixel by pixel.

Shares nothing with the package.
"""

import math
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
from skimage.morphology import thin

from tests.oracle.oracle_metrics import NAN, mean_where_defined, neighbours, pixels

ON_REQUEST = ("src", "smf", "gr", "sirs", "br_matched")


def oracle_on_request(labels, truths, image=None, n=None, void=None):
    """Return what `evaluate` returns for `ON_REQUEST`, for inputs that need no conversion."""
    void = np.zeros(labels.shape, bool) if void is None else void
    matched = [recall_matched(labels, truth, void) for truth in truths]
    return {
        **regularity(labels, void),
        "sirs": NAN if image is None else reconstruction(labels, image, void),
        "br_matched": mean_where_defined(matched),
        "br_matched_by_annotator": matched,
    }


def members_of(labels, void):
    members = defaultdict(list)
    for y, x in pixels(void):
        members[labels[y, x]].append((y, x))
    return members


def exposed(points):
    """4-edges of a set of pixels to what is not in it."""
    return sum(
        (v, u) not in points
        for y, x in points
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
    )


def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def corners(points):
    """Corners of the convex hull in order: half above and half below the line of the extremes."""

    def half(ordered):
        chain = []
        for p in ordered:
            while len(chain) > 1 and cross(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    ordered = sorted(points)
    return half(ordered) + half(ordered[::-1]) if len(ordered) > 1 else ordered


def hull(points):
    """Every pixel of the bounding box that is on no outer side of any edge of the hull."""
    polygon = corners(points)
    (top, left), (bottom, right) = np.min(points, axis=0), np.max(points, axis=0)
    edges = list(zip(polygon, polygon[1:] + polygon[:1], strict=True))
    return {
        (y, x)
        for y in range(int(top), int(bottom) + 1)
        for x in range(int(left), int(right) + 1)
        if all(cross(a, b, (y, x)) >= 0 for a, b in edges)
    }


def variance(values):
    mean = Fraction(sum(values), len(values))
    return sum((value - mean) ** 2 for value in values) / len(values)


def centred(points):
    """Mass of each cell after the pixels are moved by minus the barycentre."""
    n = len(points)
    barycentre = [Fraction(sum(axis), n) for axis in zip(*points, strict=True)]
    mass = Counter()
    for point in points:
        (y, x) = (p - c for p, c in zip(point, barycentre, strict=True))
        for v in (math.floor(y), math.floor(y) + 1):
            for u in (math.floor(x), math.floor(x) + 1):
                mass[v, u] += float((1 - abs(y - v)) * (1 - abs(x - u))) / n
    return mass


def regularity(labels, void):
    members = [[(int(y), int(x)) for y, x in m] for m in members_of(labels, void).values()]
    total = sum(len(points) for points in members)
    criterion = 0.0
    for points in members:
        around = hull(points)
        shape_ratio = Fraction(exposed(set(points)), len(points))
        convexity = min(Fraction(exposed(around), len(around)) / shape_ratio, 1)
        low, high = sorted(variance(axis) for axis in zip(*points, strict=True))
        deviations = math.sqrt(low), math.sqrt(high)
        balance = math.sqrt(deviations[0] / deviations[1]) if high else 1.0
        criterion += len(points) / total * float(convexity) * balance
    shapes = [centred(points) for points in members]
    mean = Counter()
    for shape in shapes:
        for cell, mass in shape.items():
            mean[cell] += mass / len(shapes)
    matching = 1 - sum(
        len(points) / total * sum(abs(mean[cell] - shape.get(cell, 0.0)) for cell in mean) / 2
        for points, shape in zip(members, shapes, strict=True)
    )
    return {"src": criterion, "smf": matching, "gr": criterion * matching}


def reconstruction(labels, image, void):
    error, count = 0.0, 0
    for points in members_of(labels, void).values():
        colours = [[int(value) for value in image[p]] for p in points]
        buckets = defaultdict(list)
        for colour in colours:
            channels = [value == max(colour) for value in colour]
            group = sum(2**k for k in range(3) if channels[k])
            buckets[group, min(max(colour) * 16 // 256, 15)].append(colour)
        fullest = sorted(buckets, key=lambda key: (-len(buckets[key]), key))[:4]
        kept = [np.mean(buckets[key], axis=0) for key in fullest]
        deviation = np.max([np.abs(c - np.mean(kept, axis=0)) for c in kept], axis=0)
        for r, g, b in colours:
            nearest = min(kept, key=lambda c: (r - c[0]) ** 2 + (g - c[1]) ** 2 + (b - c[2]) ** 2)
            for apart, away in zip(abs(nearest - (r, g, b)), deviation, strict=True):
                error += (apart / 255) ** (2 - away / 255) / 3 if apart > 1e-11 else 0.0
        count += len(points)
    return math.exp(-error / count / 0.01)


def thin_boundary(labels, void):
    """Mark the pixels whose right or lower neighbour has another label."""
    mask = np.zeros(labels.shape, bool)
    for y, x in pixels(void):
        after = [(v, u) for v, u in neighbours(y, x, void) if v > y or u > x]
        mask[y, x] = any(labels[p] != labels[y, x] for p in after)
    return mask


def corner_boundary(labels, void):
    """Mark the pixels with a boundary at their lower right corner."""
    mask, inside = np.zeros(labels.shape, bool), set(pixels(void))
    for y, x in inside:
        block = [p for p in ((y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)) if p in inside]
        sides = [(p, q) for p in block for q in block if math.dist(p, q) == 1]
        mask[y, x] = any(labels[p] != labels[q] for p, q in sides)
    return mask


def thinned(labels, void):
    return thin(corner_boundary(labels, void))


def recall_matched(labels, truth, void, distance=None):
    """Within a whole number of pixels, or by default within 0.0075 of the diagonal."""
    ours, theirs = (np.argwhere(thinned(m, void)).tolist() for m in (labels, truth))
    ours, theirs = list(map(tuple, ours)), list(map(tuple, theirs))
    if not theirs:
        return NAN
    height, width = labels.shape
    # (0.0075 x diagonal)^2 = 9 (H^2 + W^2) / 160000, in whole numbers.
    squared = 9 * (height**2 + width**2) if distance is None else 160_000 * distance**2
    near = {
        p: [q for q in ours if 160_000 * math.dist(p, q) ** 2 <= squared + 1e-3] for p in theirs
    }
    return maximum_matching(near) / len(theirs)


def maximum_matching(near):
    """Pair one after another along augmenting paths."""
    partner = {}

    def pair(p, tried):
        for q in near[p]:
            if q not in tried:
                tried.add(q)
                if q not in partner or pair(partner[q], tried):
                    partner[q] = p
                    return True
        return False

    return sum(pair(p, set()) for p in near)
