"""Writing files whole or not at all, and what to do where the file system refuses."""

from __future__ import annotations

import errno
import shutil
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


def put_copy(source: Path, target: Path) -> None:
    """Put a copy of a file in the place of another, whole or not at all; OSError if it cannot."""
    put(target, lambda temporary: shutil.copyfile(source, temporary))


def put_link(source: Path, target: Path) -> None:
    """Put a hard link to a file in the place of another; OSError where there are none."""
    if not (target.exists() and target.samefile(source)):  # else the file system leaves both
        put(target, lambda temporary: temporary.hardlink_to(source))


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


def forget_labels(folder: Path, name: str, but: Path | None = None) -> None:
    """Remove the label map that an earlier row had, so that no later one takes it for its own.

    Parameters
    ----------
    folder : Path
        That of the label maps.
    name : str
        Path below it, without extension.
    but : Path, optional
        The new one, which stays.
    """
    for suffix in (".png", ".npy"):
        path = folder / f"{name}{suffix}"
        if path != but:
            path.unlink(missing_ok=True)
