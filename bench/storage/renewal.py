"""What ``--force`` asked for and has not done yet, so that a run that was interrupted goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.storage.files import write_atomically
from bench.storage.parts import Done

FILE = "renewal.json"


@dataclass(frozen=True)
class Renewal:
    """Cells that are to be run again.

    Attributes
    ----------
    run : str
        The run that asked for it.
    after : int
        Rows in parts up to this one are those from before.
    keys : frozenset of str
        The cells.
    """

    run: str
    after: int
    keys: frozenset[str]

    def left(self, done: Mapping[str, Done]) -> set[str]:
        """Return the cells whose rows are still those from before."""
        return {key for key in self.keys if key in done and done[key].part <= self.after}

    def is_open(self, done: Mapping[str, Done]) -> bool:
        """Tell whether any of the cells has no new row yet."""
        return not all(key in done and done[key].part > self.after for key in self.keys)


def update_renewals(folder: Path, finished: Callable[[], Mapping[str, Done]]) -> int:
    """Forget what is finished; return how many rows are still those from before.

    `finished` is asked only where there is anything.
    """
    if not (folder / FILE).exists():
        return 0
    done = finished()
    renewals = read_renewals(folder, done)
    write_renewals(folder, renewals)
    return sum(len(renewal.left(done)) for renewal in renewals)


def read_renewals(folder: Path, done: Mapping[str, Done]) -> list[Renewal]:
    """Return what is not finished."""
    try:
        stored = json.loads((folder / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return []
    renewals = [Renewal(each["run"], each["after"], frozenset(each["keys"])) for each in stored]
    return [renewal for renewal in renewals if renewal.is_open(done)]


def write_renewals(folder: Path, renewals: Iterable[Renewal]) -> None:
    """Keep what is not finished, in the place of what was kept before."""
    content = [{"run": r.run, "after": r.after, "keys": sorted(r.keys)} for r in renewals]
    if content:
        write_atomically(folder / FILE, json.dumps(content).encode())
    else:
        (folder / FILE).unlink(missing_ok=True)


def added(before: Iterable[Renewal], new: Renewal) -> list[Renewal]:
    """Return all, each cell once: what was asked last holds."""
    others = [replace(each, keys=each.keys - new.keys) for each in before]
    return [*(each for each in others if each.keys), new]
