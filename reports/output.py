"""Write a file whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    return write_whole(path, partial(figure.savefig, dpi=dpi, metadata=undated))
