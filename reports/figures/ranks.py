"""Between which ranks each label lies at one asked count, beside its mean."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from metrics import get_metric
from reports.data.words import number
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.letters import shown
from reports.figures.panel import axis_label, blank, legend_below
from reports.figures.style import (
    BLACK,
    FAINT,
    GREY,
    PAGE_WIDTH,
    characters,
    points,
)
from reports.statistics.asked import nearest_asked, returned_about, standings_as_asked

_ROW = 0.155  # inches
_AROUND = 0.62  # of axes and title
_SHARE = 0.9  # of the page
_LONGEST = 30  # characters of a label
_LINE = 96  # characters of the legend's title
_MOST = 60  # rows; a page is full with them
_NOT_RANKED = "hollow: other count, pieces or missing images"


def make(view: View) -> Iterator[Chart]:
    """Make the rank intervals by the first metric, at the asked count nearest to the view's.

    Raises
    ------
    CannotDrawError
        If the metric has no direction, or fewer than two labels or images can be compared.
    """
    metric = view.metrics[0]
    if get_metric(metric).direction is None:
        raise CannotDrawError(f"{metric} has no direction: neither more nor less of it is better")
    table = ranks_at(view, metric)
    if (table["rank_low"] > 0).sum() < 2:
        raise CannotDrawError(
            "fewer than two labels returned about the asked count on the same two or more images"
        )
    yield Chart("ranks", table, lambda: draw_ranks(table, metric, view))


def ranks_at(view: View, metric: str) -> pd.DataFrame:
    """Rank the labels at one asked count, best first and then those that are not ranked.

    Returns
    -------
    DataFrame
        label; n; count; value, low, high, the mean and its own interval; rank_low, rank_high, 0
        where the label returned another count than was asked for, is in pieces or lacks images;
        best.
    """
    aligned, points_of = view.analysis.aligned, view.analysis.points[metric]
    n = nearest_asked(aligned.ns, view.count)
    if np.isnan(n):
        raise CannotDrawError("no count was asked for")
    block = np.flatnonzero(aligned.ns == n)
    table = points_of.iloc[block].reset_index(drop=True)
    higher = get_metric(metric).direction == "high"
    found = standings_as_asked(aligned, metric, n)
    table = table.assign(rank_low=found.rank_low, rank_high=found.rank_high, best=found.best)
    ranked = table["rank_low"] > 0
    order = table.assign(last=~ranked, key=-table["value"] if higher else table["value"])
    order = order.sort_values(["last", "key"], kind="stable")
    columns = ["label", "n", "count", "images", "missing", "value", "low", "high"]
    return order[[*columns, "rank_low", "rank_high", "best"]].reset_index(drop=True)


def draw_ranks(table: pd.DataFrame, metric: str, view: View) -> Figure:
    """Draw a row for each label: its mean on the left, its ranks on the right.

    Returns
    -------
    Figure
        As wide as a paper's page, as high as its rows need.
    """
    if len(table) > _MOST:
        view.note(f"the ranks figure has the first {_MOST} of {len(table)} labels")
    table = table.head(_MOST)
    figure = blank(_SHARE * PAGE_WIDTH, _ROW * len(table) + _AROUND)
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": (1.25, 1)})
    for row in table.itertuples():
        _draw_row(left, right, row)
    _label_rows(left, table, view)
    left.set_xlabel(axis_label(metric, 40))
    right.set_xlabel("Rank (1 is best)")
    highest = int(table["rank_high"].max())
    right.set_xlim(0.4, highest + 0.6)
    right.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    right.tick_params(left=False)
    handles = [
        Line2D([], [], color=BLACK, marker="o", markersize=points(4), linewidth=points(1.2)),
        Line2D([], [], color=GREY, linewidth=points(3)),
    ]
    names = ["set of the best (with 95 %)", "rank interval (all of them with 95 %)"]
    if (table["rank_low"] == 0).any():
        handles.append(Line2D([], [], color=GREY, marker="o", markersize=points(4), lw=points(0.8)))
        handles[-1].set_markerfacecolor("white")
        names.append(_NOT_RANKED)
    n = number(float(table["n"].iloc[0]))
    title = f"Asked for {n} superpixels; means with 95 % intervals{view.under}"
    legend_below(figure, handles, names, fill(title, characters(_LINE)), hollow=False)
    return figure


def _draw_row(left: Axes, right: Axes, row: Any) -> None:
    y, ranked = row.Index, row.rank_low > 0
    value, low, high = row.value, row.low, row.high
    best = bool(row.best)
    colour = BLACK if best else GREY
    if np.isfinite(low):
        left.plot([low, high], [y, y], color=colour, lw=points(1.2 if best else 0.8))
    left.plot(
        [value],
        [y],
        marker="o",
        markersize=points(4),
        color=colour,
        markerfacecolor=colour if ranked else "white",
        markeredgewidth=points(0.8),
        linestyle="none",
    )
    if ranked:
        first, last = row.rank_low, row.rank_high
        ends = [first - 0.18, last + 0.18]
        right.plot(ends, [y, y], color=colour, lw=points(3), solid_capstyle="butt")


def _label_rows(axes: Axes, table: pd.DataFrame, view: View) -> None:
    """Write the labels, with what they returned where that is not about what was asked."""
    counts = table["count"].to_numpy()
    far = np.isfinite(counts) & ~returned_about(counts, table["n"].to_numpy())
    names = [
        shown(str(label), characters(_LONGEST)) + (f" ({count:.0f})" if its_far else "")
        for label, count, its_far in zip(table["label"], counts, far, strict=True)
    ]
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_yticks(range(len(table)), names)
    for tick, name in zip(axes.get_yticklabels(), table["label"], strict=True):
        tick.set_parse_math(False)
        if str(name) in view.highlighted:
            tick.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.axhline((table["rank_low"] > 0).sum() - 0.5, color=FAINT, lw=points(0.5))
