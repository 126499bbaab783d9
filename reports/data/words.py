"""How counts and directions are written, in tables, figures and messages alike."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Final

ARROWS: Final = {"high": " ↑", "low": " ↓", None: ""}


def counted(number: int, noun: str) -> str:
    """Write how many there are of something: ``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def short(count: float) -> str:
    """Write a count, which is no whole number where seeds were averaged, as ``96`` or ``95.5``."""
    return f"{round(count, 1):g}"


def number(n: float) -> str:
    """Write an asked count, which label maps from elsewhere may lack."""
    return "not given" if isnan(n) else f"{n:.0f}"


def printable(text: str) -> str:
    """Write what would move a terminal's cursor, or end a line of a table, with a backslash."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def few(names: Iterable[object], most: int = 3) -> str:
    """Name the first few, and say how many more there are."""
    texts = [str(name) for name in names]
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest} more" if rest > 0 else "")
