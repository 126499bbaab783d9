"""How the processes that run methods and the one that started them get along."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PARENT_POLL_S = 0.5


def obey_parent() -> None:
    """Leave to the parent what concerns it: Ctrl-C, which reaches this process too, and life."""
    # A crash is told in a line; its stack, which loky would print, would drown the display.
    os.environ.setdefault("PYTHONFAULTHANDLER", "")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C while processes are born, which inherit that until they `obey_parent`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent(parent: int) -> None:
    """Leave when the parent was killed, so that no worker writes into what a next run does."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)
