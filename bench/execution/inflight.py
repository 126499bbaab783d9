"""What each worker says that it is at: a small file per process, read by the parent."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import StorageError
from bench.storage.files import write_quickly

# How often a method's iterations are written down; it may report many more.
ITERATIONS_EVERY_S = 0.5


@dataclass(frozen=True)
class Said:
    """What a worker said last.

    Attributes
    ----------
    pid : int
        The worker's process.
    key : str
        The cell that it is at.
    deadline : float or None
        When the cell should have ended, in seconds of `time.monotonic`, which on
        Linux and macOS is the same clock in all processes, and which nobody can set.
    iterations : (int, int) or None
        How many iterations of how many are done, if the method reports them.
    compiling : bool
        Whether the method is being compiled.
    """

    pid: int
    key: str
    deadline: float | None
    iterations: tuple[int, int] | None
    compiling: bool = False


class Marker:
    """Tells the parent which cell this process is at, until when it may be, and how far it is.

    Parameters
    ----------
    path : Path
        The file, named after the process.
    key : str
        The cell.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self._deadline: float | None = None
        self._iterations: tuple[int, int] | None = None
        self._compiling = False
        self._next = 0.0

    def write(self, deadline: float | None) -> None:
        """Say that this process is at the cell, until the deadline (by `time.monotonic`)."""
        self._deadline = deadline
        self._save()

    def iterate(self, done: int, total: int) -> None:
        """Say how far the cell is; most calls return at once."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + ITERATIONS_EVERY_S
        self._iterations = done, total
        with suppress(StorageError):  # nothing is lost but what the display shows
            self._save()

    def compile(self, compiling: bool) -> None:
        """Say that the cell's method is being compiled, or is no more."""
        self._compiling = compiling
        with suppress(StorageError):  # as above
            self._save()

    def remove(self) -> None:
        """Say that this process is at no cell."""
        self.path.unlink(missing_ok=True)

    def _save(self) -> None:
        said = [self.key, self._deadline, self._iterations, self._compiling]
        write_quickly(self.path, json.dumps(said).encode())


def read_marker(path: Path) -> Said | None:
    """Read what a worker says; None where it is at no cell."""
    with suppress(FileNotFoundError, ValueError):
        key, deadline, iterations, compiling = json.loads(path.read_text())
        return Said(int(path.name), key, deadline, iterations and tuple(iterations), compiling)
    return None
