"""The end of a cell's time, as the process that runs it hears it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bench.execution.inflight import Marker
from bench.execution.method_calls import CellTimeoutError


@contextmanager
def alarm(
    marker: Marker, seconds: float | None, what: str = "the method", spent_s: float = 0.0
) -> Iterator[None]:
    """Raise CellTimeoutError after so many seconds, less those spent, wherever Python then is.

    A method that never returns to Python hears no alarm; the parent reads the deadline in the
    marker and kills the process.
    """
    if seconds is None:
        yield
        return
    left = seconds - spent_s
    if left <= 0:
        raise CellTimeoutError(seconds, what)

    def ring(_signum: int, _frame: FrameType | None) -> None:
        raise CellTimeoutError(seconds, what)

    marker.write(deadline=time.monotonic() + left)
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, left)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        marker.write(deadline=None)
