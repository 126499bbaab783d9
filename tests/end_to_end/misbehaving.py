"""Methods that do everything a method must not, and two that behave; a plugin for tests."""

import ctypes
import os
import time
from pathlib import Path

import numpy as np

from methods import Method, register
from methods.base import Skip


def stripes(image, n):
    height, width = image.shape[:2]
    return np.tile(np.arange(width) * min(n, width) // width, (height, 1))


@register
class Stripes(Method):
    """Vertical stripes; behaves."""

    name = "stripes"
    offset: int = 0

    def segment(self, image, n):
        return stripes(image, n) + self.offset


@register
class Noisy(Method):
    """Draws; behaves."""

    name = "noisy"
    seed: int = 0

    def segment(self, image, n):
        return np.random.default_rng(self.seed).integers(0, n, image.shape[:2])


@register
class Raises(Method):
    name = "raises"

    def segment(self, image, n):
        raise RuntimeError("the reason\nin two lines")


@register
class WrongShape(Method):
    name = "wrong_shape"

    def segment(self, image, n):
        return np.zeros((3, 3), int)


@register
class Negative(Method):
    name = "negative"

    def segment(self, image, n):
        return stripes(image, n) - 1


@register
class Floats(Method):
    name = "floats"

    def segment(self, image, n):
        return stripes(image, n) + 0.5


@register
class AllNaN(Method):
    name = "all_nan"

    def segment(self, image, n):
        return np.full(image.shape[:2], np.nan)


@register
class Declines(Method):
    name = "declines"

    def segment(self, image, n):
        raise Skip("not today")


@register
class WritesIntoImage(Method):
    name = "writes_into_image"

    def segment(self, image, n):
        labels = stripes(image, n)
        image[:] = 0
        return labels


@register
class Sleeps(Method):
    """Takes long, in a way that Python can interrupt."""

    name = "sleeps"
    seconds: float = 60.0

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        time.sleep(self.seconds)
        return stripes(image, n)


@register
class Hangs(Method):
    """Never returns to Python, as a loop in C does."""

    name = "hangs"

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        ctypes.PyDLL(None).sleep(600)


@register
class Crashes(Method):
    """Takes its process along."""

    name = "crashes"

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        os.kill(os.getpid(), 11)


@register
class Counts(Method):
    """Leaves a file for each call."""

    name = "counts"
    folder: str = ""
    wait: float = 0.0

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        time.sleep(self.wait)
        Path(self.folder, f"{os.getpid()}-{time.monotonic_ns()}").touch()
        return stripes(image, n)
