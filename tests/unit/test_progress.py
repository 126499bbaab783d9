"""What a run tells where its output is no terminal."""

import io

import pytest
from rich.console import Console

from bench.execution.time_left import Left
from bench.progress import MOST_ERRORS_SHOWN, Display, clock, say_left

NOTHING = Left(0.0)


def show(outcomes, left=NOTHING):
    stream = io.StringIO()
    with Display(len(outcomes), Console(file=stream, width=200), "cells", lambda: left) as display:
        for status, error in outcomes:
            display.add(status, "SLIC, n = 50, image 'a'", error)
    return stream.getvalue()


def test_the_last_line_counts_cells_and_failures():
    out = show([("ok", None), ("failed", "because"), ("skipped", "declined")])
    assert out.splitlines()[-1].startswith("3/3 cells, 1 failed, 0:00 elapsed, 0:00 left")
    assert "failed: SLIC, n = 50, image 'a': because" in out


def test_only_the_first_failures_are_shown():
    out = show([("failed", f"reason {i}") for i in range(50)])
    assert out.count("reason") == MOST_ERRORS_SHOWN
    assert "only counted" in out


def test_an_error_is_shown_as_it_is():
    assert "[red]{x}[/] 'y'" in show([("failed", "[red]{x}[/] 'y'")])


def test_durations_read_as_a_clock():
    assert [clock(s) for s in (0, 59.6, 3599, 3661)] == ["0:00", "1:00", "59:59", "1:01:01"]


def test_a_terminal_shows_how_far_long_cells_are_until_they_end():
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True)
    with Display(3, console, "cells", lambda: NOTHING) as display:
        display.show_iterations({"EA (quick)[blocks=2] · 101085 · n=100": (340, 1000)})
        display.bar.refresh()
        assert "EA (quick)[blocks=2] · 101085 · n=100: 340/1000" in stream.getvalue()
        display.show_iterations({"EA · 8143 · n=100": (1, 1000)})
        stream.truncate(0)
        display.bar.refresh()
        assert "EA · 8143 · n=100: 1/1000" in stream.getvalue()
        assert "101085" not in stream.getvalue()
        stream.truncate(0)
    assert "8143" not in stream.getvalue()


def test_a_terminal_shows_what_is_compiled_and_for_how_long(monkeypatch):
    stream, now = io.StringIO(), [100.0]
    monkeypatch.setattr("bench.progress.time.monotonic", lambda: now[0])
    console = Console(file=stream, width=80, force_terminal=True)
    with Display(3, console, "cells", lambda: NOTHING) as display:
        display.show_compiling(["etps"])
        now[0] += 3
        display.show_compiling(["etps", "ers"])
        display.show_iterations({})
        display.bar.refresh()
        assert "compiling on first use: etps 3 s, ers 0 s" in stream.getvalue()
        display.show_compiling([])
        display.show_iterations({})
        stream.truncate(0)
        display.bar.refresh()
        assert "compiling" not in stream.getvalue()


def test_in_the_end_it_is_said_what_was_compiled_in_lines_of_the_terminal():
    stream = io.StringIO()
    console = Console(file=stream, width=80)
    with Display(3, console, "cells", lambda: NOTHING) as display:
        for method, seconds in (("etps", 1.2), ("etps", 0.1), ("slic", 0.0), ("preslic", 2.06)):
            display.add_compiled(method, seconds)
        for i in range(20):
            display.add_compiled(f"method_{i}", 0.1)
    words = " ".join(stream.getvalue().split())
    assert words.startswith("Compiled on first use, 5.4 s in all: preslic 2.1 s, etps 1.3 s, ")
    assert "slic 0" not in words
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def test_nothing_is_said_where_nothing_was_compiled():
    stream = io.StringIO()
    with Display(1, Console(file=stream, width=80), "cells", lambda: NOTHING) as display:
        display.add_compiled("etps", 0.0)
    assert stream.getvalue() == ""


UNTIMED = Left(28.0, 90, ("RIM", "EA"))


def test_a_line_that_does_not_know_the_time_left_says_of_which_methods():
    out = show([("ok", None)], UNTIMED)
    assert "1/1 cell, 0 failed, 0:00 elapsed, time left unknown: 90 cells of RIM, EA not" in out


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (Left(75.0), "1:15 left"),
        (UNTIMED, "time left unknown: 90 rounds of RIM, EA not yet timed"),
        (Left(0.0, 9, tuple("ABCDE")), "time left unknown: 9 rounds of A, B, C and 2 more not yet"),
    ],
)
def test_the_time_left_in_words(left, said):
    assert say_left(left, "rounds").startswith(said)


def test_a_bar_shows_the_time_left_or_that_it_is_not_known():
    stream, left = io.StringIO(), [UNTIMED]
    console = Console(file=stream, width=100, force_terminal=True)
    with Display(3, console, "cells", lambda: left[0]) as display:
        display.add("ok", "", None)
        display.bar.refresh()
        assert "left ?" in stream.getvalue()
        assert "time left unknown: 90 cells of RIM, EA not yet timed" in stream.getvalue()
        stream.truncate(0)
    left[0] = Left(754.0)
    with Display(3, console, "cells", lambda: left[0]) as display:
        display.add("ok", "", None)
        display.bar.refresh()
        assert "left 12:34" in stream.getvalue()
        assert "unknown" not in stream.getvalue()


def test_what_is_left_is_not_summed_anew_for_each_of_many_small_cells(monkeypatch):
    asked = []
    console = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})

    def left():
        asked.append(1)
        return NOTHING

    display = Display(1000, console, "cells", left)
    assert display.live
    monkeypatch.setattr("bench.progress.time.monotonic", lambda: 1000.0)
    for _ in range(1000):
        display.add("ok", "SLIC, n = 50, image 'a'", None)
    assert len(asked) <= 2
