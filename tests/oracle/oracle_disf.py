"""DISF, pixel by pixel with dictionaries.

Shares nothing with the package.
"""

import math

import numpy as np


def around(pixel, shape):
    y, x = pixel
    block = [(v, u) for v in (y - 1, y, y + 1) for u in (x - 1, x, x + 1) if (v, u) != pixel]
    return [(v, u) for v, u in block if 0 <= v < shape[0] and 0 <= u < shape[1]]


def squared(one, other):
    gaps = [np.float32(a) - np.float32(b) for a, b in zip(one, other, strict=True)]
    return gaps[0] * gaps[0] + gaps[1] * gaps[1] + gaps[2] * gaps[2]


def mean(colours):
    """Sums in float64, in the order in which the pixels came; rounded once, to float32."""
    totals = [0.0, 0.0, 0.0]
    for colour in colours:
        totals = [total + float(value) for total, value in zip(totals, colour, strict=True)]
    return [np.float32(total / len(colours)) for total in totals]


def forest(lab, seeds):
    """Tree of each pixel, and the colours of each tree, seeds numbered as they come."""
    tree = {seed: k for k, seed in enumerate(seeds)}
    cost = dict.fromkeys(seeds, np.float32(0))
    colours = [[] for _ in seeds]
    line, waiting = list(seeds), set()
    while line or waiting:
        if line:
            pixel = line.pop(0)
        else:
            pixel = min(waiting, key=lambda p: (cost[p], p))
            waiting.remove(pixel)
        k = tree[pixel]
        colours[k].append(lab[pixel])
        now = mean(colours[k])
        for other in around(pixel, lab.shape):
            reached = max(cost[pixel], squared(now, lab[other]))
            if reached < cost.get(other, math.inf):
                cost[other], tree[other] = reached, k
                waiting.discard(other)
                if reached == cost[pixel]:
                    line.append(other)
                else:
                    waiting.add(other)
    return tree, colours


def removal(lab, tree, colours):
    """Relevance of each tree."""
    means = [mean(one) for one in colours]
    gaps = [math.inf] * len(means)
    for pixel, k in tree.items():
        for other in around(pixel, lab.shape):
            if tree[other] != k:
                gaps[k] = min(gaps[k], squared(means[k], means[tree[other]]))
    return [len(one) * float(np.sqrt(gap)) for one, gap in zip(colours, gaps, strict=True)]


def grid(height, width, least):
    """Middles of the cells of the smallest grid that has enough, its cells nearly square."""
    rows = min(height, math.ceil(math.sqrt(least * height / width)))
    columns = min(width, math.ceil(least / rows))
    while rows * columns < least:
        rows += 1
    return [
        (int((r + 0.5) * height / rows), int((c + 0.5) * width / columns))
        for r in range(rows)
        for c in range(columns)
    ]


def disf(lab, n, first):
    height, width = lab.shape[:2]
    first = min(max(first, n), height * width)
    seeds = grid(height, width, first)
    tree, colours = forest(lab, seeds)
    i = 0
    while len(seeds) > n:
        i += 1
        relevance = removal(lab, tree, colours)
        order = sorted(range(len(seeds)), key=lambda k: (-relevance[k], k))
        kept = sorted(order[: max(int(first * math.exp(-i)), n)])
        seeds = [seeds[k] for k in kept]
        tree, colours = forest(lab, seeds)
    return np.array([[tree[y, x] for x in range(width)] for y in range(height)])
