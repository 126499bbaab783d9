"""How long a method's first use in a process compiles, as numba tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Seconds that this process has spent compiling what `noted` has seen.
_spent_s = 0.0


def seconds_compiling() -> float:
    """Return how long this process has compiled what Python calls, with all that this calls.

    What is found on disk counts not, nor waiting until another process has compiled what Python
    calls. Waiting for what that calls lies within its own compiling, and counts.
    """
    return _spent_s


@contextmanager
def noted(say: Callable[[bool], None]) -> Iterator[None]:
    """Say when something begins to be compiled, and when no more will be; count the seconds.

    Parameters
    ----------
    say : callable
        Called with True and, in the end, with False; not at all if nothing is compiled.
    """
    from numba.core import event

    class Listener(event.Listener):
        """Hears the functions that are compiled, those that others call within these."""

        depth, began, said = 0, 0.0, False

        def on_start(self, _: Any) -> None:
            if self.depth == 0:
                self.began = time.perf_counter()
                if not self.said:
                    self.said = True
                    say(True)
            self.depth += 1

        def on_end(self, _: Any) -> None:
            global _spent_s
            self.depth -= 1
            if self.depth == 0:
                _spent_s += time.perf_counter() - self.began

    listener = Listener()
    try:
        with event.install_listener("numba:compile", listener):
            yield
    finally:
        if listener.said:
            say(False)
