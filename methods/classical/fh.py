"""Felzenszwalb and Huttenlocher's graph-based segmentation, at the scale that gives the count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, OnDemand
from methods.classical.search import search_count
from methods.kernels.compiled import compiled, inner
from methods.kernels.unionfind import root
from methods.registry import register


class Edges(NamedTuple):
    """The edges between 8-neighbours of an image, cheapest first."""

    costs: NDArray[np.float64]  # (E,), distances of smoothed colours in [0, 1]
    ends: NDArray[np.int32]  # (E, 2), pixels by raster index
    shape: tuple[int, int]


@register
class Felzenszwalb(Method):
    """Greedy merging of regions whose colour difference is no larger than within them.

    Parameters
    ----------
    sigma : float
        Width of the Gaussian that smooths the image first, in pixels.
    min_share : float
        Segments smaller than this share of HW / n are merged, 0 to 1.
    trials : int
        Most segmentations in the search for the scale, at least 1.
    """

    name = "fh"
    title = "FH"
    reference = "Felzenszwalb, Huttenlocher: Efficient Graph-Based Image Segmentation, IJCV 2004"
    doi = "10.1023/B:VISI.0000022288.19776.77"
    license = "BSD-3-Clause"
    departures = (
        "The method takes no count: `scale` is searched for by bisection on a logarithmic scale, "
        "from 0.01 to 1e6, until the count is within 1 % or the trials are used up; the time "
        "includes all trials. Labels are those of scikit-image's `felzenszwalb` at the same scale "
        "and least size on the same machine: edges of equal cost, of which flat images have many, "
        "are in the order of numpy's default sort, which is not stable and differs between "
        "processors with other vector instructions. Superpixels are 8-connected, not 4-connected."
    )

    sigma: float = 0.8
    min_share: float = 0.1
    trials: int = 12

    def validate(self) -> None:
        """Refuse values out of range."""
        if self.sigma < 0:
            raise ValueError(f"sigma={self.sigma} must be >= 0, in pixels; the paper has 0.8")
        if not 0 <= self.min_share <= 1:
            raise ValueError(f"min_share={self.min_share} must be 0 to 1, usual is 0.1")
        if self.trials < 1:
            raise ValueError(f"trials={self.trials} must be >= 1, usual is 12")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the segmentation whose count is nearest `n`, and leave its scale in `facts`."""
        return self._divide(sorted_edges(image, self.sigma), n)

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Return a segmentation for each of `ns`, all from edges that are sorted once."""
        edges = sorted_edges(image, self.sigma)
        return OnDemand(lambda n: self._divide(edges, n), ns)

    def _divide(self, edges: Edges, n: int) -> NDArray[np.int32]:
        height, width = edges.shape
        min_size = int(self.min_share * height * width / n)

        def run(scale: float) -> tuple[int, NDArray[np.int32]]:
            labels = np.empty(height * width, np.int32)
            return merge_regions(edges.costs, edges.ends, scale / 255, min_size, labels), labels

        found = search_count(run, n, low=1e-2, high=1e6, max_trials=self.trials)
        self.facts = {"trials": found.trials, "scale": found.value}
        return found.labels.reshape(edges.shape)


def sorted_edges(image: NDArray[np.uint8], sigma: float) -> Edges:
    """Smooth an image and sort the distances between neighbouring pixels' colours.

    The order of edges of equal cost is that of numpy's default sort, from the directions one after
    the other: right, down, right and down, right and up; as scikit-image has it.
    """
    from scipy.ndimage import gaussian_filter

    height, width = image.shape[:2]
    smooth = gaussian_filter(image * (1 / 255), (sigma, sigma, 0))
    costs = np.empty(4 * height * width - 3 * (height + width) + 2)
    measure_edges(smooth, costs)
    order = np.argsort(costs)
    ends = np.empty((costs.size, 2), np.int32)
    find_ends(order, height, width, ends)
    return Edges(costs[order], ends, (height, width))


@compiled
def measure_edges(smooth: NDArray[np.float64], costs: NDArray[np.float64]) -> None:
    """Fill in the cost of each edge, direction by direction, each in raster order."""
    height, width = smooth.shape[:2]
    e = 0
    for dy, dx in ((0, 1), (1, 0), (1, 1), (-1, 1)):
        for y in range(max(-dy, 0), height - max(dy, 0)):
            for x in range(width - dx):
                total = 0.0
                for channel in range(3):
                    gap = smooth[y + dy, x + dx, channel] - smooth[y, x, channel]
                    total += gap * gap
                costs[e] = np.sqrt(total)
                e += 1


@compiled
def find_ends(order: NDArray[np.int64], height: int, width: int, ends: NDArray[np.int32]) -> None:
    """Fill in the two pixels of each edge, given by its number in `measure_edges`."""
    # An image one pixel wide has edges downwards only, so that width - 1 = 0 divides nothing.
    right = height * (width - 1)
    down = right + (height - 1) * width
    right_and_down = down + (height - 1) * (width - 1)
    for i in range(order.size):
        e = order[i]
        if e < right:
            pixel = e + e // (width - 1)  # a row has one edge less than pixels
            step = 1
        elif e < down:
            pixel = e - right
            step = width
        elif e < right_and_down:
            e -= down
            pixel = e + e // (width - 1)
            step = width + 1
        else:
            e -= right_and_down
            pixel = width + e + e // (width - 1)
            step = 1 - width
        ends[i, 0] = pixel
        ends[i, 1] = pixel + step


@compiled
def merge_regions(
    costs: NDArray[np.float64],
    ends: NDArray[np.int32],
    scale: float,
    min_size: int,
    labels: NDArray[np.int32],
) -> int:
    """Merge regions from the cheapest edge to the dearest, then small ones into neighbours.

    An edge merges two regions if it costs less than the dearest edge within either of them plus
    `scale` over its number of pixels; this limit is rounded to float32, as in scikit-image. Then
    an edge merges two regions if either has fewer than `min_size` pixels.

    Parameters
    ----------
    costs, ends : ndarrays
        The edges, see `Edges`.
    scale : float
        The paper's k, for colours in [0, 1].
    min_size : int
    labels : (P,) ndarray of int32
        Filled with a pixel of each pixel's region, the same for all of a region.

    Returns
    -------
    int
        The number of regions.
    """
    parent = labels
    for i in range(parent.size):
        parent[i] = i
    sizes = np.ones(parent.size, np.int32)
    limits = np.full(parent.size, scale, np.float32)
    refused = np.empty(costs.size, np.int32)
    count, refusals = parent.size, 0
    for e in range(costs.size):
        one, other = root(parent, ends[e, 0]), root(parent, ends[e, 1])
        if one == other:
            continue
        if costs[e] >= limits[one] or costs[e] >= limits[other]:
            refused[refusals] = e
            refusals += 1
            continue
        one = join(parent, sizes, one, other)
        limits[one] = costs[e] + scale / sizes[one]
        count -= 1
    for i in range(refusals):
        e = refused[i]
        one, other = root(parent, ends[e, 0]), root(parent, ends[e, 1])
        if one != other and (sizes[one] < min_size or sizes[other] < min_size):
            join(parent, sizes, one, other)
            count -= 1
    for i in range(parent.size):
        labels[i] = root(parent, i)
    return count


@inner
def join(parent: NDArray[np.int32], sizes: NDArray[np.int32], one: int, other: int) -> int:
    """Put the smaller of two sets, given by their roots, under the larger; return its root."""
    if sizes[one] < sizes[other]:
        one, other = other, one
    parent[other] = one
    sizes[one] += sizes[other]
    return one
