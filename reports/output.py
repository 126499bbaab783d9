"""Write a file whole or not at all, and know which files of a folder a results file has made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class OutputError(OSError):
    """A file that cannot be written; the message names it, the reason and the cure."""


def put(path: Path, write: Callable[[Path], object], synced: bool = False) -> None:
    """Put a file that `write` fills in the place of `path`, in a folder that is there.

    The one writer of files: each is whole or not there, whatever is killed. An OSError is the file
    system's own; what was at `path` before is then still there, and nothing else.

    Parameters
    ----------
    path : Path
    write : callable
        Gets the temporary path, which ends in ``.tmp``.
    synced : bool
        Whether to wait until the disk has it, so that the same holds when the power goes. That
        takes milliseconds.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        if synced:
            _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if synced:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where its file system can be asked."""
    with suppress(OSError):  # some network file systems cannot
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, write)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"cannot write {path}: {reason}; free some space there, or give --out another folder"
        ) from error
    return path


def save_figure(figure: Figure, path: Path, dpi: float | str | None = None) -> Path:
    """Write a figure whole or not at all; PNG, PDF or SVG, as the name ends.

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
    return write_whole(path, partial(_print, figure, path.suffix[1:], dpi))


def _print(figure: Figure, kind: str, dpi: float | str | None, path: Path) -> None:
    """Print as `Figure.savefig` does, which draws everything twice to know its size beforehand."""
    import matplotlib as mpl
    from matplotlib.backend_bases import get_registered_canvas_class

    # Without a date the same figure makes the same file.
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)
    before, canvas = figure.dpi, figure.canvas
    wanted = mpl.rcParams["savefig.dpi"] if dpi is None else dpi
    try:
        figure.set_dpi(before if isinstance(wanted, str) else wanted)
        wanted_class = get_registered_canvas_class(kind)
        printer = canvas if isinstance(canvas, wanted_class) else wanted_class(figure)
        getattr(printer, f"print_{kind}")(path, metadata=undated)
    finally:
        figure.set_canvas(canvas)
        figure.set_dpi(before)


@dataclass(frozen=True)
class Drawn:
    """What was drawn from a results file into a folder: all named after it, and kept account of.

    Attributes
    ----------
    results : Path
        The results file.
    source : Path
        The file that it was made from, or itself.
    folder : Path
        Where its figures and tables go.
    files : mapping of str to str
        By name, the SHA-256 of each file that was drawn before. One that was changed since, or that
        somebody else made, is not in the way and is never removed.
    """

    results: Path
    source: Path
    folder: Path
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, results: Path, source: Path, folder: Path) -> Drawn:
        """Return what an earlier call has drawn; nothing if there was none.

        Raises
        ------
        OutputError
            If it was drawn from another results file of the same name.
        """
        account = _account(results, folder)
        try:
            kept = json.loads(account.read_text(encoding="utf-8"))
            other, files = folder / kept["results"], dict(kept["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(results, source, folder)
        if other.exists() and source.exists() and not other.samefile(source):
            raise OutputError(
                f"{folder} has the figures of {other}, which would be overwritten; give --out "
                "another folder, or one of the two results files another name"
            )
        return cls(results, source, folder, files)

    def path(self, name: str) -> Path:
        """Return where ``curves.png`` of ``r.parquet`` goes: to ``r-curves.png``."""
        return self.folder / f"{self.results.stem}-{name}"

    def replace(self, written: Sequence[Path]) -> list[Path]:
        """Keep account of what is drawn now, and remove what was drawn before and is not any more.

        Returns
        -------
        list of Path
            What was removed.

        Raises
        ------
        OutputError
            If the file system refuses.
        """
        files = {path.name: _hash(path) for path in written}
        old = [self.folder / name for name in self.files if name not in files]
        removed = [path for path in old if _hash(path) == self.files[path.name]]
        for path in removed:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(
                    f"cannot remove {path}, which is of an earlier plot: {error.strerror or error}"
                    "; remove it yourself, or give --out another folder"
                ) from error
        here = os.path.relpath(self.source.resolve(), self.folder.resolve())
        text = json.dumps({"results": here, "files": files}, indent=1) + "\n"
        write_whole(_account(self.results, self.folder), lambda to: to.write_text(text, "utf-8"))
        return removed


def _account(results: Path, folder: Path) -> Path:
    return folder / f"{results.stem}-figures.json"


def _hash(path: Path) -> str:
    """Return the SHA-256 (hex) of a file; nothing if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
