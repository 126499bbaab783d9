"""Reading a file whole that somebody else has made: a plain one, and no larger than it may be."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: Bytes; nothing that the suite reads whole is meant to be larger.
LARGEST = 2**31


def read_plain(path: Path, most: int = LARGEST) -> bytes:
    """Return the content of a file; what would never end is not begun.

    Raises
    ------
    OSError
        If it cannot be read, is a folder, a pipe or a device, or has more than `most` bytes.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or device, no plain file")
        content = file.read(most + 1) if facts.st_size <= most else b""
        if facts.st_size > most or len(content) > most:
            raise OSError(errno.EFBIG, f"it has more than {most} bytes, the most that are read")
        return content


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe would otherwise be waited for until somebody writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)
