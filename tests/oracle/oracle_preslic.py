"""Preemptive SLIC as published, one pixel at a time; distances are single floats.

Shares nothing with the package.
"""

import math

import numpy as np

one = np.float32


class Clusters:
    """`lab` is (H, W, 3), whole numbers of 8 bits."""

    def __init__(self, lab, n, compactness, threshold):
        self.height, self.width = lab.shape[:2]
        self.lab, self.threshold = lab.astype(float), threshold
        self.step = math.sqrt(self.height * self.width / n)
        self.weight = compactness**2 / self.step**2
        self.rows, self.columns = (max(1, round(s / self.step)) for s in lab.shape[:2])
        self.names = [(r, c) for r in range(self.rows) for c in range(self.columns)]
        self.pixels = list(np.ndindex(self.height, self.width))
        self.label = dict.fromkeys(self.pixels)
        self.distance = dict.fromkeys(self.pixels, one(np.inf))
        self.count = dict.fromkeys(self.names, math.inf)
        self.centres = {k: self.seed(k) for k in self.names}
        self.visits = 0

    def seed(self, k):
        place = [self.step / 2 - 0.5 + i * self.step for i in k]
        pixel = tuple(
            min(max(round(p), 0), side - 1)
            for p, side in zip(place, (self.height, self.width), strict=True)
        )
        return [*self.lab[pixel], *place]

    def distance_to(self, k, pixel):
        centre = self.centres[k]
        dl, da, db = (one(self.lab[pixel][i]) - one(centre[i]) for i in range(3))
        left = max(math.ceil(centre[4] - self.step), 0)  # offsets count from the window's left end
        dy, dx = one(pixel[0] - centre[3]), one(left - centre[4]) + one(pixel[1] - left)
        return dl * dl + da * da + db * db + one(self.weight) * (dy * dy + dx * dx)

    def in_window(self, k, pixel):
        return all(abs(pixel[i] - self.centres[k][3 + i]) <= self.step for i in (0, 1))

    def one_pass(self):
        """Return how many pixels changed."""
        before = dict(self.label)
        live = [k for k in self.names if self.count[k] >= self.threshold * 9 * self.step**2]
        self.visits += len(live)
        for k in live:
            self.count[k] = 0
            for p in self.pixels:
                if self.in_window(k, p) and self.distance_to(k, p) < self.distance[p]:
                    self.label[p], self.distance[p] = k, self.distance_to(k, p)
        changed = [p for p in self.pixels if self.label[p] != before[p]]
        for p in changed:
            cell = min(int(p[0] / self.step), self.rows - 1), self.cell_of(p[1])
            self.count[self.label[p]] += 1
            for k in self.names:
                self.count[k] += max(abs(k[0] - cell[0]), abs(k[1] - cell[1])) <= 1
        for k in self.names:
            members = [p for p in self.pixels if self.label[p] == k]
            if members:
                values = [(*self.lab[p], *p) for p in members]
                self.centres[k] = [sum(column) / len(members) for column in zip(*values)]  # noqa: B905
        return len(changed)

    def cell_of(self, x):
        return min(int(x / self.step), self.columns - 1)


def preslic(lab, n, compactness, iterations, threshold):
    clusters = Clusters(lab, n, compactness, threshold)
    for _ in range(iterations):
        if clusters.one_pass() < threshold * lab.shape[0] * lab.shape[1]:
            break
    return clusters


def with_small_parts_absorbed(label, shape, most):
    """Parts in raster order; a small one takes the part met last beside its first pixel."""
    part, number = {}, 0
    for start in np.ndindex(shape):
        if start in part:
            continue
        y, x = start
        around = [(y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x)]
        beside = [part[p] for p in around if p in part]
        members, edge = {start}, [start]
        while edge:
            y, x = edge.pop()
            for p in [(y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x)]:
                inside = 0 <= p[0] < shape[0] and 0 <= p[1] < shape[1]
                if inside and p not in members and label[p] == label[start]:
                    members.add(p)
                    edge.append(p)
        small = len(members) <= most and beside
        part.update(dict.fromkeys(members, beside[-1] if small else number))
        number += not small
    return np.array([part[p] for p in np.ndindex(shape)]).reshape(shape)
