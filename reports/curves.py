"""Scores against the mean returned count: one line per label, one panel per metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from textwrap import fill
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from metrics import get_metric
from reports.panel import draw_points, legend_below, top_to_bottom
from reports.style import BLACK, COLUMN_WIDTH, GREY, PAGE_WIDTH, assign

_PANEL_HEIGHT = 2.45  # inches
_LINE = 34  # characters that fit beside a panel
_TITLE = "Means over images with 95 % bootstrap intervals"
_TITLE_LINE = 52  # characters of the legend's title that fit below one panel
ANNOTATORS = "Annotators, each against the others"
_MOST_GROWTH = 0.4  # of the axis, to show the annotators; more would squeeze the curves
_MARGIN = 0.03  # of the axis, beyond the annotators
# Fainter than the intervals, and between the grid (0.5) and the curves.
_BAND_LOOK: Final[Any] = {"facecolor": BLACK, "alpha": 0.075, "linewidth": 0}
_MEAN_LOOK: Final[Any] = {"color": GREY, "linewidth": 0.7}
ARROWS = {"high": " ↑", "low": " ↓", None: ""}


def draw_curves(
    points: Mapping[str, pd.DataFrame],
    under: str = "",
    annotators: Mapping[str, tuple[float, float, float]] = MappingProxyType({}),
    on_note: Callable[[str], None] = lambda _: None,
) -> Figure:
    """Draw one panel per metric, with one legend below all of them.

    Parameters
    ----------
    points : mapping of str to DataFrame
        By metric id, what `frame.aggregate` returns, in the order of the panels. The legend
        lists the labels as they lie at the right end of the first.
    under : str
        End of the legend's title, such as ", protocol seal2018".
    annotators : mapping of str to tuple of float
        By metric id, how annotators score against each other: low, mean, high. A band behind the
        curves, as far as it lies near them.
    on_note : callable
        Gets a remark for each metric whose annotators lie too far from the curves to be shown.

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
    banded = False
    for axes, (metric, table) in zip(panels, points.items(), strict=False):
        lines = draw_points(axes, table, styles)
        axes.set_ylabel(_axis_label(metric))
        if metric in annotators:
            shown = _draw_annotators(axes, *annotators[metric])
            banded |= shown
            if not shown:
                on_note(_hidden_note(metric, annotators[metric]))
    for axes in panels[len(points) :]:
        axes.remove()
    values = pd.concat(points.values())
    silent = values.groupby("label")["images"].sum() == 0
    order = top_to_bottom(first)
    handles: list[Any] = [lines[label] for label in order]
    names = [f"{label} (no result)" if silent[label] else label for label in order]
    if banded:
        handles.append((Patch(**_BAND_LOOK), Line2D([], [], **_MEAN_LOOK)))
        names.append(ANNOTATORS)
    legend_below(
        figure,
        handles,
        names,
        _title(under, one_panel=len(points) == 1),
        hollow=bool(((values["missing"] > 0) & np.isfinite(values["value"])).any()),
    )
    return figure


def _draw_annotators(axes: Axes, low: float, mean: float, high: float) -> bool:
    """Draw what fits of the annotators' band and of their mean; tell whether anything does.

    The axis grows to show all of the band where that leaves the curves most of the panel;
    otherwise it stays as the curves need it.
    """
    bottom, top = _limits_with(axes, low, high)
    if low > top or high < bottom:
        return False
    axes.set_ylim(bottom, top)
    band = axes.axhspan(max(low, bottom), min(high, top), zorder=0.6, **_BAND_LOOK)
    band.set_gid(ANNOTATORS)
    if bottom <= mean <= top:
        axes.axhline(mean, zorder=0.7, **_MEAN_LOOK).set_gid(ANNOTATORS)
    return True


def _limits_with(axes: Axes, low: float, high: float) -> tuple[float, float]:
    """Return the y limits that show low to high as well, if they are near enough to the curves."""
    scale = axes.yaxis.get_transform()
    limits = axes.get_ylim()
    bottom, top = scale.transform(np.array(limits))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 is nowhere on a logarithmic axis
        low, high = scale.transform(np.array([low, high]))
    margin = _MARGIN * (top - bottom)
    wider = np.array([min(bottom, low - margin), max(top, high + margin)])
    if not wider[1] - wider[0] <= (1 + _MOST_GROWTH) * (top - bottom):
        return limits
    bottom, top = scale.inverted().transform(wider)
    return float(bottom), float(top)


def _hidden_note(metric: str, ends: tuple[float, float, float]) -> str:
    low, _, high = ends
    return f"annotators' {metric} ({low:.3g} to {high:.3g}) lies outside the figure"


def _title(under: str, one_panel: bool) -> str:
    return fill(_TITLE + under, _TITLE_LINE) if one_panel and under else _TITLE + under


def _axis_label(metric_id: str) -> str:
    metric = get_metric(metric_id)
    unit = f" ({metric.unit})" if metric.unit else ""
    return fill(f"{metric.title}{unit}", _LINE) + ARROWS[metric.direction]
