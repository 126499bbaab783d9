"""Which cells may run side by side, and with how many threads.

Most cells use one core, and as many run at a time as there are workers. One that can use all cores,
and wants them for an image of that size (`Method.wants_all_cores`), has the machine alone, after
the others. What runs on CUDA has a worker for each device, beside those of one core.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joblib import cpu_count

from bench.planning.cells import Lane
from methods.device import cuda_devices

if TYPE_CHECKING:
    from bench.planning.cells import Batch


#: Lanes of a group run at the same time, groups one after the other.
SIDE_BY_SIDE: tuple[tuple[Lane, ...], ...] = (("core", "cuda"), ("cores",))
TOGETHER: tuple[tuple[Lane, ...], ...] = (("core", "cuda", "cores"),)
ONE_BY_ONE: tuple[tuple[Lane, ...], ...] = (("core",), ("cuda",), ("cores",))

# Looked up before any process is held to one of them.
_ALL_CORES = int(cpu_count())

# Libraries read these when they are loaded, so they are set before a worker starts.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Crew:
    """Workers of one kind that serve a lane.

    Attributes
    ----------
    workers : int
        How many processes.
    threads : int
        Threads of each. One where several run: the same labels for any number of workers, and
        cores that do not compete.
    ahead : int
        Batches given out before one is finished, so that no worker waits for the next.
    gpu : str or None
        The only CUDA device that they see, as CUDA_VISIBLE_DEVICES names it.
    """

    workers: int
    threads: int = 1
    ahead: int = 1
    gpu: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its processes start with."""
        gpu = {} if self.gpu is None else {"CUDA_VISIBLE_DEVICES": self.gpu}
        return dict.fromkeys(_THREADS, str(self.threads)) | gpu


def all_cores() -> int:
    """Return the cores that this process may use, before any worker is held to one of them."""
    return _ALL_CORES


def threads_of(lane: Lane) -> int:
    """Return how many threads a cell has: of all cores, no more than OMP_NUM_THREADS says."""
    return min(_ALL_CORES, _asked_for()) if lane == "cores" else 1


def _asked_for() -> int:
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else _ALL_CORES


def stages(
    batches: Iterable[Batch], groups: Sequence[Sequence[Lane]] = SIDE_BY_SIDE
) -> list[list[Batch]]:
    """Divide batches, in their order, into what runs together and what comes after it."""
    given = list(batches)
    divided = [[batch for batch in given if batch[0].lane in group] for group in groups]
    return [stage for stage in divided if stage]


def crews(lane: Lane, batches: int, workers: int, one_by_one: bool) -> list[Crew]:
    """Return who serves a lane with so many batches to run."""
    if lane == "cores":
        return [Crew(1, threads_of(lane))]
    if lane == "cuda":
        gpus = _gpus()
        return [Crew(1, gpu=gpu) for gpu in gpus[: 1 if one_by_one else batches]]
    fewer = 1 if one_by_one else min(workers, batches)
    return [Crew(fewer, ahead=2 * fewer)]


def _gpus() -> Sequence[str | None]:
    """Name each CUDA device; None stands for the only one there may be."""
    count = cuda_devices()
    if count < 2:
        return [None]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = map(str.strip, visible.split(",")) if visible else map(str, range(count))
    return list(names)[:count]
