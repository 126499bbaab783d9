"""Whether a call had the processor when it wanted it, or waited while other programs had it.

Linux counts for each thread how long it ran and how long it was ready to run and had to wait
(``/proc/self/task/*/schedstat``, in nanoseconds), and how often. Sleeping and reading files are
neither, so a method that does so is not taken for one that waited.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bench.execution.crews import all_cores

# A time is marked when more than this share of it was spent waiting for a processor.
SHARE = 0.1
# Less is too short to tell.
LEAST_S = 0.001
# What a thread may wait on an idle machine each time that it wakes up.
WAKE_S = 0.0001

#: Nanoseconds on a processor and waiting for one, and how often it was given one, by thread.
Reading = Mapping[str, tuple[int, int, int]]


def read_threads(tasks: Path = Path("/proc/self/task")) -> Reading | None:
    """Return the reading of this process's threads; None where the system does not count."""
    found = {}
    # Without pathlib, which takes longer than the system: this is read twice for every cell.
    for thread in os.scandir(tasks) if tasks.is_dir() else ():
        try:
            with open(f"{thread.path}/schedstat", "rb", buffering=0) as file:  # noqa: PTH123
                ran, waited, times = map(int, file.read().split())
        except (OSError, ValueError):  # the thread has ended meanwhile
            continue
        found[thread.name] = ran, waited, times
    return found if any(ran for ran, *_ in found.values()) else None


def has_waited(before: Reading, after: Reading, time_s: float) -> bool:
    """Tell whether threads waited for more than a tenth of a call.

    Of several threads it is a tenth of what they would have run together. A thread that ended
    within the call is not seen.

    Parameters
    ----------
    before, after : Reading
    time_s : float
        What the call took.
    """
    ran = waited = 0.0
    for thread, now in after.items():
        then = before.get(thread, (0, 0, 0))
        ran += (now[0] - then[0]) / 1e9
        waited += max(0.0, (now[1] - then[1]) / 1e9 - WAKE_S * (now[2] - then[2]))
    return waited > LEAST_S and waited > SHARE * max(time_s, ran + waited)


def is_crowded(time_s: float, cpu_s: float) -> bool:
    """Tell the same of what is not counted: programs that a call ran, and other systems.

    It had less processor time than it took, and more wants to run here than there are cores.
    """
    return cpu_s < (1 - SHARE) * time_s and _load() > all_cores() + 0.5


def _load() -> float:
    """Return how many threads were running or ready to, the mean of a minute."""
    return os.getloadavg()[0]
