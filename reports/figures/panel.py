"""What the figures share: a series with its interval, axes that suit its range, a legend below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, log10
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from reports.figures.style import GREY, Style

X_LABEL = "Superpixels returned (mean)"
HOLLOW = "hollow marker: some images missing"
_LOG_FROM = 12.0  # a linear axis squeezes the small end of anything that spans more
_LONGEST_LABEL = 48
_MANY_BANDS = 6  # more must be fainter, or none can be seen


def draw_points(
    axes: Axes, points: pd.DataFrame, styles: Mapping[str, Style], log: bool | None = None
) -> dict[str, Line2D]:
    """Draw one series per label and scale the axes to them.

    Parameters
    ----------
    axes : Axes
        Where.
    points : DataFrame
        What `aggregate` or `quartiles` of `statistics.aggregate` returns.
    styles : mapping of str to Style
        By label.
    log : bool, optional
        Whether the vertical axis is logarithmic; decided by the values unless given.

    Returns
    -------
    dict of str to Line2D
        The lines by label, for the legend.
    """
    by_label = dict(list(points.groupby("label", sort=True)))
    alpha = 0.18 if len(by_label) <= _MANY_BANDS else 0.10
    lines = {
        str(label): _draw_series(axes, part, styles[str(label)], alpha)
        for label, part in by_label.items()
    }
    scale(axes, "x", points["count"].to_numpy())
    scale(axes, "y", points["value"].to_numpy(), log)
    axes.set_xlabel(X_LABEL)
    return lines


def _draw_series(axes: Axes, part: pd.DataFrame, style: Style, alpha: float) -> Line2D:
    """Draw line and markers, the interval as a band, hollow markers where images are missing.

    A point without neighbours has no band; its interval is an error bar. A point that is not
    there breaks the line, so that nothing is filled in.
    """
    x, y, low, high = (part[name].to_numpy() for name in ("count", "value", "low", "high"))
    (line,) = axes.plot(
        x,
        y,
        color=style.colour,
        linestyle=style.dash,
        marker=style.marker,
        markersize=style.size,
        markeredgecolor="white",  # parts markers that touch
        markeredgewidth=0.4,
    )
    line.set_gid(str(part["label"].iloc[0]))
    shown = np.isfinite(y)
    bounded = shown & np.isfinite(low)
    axes.fill_between(x, low, high, where=bounded, color=style.colour, alpha=alpha, linewidth=0)
    lonely = bounded & ~np.append(shown[1:], False) & ~np.append(False, shown[:-1])
    if lonely.any():
        axes.errorbar(
            x[lonely],
            y[lonely],
            yerr=np.abs(np.stack([low, high])[:, lonely] - y[lonely]),
            fmt="none",
            ecolor=style.colour,
            elinewidth=0.8,
            capsize=1.8,
        )
    hollow = shown & (part["missing"].to_numpy() > 0)
    if hollow.any():
        axes.plot(
            x[hollow],
            y[hollow],
            linestyle="none",
            marker=style.marker,
            markersize=style.size,
            markerfacecolor="white",
            markeredgecolor=style.colour,
            markeredgewidth=0.8,
        )
    return line


def top_to_bottom(points: pd.DataFrame) -> list[str]:
    """Return the labels as their curves lie at the right end; those without a value come last."""
    ends = points.groupby("label", sort=True)["value"].last()  # the last that is not NaN
    return [str(label) for label in ends.sort_values(ascending=False, kind="stable").index]


def scale(
    axes: Axes, which: Literal["x", "y"], values: npt.NDArray[np.float64], log: bool | None = None
) -> None:
    """Make an axis logarithmic where its values call for it, with plain numbers at the ticks.

    Parameters
    ----------
    axes : Axes
        Where.
    which : {"x", "y"}
        Which axis.
    values : array
        All values on it; those not finite are ignored.
    log : bool, optional
        Decided by the values unless given: all positive, and spanning more than a factor of 12.
    """
    known = values[np.isfinite(values)]
    positive = known.size > 0 and bool(known.min() > 0)
    span = float(known.max() / known.min()) if positive else 1.0
    if not positive or not (span > _LOG_FROM if log is None else log):
        return
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    few_decades = log10(span) < 2.5
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few_decades else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    if few_decades:
        axis.set_minor_locator(NullLocator())


def legend_below(
    figure: Figure,
    handles: Sequence[Any],
    labels: Sequence[str],
    title: str,
    hollow: bool,
) -> None:
    """Put one legend under all panels, in as many columns as fit, and make room for it.

    Parameters
    ----------
    figure : Figure
        As high as its panels need; grows by the legend.
    handles, labels : sequence
        What to show of each entry, an artist or a tuple of artists that lie over one another,
        and its name; in order.
    title : str
        What the figure shows beyond its axes: the band, the rows.
    hollow : bool
        Whether to explain hollow markers.
    """
    handles, labels = [*handles], [_shorten(label) for label in labels]
    if hollow:
        marker = Line2D([], [], linestyle="none", marker="o", markersize=5, color=GREY)
        marker.set_markerfacecolor("white")
        handles.append(marker)
        labels.append(HOLLOW)
    for rows in range(1, len(labels) + 1):
        legend = figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=ceil(len(labels) / rows),
            title=title,
            handlelength=3.2,
            columnspacing=1.4,
            labelspacing=0.3,
            borderpad=0.2,
        )
        for text in (*legend.get_texts(), legend.get_title()):
            text.set_parse_math(False)  # a label may hold dollar signs
        legend.get_title().set(multialignment="center", linespacing=1.1)
        extent = legend.get_window_extent()
        if extent.width <= figure.bbox.width or rows == len(labels):
            break
        legend.remove()
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + extent.height / figure.dpi)


def _shorten(label: str) -> str:
    if len(label) <= _LONGEST_LABEL:
        return label
    half = (_LONGEST_LABEL - 1) // 2
    return f"{label[:half]}…{label[-half:]}"
