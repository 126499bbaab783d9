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
from reports.data.words import counted, few
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.naming import grey_entry, name_ends, names_height
from reports.figures.panel import (
    axis_label,
    blank,
    draw_points,
    hollow_points,
    legend_below,
    top_to_bottom,
)
from reports.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    characters,
    points,
    styles_for,
)

_PANEL_HEIGHT = 2.45  # inches
_INTERVALS = "95 % intervals"
_TITLE_LINE = 52  # characters of the legend's title that fit below one panel
ANNOTATORS = "Annotators, each against the others"
_MOST_GROWTH = 0.4  # of the axis, to show the annotators; more would squeeze the curves
_MARGIN = 0.03  # of the axis, beyond the annotators
_FILLS = 0.7  # of the panel; a band that covers more says nothing and is left out
# Fainter than the intervals, and between the grid (0.5) and the curves.
_BAND_LOOK: Final[Any] = {"facecolor": BLACK, "alpha": 0.075, "linewidth": 0}


def make(view: View) -> Iterator[Chart]:
    """Make the curves of the metrics that were asked for.

    Raises
    ------
    CannotDrawError
        If no cell ended ok.
    """
    analysis = view.analysis
    if not analysis.aligned.ran.any():
        raise CannotDrawError("no cell ended ok")
    tables = {metric: analysis.points[metric] for metric in view.metrics}
    numbers = pd.concat([table.assign(metric=metric) for metric, table in tables.items()])
    yield Chart(
        "curves",
        numbers,
        lambda: draw_curves(
            tables,
            view.under,
            analysis.annotators,
            view.note,
            analysis.facts.samples,
            view.coloured,
        ),
    )


def draw_curves(
    tables: Mapping[str, pd.DataFrame],
    under: str = "",
    annotators: Mapping[str, tuple[float, float, float]] = MappingProxyType({}),
    on_note: Callable[[str], None] = lambda _: None,
    samples: str = "images",
    coloured: frozenset[str] | None = None,
) -> Figure:
    """Draw one panel per metric, with one legend below all of them.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By metric id, what `statistics.aggregate.aggregate` returns, in the order of the panels.
        The legend lists the labels as they lie at the right end of the first.
    under : str
        End of the legend's title, such as ", protocol seal2018", and what was kept apart.
    annotators : mapping of str to tuple of float
        By metric id, how annotators score against each other: low, mean, high. A band behind the
        curves, as far as it lies near them.
    on_note : callable
        Gets a remark for each metric whose annotators are not shown whole, and on labels for whose
        names there is no room.
    samples : str
        What the means are over.
    coloured : frozenset of str, optional
        The labels that are in colour. The others are grey lines with their names at the ends. All
        are in colour unless given.

    Returns
    -------
    Figure
        As wide as a paper's column (one metric) or page (more).
    """
    first = next(iter(tables.values()))
    labels = set(first["label"])
    in_front = frozenset(labels) if coloured is None else coloured & labels
    named = in_front != labels
    figure, panels = _panels(len(tables), len(labels) if named else 0)
    styles = styles_for(labels, coloured)
    drawn: dict[str, Artist] = {}
    nameless = 0
    for axes, (metric, table) in zip(panels, tables.items(), strict=True):
        # What lies between 0 and 1 is read as a share.
        bounded = np.isfinite(get_metric(metric).range).all()
        lines = draw_points(axes, table, styles, log=False if bounded else None, coloured=in_front)
        axes.set_ylabel(axis_label(metric))
        if metric in annotators:
            drawn |= _draw_annotators(axes, *annotators[metric])
            for note in _beyond(axes, metric, annotators[metric]):
                on_note(note)
        left_out = name_ends(axes, table, styles, in_front) if named else []
        nameless = max(nameless, len(left_out))
        if left_out:
            what = counted(len(left_out), "grey line")
            on_note(f"{what} of the {metric} curves without a name ({few(left_out)})")
    title = f"Means over {samples} with {_INTERVALS}{under}"
    _explain(figure, tables, lines, drawn, title, in_front, nameless)
    return figure


def _panels(number: int, names: int) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with so many empty panels, high enough for names beside each."""
    n_columns = {1: 1, 2: 2, 4: 2}.get(number, 2 if names else 3)
    n_rows = ceil(number / n_columns)
    width = COLUMN_WIDTH if number == 1 else PAGE_WIDTH
    figure = blank(width, max(_PANEL_HEIGHT, names_height(names)) * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in panels[number:]:
        axes.remove()
    return figure, list(panels[:number])


def _explain(
    figure: Figure,
    tables: Mapping[str, pd.DataFrame],
    lines: Mapping[str, Line2D],
    annotators: Mapping[str, Artist],
    title: str,
    coloured: frozenset[str],
    nameless: int,
) -> None:
    """Put the legend below the panels."""
    values = pd.concat(tables.values())
    silent = values.groupby("label")["images"].sum() == 0
    order = [label for label in top_to_bottom(next(iter(tables.values()))) if label in coloured]
    handles: list[Any] = [lines[label] for label in order]
    names = [f"{label} (no result)" if silent[label] else label for label in order]
    others = [label for label in lines if label not in coloured]
    if others:
        handle, words = grey_entry(len(others), nameless)
        empty = sum(silent[label] for label in others)
        handles.append(handle)
        names.append(words + (f" ({empty} without a result)" if empty else ""))
    if annotators:
        handles.append(tuple(annotators.values()))
        names.append(ANNOTATORS)
    legend_below(
        figure,
        handles,
        names,
        fill(title, characters(_TITLE_LINE if len(tables) == 1 else 2 * _TITLE_LINE)),
        hollow=bool(hollow_points(values).any()),
    )


def _draw_annotators(axes: Axes, low: float, mean: float, high: float) -> dict[str, Artist]:
    """Draw what fits of the annotators' band and of their mean; return what is drawn, by kind.

    The axis grows to show all of the band where that leaves the curves most of the panel;
    otherwise it stays as the curves need it. A band that fills the panel shows nothing and is left
    out.
    """
    before = axes.get_ylim()
    axes.set_ylim(_limits_with(axes, low, high))
    if _fills(axes, low, high):
        axes.set_ylim(before)
    bottom, top = axes.get_ylim()
    drawn: dict[str, Artist] = {}
    if low <= top and bottom <= high and not _fills(axes, low, high):
        band = axes.axhspan(max(low, bottom), min(high, top), zorder=0.6, **_BAND_LOOK)
        band.set_gid(ANNOTATORS)
        drawn["band"] = Patch(**_BAND_LOOK)
    if bottom <= mean <= top:
        look: Any = {"color": GREY, "linewidth": points(0.7)}
        axes.axhline(mean, zorder=0.7, **look).set_gid(ANNOTATORS)
        drawn["mean"] = Line2D([], [], **look)
    return drawn


def _fills(axes: Axes, low: float, high: float) -> bool:
    """Tell whether a band covers nearly all of the panel."""
    scale = axes.yaxis.get_transform()
    limits = np.array(axes.get_ylim())
    bottom, top = scale.transform(limits)
    inner, outer = scale.transform(np.clip([low, high], *limits))
    return bool(outer - inner >= _FILLS * (top - bottom))


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
    """Say how far annotators lie outside the axis, or that they fill it; nothing otherwise."""
    low, _, high = ends
    bottom, top = axes.get_ylim()
    if _fills(axes, low, high):
        yield (
            f"annotators' {metric} ({low:.3g} to {high:.3g}) fills the figure, and its band is left"
            " out"
        )
    elif low < bottom or top < high:
        where = "lies outside" if high < bottom or top < low else "reaches beyond"
        yield f"annotators' {metric} ({low:.3g} to {high:.3g}) {where} the figure"
