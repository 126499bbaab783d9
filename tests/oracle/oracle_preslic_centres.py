"""Preemptive SLIC, one pixel at a time; distances are single floats, as those of the package.

Shares nothing with it.
"""

import math

import numpy as np

one = np.float32


def cells(height, width, rows, columns):
    """The cell (row, column) of each pixel."""
    return {
        (y, x): (y * rows // height, x * columns // width) for y, x in np.ndindex(height, width)
    }


def means(members, lab):
    """Mean L, a, b, y, x of pixels."""
    totals = [0.0] * 5
    for y, x in members:
        for i, value in enumerate((*lab[y, x], y, x)):
            totals[i] += float(value)
    return [total / len(members) for total in totals]


class Clusters:
    def __init__(self, lab, rows, columns, compactness, threshold):
        height, width = lab.shape[:2]
        self.lab, self.threshold = lab, threshold
        self.weight = compactness**2 / (height * width / (rows * columns))
        self.reach = max(math.ceil(height / rows), math.ceil(width / columns))
        self.label = cells(height, width, rows, columns)
        self.names = [(r, c) for r in range(rows) for c in range(columns)]
        self.distance = dict.fromkeys(self.label, one(np.inf))
        self.live, self.visits = set(self.names), 0
        self.centres = {k: means(self.members(k), lab) for k in self.names}

    def members(self, k):
        return [p for p in sorted(self.label) if self.label[p] == k]

    def stretch(self, centre, pixel):
        """Offset of a pixel from a centre, counted from the left end of its window's row."""
        left = max(math.ceil(centre[4] - self.reach), 0)
        return one(left - centre[4]) + one(pixel[1] - left)

    def distance_to(self, k, pixel):
        centre = self.centres[k]
        dl, da, db = (one(self.lab[pixel][i]) - one(centre[i]) for i in range(3))
        dy, dx = one(pixel[0] - centre[3]), self.stretch(centre, pixel)
        return dl * dl + da * da + db * db + one(self.weight) * (dy * dy + dx * dx)

    def in_window(self, k, pixel):
        centre = self.centres[k]
        return all(abs(pixel[i] - centre[3 + i]) <= self.reach for i in (0, 1))

    def iterate(self):
        """One iteration; returns whether any cluster is still live."""
        self.visits += len(self.live)
        for k in sorted(self.live):
            for p in self.label:
                if self.in_window(k, p) and self.distance_to(k, p) < self.distance[p]:
                    self.label[p], self.distance[p] = k, self.distance_to(k, p)
        moved = {k for k in self.live if self.moves(k)}
        for p in self.label:
            if self.label[p] in moved:
                self.distance[p] = one(np.inf)
        self.live = {k for k in self.names if any(beside(k, other) for other in moved)}
        return bool(self.live)

    def moves(self, k):
        """Put a centre into the middle of its pixels; return whether it was far from it."""
        members = self.members(k)
        if not members:
            return False
        old, new = self.centres[k], means(members, self.lab)
        steps = [(a - b) * (a - b) for a, b in zip(new, old, strict=True)]
        self.centres[k] = new
        colour, space = sum(steps[:3]), sum(steps[3:])
        return math.sqrt(colour + self.weight * space) >= self.threshold


def beside(one_cell, other):
    return all(abs(a - b) <= 1 for a, b in zip(one_cell, other, strict=True))


def preslic(lab, rows, columns, compactness, iterations, threshold):
    """The clusters after the last iteration."""
    clusters = Clusters(lab, rows, columns, compactness, threshold)
    for _ in range(iterations):
        if not clusters.iterate():
            break
    return clusters


def label_map(clusters, shape):
    numbers = {k: i for i, k in enumerate(clusters.names)}
    return np.array(
        [[numbers[clusters.label[y, x]] for x in range(shape[1])] for y in range(shape[0])]
    )
