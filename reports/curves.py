"""Scores against the mean returned count: one line per label, one panel per metric."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from metrics import get_metric
from reports.panel import draw_points, legend_below, top_to_bottom
from reports.style import COLUMN_WIDTH, PAGE_WIDTH, assign

_PANEL_HEIGHT = 2.45  # inches
_LINE = 34  # characters that fit beside a panel
_TITLE = "Means over images with 95 % bootstrap intervals"
ARROWS = {"high": " ↑", "low": " ↓", None: ""}


def draw_curves(points: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw one panel per metric, with one legend below all of them.

    Parameters
    ----------
    points : mapping of str to DataFrame
        By metric id, what `frame.aggregate` returns, in the order of the panels. The legend
        lists the labels as they lie at the right end of the first.

    Returns
    -------
    Figure
        As wide as a paper's column (one metric) or page (more).
    """
    n_columns = {1: 1, 2: 2, 4: 2}.get(len(points), 3)
    n_rows = ceil(len(points) / n_columns)
    width = COLUMN_WIDTH if len(points) == 1 else PAGE_WIDTH
    figure = Figure(figsize=(width, _PANEL_HEIGHT * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    first = next(iter(points.values()))
    styles = assign(first["label"])
    for axes, (metric, table) in zip(panels, points.items(), strict=False):
        lines = draw_points(axes, table, styles)
        axes.set_ylabel(_axis_label(metric))
    for axes in panels[len(points) :]:
        axes.remove()
    values = pd.concat(points.values())
    silent = values.groupby("label")["images"].sum() == 0
    order = top_to_bottom(first)
    legend_below(
        figure,
        [lines[label] for label in order],
        [f"{label} (no result)" if silent[label] else label for label in order],
        _TITLE,
        hollow=bool(((values["missing"] > 0) & np.isfinite(values["value"])).any()),
    )
    return figure


def _axis_label(metric_id: str) -> str:
    metric = get_metric(metric_id)
    unit = f" ({metric.unit})" if metric.unit else ""
    return fill(f"{metric.title}{unit}", _LINE) + ARROWS[metric.direction]
