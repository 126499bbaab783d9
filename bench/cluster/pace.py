"""How many cells one task has: enough that giving it out costs little beside running it."""

from __future__ import annotations

from collections import deque

from bench.execution.time_left import Kind, Rate, kind_of, pixels_of
from bench.planning.cells import Batch, Cell

# Seconds that a task should take; what takes longer has a task of its own.
TASK_S = 1.0
MOST_CELLS = 100


class Pace:
    """Knows what cells take, from those that have ended."""

    def __init__(self) -> None:
        self._rates: dict[Kind, Rate] = {}

    def learn(self, cell: Cell, seconds: float | None) -> None:
        """Count a cell that has ended."""
        if seconds is not None and pixels_of(cell):
            rate = self._rates.setdefault(kind_of(cell), Rate())
            rate.seconds += seconds
            rate.pixels += pixels_of(cell)

    def take(self, queue: deque[Batch], workers: int) -> tuple[Batch, ...]:
        """Take the first batch from a queue, and with it quick ones of the same image.

        Near the end there are fewer, so that every worker has something to do.
        """
        first = queue.popleft()
        taken, seconds = [first], self._seconds(first)
        cells = len(first)
        share = len(queue) // (2 * max(1, workers))
        while queue and len(taken) <= share and _together(first[0], queue[0][0]):
            seconds += self._seconds(queue[0])
            cells += len(queue[0])
            if seconds > TASK_S or cells > MOST_CELLS:
                break
            taken.append(queue.popleft())
        return tuple(taken)

    def _seconds(self, batch: Batch) -> float:
        """Return what a batch takes; one of which nothing is known has a task of its own."""
        total = 0.0
        for cell in batch:
            rate = self._rates.get(kind_of(cell))
            if not cell.decline:
                total += TASK_S if rate is None else rate.each * pixels_of(cell)
        return total


def _together(a: Cell, b: Cell) -> bool:
    return (a.image, a.content, a.perturbation) == (b.image, b.content, b.perturbation)
