"""What a method finds in its process, put back as it was before another cell meets it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from bench.execution.process_settings import SETTINGS, Setting, present, thread_pools

#: What a method has set in its warm-up, and finds again at each of its cells.
Own = Sequence[tuple[Setting, Any]]


class Surroundings:
    """What a method finds in its process: read once, put back whenever a method has run.

    Parameters
    ----------
    threads : int
        How many threads libraries may use.

    Attributes
    ----------
    spoilt : str
        What could not be put back; empty as long as there is nothing.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.spoilt = ""
        self._saved = {each.name: each.usual for each in SETTINGS}
        self._saved |= {each.name: each.read() for each in present()}
        self._pools: list[tuple[Setting, Any]] = []

    def settle(self) -> Own:
        """Put all back after a warm-up, and hold what it has loaded to its threads.

        Returns
        -------
        Own
            What the method has set for itself.
        """
        own = [(each, each.read()) for each in present() if each.lasting]
        own = [(each, value) for each, value in own if value != self._saved[each.name]]
        self.restore()
        limit_threads(self.threads)
        self._pools = [(pool, pool.read()) for pool in thread_pools()]
        return own

    @contextmanager
    def kept(self, seed: int, own: Own = ()) -> Iterator[None]:
        """Give a method what is its own and a seed for what it draws; put all back after it."""
        for setting, value in own:
            with suppress(Exception):
                setting.put(value)
        draw_from(seed)
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        """Put all back."""
        for setting in present():
            self._restore(setting, self._saved[setting.name])
        for pool, threads in self._pools:
            self._restore(pool, threads)

    def _restore(self, setting: Setting, saved: Any) -> None:
        with suppress(Exception):
            if setting.read() == saved:
                return
        with suppress(Exception):
            setting.put(saved)
            if setting.lasting and setting.read() == saved:
                return
        self.spoilt = self.spoilt or setting.name


def draw_from(seed: int) -> None:
    """Set the generators that all of a process shares, for methods that have none of their own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    if "cv2" in sys.modules:
        sys.modules["cv2"].setRNGSeed(seed % 2**31)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)


def limit_threads(threads: int) -> None:
    """Hold the libraries that are loaded to so many threads; later ones read the environment."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
