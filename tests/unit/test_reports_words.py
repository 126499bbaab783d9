"""How counts are written."""

import pytest
from rich.console import Console

from bench.execution.time_left import Left
from bench.progress import Display
from reports.data.words import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), (1000, "1000 cells")]
)
def test_one_is_not_several(number, words):
    assert counted(number, "cell") == words


@pytest.mark.parametrize(("total", "words"), [(1, "1/1 cell,"), (2, "2/2 cells,")])
def test_progress_tells_of_one_cell_or_of_several(capsys, total, words):
    with Display(total, Console(stderr=True), "cells", lambda: Left(0.0)) as display:
        for _ in range(total):
            display.add("ok", "SLIC", None)
    assert words in capsys.readouterr().err


def test_a_terminal_that_cannot_draw_a_bar_gets_lines(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    console = Console(stderr=True, force_terminal=True)
    with Display(1, console, "cells", lambda: Left(0.0)) as display:
        display.add("ok", "SLIC", None)
    assert "1/1 cell, 0 failed" in capsys.readouterr().err
