"""Small images on which compiled methods are compared with their plain versions."""

import numpy as np


def noise(height, width, seed=None):
    """Independent pixels; each size has its own, unless there is a seed."""
    rng = np.random.default_rng(height * width if seed is None else seed)
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


def speckled(height, width):
    """Independent pixels of few colours: many that are equally good."""
    return noise(height, width) // 128 * 128


def two_colours(height, width):
    """Two flat regions, in which nothing tells one pixel from another."""
    image = np.full((height, width, 3), (200, 180, 90), np.uint8)
    image[height // 3 :, width // 4 :] = (20, 60, 120)
    return image


def slope(height, width):
    """Smooth colours with a little noise."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    image = np.stack([200 * y, 150 * x, 90 + 60 * np.sin(12 * (x + y))], axis=-1)
    return (image + np.random.default_rng(1).normal(0, 3, image.shape)).clip(0, 255).astype("u1")


def patches(height, width, seed=None):
    """Rectangles of few colours: flat regions, in which many moves are equally good."""
    palette = np.array([(0, 0, 0), (255, 255, 255), (200, 30, 30), (30, 30, 200)], np.uint8)
    rng = np.random.default_rng(height * width if seed is None else seed)
    coarse = palette[rng.integers(0, 4, (-(-height // 3), -(-width // 3)))]
    return np.repeat(np.repeat(coarse, 3, axis=0), 3, axis=1)[:height, :width].copy()


def disc(height, width, seed=None):
    """A bright disc on a dark slope, with noise."""
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < min(height, width) ** 2 / 9
    rng = np.random.default_rng(height * width if seed is None else seed)
    grey = 40 + 60 * x / width + 110 * inside + rng.normal(0, 6, y.shape)
    return np.stack([grey, 0.8 * grey, 250 - grey], axis=-1).clip(0, 255).astype(np.uint8)
