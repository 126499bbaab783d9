"""Plain versions of what is done to labels in several parts, pixel by pixel.

Shares nothing with the package.
"""

from collections import Counter

import numpy as np

from tests.oracle.oracle_labels import components
from tests.oracle.oracle_metrics import neighbours, pixels


def parts_of(labels, void):
    """Sets of pixels of the 4-connected components, by their first pixels."""
    found = components(np.where(void, -1, labels))
    parts = {}
    for y, x in pixels(void):
        parts.setdefault(found[y, x], []).append((y, x))
    return list(parts.values())


def split(labels, void):
    out = np.full(labels.shape, -1)
    for number, part in enumerate(parts_of(labels, void)):
        for p in part:
            out[p] = number
    return out


def split_by_eight(labels, void):
    """Flood each 8-connected part from its first pixel."""
    out = np.full(labels.shape, -1)
    inside, number = set(pixels(void)), 0
    for start in pixels(void):
        if out[start] >= 0:
            continue
        flood = [start]
        while flood:
            y, x = flood.pop()
            out[y, x] = number
            around = [(v, u) for v in (y - 1, y, y + 1) for u in (x - 1, x, x + 1)]
            flood += [
                p for p in around if p in inside and out[p] < 0 and labels[p] == labels[start]
            ]
        number += 1
    return out


def merge(labels, void):
    """Round by round over all pixels, until a round changes nothing."""
    parts = parts_of(labels, void)
    keeper = {}
    for number, part in enumerate(parts):
        label = labels[part[0]]
        if label not in keeper or len(part) > len(parts[keeper[label]]):
            keeper[label] = number
    owner = np.full(labels.shape, -1)
    for number in keeper.values():
        for p in parts[number]:
            owner[p] = number
    while True:
        joining = {}
        for number, part in enumerate(parts):
            if owner[part[0]] >= 0:
                continue
            border = Counter(owner[q] for p in part for q in neighbours(*p, void) if owner[q] >= 0)
            if border:
                joining[number] = min(border, key=lambda one: (-border[one], one))
        if not joining:
            break
        for number, joined in joining.items():
            for p in parts[number]:
                owner[p] = joined
    out = np.full(labels.shape, -1)
    new = int(labels[~void].max()) + 1
    for part in parts:
        found = owner[part[0]]
        for p in part:
            out[p] = labels[parts[found][0]] if found >= 0 else new
        new += found < 0
    return out
