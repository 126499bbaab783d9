"""Preemptive SLIC as published: a cluster is visited while enough pixels around it change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.classical.settings import check_settings
from methods.kernels.absorb import absorb_small
from methods.kernels.compiled import compiled
from methods.kernels.kmeans import ALL_ROWS, Labels, Planes, Scale, assign, move
from methods.registry import register


@register
class PreSlic(Method):
    """SLIC that leaves a cluster alone while hardly a pixel around it changes its label.

    Each pixel whose label changed in a pass counts once for its new label and once for each of the
    up to nine cells of the grid around it; a cluster is visited again when its count is at least
    `threshold` of nine cells' pixels. A pixel keeps the smallest distance that any centre has had
    to it, also one that has moved since.

    Parameters
    ----------
    compactness : float
        Weight of position against colour in 8-bit Lab, m in SLIC, greater than 0, at most 1e9.
    iterations : int
        Most passes, at least 1.
    threshold : float
        Share of changed pixels, 0 to 1: of nine cells for a cluster, of the image for the end.
    min_size_factor : float
        Parts of at most this share of a cell are merged, 0 to 1.
    """

    name = "preslic"
    title = "preSLIC"
    reference = (
        "Neubert, Protzel: Compact Watershed and Preemptive SLIC: On Improving Trade-offs of "
        "Superpixel Segmentation Algorithms, ICPR 2014"
    )
    doi = "10.1109/ICPR.2014.181"
    license = "BSD-3-Clause"
    version = "2"
    connected = True
    departures = (
        "Follows the authors' program where the paper is silent, but for what could not be known: "
        "the order in which equally near centres win (the first), and the rounding of centres to "
        "pixels for their first colours. ASA .9257 and recall .7853, the authors' program .9246 "
        "and .7862 (n = 200, 5 training images). Fewer come back than asked: 171 of 200 there. The "
        "weight of 10 is one of two published defaults, the other is 40. `preslic_centres` drops "
        "distances to centres that moved and scores far higher."
    )

    compactness: float = 10.0
    iterations: int = 10
    threshold: float = 0.01
    min_size_factor: float = 0.25

    def validate(self) -> None:
        """Refuse values out of range."""
        check_settings(self.compactness, self.iterations, self.min_size_factor)
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold={self.threshold} must be from 0 to 1, published is 0.01")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels, and leave in `facts` how often a cluster was visited."""
        import cv2

        height, width = image.shape[:2]
        step = math.sqrt(height * width / n)
        rows, columns = max(1, round(height / step)), max(1, round(width / step))
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
        planes = np.ascontiguousarray(np.moveaxis(lab, 2, 0), np.float32)
        centres = _seeds(planes, step, rows, columns)
        scale = Scale(self.compactness**2 / step**2, step)
        labels = np.full((height, width), -1, np.int32)
        distances = np.full((height, width), np.inf, np.float32)
        counts = np.full(rows * columns, np.inf)
        visits = 0
        for _ in range(self.iterations):
            live = counts >= self.threshold * 9 * step**2
            counts[live] = 0
            visits += int(live.sum())
            before = labels.copy()
            assign(planes, centres, live, scale, ALL_ROWS, distances, labels)
            changed = count_changes(before, labels, step, columns, counts.reshape(rows, columns))
            move(planes, labels, ALL_ROWS, centres)
            if changed < self.threshold * height * width:
                break
        self.facts = {"visits": visits}
        return absorb_small(labels, self.min_size_factor * step**2)


def _seeds(planes: Planes, step: float, rows: int, columns: int) -> NDArray[np.float64]:
    """Return the centres of a grid, (K, 5): the colour of the pixel there, and its position."""
    y = np.repeat(step / 2 - 0.5 + step * np.arange(rows), columns)
    x = np.tile(step / 2 - 0.5 + step * np.arange(columns), rows)
    height, width = planes.shape[1:]
    row = np.clip(np.rint(y).astype(int), 0, height - 1)
    column = np.clip(np.rint(x).astype(int), 0, width - 1)
    return np.column_stack([planes[:, row, column].T, y, x]).astype(np.float64)


@compiled
def count_changes(
    before: Labels, labels: Labels, step: float, columns: int, counts: NDArray[np.float64]
) -> int:
    """Add each changed pixel to its new cluster and the cells around; return how many changed."""
    changed = 0
    for y in range(labels.shape[0]):
        r = min(int(y / step), counts.shape[0] - 1)
        for x in range(labels.shape[1]):
            k = labels[y, x]
            if k == before[y, x]:
                continue
            changed += 1
            counts[k // columns, k % columns] += 1
            c = min(int(x / step), counts.shape[1] - 1)
            for i in range(max(r - 1, 0), min(r + 2, counts.shape[0])):
                for j in range(max(c - 1, 0), min(c + 2, counts.shape[1])):
                    counts[i, j] += 1
    return changed
