"""The clock around a method: seconds of wall and processor time, and the memory it needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.execution.contention import Reading, has_waited, is_crowded, read_threads


@dataclass(frozen=True)
class Measured:
    """What a call returned and what it cost.

    Attributes
    ----------
    value : object
        What the call returned.
    time_s, cpu_s : float
        Wall and processor seconds (of all threads, and of programs that the call ran).
    peak_mb : float or None
        The most memory held during the call beyond what the process held before it. Memory that
        the allocator had in reserve is not seen, so this is a lower bound; None outside Linux, and
        for a call that ran programs, whose memory is not seen at all.
    contended : bool
        Whether other programs had the processor for a good part of the time.
    """

    value: Any
    time_s: float
    cpu_s: float
    peak_mb: float | None
    contended: bool = False


def measure(call: Callable[[], Any]) -> Measured:
    """Call and measure; nothing but the call itself is inside the clock."""
    before_mb = _reset_peak_memory()
    threads = read_threads()
    children = _children_s()
    cpu, wall = time.process_time(), time.perf_counter()
    value = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    children = _children_s() - children
    contended = _was_contended(threads, wall, cpu, children)
    peak_mb = _memory_mb("VmHWM")
    if before_mb is None or peak_mb is None or children > 0:
        return Measured(value, wall, cpu + children, None, contended)
    return Measured(value, wall, cpu, max(0.0, peak_mb - before_mb), contended)


def _was_contended(before: Reading | None, wall: float, own: float, children: float) -> bool:
    after = read_threads()
    if before is None or after is None:
        return is_crowded(wall, own + children)
    if children > 0 and is_crowded(wall, own + children):
        return True
    return has_waited(before, after, wall)


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _reset_peak_memory() -> float | None:
    """Make the kernel forget the process's largest memory so far; return its present one."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory_mb("VmRSS")


def _memory_mb(field: str) -> float | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
