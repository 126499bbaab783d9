"""How a run tells what it is doing: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from bench.execution.time_left import Left
from bench.storage.schema import FAILURES
from reports.data.words import counted

PLAIN_EVERY_S = 10.0
LIVE_EVERY_S = 0.2  # what is left is summed over all kinds of cells, which small ones outrun
MOST_ERRORS_SHOWN = 5
MOST_METHODS_NAMED = 3


class _LeftColumn(ProgressColumn):
    """The time left, or a question mark."""

    max_refresh = 0.5

    def __init__(self, left: Callable[[], Left]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:  # noqa: ARG002
        left = self._left()
        return Text("left ?" if left.untimed else f"left {clock(left.seconds)}", "progress.data")


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
    left : callable
        Returns what is left to do.
    """

    def __init__(self, total: int, console: Console, unit: str, left: Callable[[], Left]) -> None:
        self.total = total
        self.left = left
        self.unit = unit
        noun = counted(total, unit.removesuffix("s")).partition(" ")[2]
        self.done = 0
        self.console = console
        self.counts: Counter[str] = Counter()
        self.iterations: list[str] = []
        self.compiling: dict[str, float] = {}  # since when
        self.compiled: Counter[str] = Counter()  # milliseconds
        self.left_behind: Counter[tuple[str, str]] = Counter()
        self.started = self.last_line = time.monotonic()
        self.last_below = 0.0
        dumb = console.is_dumb_terminal  # such as an editor's: a bar would not be seen
        self.live = console.is_terminal and not dumb and not console.quiet
        self.bar = _Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn(noun),
            TextColumn("[red]{task.fields[failures]}"),
            TimeElapsedColumn(),
            _LeftColumn(left),
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
        self._say_compiled()
        self._say_left_behind()

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
            if self.done == self.total or time.monotonic() - self.last_below > LIVE_EVERY_S:
                self._show_below()
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
        self.iterations = [f"  {what}: {done}/{total}" for what, (done, total) in cells.items()]
        self._show_below()

    def show_compiling(self, methods: Iterable[str]) -> None:
        """Show which methods are being compiled, and for how long by now; before iterations."""
        now = time.monotonic()
        self.compiling = {method: self.compiling.get(method, now) for method in methods}

    def add_compiled(self, method: str, seconds: float) -> None:
        """Count how long a method was compiled, which is said in the end."""
        if seconds > 0:
            self.compiled[method] += round(1000 * seconds)

    def _say_compiled(self) -> None:
        if not self.compiled:
            return
        total = sum(self.compiled.values())
        named = ", ".join(f"{name} {ms / 1000:.1f} s" for name, ms in self.compiled.most_common())
        text = f"Compiled on first use, {total / 1000:.1f} s in all: {named}."
        self.console.print(text, highlight=False, soft_wrap=False)

    def add_left(self, method: str, what: str) -> None:
        """Count what a method left behind, for which its process was replaced."""
        self.left_behind[method, what] += bool(what)

    def _say_left_behind(self) -> None:
        for (method, what), times in self.left_behind.items():
            if times:
                self.console.print(
                    f"Note: {method} left {what} behind in {counted(times, 'cell')}; each time its"
                    " process was replaced, which takes seconds. What it needs for long belongs"
                    " into warm_up.",
                    highlight=False,
                    soft_wrap=False,
                )

    def _compiling_line(self) -> list[str]:
        if not self.compiling:
            return []
        now = time.monotonic()
        named = ", ".join(f"{name} {now - since:.0f} s" for name, since in self.compiling.items())
        return [f"  compiling on first use: {named}"]

    def _show_below(self) -> None:
        self.last_below = time.monotonic()
        if not self.live:
            return
        left = self.left()
        why = [f"  {say_left(left, self.unit)}"] if left.untimed else []
        self.bar.below = [*why, *self._compiling_line(), *self.iterations]

    def _plain_line(self) -> None:
        elapsed = time.monotonic() - self.started
        self.console.print(
            f"{self.done}/{counted(self.total, self.unit.removesuffix('s'))},"
            f" {self.failures} failed,"
            f" {clock(elapsed)} elapsed, {say_left(self.left(), self.unit)}",
            highlight=False,
        )


def say_left(left: Left, unit: str = "cells") -> str:
    """Say how long it will still take, or why that is not known."""
    if not left.untimed:
        return f"{clock(left.seconds)} left"
    named, more = left.labels[:MOST_METHODS_NAMED], len(left.labels) - MOST_METHODS_NAMED
    others = f" and {more} more" if more > 0 else ""
    cells = counted(left.untimed, unit.removesuffix("s"))
    return f"time left unknown: {cells} of {', '.join(named)}{others} not yet timed"


def clock(seconds: float) -> str:
    """Write a duration as h:mm:ss, or m:ss below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
