"""What the figures share: a series with its interval, axes that suit its range, a legend below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, log10
from textwrap import fill
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from metrics import get_metric
from reports.data.words import ARROWS
from reports.figures.emphasis import axis_end, beyond
from reports.figures.letters import shown
from reports.figures.style import FAINT, GREY, Style, characters, inches, points

X_LABEL = "Superpixels returned (mean)"
HOLLOW = "hollow marker: some images missing"
_LOG_FROM = 12.0  # a linear axis squeezes the small end of anything that spans more
BEYOND = "beyond the axis"
_MANY_BANDS = 6  # more must be fainter, or none can be seen


def blank(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches of print, which lays itself out.

    Its canvas keeps what measures words, at the resolution of the PNG: they are measured once.
    """
    dpi = mpl.rcParams["savefig.dpi"]
    size = (inches(width), inches(height))
    figure = Figure(figsize=size, dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_points(
    axes: Axes,
    table: pd.DataFrame,
    styles: Mapping[str, Style],
    log: bool | None = None,
    coloured: frozenset[str] | None = None,
) -> dict[str, Line2D]:
    """Draw one series per label and scale the axes to them.

    A few labels that return far more superpixels than were asked for do not stretch the axis: it
    ends before them, and a line at its edge says where they are.

    Parameters
    ----------
    axes : Axes
        Where.
    table : DataFrame
        What `aggregate` or `quartiles` of `statistics.aggregate` returns.
    styles : mapping of str to Style
        By label.
    log : bool, optional
        Whether the vertical axis is logarithmic; decided by the values unless given.
    coloured : frozenset of str, optional
        The labels that are not grey, if not all.

    Returns
    -------
    dict of str to Line2D
        The lines by label, for the legend.
    """
    by_label = {str(label): part for label, part in table.groupby("label", sort=True)}
    in_front = frozenset(by_label) if coloured is None else coloured
    alpha = 0.18 if len(in_front) <= _MANY_BANDS else 0.10
    end = axis_end(table)
    lines = {
        label: _draw_series(axes, part, styles[label], alpha)
        if label in in_front
        else _draw_grey(axes, part)
        for label, part in by_label.items()
    }
    near = table if end is None else table[~(table["count"] > end)]
    scale(axes, "x", near["count"].to_numpy())
    scale(axes, "y", near["value"].to_numpy(), log)
    if end is not None:
        _end_axis(axes, near, in_front)
        _say_beyond(axes, table, end)
    axes.set_xlabel(X_LABEL)
    return lines


def _draw_grey(axes: Axes, part: pd.DataFrame) -> Line2D:
    """Draw a line that is there for comparison; a lone point is a dot, hollow as others are."""
    x, y = part["count"].to_numpy(), part["value"].to_numpy()
    lonely = np.isfinite(y).sum() < 2
    (line,) = axes.plot(
        x,
        y,
        color=FAINT,
        linewidth=points(0.7),
        marker="." if lonely else None,
        zorder=1.8,
    )
    line.set_gid(str(part["label"].iloc[0]))
    hollow = hollow_points(part)
    if hollow.any():
        axes.plot(
            x[hollow],
            y[hollow],
            linestyle="none",
            marker="o",
            markersize=points(3),
            markerfacecolor="white",
            markeredgecolor=FAINT,
            markeredgewidth=points(0.7),
            zorder=1.9,
        )
    return line


def hollow_points(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which points have a value over some of the images alone."""
    values, missing = (table[name].to_numpy(dtype=float) for name in ("value", "missing"))
    hollow: npt.NDArray[np.bool_] = np.isfinite(values) & (missing > 0)
    return hollow


def _end_axis(axes: Axes, near: pd.DataFrame, in_front: frozenset[str]) -> None:
    """Set the limits to what is drawn before the end of the horizontal axis."""
    bounds = near[["low", "high"]].where(near["label"].isin(in_front))
    near = near[["count", "value"]].join(bounds)
    for which, columns in (("x", ["count"]), ("y", ["value", "low", "high"])):
        axis = axes.xaxis if which == "x" else axes.yaxis
        values = near[columns].to_numpy(dtype=float)
        values = values[np.isfinite(values) & ((values > 0) | (axis.get_scale() != "log"))]
        if values.size == 0:
            continue
        low, high = axis.get_transform().transform(np.array([values.min(), values.max()]))
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        ends = axis.get_transform().inverted().transform(np.array([low - margin, high + margin]))
        (axes.set_xlim if which == "x" else axes.set_ylim)(*map(float, ends))


def _say_beyond(axes: Axes, table: pd.DataFrame, end: float) -> None:
    """Say at the edge which labels go on beyond the axis, and how far."""
    means = table.groupby("label", sort=True)["value"].agg(["first", "last"]).mean()
    rising = bool(means["last"] >= means["first"])  # the corner that curves leave free
    lines = [
        f"{shown(label, characters(20))}: {low:.0f}" + (f" to {high:.0f}" if high > low else "")
        for label, low, high in beyond(table, end)
    ]
    few_lines = lines if len(lines) <= 3 else [*lines[:2], f"and {len(lines) - 2} more"]
    words = axes.text(
        0.99,
        0.02 if rising else 0.98,
        "\n".join(f"{line} →" for line in few_lines),
        transform=axes.transAxes,
        ha="right",
        va="bottom" if rising else "top",
        fontsize=points(6.5),
        linespacing=1.1,
        zorder=3,
    )
    words.set(parse_math=False, gid=BEYOND, in_layout=False)
    words.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8})


def axis_label(metric_id: str, line: int = 34) -> str:
    """Return the title of a metric with its unit and direction, in lines of so many characters."""
    metric = get_metric(metric_id)
    unit = f" ({metric.unit})" if metric.unit else ""
    return fill(f"{metric.title}{unit}", characters(line)) + ARROWS[metric.direction]


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
        markeredgewidth=points(0.4),
    )
    line.set_gid(str(part["label"].iloc[0]))
    has_value = np.isfinite(y)
    bounded = has_value & np.isfinite(low)
    axes.fill_between(x, low, high, where=bounded, color=style.colour, alpha=alpha, linewidth=0)
    lonely = bounded & ~np.append(has_value[1:], False) & ~np.append(False, has_value[:-1])
    if lonely.any():
        axes.errorbar(
            x[lonely],
            y[lonely],
            yerr=np.abs(np.stack([low, high])[:, lonely] - y[lonely]),
            fmt="none",
            ecolor=style.colour,
            elinewidth=points(0.8),
            capsize=points(1.8),
        )
    hollow = hollow_points(part)
    if hollow.any():
        axes.plot(
            x[hollow],
            y[hollow],
            linestyle="none",
            marker=style.marker,
            markersize=style.size,
            markerfacecolor="white",
            markeredgecolor=style.colour,
            markeredgewidth=points(0.8),
        )
    return line


def settle(figure: Figure) -> None:
    """Lay the figure out now and for good: what is placed by it comes next, and stays.

    Twice, since an axis whose size the first time has changed may have other ticks, with wider
    words, for which there was no room.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        for _ in range(2):
            engine.execute(figure)
    figure.set_layout_engine("none")


def top_to_bottom(table: pd.DataFrame) -> list[str]:
    """Return the labels as their curves lie at the right end; those without a value come last."""
    ends = table.groupby("label", sort=True)["value"].last()  # the last that is not NaN
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
    _write_plainly(axes, which, span)


def plain_ticks(axes: Axes, which: Literal["x", "y"]) -> None:
    """Write plain numbers at the ticks of a logarithmic axis whose limits are set."""
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    _write_plainly(axes, which, high / low)


def _write_plainly(axes: Axes, which: Literal["x", "y"], span: float) -> None:
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
    handles, labels = [*handles], [shown(label) for label in labels]
    if hollow:
        marker = Line2D([], [], linestyle="none", marker="o", markersize=points(5), color=GREY)
        marker.set_markerfacecolor("white")
        handles.append(marker)
        labels.append(HOLLOW)
    rows = 1
    while True:
        legend = figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=max(1, ceil(len(labels) / rows)),
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
        if extent.width <= figure.bbox.width or rows >= len(labels):
            break
        legend.remove()
        # All in one row are as wide as all columns together, so fewer rows than this do not do.
        rows = max(rows + 1, int(extent.width // figure.bbox.width) if rows == 1 else 0)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + extent.height / figure.dpi)
