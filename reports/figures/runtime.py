"""Seconds per image against the mean returned count, from uncontended cells alone."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.figures.panel import draw_points, legend_below, scale, top_to_bottom
from reports.figures.style import COLUMN_WIDTH, assign

_HEIGHT = 2.35  # inches
_LINE = 56  # characters that fit into a column of the paper
_TITLE = "Medians over images with quartiles; uncontended only"


def draw_runtime(points: pd.DataFrame, machine: str) -> Figure:
    """Draw the median time of every label that has one.

    Parameters
    ----------
    points : DataFrame
        What `aggregate.quartiles` returns, with a value somewhere.
    machine : str
        What the times were taken on, in a few words.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    timed = points[points.groupby("label")["images"].transform("sum") > 0]
    figure = Figure(figsize=(COLUMN_WIDTH, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    # Styles of all labels, so that a method looks the same here and in the curves.
    lines = draw_points(axes, timed, assign(points["label"]))
    scale(axes, "y", timed["value"].to_numpy(), log=True)
    axes.set_ylabel("Time per image (s) ↓")
    order = top_to_bottom(timed)
    legend_below(
        figure,
        [lines[label] for label in order],
        order,
        f"{_TITLE}\n{fill(machine, _LINE)}",
        hollow=bool(((timed["missing"] > 0) & np.isfinite(timed["value"])).any()),
    )
    return figure
