"""CRS with a label for each pixel in a dictionary, and every parameter estimated from scratch.

Shares nothing with the package. Colours come in as floats; here it is integers, in sixteenths.
"""

import math
from fractions import Fraction

import numpy as np


def sixteenths(lab):
    """A colour for each pixel, in integers."""
    return {p: tuple(round(16 * float(v)) for v in lab[p]) for p in np.ndindex(lab.shape[:2])}


def grid(height, width, rows, columns):
    """The label of each pixel at the start."""
    return {(y, x): y * rows // height * columns + x * columns // width
            for y, x in np.ndindex(height, width)}  # fmt: skip


def mean_and_variance(values):
    mean = Fraction(sum(values), len(values))
    return mean, Fraction(sum(v * v for v in values), len(values)) - mean * mean


def stays_connected(members, pixel):
    """Whether the pixels beside one hang together within `members` of the 3 x 3 around it."""
    y, x = pixel
    beside = [q for q in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)) if q in members]
    if not beside:
        return False
    reached, stack = {beside[0]}, [beside[0]]
    while stack:
        v, u = stack.pop()
        for q in ((v - 1, u), (v + 1, u), (v, u - 1), (v, u + 1)):
            near = max(abs(q[0] - y), abs(q[1] - x)) == 1
            if near and q in members and q not in reached:
                reached.add(q)
                stack.append(q)
    return reached.issuperset(beside)


class Run:
    """A run of the method; `on_move` is called with the run after each move."""

    def __init__(
        self, lab, rows, columns, clique_cost, position, noise, passes, on_move=lambda run: None
    ):
        height, width = lab.shape[:2]
        self.colours = sixteenths(lab)
        self.clique_cost, self.noise = clique_cost, noise
        self.position = position
        self.labels = grid(height, width, rows, columns)
        self.members = {k: set() for k in range(rows * columns)}
        for pixel, k in self.labels.items():
            self.members[k].add(pixel)
        self.models = {k: self.model(k) for k in self.members}
        self.moves = self.passes = 0
        while self.passes < passes:
            before = self.moves
            for pixel in sorted(self.labels, reverse=self.passes % 2 == 1):
                self.visit(pixel, on_move)
            self.passes += 1
            if self.moves == before:
                break

    def model(self, k):
        """Mean and variance of each channel, and the centroid."""
        channels = []
        for values in zip(*(self.colours[p] for p in self.members[k]), strict=True):
            mean, variance = mean_and_variance(values)
            channels.append((float(mean), max(float(variance), (16 * self.noise) ** 2)))
        y, x = (float(Fraction(sum(v), len(v))) for v in zip(*self.members[k], strict=True))
        return channels, y, x

    def pixel_cost(self, pixel, k):
        """Minus the log of the likelihood of a pixel's colour, and what its position costs."""
        channels, centre_y, centre_x = self.models[k]
        total = 0.0
        for value, (mean, variance) in zip(self.colours[pixel], channels, strict=True):
            total += math.log(variance) / 2 + (value - mean) ** 2 / (2 * variance)
        return total + self.position * ((pixel[0] - centre_y) ** 2 + (pixel[1] - centre_x) ** 2)

    def contour_cost(self, pixel, k):
        """What the pairs of a pixel and its neighbours cost, if its label is `k`."""
        total = 0.0
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                other = self.labels.get((pixel[0] + dy, pixel[1] + dx), k)
                if (dy or dx) and other != k:
                    total += self.clique_cost / math.hypot(dy, dx)
        return total

    def cost(self, pixel, k):
        return self.pixel_cost(pixel, k) + self.contour_cost(pixel, k)

    def energy(self):
        """Minus the log of the posterior of the whole label map, but for a constant."""
        pairs = sum(self.contour_cost(p, k) for p, k in self.labels.items()) / 2
        return pairs + sum(self.pixel_cost(p, k) for p, k in self.labels.items())

    def visit(self, pixel, on_move):
        own, (y, x) = self.labels[pixel], pixel
        if not stays_connected(self.members[own], pixel):
            return
        best, least = own, self.cost(pixel, own) - 1e-9
        for q in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
            k = self.labels.get(q, own)
            if k != own and self.cost(pixel, k) < least:
                best, least = k, self.cost(pixel, k)
        if best != own:
            self.members[own].remove(pixel)
            self.members[best].add(pixel)
            self.labels[pixel] = best
            self.models[own], self.models[best] = self.model(own), self.model(best)
            self.moves += 1
            on_move(self)
