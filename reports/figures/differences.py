"""Highlighted labels minus all others, each image at the count that the label returned on it."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metrics import get_metric
from reports.data.words import counted, few, number
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.letters import shown
from reports.figures.panel import axis_label, blank, legend_below
from reports.figures.style import BLACK, GREY, PAGE_WIDTH, Style, characters, points
from reports.statistics.asked import nearest_asked
from reports.statistics.own_counts import minus_others

_ROW = 0.155  # inches, of one label minus another
_AROUND = 0.8  # of axes and title
_LEAST_HEIGHT = 1.2  # of axes, that words of several lines fit below
_LONGEST = 30  # characters of a label
_LINE = 104  # characters of the legend's title
_MOST = 50  # rows of one mark; a page is full with them
_MOST_OWN = 4  # labels; more marks in a row nobody tells apart
_MOST_PANELS = 4  # metrics
_ALONE = Style(BLACK, "o", "-")


def make(view: View) -> Iterator[Chart]:
    """Make the differences of the highlighted labels at the asked count nearest to the view's.

    Raises
    ------
    CannotDrawError
        If none of some labels is highlighted, or no other can be read at their counts.
    """
    labels = list(dict.fromkeys(view.analysis.aligned.labels))
    own = [label for label in labels if label in view.highlighted]
    if not own or len(own) == len(labels):
        raise CannotDrawError("it is of some labels minus the others: name them, --highlight RIM")
    table = differences(view, own)
    if table.empty:
        raise CannotDrawError(f"no other label can be read at the counts of {few(own)}")
    yield Chart("differences", table, lambda: draw_differences(table, view))


def differences(view: View, own: list[str]) -> pd.DataFrame:
    """Subtract the labels that are not highlighted from those that are, at one asked count.

    Returns
    -------
    DataFrame
        The columns of `statistics.own_counts.minus_others`; the label that is most above the first
        of the highlighted comes first.
    """
    aligned = view.analysis.aligned
    drawn, metrics = own[:_MOST_OWN], view.metrics[:_MOST_PANELS]
    for all_of, some, what in ((own, drawn, "labels"), (view.metrics, metrics, "metrics")):
        if len(some) < len(all_of):
            names = ", ".join(some)
            view.note(f"the differences figure has {len(some)} of {len(all_of)} {what}: {names}")
    rows = minus_others(aligned, drawn, metrics)
    if rows.empty:
        return rows
    nearest = {
        label: nearest_asked(aligned.ns[np.array(aligned.labels) == label], view.count)
        for label in drawn
    }
    n = rows["label"].map(nearest)
    rows = rows[(rows["n"] == n) | (rows["n"].isna() & n.isna())]
    rows = rows[~rows["minus"].isin(own)]
    there = rows.groupby("minus")["difference_images"].max()
    if not there.all():
        lost = f"{few(sorted(there.index[there == 0]), 12)}, not to be read at the counts of"
        view.note(f"the differences figure lacks {lost} {few(drawn)}")
    rows = rows[rows["difference_images"] > 0]
    sign = 1.0 if get_metric(view.metrics[0]).direction != "low" else -1.0
    first = rows[rows["metric"] == view.metrics[0]]
    place = (sign * first["difference"]).groupby(first["minus"]).first()
    key = rows["minus"].map(place)
    return rows.assign(key=key).sort_values(["key", "minus", "label"]).drop(columns="key")


def draw_differences(table: pd.DataFrame, view: View) -> Figure:
    """Draw a panel for each metric and a row for each other label, with 0 as a line.

    Returns
    -------
    Figure
        As wide as a paper's page, as high as its rows need.
    """
    others = list(dict.fromkeys(table["minus"]))
    own = sorted(table["label"].unique())
    styles = {own[0]: _ALONE} if len(own) == 1 else {label: view.styles[label] for label in own}
    taller = 1 + 0.45 * (len(own) - 1)
    most = int(_MOST / taller)
    if len(others) > most:
        view.note(f"the differences figure has the first {most} of {len(others)} labels")
        others = others[:most]
    height = max(_LEAST_HEIGHT, _ROW * taller * len(others))
    figure = blank(PAGE_WIDTH, height + _AROUND)
    metrics = [metric for metric in view.metrics if (table["metric"] == metric).any()]
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        axes.axvline(0, color=GREY, linewidth=points(0.7), zorder=1)
        for place, label in enumerate(own):
            its = table[(table["metric"] == metric) & (table["label"] == label)]
            offset = 0.6 * (place - (len(own) - 1) / 2) / len(own)
            _draw_label(axes, its.set_index("minus").reindex(others), offset, styles[label])
        axes.set_xlabel(axis_label(metric, 88 // len(panels)))
        axes.tick_params(axis="y", length=0)
    _label_rows(panels[0], others, table)
    points_of = table.sort_values("difference_images").groupby("label").last()
    names = []
    for label in own:
        its = points_of.loc[label]
        ok = "" if its["images_ok"] == its["images_asked"] else f" on {its['images_ok']} images"
        names.append(f"{label} ({its['count']:.0f} returned{ok})")
    asked = few([number(n) for n in points_of["n"].dropna().unique()])
    title = f"Asked for {asked}: a" if asked else "A"
    title += " label minus that of the row at the count that the label returned on each image;"
    title += f" means with intervals that hold together{view.under}"
    handles = [_mark(styles[label], told=True) for label in own]
    handles.append(_mark(Style(GREY, "o", "-"), told=False))
    names.append("hollow: not told from 0")
    legend_below(figure, handles, names, fill(title, characters(_LINE)), hollow=False)
    return figure


def _draw_label(axes: Axes, its: pd.DataFrame, offset: float, style: Style) -> None:
    """Draw the differences of one label, a row for each other; hollow where 0 may be true."""
    y = np.arange(len(its)) + offset
    means, lows, highs = (
        its[name].to_numpy(dtype=float)
        for name in ("difference", "difference_low", "difference_high")
    )
    axes.hlines(y, lows, highs, color=style.colour, linewidth=points(1.0))
    told = its["told"].eq(True).to_numpy()
    for chosen in (told, ~told):
        mark = _mark(style, bool(chosen is told))
        mark.set_data(means[chosen], y[chosen])
        axes.add_line(mark)
    axes.autoscale_view()


def _mark(style: Style, told: bool) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=style.marker,
        markersize=0.85 * style.size,
        color=style.colour,
        markerfacecolor=style.colour if told else "white",
        markeredgewidth=points(0.8),
    )


def _label_rows(axes: Axes, others: list[str], table: pd.DataFrame) -> None:
    """Write the other labels, with the number of images where that is not all."""
    lacking = table[table["difference_images"] < table["images"]]
    images = lacking.groupby("minus")["difference_images"].min()
    names = [
        shown(name, characters(_LONGEST))
        + (f" ({counted(int(images[name]), 'image')})" if name in images else "")
        for name in others
    ]
    axes.set_ylim(len(others) - 0.4, -0.6)
    axes.set_yticks(range(len(others)), names)
    for tick in axes.get_yticklabels():
        tick.set_parse_math(False)
