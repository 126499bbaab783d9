"""Write a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class OutputError(OSError):
    """A file that cannot be written; the message names it, the reason and the cure."""


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Put a file that `write` fills in the place of `path`, making folders that it needs.

    The one writer of files: each is whole or not there. An OSError is the file system's own; what
    was at `path` before is then still there, and nothing else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary file beside `path`, then put it in the place of `path`.

    Parameters
    ----------
    path : Path
        The file to be; folders that it needs are made.
    write : callable
        Gets the temporary path, which ends in ``.tmp``.

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
        put(path, write)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"cannot write {path}: {reason}; free some space there, or give --out another folder"
        ) from error
    return path


def save_figure(figure: Figure, path: Path, dpi: float | str | None = None) -> Path:
    """Write a figure whole or not at all; PNG or PDF, as the name ends.

    Parameters
    ----------
    figure : Figure
    path : Path
    dpi : float or "figure", optional
        Pixels of a PNG in an inch; those of the style unless given, "figure" for the figure's own.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    # Without a date the same figure makes the same file.
    undated = {"CreationDate": None} if path.suffix == ".pdf" else None
    kind = path.suffix[1:]
    return write_whole(path, partial(figure.savefig, format=kind, dpi=dpi, metadata=undated))
