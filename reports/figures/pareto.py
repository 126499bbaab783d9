"""Score against seconds at one count: which label to take for a budget of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from metrics import get_metric
from reports.data.words import few
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.front import (
    Direction,
    at_words,
    draw_against,
    draw_front,
    explain,
    name_all,
    read_at,
    set_against,
    widen,
)
from reports.figures.panel import axis_label, blank, plain_ticks, settle
from reports.figures.style import COLUMN_WIDTH, GREY, points
from reports.statistics.pieces import in_pieces

_HEIGHT = 2.7  # inches
_LINE = 54  # characters of the legend's title


def make(view: View) -> Iterator[Chart]:
    """Make the Pareto front of the first metric against the median seconds per image.

    Raises
    ------
    CannotDrawError
        Without comparable times, or without two labels that have both at all.
    """
    analysis, metric = view.analysis, view.metrics[0]
    if not analysis.timed:
        raise CannotDrawError(
            analysis.aligned.times_differ or "no cell was timed without others beside it"
        )
    if not np.isfinite(view.count):
        raise CannotDrawError("label maps without an asked n are at no count to compare them at")
    way: Direction = "low" if get_metric(metric).direction == "low" else "high"
    pieces = in_pieces(analysis.aligned)
    # Which cells were contended says nothing of a label: its median is over the others.
    seconds = read_at(analysis.times.assign(missing=0), pieces, view.count, log=True)
    scores = read_at(analysis.points[metric], pieces, view.count)
    table = set_against(seconds, scores, view.count, ("low", way))
    if len(table) < 2:
        raise CannotDrawError(f"fewer than two labels have both a time and {metric}")
    if view.budget is not None:
        view.note(best_within(table, metric, view.budget, way))
    yield Chart(
        "pareto",
        table.rename(columns={"x": "seconds", "y": metric}),
        lambda: draw_pareto(table, metric, view, way),
    )


def best_within(table: pd.DataFrame, metric: str, budget: float, way: Direction) -> str:
    """Say which label that competes for the front is the best in a budget of seconds."""
    competing = table[table["competes"]]
    if competing.empty:
        return f"no label is comparable, so none is the best within {budget:g} s"
    allowed = competing[competing["x"] <= budget]
    if allowed.empty:
        fastest = competing.sort_values("x", kind="stable").iloc[0]
        return (
            f"no comparable label takes {budget:g} s or less; the fastest is {fastest['label']} "
            f"with {fastest['x']:.3g} s"
        )
    best = allowed.sort_values("y", ascending=way == "low", kind="stable").iloc[0]
    return (
        f"best mean {metric} within {budget:g} s: {best['label']} ({best['y']:.4f} in "
        f"{best['x']:.3g} s)"
    )


def draw_pareto(table: pd.DataFrame, metric: str, view: View, way: Direction) -> Figure:
    """Draw the labels, the front and the budget.

    Parameters
    ----------
    table : DataFrame
        What `front.set_against` returns.
    metric : str
        Its id.
    view : View
        For the styles, the budget and the machine.
    way : "high" or "low"
        Which way the metric is better.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    figure = blank(COLUMN_WIDTH, _HEIGHT)
    axes = figure.subplots()
    draw_against(axes, table, view.styles, view.coloured)
    widen(axes, log_x=True)
    if view.budget is not None:
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, view.budget / 1.3), max(high, view.budget * 1.3))
        axes.axvline(view.budget, color=GREY, linewidth=points(0.8), linestyle=(0, (3, 2)))
        words = axes.text(
            view.budget,
            1.0,
            f" {view.budget:g} s ",
            transform=axes.get_xaxis_transform(),
            va="bottom",
            ha="center",
            color=GREY,
            fontsize=points(7),
        )
        words.set_gid("budget")
    draw_front(axes, table, ("low", way))
    plain_ticks(axes, "x")
    axes.set_xlabel("Time per image (s, median) ↓")
    axes.set_ylabel(axis_label(metric))
    title = f"Means {at_words(view.count)}{view.under}; {view.machine}"
    explain(figure, [table], title, _LINE)
    settle(figure)
    left_out = name_all(axes, table, view.styles, view.coloured)
    if left_out:
        view.note(f"no room in the pareto figure for the names of {few(left_out)}")
    return figure
