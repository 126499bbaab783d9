"""SNIC, pixel by pixel with heapq and dictionaries.

Shares nothing with the package.
"""

import heapq

import numpy as np


def seeds(height, width, rows, columns):
    """Pixels in the middle of the cells of a grid, row by row."""
    return [
        (int((r + 0.5) * height / rows), int((c + 0.5) * width / columns))
        for r in range(rows)
        for c in range(columns)
    ]


def snic(lab, rows, columns, compactness):
    height, width = lab.shape[:2]
    label, members = {}, {}
    queue = []

    def take(pixel, k):
        label[pixel] = k
        members.setdefault(k, []).append(pixel)
        totals = [0.0] * 5
        for y, x in members[k]:
            for i, value in enumerate((*lab[y, x], y, x)):
                totals[i] += float(value)
        centroid = [total / len(members[k]) for total in totals]
        y, x = pixel
        # The last part of an entry orders candidates that are the same pixel at the same distance:
        # the one offered from above first, then from the left, the right and below.
        for order, (v, u) in enumerate(((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x))):
            if 0 <= v < height and 0 <= u < width and (v, u) not in label:
                gap = [float(a) - b for a, b in zip((*lab[v, u], v, u), centroid, strict=True)]
                colour = gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2]
                space = gap[3] * gap[3] + gap[4] * gap[4]
                weight = compactness**2 * rows * columns / (height * width)
                distance = float(np.float32(colour + weight * space))
                heapq.heappush(queue, (distance, (v, u), 3 - order, k))

    first = seeds(height, width, rows, columns)
    label.update({pixel: k for k, pixel in enumerate(first)})
    for k, pixel in enumerate(first):
        take(pixel, k)
    while queue:
        _, pixel, _, k = heapq.heappop(queue)
        if pixel not in label:
            take(pixel, k)
    return np.array([[label[y, x] for x in range(width)] for y in range(height)])
