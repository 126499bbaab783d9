"""EA's guidance image, pixel by pixel with exact fractions.

Shares nothing with the package.
"""

from fractions import Fraction

import numpy as np
from skimage.exposure import equalize_adapthist

# rows and columns of the windows around a pixel: up, down, left, right, and the four corners
BOTH, BEFORE, AFTER = (-1, 0, 1), (-1, 0), (0, 1)
WINDOWS = [
    (BEFORE, BOTH),
    (AFTER, BOTH),
    (BOTH, BEFORE),
    (BOTH, AFTER),
    (BEFORE, BEFORE),
    (BEFORE, AFTER),
    (AFTER, BEFORE),
    (AFTER, AFTER),
]


def one_pass(channel):
    height, width = len(channel), len(channel[0])

    def nearest_mean(y, x):
        means = []
        for rows, columns in WINDOWS:
            window = [
                channel[y + dy][x + dx] if 0 <= y + dy < height and 0 <= x + dx < width else 0
                for dy in rows
                for dx in columns
            ]
            means.append(sum(window) / len(window))
        return min(means, key=lambda mean: abs(mean - channel[y][x]))

    return [[nearest_mean(y, x) for x in range(width)] for y in range(height)]


def side_window_filtered(image, passes=5):
    out = np.empty_like(image)
    for k in range(3):
        channel = [[Fraction(int(value)) for value in row] for row in image[..., k]]
        channel = [[row[0], *row, row[-1]] for row in (channel[0], *channel, channel[-1])]
        for _ in range(passes):
            channel = one_pass(channel)
        out[..., k] = [[int(value) for value in row[1:-1]] for row in channel[1:-1]]
    return out


def guidance(image):
    filtered = side_window_filtered(image)
    out = np.zeros(image.shape)
    brightness = filtered.max(axis=2)
    varies = brightness.min() < brightness.max()
    equalised = equalize_adapthist(filtered, clip_limit=0.01) if varies else filtered / 255
    equalised = equalised.astype(np.float32)
    for k in range(3):
        channel = equalised[..., k]
        values = [float(value) for value in channel.flat]
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
        if channel.min() < channel.max():
            out[..., k] = (channel - mean) / variance**0.5
    return out
