"""Plain versions of the label map functions, pixel by pixel."""

import numpy as np


def canonical(raw):
    numbers = {}
    return np.array([[numbers.setdefault(value, len(numbers)) for value in row] for row in raw])


def components(labels):
    """Flood every pixel not yet reached, in raster order."""
    height, width = labels.shape
    parts = np.full(labels.shape, -1)
    for start in np.ndindex(height, width):
        if parts[start] >= 0:
            continue
        number = parts.max() + 1
        parts[start] = number
        stack = [start]
        while stack:
            y, x = stack.pop()
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= v < height and 0 <= u < width
                if inside and parts[v, u] < 0 and labels[v, u] == labels[y, x]:
                    parts[v, u] = number
                    stack.append((v, u))
    return parts
