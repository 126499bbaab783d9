"""What programs and errors say, so that it fits the line that a row or a check keeps of it."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Final

_LONGEST: Final = 1000  # characters of what an error says

#: Where something is cut off.
CUT: Final = "..."

# Control sequences of ECMA-48, and commands to the terminal, such as links.
_SEQUENCE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")


def without_colours(text: str) -> str:
    """Return text without what tells a terminal how to show it."""
    return _SEQUENCE.sub("", text)


def beginning(text: str, most: int) -> str:
    """Return the beginning of a text that is longer, with a mark where it is cut."""
    return text if len(text) <= most else f"{text[:most].rstrip()} {CUT}"


def ending(text: str, most: int) -> str:
    """Return the end of a text that is longer, with a mark where it is cut."""
    return text if len(text) <= most else f"{CUT} {text[-most:].lstrip()}"


def message_of(error: BaseException) -> str:
    """Return what an error says, in one line."""
    try:
        return " ".join(without_colours(str(error)).split()) or "no message"
    except Exception:
        return "its message cannot be shown"


def raised(error: BaseException) -> str:
    """Say which error was raised, what it says, and where it was."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return f"{type(error).__name__}: {beginning(message_of(error), _LONGEST)} ({place})"
