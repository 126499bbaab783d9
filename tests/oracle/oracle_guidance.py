"""EA's guidance image, pixel by pixel with exact fractions.

Shares nothing with the package.
"""

from fractions import Fraction

import cv2
import numpy as np

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


def reflected(i, size):
    """An index inside 0..size-1: beyond the border, as in a mirror in the middle of its pixels."""
    if size == 1:
        return 0
    return -i if i < 0 else 2 * (size - 1) - i if i >= size else i


def one_pass(channel):
    height, width = len(channel), len(channel[0])

    def nearest_mean(y, x):
        means = []
        for rows, columns in WINDOWS:
            window = [
                channel[reflected(y + dy, height)][reflected(x + dx, width)]
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
        for _ in range(passes):
            channel = one_pass(channel)
        out[..., k] = [[round(value) for value in row] for row in channel]
    return out


def guidance(image):
    filtered = side_window_filtered(image)
    out = np.zeros(image.shape)
    for k in range(3):
        channel = cv2.createCLAHE(clipLimit=2, tileGridSize=(8, 8)).apply(filtered[..., k].copy())
        values = [float(value) for value in channel.flat]
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)
        if variance > 0:
            out[..., k] = (channel - mean) / variance**0.5
    return out
