"""Letting one process do first, alone, what the others then find done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from bench.store import storage_errors, write_atomically


@contextmanager
def first_alone(through: Path) -> Iterator[None]:
    """Hold back the others until the first one is through; then all may pass at once.

    Parameters
    ----------
    through : Path
        The file that says so. If the first one fails or dies, the next one is alone in its turn.
    """
    lock = FileLock(f"{through}.lock")
    with storage_errors(through):
        lock.acquire()
    try:
        first = not through.exists()
        if not first:
            lock.release()
        yield
        if first:
            write_atomically(through, b"")
    finally:
        lock.release()
