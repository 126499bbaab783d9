"""ETPS with a label for each pixel and every energy computed from scratch, in exact fractions.

Shares nothing with the package. Lab comes in as floats; here it is integers, in sixteenths.
"""

from collections import Counter, deque
from fractions import Fraction

import numpy as np


def sixteenths(lab):
    """A colour for each pixel, in integers."""
    return {p: tuple(round(16 * float(v)) for v in lab[p]) for p in np.ndindex(lab.shape[:2])}


def scatter(points):
    """Sum of squared differences to the mean."""
    total = Fraction(0)
    for values in zip(*points, strict=True):
        squares, plain = sum(v * v for v in values), sum(values)
        total += squares - Fraction(plain * plain, len(values))
    return total


def energy(labels, colours, level, weights, first_areas):
    """Energy of a label map (dict by pixel), if blocks are those of `level`."""
    regularization, length, size = (Fraction(weight) for weight in weights)
    members, blocks = {}, Counter(labels[block[0]] for block in level.values())
    for p in labels:
        members.setdefault(labels[p], []).append(p)
    total = Fraction(0)
    for s, pixels in members.items():
        scatters = scatter([colours[p] for p in pixels]) / 256 + regularization * scatter(pixels)
        total += scatters / Fraction(len(pixels), blocks[s])
        total += size * max(0, Fraction(first_areas[s], 4) - len(pixels))
    pairs = [(p, q) for y, x in labels for p, q in (((y, x), (y + 1, x)), ((y, x), (y, x + 1)))]
    return total + length * sum(q in labels and labels[p] != labels[q] for p, q in pairs)


def pixel_level(height, width):
    return {p: [p] for p in np.ndindex(height, width)}


def stays_connected(own):
    """Whether the blocks beside the middle of 3 x 3 hang together within `own`.

    `own` is a set of (row, column) around (0, 0), all of the superpixel of the middle.
    """
    beside = {(-1, 0), (0, -1), (0, 1), (1, 0)} & own
    if not beside:
        return False
    stack = [min(beside)]
    reached = set(stack)
    while stack:
        y, x = stack.pop()
        for q in {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} & own - reached:
            reached.add(q)
            stack.append(q)
    return beside <= reached


def first_stretches(length, step):
    """Where the first blocks start and stop: each stretch of `step` cut evenly."""
    parts = max(2, (step + 15) // 16)
    found = []
    for start in range(0, length, step):
        for k in range(parts):
            a, b = start + k * step // parts, min(start + (k + 1) * step // parts, length)
            if a < b:
                found.append((a, b))
    return found


def halves(stretches):
    found = []
    for a, b in stretches:
        middle = (a + b) // 2
        found += [(a, middle), (middle, b)] if a < middle else [(a, b)]
    return found


def make_level(rows, columns):
    """Pixels of each block, by row and column of blocks."""
    return {
        (r, c): [(y, x) for y in range(*rows[r]) for x in range(*columns[c])]
        for r in range(len(rows))
        for c in range(len(columns))
    }


class Run:
    """A run of the method; `on_move` is called with the labels (dict by pixel) after each move."""

    def __init__(self, lab, step, weights, iterations, threshold, on_move=lambda labels: None):
        height, width = lab.shape[:2]
        self.colours = sixteenths(lab)
        self.weights, self.threshold, self.on_move = weights, threshold, on_move
        self.moves = 0
        per_row = -(-width // step)
        self.labels = {(y, x): y // step * per_row + x // step for y, x in self.colours}
        self.first_areas = Counter(self.labels.values())
        rows, columns = first_stretches(height, step), first_stretches(width, step)
        while True:
            self.level = make_level(rows, columns)
            for _ in range(iterations):
                if not self.make_pass():
                    break
            if len(self.level) == height * width:
                break
            rows, columns = halves(rows), halves(columns)
        self.energy = self.energy_now()

    def energy_now(self):
        return energy(self.labels, self.colours, self.level, self.weights, self.first_areas)

    def label(self, b):
        return self.labels[self.level[b][0]] if b in self.level else None

    def give(self, b, label):
        for p in self.level[b]:
            self.labels[p] = label

    def others(self, b):
        """Superpixels above, left, right, below that are not the block's own, each once."""
        r, c = b
        around = [self.label(q) for q in ((r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c))]
        return list(dict.fromkeys(s for s in around if s not in (None, self.label(b))))

    def make_pass(self):
        before = self.moves
        queue = deque(b for b in sorted(self.level) if self.others(b))
        now = self.energy_now()
        while queue:
            r, c = b = queue.popleft()
            target, least = self.best(b, now)
            if target is None:
                continue
            self.give(b, target)
            now = least
            self.moves += 1
            self.on_move(self.labels)
            for q in (b, (r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)):
                if q in self.level and q not in queue and self.others(q):
                    queue.append(q)
        return self.moves > before

    def best(self, b, now):
        """The superpixel to which the block goes and the energy then, or None and the present."""
        own, target, least = self.label(b), None, now
        ring = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
        if not stays_connected({d for d in ring if self.label((b[0] + d[0], b[1] + d[1])) == own}):
            return target, least
        for other in self.others(b):
            self.give(b, other)
            then = self.energy_now()
            if now - then > self.threshold and then < least:
                target, least = other, then
        self.give(b, own)
        return target, least
