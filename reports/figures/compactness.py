"""Scores against compactness at one count: accuracy is bought with regularity.

Giraud and Clement, Superpixel segmentation: is it possible to compare?, 2024, arXiv 2411.06478: a
method without any term for shape scores well on boundaries, so scores are read at a compactness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from reports.figures.panel import axis_label, blank, settle
from reports.figures.style import COLUMN_WIDTH, PAGE_WIDTH
from reports.statistics.pieces import in_pieces

_HEIGHT = 2.7  # inches
_LINE = 54  # characters of the legend's title below one panel
COMPACTNESS = "co"


def make(view: View) -> Iterator[Chart]:
    """Make a panel of each metric that was asked for against compactness.

    Raises
    ------
    CannotDrawError
        Without compactness, or without two labels that have both.
    """
    tables = view.analysis.points
    if COMPACTNESS not in tables:
        raise CannotDrawError("the results have no compactness (co)")
    if not np.isfinite(view.count):
        raise CannotDrawError("label maps without an asked n are at no count to compare them at")
    pieces = in_pieces(view.analysis.aligned)
    compact = read_at(tables[COMPACTNESS], pieces, view.count)
    panels = {}
    for metric in [m for m in view.metrics if m != COMPACTNESS][:2]:
        scores = read_at(tables[metric], pieces, view.count)
        table = set_against(compact, scores, view.count, ("high", _way(metric)))
        if len(table) > 1:
            panels[metric] = table
    if not panels:
        raise CannotDrawError("fewer than two labels have both compactness and a score")
    numbers = pd.concat([table.assign(metric=metric) for metric, table in panels.items()])
    yield Chart(
        "compactness",
        numbers.rename(columns={"x": COMPACTNESS, "y": "value"}),
        lambda: draw_compactness(panels, view),
    )


def _way(metric: str) -> Direction:
    return "low" if get_metric(metric).direction == "low" else "high"


def draw_compactness(panels: Mapping[str, pd.DataFrame], view: View) -> Figure:
    """Draw a panel for each metric.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        By metric id, what `front.set_against` returns.
    view : View
        For the styles.

    Returns
    -------
    Figure
        As wide as a paper's column (one metric) or page (two).
    """
    width = COLUMN_WIDTH if len(panels) == 1 else PAGE_WIDTH
    figure = blank(width, _HEIGHT)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (metric, table) in zip(all_axes, panels.items(), strict=True):
        draw_against(axes, table, view.styles, view.coloured)
        widen(axes, log_x=False)
        draw_front(axes, table, ("high", _way(metric)))
        axes.set_xlabel(axis_label(COMPACTNESS))
        axes.set_ylabel(axis_label(metric))
    title = f"Means {at_words(view.count)}{view.under}"
    explain(figure, list(panels.values()), title, _LINE * len(panels))
    settle(figure)
    for axes, table in zip(all_axes, panels.values(), strict=True):
        left_out = name_all(axes, table, view.styles, view.coloured)
        if left_out:
            view.note(f"no room in the compactness figure for the names of {few(left_out)}")
    return figure
