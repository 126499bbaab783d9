"""What can go wrong for a user of the program, each with the exit status that it ends in."""

from __future__ import annotations

from collections.abc import Iterable

from methods.names import did_you_mean


class BenchError(Exception):
    """A problem that is told to the user in one line, never as a traceback."""

    exit_status = 1


class UsageError(BenchError):
    """The user asked for something that cannot be done; the message says what to ask instead."""


class StorageError(BenchError):
    """Results could not be written (disk full, read-only folder); what is stored stays."""


def hint(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the middle of a message, or nothing."""
    near = did_you_mean(name, known)
    return f"; {near}" if near else ""


def name_some(names: Iterable[str], most: int = 3) -> str:
    """Name the first few of many, sorted, and say how many more there are."""
    listed = sorted(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def count(number: int, what: str) -> str:
    """Return ``1 image`` or ``3 images``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
