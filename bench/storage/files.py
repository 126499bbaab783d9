"""Writing files whole or not at all, and what to do where the file system refuses."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import StorageError
from reports.output import put

_SPACE = "free some space and run the same command again"
_ELSEWHERE = "give an --out in a folder that can be written"
_CURES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "raise the limit (ulimit -f) and run the same command again",
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.ENOENT: "its folder was moved or removed meanwhile: put it back, or run the same command"
    " again without",
    errno.ESTALE: "its folder was removed on the server, or mounted anew; run the same command"
    " again",
}


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, making its folder where needed.

    It is on disk when this returns, so that no power cut takes or halves it.

    Raises
    ------
    StorageError
        If it cannot be written (disk full, read-only folder); nothing is left behind.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, lambda temporary: temporary.write_bytes(content), synced=True)


def write_quickly(path: Path, content: bytes, below: Path | None = None) -> None:
    """Write a file whole or not at all, as `write_atomically`, but for what a power cut does.

    For what is written for each cell, which cannot wait for the disk: `sync_all` comes before it is
    relied upon, and what a power cut damaged before that is known by `is_whole`. Its folder must be
    there; a missing one is made only `below` one that is there, since what was removed during a run
    is not made again in silence.

    Raises
    ------
    StorageError
        As above.
    """
    with storage_errors(path):
        if below is not None and not path.parent.is_dir():
            below.stat()
            path.parent.mkdir(parents=True, exist_ok=True)
        put(path, lambda temporary: temporary.write_bytes(content))


def sync_all(folder: Path) -> None:
    """Wait until the disk has all that was written on the file system of a folder.

    One call for thousands of files takes as long as a few of them alone.

    Raises
    ------
    StorageError
        If the file system could not keep something.
    """
    with storage_errors(folder):
        if sys.platform != "linux":
            os.sync()
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syncfs(descriptor):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(descriptor)


def put_copy(source: Path, target: Path) -> None:
    """Put a copy of a file in the place of another, whole or not at all; OSError if it cannot."""
    target.parent.mkdir(parents=True, exist_ok=True)
    put(target, lambda temporary: shutil.copyfile(source, temporary))


def put_link(source: Path, target: Path) -> None:
    """Put a hard link to a file in the place of another; OSError where there are none."""
    if not (target.exists() and target.samefile(source)):  # else the file system leaves both
        target.parent.mkdir(parents=True, exist_ok=True)
        put(target, lambda temporary: temporary.hardlink_to(source))


@contextmanager
def storage_errors(path: Path | None = None) -> Iterator[None]:
    """Turn what the file system says into a message with path, reason and cure.

    Parameters
    ----------
    path : Path, optional
        What is written. Without it the message is of the file that the error names; one that names
        none is left as it is.
    """
    try:
        yield
    except OSError as error:
        where = path or error.filename
        if where is None:
            raise
        cure = _CURES.get(error.errno or 0, "give another --out")
        raise StorageError(f"cannot write {where}: {error.strerror or error}; {cure}") from error


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
            with storage_errors(path):
                path.unlink(missing_ok=True)
