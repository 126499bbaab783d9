"""The times of a timed cell's rounds, kept until it has all of them."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.storage.files import write_quickly

TIMING_ROUNDS = 3


def read_rounds(folder: Path, key: str) -> list[dict[str, float]]:
    """Return the times, by column, that a cell's earlier rounds left on this machine.

    At least one round is to come, with which the row is written: a run may have been killed between
    the two.
    """
    try:
        kept = json.loads((folder / f"{key}.json").read_text())
        rounds = [dict(each) for each in kept["rounds"]]
        return rounds[: TIMING_ROUNDS - 1] if kept["machine"] == platform.node() else []
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # the last two: damaged
        return []


def write_rounds(folder: Path, key: str, rounds: list[dict[str, float]]) -> None:
    """Keep the times of a cell's timing rounds so far."""
    content = json.dumps({"machine": platform.node(), "rounds": rounds})
    write_quickly(folder / f"{key}.json", content.encode())


def spread(values: Iterable[float]) -> float:
    """Return largest minus smallest."""
    array = np.asarray(list(values), dtype=float)
    return float(array.max() - array.min())
