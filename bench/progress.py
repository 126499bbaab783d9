"""How a run tells what it is doing: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bench.storage.schema import FAILURES

PLAIN_EVERY_S = 10.0
MOST_ERRORS_SHOWN = 5


class _Bar(Progress):
    """A bar with lines of text below it."""

    below: Sequence[str] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        for line in self.below:
            yield Text(line, no_wrap=True, overflow="ellipsis")


class Display:
    """Counts finished cells and shows them; a context manager.

    Parameters
    ----------
    total : int
        How many cells there are to do.
    console : rich.console.Console
        Where to write; one that is quiet shows nothing.
    unit : str
        What is counted, in the plural.
    """

    def __init__(self, total: int, console: Console, unit: str = "cells") -> None:
        self.total = total
        self.unit = unit = unit if total != 1 else unit.removesuffix("s")
        self.done = 0
        self.console = console
        self.counts: Counter[str] = Counter()
        self.started = self.last_line = time.monotonic()
        dumb = console.is_dumb_terminal  # such as an editor's: a bar would not be seen
        self.live = console.is_terminal and not dumb and not console.quiet
        self.bar = _Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("[red]{task.fields[failures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self.task = self.bar.add_task("running", total=total, failures="")

    def __enter__(self) -> Display:
        if self.live:
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live:
            self.bar.below = []
            self.bar.stop()

    @property
    def failures(self) -> int:
        """Number of cells that ended without scores although they were tried."""
        return sum(self.counts[status] for status in FAILURES)

    def add(self, status: str, what: str, error: str | None, finished: bool = True) -> None:
        """Count one unit, and tell of the first few cells that failed."""
        self.done += 1
        self.counts[status] += finished
        if finished and status in FAILURES and self.failures <= MOST_ERRORS_SHOWN:
            text = Text(f"  {status}: {what}: {error}", style="red")
            self.console.print(text, highlight=False)
            if self.failures == MOST_ERRORS_SHOWN:
                self.console.print("  (further failures are only counted; each has its row)")
        if self.live:
            failures = f"{self.failures} failed" if self.failures else ""
            self.bar.update(self.task, advance=1, failures=failures)
        elif self.done == self.total or time.monotonic() - self.last_line > PLAIN_EVERY_S:
            self.last_line = time.monotonic()
            self._plain_line()

    def show_iterations(self, cells: Mapping[str, tuple[int, int]]) -> None:
        """Show how far long cells are, a line for each, while they run.

        Parameters
        ----------
        cells : mapping of str to (int, int)
            For each cell that says so, the iterations done and all of them.
        """
        self.bar.below = [f"  {what}: {done}/{total}" for what, (done, total) in cells.items()]

    def _plain_line(self) -> None:
        elapsed = time.monotonic() - self.started
        left = elapsed / self.done * (self.total - self.done)
        self.console.print(
            f"{self.done}/{self.total} {self.unit}, {self.failures} failed,"
            f" {clock(elapsed)} elapsed, {clock(left)} left",
            highlight=False,
        )


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss, or m:ss below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
