"""A plain superpixel hierarchy: sets of pixels, and borders in dictionaries.

Shares nothing with the package.
"""

import numpy as np


def merges_of(colour, edges, color_rounds):
    """Pairs of pixels whose regions merge, in order."""
    height, width = edges.shape
    merges, rounds = [], 0
    region = {(y, x): (y, x) for y in range(height) for x in range(width)}  # pixel -> first pixel
    borders = pixel_edges(height, width)
    while len(set(region.values())) > 1:
        mean = means(colour, region)
        chosen = {}  # region -> (weight, place of the border, pair)
        for place, (pair, pixel_pairs) in enumerate(borders.items()):
            weight = sum(abs(p - q) for p, q in zip(mean[pair[0]], mean[pair[1]], strict=True))
            if rounds >= color_rounds:
                sides = sum(int(edges[p]) + int(edges[q]) for p, q in pixel_pairs)
                weight = np.float32(weight * np.float32(sides / len(pixel_pairs)))
            for end in pair:
                chosen[end] = min(chosen.get(end, (np.inf,)), (weight, place, pair))
        for _, _, pair in sorted(set(chosen.values())):
            merges.append(pair)
            a, b = sorted(region[end] for end in pair)
            region = {pixel: a if of == b else of for pixel, of in region.items()}
        borders = between_regions(borders, region)
        rounds += 1
    return merges


def pixel_edges(height, width):
    borders = {}
    for y in range(height):
        for x in range(width):
            for other in ((y, x + 1), (y + 1, x)):
                if other[0] < height and other[1] < width:
                    borders[(y, x), other] = [((y, x), other)]
    return borders


def means(colour, region):
    members = {}
    for pixel, of in region.items():
        members.setdefault(of, []).append(pixel)
    return {
        of: [np.float32(sum(int(colour[p][c]) for p in pixels) / len(pixels)) for c in range(3)]
        for of, pixels in members.items()
    }


def between_regions(borders, region):
    """Unite what has become one border; by the first region, then by first appearance."""
    united = {}
    for pair, pixel_pairs in borders.items():
        a, b = sorted(region[end] for end in pair)
        if a != b:
            united.setdefault((a, b), []).extend(pixel_pairs)
    return dict(sorted(united.items(), key=lambda border: border[0][0]))


def cut(shape, merges, n):
    """Labels by first appearance after all but the last n - 1 merges."""
    labels = np.arange(shape[0] * shape[1]).reshape(shape)
    for p, q in merges[: labels.size - n]:
        labels[labels == max(labels[p], labels[q])] = min(labels[p], labels[q])
    return np.unique(labels, return_inverse=True)[1].reshape(shape)


def edge_map(lab):
    """Magnitude of the Sobel gradient over the channels; the image is mirrored at its outline."""
    height, width, channels = lab.shape

    def at(y, x, c):
        y = abs(y) if y < height else 2 * height - 2 - y
        x = abs(x) if x < width else 2 * width - 2 - x
        return float(lab[y, x, c])

    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                down = across = 0.0
                for i, weight in ((-1, 1), (0, 2), (1, 1)):
                    down += weight * (at(y + 1, x + i, c) - at(y - 1, x + i, c))
                    across += weight * (at(y + i, x + 1, c) - at(y + i, x - 1, c))
                out[y, x] += down**2 + across**2
    return np.sqrt(out)
