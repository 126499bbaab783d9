"""Merging of small regions, with sets of pixels.

Shares nothing with the package.
"""

import numpy as np


def parts_of(labels, corners=False):
    """4- or 8-connected sets of pixels of equal label, in the order of their first pixels."""
    height, width = labels.shape
    seen, found = set(), []
    for start in np.ndindex(height, width):
        if start in seen:
            continue
        part, stack = {start}, [start]
        while stack:
            for q in (around if corners else beside)(stack.pop()):
                inside = 0 <= q[0] < height and 0 <= q[1] < width
                if inside and q not in part and labels[q] == labels[start]:
                    part.add(q)
                    stack.append(q)
        seen |= part
        found.append(part)
    return found


def beside(pixel):
    y, x = pixel
    return [(y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)]


def around(pixel):
    y, x = pixel
    return [(v, u) for v in (y - 1, y, y + 1) for u in (x - 1, x, x + 1)]


def mean_colour(region, lab):
    return [sum(float(lab[p][k]) for p in region) / len(region) for k in range(3)]


def merge_small(labels, lab, least, corners=False):
    """Regions as sets of pixels: the smallest merges first, into the neighbour of nearest mean."""
    regions = parts_of(labels, corners)
    while len(regions) > 1:
        region = min(regions, key=lambda each: (len(each), min(each)))
        if len(region) >= least:
            break
        border = {q for p in region for q in beside(p)}
        own = mean_colour(region, lab)

        def badness(other, own=own):
            there = mean_colour(other, lab)
            return sum((a - b) ** 2 for a, b in zip(own, there, strict=True)), min(other)

        neighbours = [each for each in regions if each is not region and each & border]
        target = min(neighbours, key=badness)
        regions = [each for each in regions if each not in (region, target)] + [region | target]
    return regions


def as_map(regions, shape):
    """A label map, numbered in the order of first pixels."""
    labels = np.empty(shape, int)
    for k, region in enumerate(sorted(regions, key=min)):
        for p in region:
            labels[p] = k
    return labels
