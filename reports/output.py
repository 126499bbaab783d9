"""Write a file whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path


class OutputError(OSError):
    """A file that cannot be written; the message names it, the reason and the cure."""


def write_whole(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary file beside `path`, then put it in the place of `path`.

    Parameters
    ----------
    path : Path
        The file to be; folders that it needs are made.
    write : callable
        Gets the temporary path, which ends as `path` does.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        If the file system refuses. What was at `path` before is then still there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            write(temporary)
            temporary.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"cannot write {path}: {reason}; free some space there, or give --out another folder"
        ) from error
    return path
