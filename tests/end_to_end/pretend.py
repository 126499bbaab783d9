"""Methods that return at once what networks return after a while; a plugin for tests."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from methods import Method, Skip, register, superpixelated
from methods.progress import report


@dataclass(frozen=True)
class Solution:
    labels: np.ndarray
    soft_image: np.ndarray
    reconstruction: np.ndarray
    losses: np.ndarray


@register
class Pretend(Method):
    """Squares instead of a network."""

    name = "pretend"
    title = "Pretend"
    presets: ClassVar = {
        "paper": {"iterations": 500, "scale": 1.0},
        "quick": {"iterations": 12, "scale": 0.25},
    }
    iterations: int = 500
    scale: float = 1.0
    soft_image: bool = True
    laplacian: bool = True
    edge: Literal["spatial", "none"] = "spatial"
    preset: Literal["auto", "paper", "quick"] = "auto"
    seed: int = 0

    def solve(self, image, n):
        for done in range(self.iterations):
            report(done + 1, self.iterations)
        height, width = image.shape[:2]
        side = max(1, int(np.sqrt(height * width / n)))
        rows, columns = np.indices((height, width)) // side
        labels = rows * (columns.max() + 1) + columns + 3
        blur = 0.5 if self.soft_image else 0.2
        hard = superpixelated(image, labels) / 255
        soft = blur * hard + (1 - blur) * hard.mean(axis=(0, 1))
        return Solution(labels, soft, (image / 255 + hard) / 2, np.zeros(self.iterations))

    def segment(self, image, n):
        return self.solve(image, n).labels


@register
class Declines(Method):
    name = "pretend_declines"
    title = "Declines"

    def segment(self, image, n):
        raise Skip("this image is too blue for a method of this kind")


@register
class Fails(Method):
    name = "pretend_fails"
    title = "Fails"

    def segment(self, image, n):
        raise RuntimeError("the reason\nin two lines")
