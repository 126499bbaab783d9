"""What a run tells where its output is no terminal."""

import io

from rich.console import Console

from bench.progress import MOST_ERRORS_SHOWN, Display, clock


def show(outcomes):
    stream = io.StringIO()
    with Display(len(outcomes), Console(file=stream, width=200)) as display:
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
    with Display(3, Console(file=stream, width=80, force_terminal=True)) as display:
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
