"""ERGC, pixel by pixel with heapq and dictionaries.

Shares nothing with the package.
"""

import heapq
import math

import numpy as np


def squared_gradient(lab, y, x):
    """Of differences of the pixels beside, or of the pixel itself where there is none."""
    height, width = lab.shape[:2]
    total = 0.0
    for k in range(3):
        down = lab[min(y + 1, height - 1), x, k] - lab[max(y - 1, 0), x, k]
        across = lab[y, min(x + 1, width - 1), k] - lab[y, max(x - 1, 0), k]
        total += float(down) ** 2 + float(across) ** 2
    return total


def seeds(lab, rows, columns):
    """The pixel of least gradient next to the middle of each cell, the middle among equals."""
    height, width = lab.shape[:2]
    cells = {}
    for y, x in np.ndindex(height, width):
        cells.setdefault((y * rows // height, x * columns // width), set()).add((y, x))
    found = []
    for i, j in sorted(cells):
        y, x = int((i + 0.5) * height / rows), int((j + 0.5) * width / columns)
        ring = sorted((y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
        near = [(y, x)] + [p for p in ring if p in cells[i, j]]
        found.append(min(near, key=lambda p: squared_gradient(lab, *p)))
    return found


def solve(a, b, slowness):
    """T of the upwind scheme: a and b are the earliest times in both directions."""
    low, high = sorted((a, b))
    if high - low >= slowness:
        return low + slowness
    return (a + b + math.sqrt(2 * slowness * slowness - (a - b) * (a - b))) / 2


def single(value):
    return float(np.float32(value))


def ergc(lab, rows, columns, compactness):
    height, width = lab.shape[:2]
    weight = compactness / math.sqrt(height * width / (rows * columns))
    first = seeds(lab, rows, columns)
    taken = {}  # time of arrival
    offers = {pixel: (0.0, k) for k, pixel in enumerate(first)}  # time and label
    members = [[] for _ in first]
    queue = []

    def slowness(pixel, k):
        totals = [0.0, 0.0, 0.0]
        for member in members[k]:
            for c in range(3):
                totals[c] += float(lab[member][c])
        gap = [float(lab[pixel][c]) - totals[c] / len(members[k]) for c in range(3)]
        distance = math.sqrt((pixel[0] - first[k][0]) ** 2 + (pixel[1] - first[k][1]) ** 2)
        return gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2] + weight * distance

    def take(pixel):
        k = offers[pixel][1]
        members[k].append(pixel)
        y, x = pixel
        for v, u in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
            if (v, u) in taken or not (0 <= v < height and 0 <= u < width):
                continue
            a, b = (
                min(taken.get(q, math.inf) for q in pair)
                for pair in (((v - 1, u), (v + 1, u)), ((v, u - 1), (v, u + 1)))
            )
            time = single(solve(a, b, slowness((v, u), k)))
            if (v, u) not in offers or time < offers[v, u][0]:
                offers[v, u] = time, k
                heapq.heappush(queue, (time, (v, u)))

    taken.update(dict.fromkeys(first, 0.0))
    for pixel in first:
        take(pixel)
    while queue:
        time, pixel = heapq.heappop(queue)
        if pixel not in taken:
            taken[pixel] = time
            take(pixel)
    return [[offers[y, x][1] for x in range(width)] for y in range(height)]
