"""Writing files whole or not at all, and what to do where the file system refuses."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import StorageError
from reports.output import put


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, making its folder where needed.

    Raises
    ------
    StorageError
        If it cannot be written (disk full, read-only folder); nothing is left behind.
    """
    with storage_errors(path):
        put(path, lambda temporary: temporary.write_bytes(content))


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into a message with path, reason and cure."""
    try:
        yield
    except OSError as error:
        cures = {
            errno.ENOSPC: "free some space and run the same command again",
            errno.EDQUOT: "free some space and run the same command again",
            errno.EROFS: "give an --out in a folder that can be written",
            errno.EACCES: "give an --out in a folder that can be written",
            errno.EPERM: "give an --out in a folder that can be written",
        }
        cure = cures.get(error.errno or 0, "give another --out")
        raise StorageError(f"cannot write {path}: {error.strerror or error}; {cure}") from error
