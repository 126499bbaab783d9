"""Seconds per image against the mean returned count, from uncontended cells alone."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.naming import grey_entry, name_ends, names_height
from reports.figures.panel import blank, draw_points, hollow_points, legend_below, top_to_bottom
from reports.figures.style import COLUMN_WIDTH, characters, styles_for

_HEIGHT = 2.35  # inches
_LINE = 56  # characters that fit into a column of the paper
_TITLE = "Medians over images with quartiles; uncontended only"


def make(view: View) -> Iterator[Chart]:
    """Make the figure of runtimes.

    Raises
    ------
    CannotDrawError
        If no cell was timed without others beside it, or times do not compare.
    """
    if not view.analysis.timed:
        raise CannotDrawError(
            view.analysis.aligned.times_differ or "no cell was timed without others beside it"
        )
    times = view.analysis.times
    yield Chart("runtime", times, lambda: draw_runtime(times, view.machine, view.coloured))


def draw_runtime(
    table: pd.DataFrame, machine: str, coloured: frozenset[str] | None = None
) -> Figure:
    """Draw the median time of every label that has one.

    Parameters
    ----------
    table : DataFrame
        What `statistics.aggregate.quartiles` returns, with a value somewhere.
    machine : str
        What the times were taken on, in a few words.
    coloured : frozenset of str, optional
        The labels that are in colour, if not all.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    timed = table[table.groupby("label")["images"].transform("sum") > 0]
    labels = set(timed["label"])
    in_front = frozenset(labels) if coloured is None else coloured & labels
    grey = len(labels - in_front)
    figure = blank(COLUMN_WIDTH, max(_HEIGHT, names_height(len(labels) if grey else 0)))
    axes = figure.subplots()
    # Styles of all labels, so that a method looks the same here and in the curves.
    styles = styles_for(set(table["label"]), coloured)
    lines = draw_points(axes, timed, styles, log=True, coloured=in_front)
    axes.set_ylabel("Time per image (s) ↓")
    left_out = name_ends(axes, timed, styles, in_front) if grey else []
    order = [label for label in top_to_bottom(timed) if label in in_front]
    handles, names = [lines[label] for label in order], list(order)
    if grey:
        handle, words = grey_entry(grey, len(left_out))
        handles.append(handle)
        names.append(words)
    legend_below(
        figure,
        handles,
        names,
        f"{fill(_TITLE, characters(_LINE))}\n{fill(machine, characters(_LINE))}",
        hollow=bool(hollow_points(timed).any()),
    )
    return figure
