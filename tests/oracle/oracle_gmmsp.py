"""GMMSP, one pixel and one Gaussian at a time, with matrices as in the paper.

Shares nothing with the package.
"""

import math

import numpy as np


class Gaussian:
    def __init__(self, mean, space, colour):
        """`mean` is that of (y, x, L, a, b), `space` a 2 x 2 matrix, `colour` three variances."""
        covariance = np.diag([0.0, 0.0, *colour])
        covariance[:2, :2] = space
        self.mean, self.inverse = mean, np.linalg.inv(covariance)
        self.log_height = -0.5 * math.log(np.linalg.det(covariance))

    def log_density(self, z):
        d = z - self.mean
        return self.log_height - 0.5 * float(d @ self.inverse @ d)


def cells(length, count):
    """First and last pixel + 1 of equal stretches."""
    return [(k * length // count, (k + 1) * length // count) for k in range(count)]


class Mixture:
    def __init__(self, lab, rows, columns):
        self.shape = lab.shape[:2]
        self.pixels = {
            (y, x): np.array([y, x, *(float(v) for v in lab[y, x])])
            for y, x in np.ndindex(self.shape)
        }
        self.gaussians, self.cell_of = {}, {}
        for r, (top, bottom) in enumerate(cells(self.shape[0], rows)):
            for c, (left, right) in enumerate(cells(self.shape[1], columns)):
                inside = [(y, x) for y in range(top, bottom) for x in range(left, right)]
                self.cell_of.update(dict.fromkeys(inside, (r, c)))
                mean = np.mean([self.pixels[p] for p in inside], axis=0)
                space = np.diag([(bottom - top) ** 2.0, (right - left) ** 2.0])
                self.gaussians[r, c] = Gaussian(mean, space, np.full(3, 64.0))

    def near(self, p):
        """The Gaussians that a pixel can be of, in raster order."""
        r, c = self.cell_of[p]
        around = [(v, u) for v in (r - 1, r, r + 1) for u in (c - 1, c, c + 1)]
        return [k for k in around if k in self.gaussians]

    def log_densities(self, p):
        return {k: self.gaussians[k].log_density(self.pixels[p]) for k in self.near(p)}

    def iterate(self, spatial_floor, colour_floor):
        members = {k: [] for k in self.gaussians}
        for p, z in self.pixels.items():
            logs = self.log_densities(p)
            top = max(logs.values())
            total = sum(math.exp(v - top) for v in logs.values())
            for k, v in logs.items():
                members[k].append((math.exp(v - top) / total, z))
        for k, weighted in members.items():
            weight = sum(w for w, _ in weighted)
            mean = sum(w * z for w, z in weighted) / weight
            covariance = sum(w * np.outer(z - mean, z - mean) for w, z in weighted) / weight
            values, vectors = np.linalg.eigh(covariance[:2, :2])
            space = vectors @ np.diag(np.maximum(values, spatial_floor)) @ vectors.T
            colour = np.maximum(np.diag(covariance)[2:], colour_floor)
            self.gaussians[k] = Gaussian(mean, space, colour)

    def labels(self):
        """The most probable Gaussian of each pixel, numbered row by row; of equals the first."""
        numbers = {k: i for i, k in enumerate(sorted(self.gaussians))}
        found = np.empty(self.shape, int)
        for p in self.pixels:
            logs = self.log_densities(p)
            found[p] = numbers[max(logs, key=logs.get)]
        return found
