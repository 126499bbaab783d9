"""How much memory a process may use: what the machine has, or less where a container limits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/")
UNLIMITED = 2**60  # what version 1 says where there is no limit is larger


@dataclass(frozen=True)
class _Names:
    """How a version of Linux's control groups calls its files."""

    limits: tuple[str, ...]
    used: str
    cache: str


_V2 = _Names(("memory.max", "memory.high"), "memory.current", "inactive_file")
_V1 = _Names(("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file")


def memory_limit(root: Path = ROOT) -> int | None:
    """Return the bytes that the control groups of this process may use; None without a limit.

    Parameters
    ----------
    root : Path
        Where the file system begins.
    """
    return min((limit for limit, _ in _limits(root)), default=None)


def memory_left(root: Path = ROOT) -> int | None:
    """Return the bytes that the control groups of this process still may use.

    What they use as a cache of files is given back when it is needed, so it counts as left. None
    without a limit.
    """
    return min((max(0, limit - used) for limit, used in _limits(root)), default=None)


def available() -> int:
    """Return how many bytes can still be allocated on this machine, or in this container."""
    machine, group = int(psutil.virtual_memory().available), memory_left()
    return machine if group is None else min(machine, group)


def _limits(root: Path) -> Iterator[tuple[int, int]]:
    """Go through the limits of this process's groups and of those that these are in."""
    for folder, names in _groups(root):
        used = _number(folder / names.used) or 0
        used -= _entry(folder / "memory.stat", names.cache)
        for name in names.limits:
            limit = _number(folder / name)
            if limit is not None and limit < UNLIMITED:
                yield limit, used


def _groups(root: Path) -> Iterator[tuple[Path, _Names]]:
    """Return the folders of the groups; within a container, its own may be the top."""
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            top, names = mount / "memory", _V1
        elif not controllers:
            top, names = mount, _V2
        else:
            continue
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield folder, names


def _number(path: Path) -> int | None:
    """Return a number of bytes; None if there is no such file or it says "max"."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _entry(path: Path, name: str) -> int:
    fields = (line.split() for line in _text(path).splitlines())
    return next((int(value) for key, value in fields if key == name), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
