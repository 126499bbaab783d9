"""What the program finds around it: streams that are closed or break, encodings, other settings."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO

_DESCRIPTORS = {"stdin": 0, "stdout": 1, "stderr": 2}


def prepare() -> None:
    """Make the streams usable, whatever the program was started with; figures need no window.

    Streams that are closed (services, ``>&-``) become empty ones, so that neither this process nor
    its workers fail at them, and no file that is opened later is taken for one of them. What a
    terminal cannot show is shown as ``?``.
    """
    for name, descriptor in _DESCRIPTORS.items():
        if getattr(sys, name) is None:
            setattr(sys, name, _nowhere(descriptor, "r" if name == "stdin" else "w"))
    sys.stdout = _lasting(sys.stdout, any_error=False)
    sys.stderr = _lasting(sys.stderr, any_error=True)
    # Notebooks name a backend for their own windows, which need not be installed here.
    os.environ["MPLBACKEND"] = "agg"
    # It tells of its cache where there is no home, which nobody can act upon.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def _nowhere(descriptor: int, mode: Literal["r", "w"]) -> TextIO:
    """Return a stream that is empty or forgets; at the descriptor that workers inherit, if free."""
    opened = os.open(os.devnull, os.O_RDWR)
    try:
        os.fstat(descriptor)
    except OSError:  # it is closed; where it was the first one that is, it is what was opened
        os.dup2(opened, descriptor)
        os.close(opened)
        opened = descriptor
    if opened == descriptor:
        os.set_inheritable(opened, True)
    return open(opened, mode, encoding="utf-8", closefd=False)


def _lasting(stream: TextIO, any_error: bool) -> TextIO:
    """Return a stream for the same place that outlives its reader; others are left as they are."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        raw = _Lasting(stream.fileno(), any_error)
    except OSError:
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering or any_error,
    )


class _Lasting(io.FileIO):
    """A descriptor that may lose its reader without ending the program.

    ``bench run 2>&1 | head`` must not end the run, nor may ``bench compare | head`` change what
    the exit status says. A disk that is full is told where results are redirected to it, but not
    where messages are: there is nobody left to tell.

    Parameters
    ----------
    descriptor : int
    any_error : bool
        Whether to outlive every error, not a missing reader alone.
    """

    def __init__(self, descriptor: int, any_error: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._outlived: type[OSError] = OSError if any_error else BrokenPipeError

    def write(self, data: Any, /) -> int:
        """Write, or forget what cannot be written any more."""
        try:
            return super().write(data)
        except self._outlived:
            with suppress(OSError):
                empty = os.open(os.devnull, os.O_WRONLY)
                os.dup2(empty, self.fileno())
                os.close(empty)
            return len(data)
