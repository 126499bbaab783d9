"""Scores against the mean returned count: one line per label, one panel per metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from textwrap import fill
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from metrics import get_metric
from reports.data.words import ARROWS
from reports.figures.panel import draw_points, legend_below, top_to_bottom
from reports.figures.style import BLACK, COLUMN_WIDTH, GREY, PAGE_WIDTH, assign

_PANEL_HEIGHT = 2.45  # inches
_LINE = 34  # characters that fit beside a panel
_INTERVALS = "95 % intervals"
_TITLE_LINE = 52  # characters of the legend's title that fit below one panel
ANNOTATORS = "Annotators, each against the others"
_MOST_GROWTH = 0.4  # of the axis, to show the annotators; more would squeeze the curves
_MARGIN = 0.03  # of the axis, beyond the annotators
# Fainter than the intervals, and between the grid (0.5) and the curves.
_BAND_LOOK: Final[Any] = {"facecolor": BLACK, "alpha": 0.075, "linewidth": 0}
_MEAN_LOOK: Final[Any] = {"color": GREY, "linewidth": 0.7}


def draw_curves(
    points: Mapping[str, pd.DataFrame],
    under: str = "",
    annotators: Mapping[str, tuple[float, float, float]] = MappingProxyType({}),
    on_note: Callable[[str], None] = lambda _: None,
    samples: str = "images",
) -> Figure:
    """Draw one panel per metric, with one legend below all of them.

    Parameters
    ----------
    points : mapping of str to DataFrame
        By metric id, what `statistics.aggregate.aggregate` returns, in the order of the panels.
        The legend lists the labels as they lie at the right end of the first.
    under : str
        End of the legend's title, such as ", protocol seal2018", and what was kept apart.
    annotators : mapping of str to tuple of float
        By metric id, how annotators score against each other: low, mean, high. A band behind the
        curves, as far as it lies near them.
    on_note : callable
        Gets a remark for each metric whose annotators are not shown whole.
    samples : str
        What the means are over.

    Returns
    -------
    Figure
        As wide as a paper's column (one metric) or page (more).
    """
    figure, panels = _panels(len(points))
    styles = assign(next(iter(points.values()))["label"])
    drawn: dict[str, Artist] = {}
    for axes, (metric, table) in zip(panels, points.items(), strict=True):
        # What lies between 0 and 1 is read as a share.
        bounded = np.isfinite(get_metric(metric).range).all()
        lines = draw_points(axes, table, styles, log=False if bounded else None)
        axes.set_ylabel(_axis_label(metric))
        if metric in annotators:
            drawn |= _draw_annotators(axes, *annotators[metric])
            for note in _beyond(axes, metric, annotators[metric]):
                on_note(note)
    _explain(figure, points, lines, drawn, f"Means over {samples} with {_INTERVALS}{under}")
    return figure


def _panels(number: int) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with so many empty panels."""
    n_columns = {1: 1, 2: 2, 4: 2}.get(number, 3)
    n_rows = ceil(number / n_columns)
    width = COLUMN_WIDTH if number == 1 else PAGE_WIDTH
    figure = Figure(figsize=(width, _PANEL_HEIGHT * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in panels[number:]:
        axes.remove()
    return figure, list(panels[:number])


def _explain(
    figure: Figure,
    points: Mapping[str, pd.DataFrame],
    lines: Mapping[str, Line2D],
    annotators: Mapping[str, Artist],
    title: str,
) -> None:
    """Put the legend below the panels."""
    values = pd.concat(points.values())
    silent = values.groupby("label")["images"].sum() == 0
    order = top_to_bottom(next(iter(points.values())))
    handles: list[Any] = [lines[label] for label in order]
    names = [f"{label} (no result)" if silent[label] else label for label in order]
    if annotators:
        handles.append(tuple(annotators.values()))
        names.append(ANNOTATORS)
    legend_below(
        figure,
        handles,
        names,
        fill(title, _TITLE_LINE if len(points) == 1 else 2 * _TITLE_LINE),
        hollow=bool(((values["missing"] > 0) & np.isfinite(values["value"])).any()),
    )


def _draw_annotators(axes: Axes, low: float, mean: float, high: float) -> dict[str, Artist]:
    """Draw what fits of the annotators' band and of their mean; return what is drawn, by kind.

    The axis grows to show all of the band where that leaves the curves most of the panel;
    otherwise it stays as the curves need it. A band that would fill the panel shows nothing.
    """
    bottom, top = _limits_with(axes, low, high)
    axes.set_ylim(bottom, top)
    drawn: dict[str, Artist] = {}
    if low <= top and bottom <= high and not (low <= bottom and top <= high):
        band = axes.axhspan(max(low, bottom), min(high, top), zorder=0.6, **_BAND_LOOK)
        band.set_gid(ANNOTATORS)
        drawn["band"] = Patch(**_BAND_LOOK)
    if bottom <= mean <= top:
        axes.axhline(mean, zorder=0.7, **_MEAN_LOOK).set_gid(ANNOTATORS)
        drawn["mean"] = Line2D([], [], **_MEAN_LOOK)
    return drawn


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


def _beyond(axes: Axes, metric: str, ends: tuple[float, float, float]) -> Iterator[str]:
    """Say how far annotators lie outside the axis; nothing if they do not."""
    low, _, high = ends
    bottom, top = axes.get_ylim()
    if low < bottom or top < high:
        where = "lies outside" if high < bottom or top < low else "reaches beyond"
        yield f"annotators' {metric} ({low:.3g} to {high:.3g}) {where} the figure"


def _axis_label(metric_id: str) -> str:
    metric = get_metric(metric_id)
    unit = f" ({metric.unit})" if metric.unit else ""
    return fill(f"{metric.title}{unit}", _LINE) + ARROWS[metric.direction]
