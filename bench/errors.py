"""What can go wrong for a user of the program, each with the exit status that it ends in."""

from __future__ import annotations

from collections.abc import Iterable

from methods.names import did_you_mean


class BenchError(Exception):
    """A problem that is told to the user in one line, never as a traceback."""

    exit_status = 1


class UsageError(BenchError):
    """The user asked for something that cannot be done; the message says what to ask instead."""


class DatasetError(BenchError, ValueError):
    """A data set, or one of its images, cannot be used; the message names path, reason and cure."""


class Interrupted(BenchError):  # noqa: N818 (it is no error)
    """The user, or a scheduler, asked a command to end before it was done."""

    exit_status = 130


class BusyError(UsageError):
    """Another run is writing to the same results file."""


class StorageError(BenchError):
    """Results could not be written (disk full, read-only folder); what is stored stays."""


def hint(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the middle of a message, or nothing."""
    near = did_you_mean(name, known)
    return f"; {near}" if near else ""
