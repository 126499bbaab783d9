"""What a run will cost on this machine, measured on one image before it starts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib.externals import loky
from numpy.typing import NDArray

from bench.execution.cell_errors import one_line
from bench.execution.crews import Crew, crews, threads_of
from bench.execution.plugins import load_plugins
from bench.execution.processes import interrupts_held, start_pool
from bench.execution.surroundings import limit_threads
from bench.planning.cells import Cell, Lane, lane_of
from bench.planning.variants import Variant
from methods import progress
from methods.base import Skip
from methods.registry import get_method

Image = NDArray[np.uint8]

#: A method that would take longer, by what its first iterations took, is not measured to its end.
LONGEST_S = 20.0
FEW = 3  # iterations; the first is not warm


@dataclass(frozen=True)
class Cost:
    """What a method takes for one image and count.

    Attributes
    ----------
    seconds : float or None
        None if it returns no labels.
    reason : str
        Why it does not.
    iterates : bool
        It says how far it is: an optimisation, whose time is a line in the count.
    lane : {"core", "cores", "cuda"}
        Where such a cell runs.
    """

    seconds: float | None
    reason: str = ""
    iterates: bool = False
    lane: Lane = "core"


class Stopped(BaseException):
    """Enough is known. Not an Exception, so that a method's own handlers let it pass."""


@dataclass
class Watch:
    """Hears of a method's iterations, and stops it when their time is known and is long.

    Parameters
    ----------
    clock : callable
        Returns the present moment in seconds, when all that was started on the device is done.
    """

    clock: Callable[[], float] = time.perf_counter
    moments: list[float] = field(default_factory=list)
    total: int = 0

    def __post_init__(self) -> None:
        self.start = self.clock()

    def hear(self, done: int, total: int) -> None:  # noqa: ARG002
        """Note the end of an iteration.

        Raises
        ------
        Stopped
            If `FEW` are done and all would take longer than `LONGEST_S`.
        """
        self.moments.append(self.clock())
        self.total = total
        if len(self.moments) >= FEW and self.expected > LONGEST_S:
            raise Stopped

    @property
    def expected(self) -> float:
        """Seconds of all iterations, if the others take as long as those after the first."""
        steps = len(self.moments) - 1
        each = (self.moments[-1] - self.moments[0]) / steps
        return self.moments[0] - self.start + each * (self.total - 1)


def time_call(name: str, given: Mapping[str, Any], image: Image, n: int, threads: int) -> Cost:
    """Warm a method up and time it in this process, by its first iterations if it takes long."""
    try:
        method = get_method(name, **given)
        with suppress(Exception):  # the measured call will meet it and report it
            method.warm_up(image.copy(), n)
        limit_threads(threads)
        watch = Watch(clock_of(str(given.get("device", "cpu"))))
        try:
            with progress.listening(watch.hear):
                method.segment(image, n)
            seconds = watch.clock() - watch.start
        except Stopped:
            seconds = watch.expected
    except Skip as declined:
        return Cost(None, f"declined: {declined}")
    except (Exception, SystemExit) as error:
        return Cost(None, f"failed: {one_line(error)}")
    return Cost(seconds, iterates=bool(watch.moments))


def clock_of(device: str) -> Callable[[], float]:
    """Return a clock that waits for what was started on the device."""
    if not device.startswith("cuda"):
        return time.perf_counter
    import torch

    def clock() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


class Timer:
    """Times methods in processes of their own, since one may crash; a context manager.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
    seed : int
        For methods that do not bring their own.
    plugins : tuple of Path
        Files that methods may come from.
    """

    def __init__(self, image: Image, seed: int = 0, plugins: tuple[Path, ...] = ()) -> None:
        self.image, self.seed, self.plugins = image, seed, plugins
        self.workers: dict[int, loky.ProcessPoolExecutor] = {}

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *_: object) -> None:
        for threads in list(self.workers):
            self._end(threads)

    def time(self, variant: Variant, n: int) -> Cost:
        """Time a method at a count, with the threads that it will have."""
        given = ({"seed": self.seed} if "seed" in variant.takes else {}) | variant.given
        height, width = self.image.shape[:2]
        lane = lane_of(variant.device, variant.needs((height, width), n)[0])
        threads = threads_of(lane)
        try:
            with interrupts_held():
                asked = self._worker(threads).submit(
                    _time_call, self.plugins, variant.name, given, self.image, n, threads
                )
            cost: Cost = asked.result()
        except BrokenProcessPool:
            self._end(threads)
            return Cost(None, "failed: its process died, by a crash or for lack of memory")
        return replace(cost, lane=lane)

    def _worker(self, threads: int) -> loky.ProcessPoolExecutor:
        """Return the process with so many threads, a new one if there is none."""
        if threads not in self.workers:
            environment = Crew(1, threads).environment
            self.workers[threads] = start_pool(environment)
        return self.workers[threads]

    def _end(self, threads: int) -> None:
        self.workers.pop(threads).shutdown(kill_workers=True)


def _time_call(plugins: tuple[Path, ...], *call: Any) -> Cost:
    """Time a call in a process of its own, which may have to load plugins first."""
    load_plugins(plugins)
    return time_call(*call)


def costs_by_count(counts: Sequence[int], timed: Callable[[int], Cost]) -> dict[int, Cost]:
    """Time a method at each count; one that iterates at the outer two, with a line between.

    Parameters
    ----------
    counts : sequence of int
    timed : callable
        Times the method at a count.
    """
    low, high = min(counts), max(counts)
    costs = {n: timed(n) for n in dict.fromkeys((low, high))}
    ends = [costs[low].seconds, costs[high].seconds]
    known = [seconds for seconds in ends if seconds is not None]
    between = costs[low].iterates and costs[high].iterates and len(known) == len(ends)
    for n in counts:
        if n not in costs and between:
            costs[n] = replace(costs[high], seconds=float(np.interp(n, (low, high), known)))
        elif n not in costs:
            costs[n] = timed(n)
    return {n: costs[n] for n in counts}


def count_cells(
    cells: Iterable[Cell], variants: Sequence[Variant]
) -> list[tuple[Variant, Counter[int]]]:
    """Return the variants that have cells to run, with the number of these by count.

    Variants that differ in their seeds only cost the same and are counted as one.
    """
    numbers: dict[tuple[str, str, str], Counter[int]] = {}
    for cell in cells:
        if cell.n is not None and not cell.decline:
            of_variant = (cell.method, cell.params, cell.device)
            numbers.setdefault(of_variant, Counter())[cell.n] += 1
    different = {(v.name, v.params_json, v.device): v for v in reversed(variants)}
    return [(different[each], counts) for each, counts in numbers.items()]


def seconds_of(cells: Mapping[int, int], costs: Mapping[int, Cost], workers: int) -> float:
    """Return the seconds that a variant's cells take, as many side by side as lanes have workers.

    Parameters
    ----------
    cells : mapping of int to int
        How many there are, by count.
    costs : mapping of int to Cost
        By count.
    workers : int
        How many cells of one core run at a time.
    """
    total = sum(cells.values())
    seconds = 0.0
    for n, number in cells.items():
        hired = crews(costs[n].lane, total, workers, one_by_one=False)
        seconds += number * (costs[n].seconds or 0.0) / max(1, sum(crew.workers for crew in hired))
    return seconds
