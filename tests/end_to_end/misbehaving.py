"""Methods that do everything a method must not, and two that behave; a plugin for tests."""

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from methods import Method, register
from methods.base import OnDemand, Skip


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
class Net(Method):
    """Has presets, as networks do; behaves."""

    name = "net"
    title = "Net"
    devices = ("cpu", "cuda")
    all_cores = True
    presets: ClassVar = {
        "paper": {"iterations": 500, "scale": 1.0},
        "quick": {"iterations": 120, "scale": 0.25},
    }
    iterations: int = 500
    scale: float = 1.0
    blocks: int = 4
    preset: Literal["auto", "paper", "quick"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def segment(self, image, n):
        return stripes(image, n)


@register
class Noisy(Method):
    """Draws; behaves."""

    name = "noisy"
    seed: int = 0

    def segment(self, image, n):
        return np.random.default_rng(self.seed).integers(0, n, image.shape[:2])


@register
class Shares(Method):
    """Does several counts at once, and leaves a file for each time it begins; behaves."""

    name = "shares"
    folder: str = ""
    crash_at: int = 0
    crash_beside: int = 0
    share_s: float = 0.0
    divide_s: float = 0.0

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        return self.segment_many(image, [n])[0]

    def segment_many(self, image, ns):
        if self.folder:
            (Path(self.folder) / f"{time.monotonic_ns()} {list(ns)}").touch()
        if self.crash_beside in ns:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.share_s)
        return OnDemand(lambda n: self.divide(image, n), ns)

    def divide(self, image, n):
        if n == self.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.divide_s)
        return stripes(image, n)


@register
class Raises(Method):
    name = "raises"

    def segment(self, image, n):
        raise RuntimeError("the reason\nin two lines")


@register
class Exits(Method):
    name = "exits"

    def segment(self, image, n):
        raise SystemExit("leaving")


@register
class Interrupts(Method):
    name = "interrupts"

    def segment(self, image, n):
        raise KeyboardInterrupt


@register
class RaisesUnprintable(Method):
    name = "raises_unprintable"

    def segment(self, image, n):
        raise OSError("cannot read \udcff.png")


@register
class RaisesMute(Method):
    name = "raises_mute"

    def segment(self, image, n):
        class MuteError(Exception):
            def __str__(self):
                raise ZeroDivisionError

        raise MuteError


@register
class Ragged(Method):
    name = "ragged"

    def segment(self, image, n):
        return [[0, 1], [0]]


@register
class SaysOnce(Method):
    """Records a fact for small counts only."""

    name = "says_once"

    def segment(self, image, n):
        if n < 5:
            self.facts = {"tries": np.int64(7)}
        return stripes(image, n)


@register
class Grid2(Method):
    """Behaves, and calls itself like another."""

    name = "grid2"
    title = "Grid"

    def segment(self, image, n):
        return stripes(image, n)


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
        Path("hanging").touch()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
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


@register
class WarmsBadly(Method):
    """Fails in its warm-up; then behaves, or fails as well."""

    name = "warms_badly"
    fails: bool = False

    def warm_up(self, image, n):
        raise ValueError("no corner is large enough")

    def segment(self, image, n):
        if self.fails:
            raise RuntimeError("the image neither")
        return stripes(image, n)


@register
class Shy(Method):
    """Fails when it is called first, which is in its warm-up; then behaves."""

    name = "shy"
    called = False

    def segment(self, image, n):
        if not self.called:
            self.called = True
            raise ValueError("not at first")
        return stripes(image, n)
