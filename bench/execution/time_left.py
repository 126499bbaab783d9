"""How long a run will still take, from what its cells have taken so far.

Counting cells does not tell: those of fast methods come first. So the cells that are left are told
apart by method and count, each kind by the seconds per pixel of its cells that have ended, or of
one that says how far it is. A method of which nothing is known makes the time unknown.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.execution.crews import crews
from bench.planning.cells import Batch, Cell, Lane


@dataclass(frozen=True)
class Left:
    """What a run will still take.

    Attributes
    ----------
    seconds : float
        Of the cells whose method has been timed.
    untimed : int
        The number of the others.
    labels : tuple of str
        Their methods.
    """

    seconds: float
    untimed: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What takes the same time for each pixel: a method with its parameters, on a device, and n."""

    method: str
    params: str
    device: str
    n: int

    @property
    def variant(self) -> tuple[str, str, str]:
        """The method with its parameters, on a device."""
        return self.method, self.params, self.device


def kind_of(cell: Cell) -> Kind:
    """Return the kind of a cell."""
    return Kind(cell.method, cell.params, cell.device, cell.n or 1)


def pixels_of(cell: Cell) -> int:
    """Return how large its image is; one that cannot be read, or is not segmented, has none."""
    return 0 if cell.size is None or cell.decline else cell.size[0] * cell.size[1]


@dataclass
class Rate:
    """Seconds per pixel, from all cells of a kind."""

    seconds: float = 0.0
    pixels: int = 0

    @property
    def each(self) -> float:
        """Seconds of a pixel."""
        return self.seconds / self.pixels


@dataclass
class Rest:
    """The cells of a kind that are left in a stage and lane."""

    label: str
    cells: int = 0
    pixels: int = 0


@dataclass
class Crowd:
    """What is left for the workers of a lane in a stage."""

    workers: int
    kinds: dict[Kind, Rest] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A cell that says how far it is: the iterations when first heard of, and now."""

    cell: Cell
    total: int
    first: int
    first_s: float
    done: int
    done_s: float

    @property
    def seconds(self) -> float | None:
        """What the whole cell takes, or None while no two moments are known."""
        steps = self.done - self.first
        return (self.done_s - self.first_s) / steps * self.total if steps > 0 else None


class TimeLeft:
    """Keeps count of what is left and of what it takes.

    Parameters
    ----------
    stages : sequence of sequences of batches
        What runs at the same time, and what comes after it.
    workers : int
        How many cells of one core run at a time.
    one_by_one : bool
        All run alone.
    clock : callable
        Returns the present moment in seconds.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Batch]],
        workers: int,
        one_by_one: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.stages = [_crowds(stage, workers, one_by_one) for stage in stages]
        self.rates: dict[tuple[str, str, str], dict[int, Rate]] = {}
        self.running: dict[str, Running] = {}
        self._known: tuple[Left, float] | None = None

    def hire(self, workers: Mapping[Lane, int]) -> None:
        """Note how many cells of each lane run at a time from now on."""
        self._known = None
        for stage in self.stages:
            for lane, crowd in stage.items():
                crowd.workers = workers[lane]

    def finish(self, cell: Cell, seconds: float | None) -> None:
        """Count a cell (or a round of it) that has ended.

        Parameters
        ----------
        seconds : float or None
            What a worker spent on it without warming its method up, if that is known.
        """
        self._known = None
        self.running.pop(cell.key, None)
        kind, pixels = kind_of(cell), pixels_of(cell)
        crowds = (crowd for stage in self.stages for crowd in stage.values())
        rest = next((crowd.kinds[kind] for crowd in crowds if kind in crowd.kinds), None)
        if rest is not None and pixels:
            rest.cells -= 1
            rest.pixels -= pixels
            self._forget_empty(kind)
        if seconds is not None and pixels:
            rate = self.rates.setdefault(kind.variant, {}).setdefault(kind.n, Rate())
            rate.seconds += seconds
            rate.pixels += pixels

    def hear(self, cells: Sequence[tuple[Cell, int, int]]) -> None:
        """Take note of the running cells that say how far they are: (cell, done, total)."""
        self._known = None
        now, before, self.running = self.clock(), self.running, {}
        for cell, done, total in cells:
            was = before.get(cell.key)
            if was is None or was.total != total or done < was.done:  # it begins (again)
                self.running[cell.key] = Running(cell, total, done, now, done, now)
            elif done == was.done:
                self.running[cell.key] = was
            else:
                self.running[cell.key] = Running(cell, total, was.first, was.first_s, done, now)

    def left(self) -> Left:
        """Return what is left now; between two cells that end, it is as much less."""
        if self._known is None:
            self._known = self._add_up(), self.clock()
        left, then = self._known
        return Left(max(0.0, left.seconds - (self.clock() - then)), left.untimed, left.labels)

    def _forget_empty(self, kind: Kind) -> None:
        for stage in self.stages:
            for crowd in stage.values():
                if kind in crowd.kinds and crowd.kinds[kind].cells <= 0:
                    del crowd.kinds[kind]

    def _add_up(self) -> Left:
        """Add stages; of the lanes of a stage the longest counts."""
        seconds, untimed = 0.0, Counter[str]()
        rates = self._rates()
        done = self._done(rates)
        for stage in self.stages:
            longest = 0.0
            for crowd in stage.values():
                of_lane, cells = 0.0, 0
                for kind, rest in crowd.kinds.items():
                    each = _nearest(rates.get(kind.variant, {}), kind.n)
                    if each is None:
                        untimed[rest.label] += rest.cells
                        continue
                    of_lane += each * rest.pixels - done.pop(kind, 0.0)
                    cells += rest.cells
                longest = max(longest, of_lane / max(1, min(crowd.workers, cells)))
            seconds += longest
        return Left(seconds, untimed.total(), tuple(untimed))

    def _rates(self) -> dict[tuple[str, str, str], dict[int, float]]:
        """Return seconds per pixel by variant and n; what has ended counts before what runs."""
        found: dict[tuple[str, str, str], dict[int, float]] = {}
        for running in self.running.values():
            kind, pixels = kind_of(running.cell), pixels_of(running.cell)
            if running.seconds is not None and pixels:
                found.setdefault(kind.variant, {})[kind.n] = running.seconds / pixels
        for variant, by_count in self.rates.items():
            ended = {n: rate.each for n, rate in by_count.items()}
            found[variant] = found.get(variant, {}) | ended
        return found

    def _done(self, rates: dict[tuple[str, str, str], dict[int, float]]) -> dict[Kind, float]:
        """Return the seconds that running cells have behind them, by kind."""
        done: dict[Kind, float] = {}
        for running in self.running.values():
            kind = kind_of(running.cell)
            each = _nearest(rates.get(kind.variant, {}), kind.n)
            if each is not None:
                share = min(1.0, running.done / running.total) if running.total else 0.0
                done[kind] = done.get(kind, 0.0) + each * pixels_of(running.cell) * share
        return done


def _crowds(stage: Sequence[Batch], workers: int, one_by_one: bool) -> dict[Lane, Crowd]:
    batches = Counter(batch[0].lane for batch in stage)
    crowds = {
        lane: Crowd(sum(crew.workers for crew in crews(lane, number, workers, one_by_one)))
        for lane, number in batches.items()
    }
    for batch in stage:
        for cell in batch:
            if pixels := pixels_of(cell):
                rest = crowds[cell.lane].kinds.setdefault(kind_of(cell), Rest(cell.label))
                rest.cells += 1
                rest.pixels += pixels
    return crowds


def _nearest(rates: dict[int, float], n: int) -> float | None:
    """Return the rate of the count that is nearest, as a ratio."""
    if n in rates or not rates:
        return rates.get(n)
    return rates[min(rates, key=lambda known: abs(math.log(known / n)))]
