"""Entropy rate superpixels: a greedy forest of random-walk edges with balanced trees."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.kernels.buckets import (
    AHEAD,
    SIZE,
    Queue,
    add,
    empty_queue,
    is_open,
    open_bucket,
    replace_least,
    serve,
    take_least,
)
from methods.kernels.compiled import compiled, inner
from methods.kernels.heap import entry, item_of
from methods.kernels.prefetch import prefetch
from methods.kernels.unionfind import root
from methods.registry import register

LARGEST_DIFFERENCE = 3 * 255
NO_EDGE = LARGEST_DIFFERENCE + 1  # instead of a colour difference, where the image ends
UNSEEN = np.int32(-1)


class Graph(NamedTuple):
    """The pixel graph; edge e leads from pixel e // D in direction e % D, of D = 2 or 4.

    Logarithms are what this method spends its time on. Weights depend on a colour difference and a
    length only, sizes are small integers: both have tables of x log x.
    """

    step: NDArray[np.int64]  # (D,), from a pixel's number to its neighbour's
    difference: NDArray[np.uint16]  # (H * W * D,), |dR| + |dG| + |dB| or NO_EDGE
    weight: NDArray[np.float64]  # (D, differences)
    weight_log: NDArray[np.float64]  # (D, differences), w log w
    size_log: NDArray[np.float64]  # (H * W + 1,), s log s


class Forest(NamedTuple):
    """The trees of the edges chosen so far."""

    parent: NDArray[np.int32]  # (H * W,), in the union-find
    size: NDArray[np.int32]  # (H * W,), pixels of the tree, at its root
    loop: NDArray[np.float64]  # (H * W,), w_i p_ii, the weights of the unchosen edges of each pixel


@register
class EntropyRate(Method):
    """Edges chosen greedily for the entropy rate of a random walk and trees of balanced size.

    Parameters
    ----------
    balance : float
        Weight of the balancing term, lambda' in the paper, from 0 to a million; it is multiplied by
        n and by the ratio of the largest first gains of both terms.
    sigma : float
        Scale of the Gaussian similarity, from a millionth to a million; 3 sigma is its standard
        deviation in sums of differences of R, G and B.
    connectivity : {4, 8}
        Neighbours of a pixel in the graph; superpixels are connected in the same sense.
    """

    name = "ers"
    title = "ERS"
    reference = "Liu, Tuzel, Ramalingam, Chellappa: Entropy Rate Superpixel Segmentation, CVPR 2011"
    doi = "10.1109/CVPR.2011.5995323"
    license = "BSD-3-Clause"
    connected = True
    exact_count = True
    version = "2"
    departures = (
        "Logarithms are natural in the entropy rate and binary in the balancing term, as in the "
        "authors' program (the paper leaves it open). Gains are compared as 32-bit floats; of "
        "equal ones, the edge first in raster order is chosen. Superpixels of connectivity=8 may "
        "hold together by corners only. Against the authors' program on 20 validation images: ASA "
        "within .0013 for n = 50 to 400, recall within .005 but for n = 50, where it is .015 "
        "lower, no more than mirroring the images changes; on 5 training images, n = 200, ASA "
        ".9443 and recall .8670, theirs .9458 and .8726."
    )

    balance: float = 0.5
    sigma: float = 5.0
    connectivity: Literal[4, 8] = 4

    def validate(self) -> None:
        """Refuse values out of range."""
        if not 0 <= self.balance <= 1e6:
            raise ValueError(f"balance={self.balance} must be >= 0 and <= 1e6, the paper has 0.5")
        if not 1e-6 <= self.sigma <= 1e6:
            raise ValueError(f"sigma={self.sigma} must be >= 1e-6 and <= 1e6, the paper has 5")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.int32]:
        """Return exactly `n` superpixels."""
        labels, _ = choose_edges(image, n, self.balance, self.sigma, self.connectivity)
        return labels


def choose_edges(
    image: NDArray[np.uint8], n: int, balance: float, sigma: float, connectivity: int
) -> tuple[NDArray[np.int32], float]:
    """Return the labels of the forest of `n` trees, and the sum of the gains of its edges.

    The sum is that of w_T (H + lambda B), less w_T lambda for each edge: every choice has this
    part, and 32-bit keys without it tell more of the rest.
    """
    graph = _graph(image, sigma, connectivity)
    loop, gain = np.zeros(image.shape[0] * image.shape[1]), np.zeros(graph.difference.size)
    _first_gains(graph, loop, gain)
    largest_entropy = float(gain.max(initial=0.0))
    largest_balance = 1 - 2 / loop.size  # of an edge between two single pixels
    weight = balance * n * largest_entropy / largest_balance if loop.size > 2 else 0.0
    weight /= loop.size * math.log(2)  # sizes have natural logarithms
    parent, size = np.arange(loop.size, dtype=np.int32), np.ones(loop.size, np.int32)
    labels = np.full(image.shape[:2], UNSEEN)
    forest = Forest(parent, size, loop)
    return labels, _grow_trees(graph, forest, gain, n, float(weight), labels.reshape(-1))


def _graph(image: NDArray[np.uint8], sigma: float, connectivity: int) -> Graph:
    height, width = image.shape[:2]
    down = np.array([0, 1, 1, 1][: connectivity // 2])
    across = np.array([1, 0, 1, -1][: connectivity // 2])
    length = np.hypot(down, across)[:, None]
    distance = length * np.arange(LARGEST_DIFFERENCE + 1)
    weight = np.exp(-(distance**2) / (2 * (3 * sigma) ** 2))
    difference = np.full((height, width, down.size), NO_EDGE, np.uint16)
    _differences(image, down, across, difference)
    return Graph(
        down * width + across,
        difference.reshape(-1),
        weight,
        _x_log_x(weight),
        _x_log_x(np.arange(height * width + 2.0)),
    )


def _x_log_x(x: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithm = np.log(x, out=np.zeros_like(x), where=x > 0)
    return np.multiply(x, logarithm, out=logarithm)


@compiled
def _differences(
    image: NDArray[np.uint8],
    down: NDArray[np.int64],
    across: NDArray[np.int64],
    difference: NDArray[np.uint16],
) -> None:
    """Fill in the colour difference along every edge, and leave those out of the image."""
    height, width, _ = image.shape
    for y in range(height):
        for x in range(width):
            for k in range(down.size):
                v, u = y + down[k], x + across[k]
                if v < height and 0 <= u < width:
                    total = 0
                    for channel in range(3):
                        total += abs(np.int32(image[y, x, channel]) - image[v, u, channel])
                    difference[y, x, k] = total


@compiled
def _first_gains(graph: Graph, loop: NDArray[np.float64], gain: NDArray[np.float64]) -> None:
    """Fill in, from zeros, the loops while no edge is chosen, and what each edge alone then gains.

    A loop is w_i p_ii, the weights of a pixel's unchosen edges. Entropy rates are kept times w_T,
    the sum of all weights, a factor without influence.
    """
    for e in range(graph.difference.size):
        if graph.difference[e] != NO_EDGE:
            i, j, k = _ends(graph, e)
            loop[i] += graph.weight[k, graph.difference[e]]
            loop[j] += graph.weight[k, graph.difference[e]]
    for e in range(gain.size):
        if graph.difference[e] != NO_EDGE:
            gain[e] = _entropy_gain(graph, loop, e)


@inner
def _ends(graph: Graph, e: int) -> tuple[int, int, int]:
    """Return both pixels of an edge, and its direction."""
    i = e >> (graph.step.size >> 1)  # D is 2 or 4
    k = e & (graph.step.size - 1)
    return i, i + graph.step[k], k


@inner
def _entropy_gain(graph: Graph, loop: NDArray[np.float64], e: int) -> float:
    """Return the gain of w_T H: at each end, weight w goes from the loop to the edge.

    With p = w / w_i, the entropy at a pixel is w_i log w_i less the sum of w log w over its chosen
    edges and its loop.
    """
    i, j, k = _ends(graph, e)
    weight = graph.weight[k, graph.difference[e]]
    gain = _x_log_x_of(loop[i]) - _x_log_x_of(loop[i] - weight)
    gain += _x_log_x_of(loop[j]) - _x_log_x_of(loop[j] - weight)
    return float(gain - 2 * graph.weight_log[k, graph.difference[e]])


@inner
def _x_log_x_of(x: float) -> float:
    return x * math.log(x) if x > 0 else 0.0


@inner
def _uneven(graph: Graph, a: int, b: int) -> float:
    """Return what the entropy of the tree sizes loses, times H * W, as sizes a and b unite."""
    return float(graph.size_log[a + b] - (graph.size_log[a] + graph.size_log[b]))


@compiled
def _grow_trees(
    graph: Graph,
    forest: Forest,
    first_gain: NDArray[np.float64],
    n: int,
    balance: float,
    labels: NDArray[np.int32],
) -> float:
    """Choose edges until there are `n` trees, label the trees, return the sum of the gains.

    Gains only shrink (submodularity), so that the queue holds an upper bound for each edge, and an
    edge that is first in it and whose gain is still the same is the best of all. Rounding may break
    this where gains are as small as its errors: with no balance, between very unlike pixels.
    """
    queue = _first_queue(graph, first_gain, balance)
    trees, total = labels.size, 0.0
    while trees > n:
        if queue[SIZE] == 0:
            _refill(queue, graph, forest, balance)
            continue
        e = item_of(queue[0])
        i, j, k = _ends(graph, e)
        a, b = root(forest.parent, i), root(forest.parent, j)
        if a == b:  # it would close a cycle
            take_least(queue)
            continue
        gain = _gain(graph, forest, balance, e, a, b)
        packed = entry(-gain, e)
        if packed != queue[0]:
            replace_least(queue, packed)
            continue
        take_least(queue)
        forest.loop[i] -= graph.weight[k, graph.difference[e]]
        forest.loop[j] -= graph.weight[k, graph.difference[e]]
        _unite(forest, a, b)
        total += gain
        trees -= 1
    _label_trees(forest.parent, labels)
    return total


@inner
def _first_queue(graph: Graph, first_gain: NDArray[np.float64], balance: float) -> Queue:
    """Return the edges by their first gains."""
    queue = empty_queue(first_gain.size)
    for e in range(first_gain.size):
        if graph.difference[e] != NO_EDGE:
            add(queue, entry(balance * _uneven(graph, 1, 1) - first_gain[e], e))
    return queue


@inner
def _refill(queue: Queue, graph: Graph, forest: Forest, balance: float) -> None:
    """Serve the next edges, by what they gain now."""
    count, kept = open_bucket(queue), 0
    for place in range(count):
        if place + AHEAD < count:
            _prefetch_ends(graph, forest, item_of(queue[place + AHEAD]))
        e = item_of(queue[place])
        i, j, _ = _ends(graph, e)
        a, b = root(forest.parent, i), root(forest.parent, j)
        if a == b:
            continue
        packed = entry(-_gain(graph, forest, balance, e, a, b), e)
        if is_open(queue, packed):
            queue[kept] = packed
            kept += 1
        else:
            add(queue, packed)
    serve(queue, kept)


@inner
def _prefetch_ends(graph: Graph, forest: Forest, e: int) -> None:
    i, j, _ = _ends(graph, e)
    prefetch(graph.difference, e)
    prefetch(forest.parent, i)
    prefetch(forest.parent, j)
    prefetch(forest.loop, i)
    prefetch(forest.loop, j)


@inner
def _gain(graph: Graph, forest: Forest, balance: float, e: int, a: int, b: int) -> float:
    """Return what an edge between the trees with roots a and b gains now."""
    uneven = _uneven(graph, forest.size[a], forest.size[b])
    return _entropy_gain(graph, forest.loop, e) - balance * uneven


@inner
def _unite(forest: Forest, a: int, b: int) -> None:
    """Make the larger of two roots the parent of the other, so that ways to a root stay short."""
    if forest.size[a] < forest.size[b]:
        a, b = b, a
    forest.parent[b] = a
    forest.size[a] += forest.size[b]


@inner
def _label_trees(parent: NDArray[np.int32], labels: NDArray[np.int32]) -> None:
    """Give each tree a number, in the order of their first pixels; labels are all unseen."""
    count = 0
    for i in range(parent.size):
        a = root(parent, i)
        if labels[a] == UNSEEN:
            labels[a] = count
            count += 1
        labels[i] = labels[a]
