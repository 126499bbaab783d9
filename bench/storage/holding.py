"""One output for one process at a time: the lock of a ``.run`` folder, and what can go wrong."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import BusyError, StorageError
from bench.storage.files import write_quickly
from bench.storage.provenance import now

# The lock is the operating system's: it goes with the process that held it, however that process
# ended, so a dead run never blocks the next.
_LOCK, _HOLDER = "lock", "holder.json"


class Hold:
    """The hold of a process on the folder of an output.

    Parameters
    ----------
    folder, out : Path
        The ``.run`` folder and the results file.
    """

    def __init__(self, folder: Path, out: Path) -> None:
        self.folder, self.out = folder, out
        self._held: os.stat_result | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the folder, which is there, for this process alone.

        Raises
        ------
        BusyError
            If another process holds it.
        StorageError
            If its file system has no locks.
        """
        lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock(lock)
            self._held = os.fstat(lock)
            holder = {"pid": os.getpid(), "since": now()}
            write_quickly(self.folder / _HOLDER, json.dumps(holder).encode())
            yield
        finally:
            self._held = None
            os.close(lock)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"another run ({self._holder()}) is writing to {self.out};"
                " wait for it, or give another --out"
            ) from None
        except OSError as error:  # some network file systems
            raise StorageError(
                f"cannot lock {self.folder} ({error.strerror or error}), so two runs could write to"
                " it at once; mount its file system with locks, or give an --out on a local disk"
            ) from error

    def check(self) -> None:
        """Refuse to go on with another folder than the one that is held, if one is.

        Raises
        ------
        StorageError
            If the folder was moved or removed.
        """
        path = self.folder / _LOCK
        if self._held is None or (path.exists() and os.path.samestat(path.stat(), self._held)):
            return
        raise StorageError(
            f"{self.folder} was moved or removed during the run: put it back, or run the same"
            " command again without"
        )

    def _holder(self) -> str:
        try:
            holder = json.loads((self.folder / _HOLDER).read_text())
            return f"process {holder['pid']}, since {holder['since']}"
        except (OSError, ValueError, KeyError):
            return "just starting"
