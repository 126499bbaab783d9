"""Returned against asked counts: how far each label keeps to the number that it is given."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from reports.data.align import Aligned
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.letters import shown
from reports.figures.naming import grey_entry, name_ends, names_height
from reports.figures.panel import BEYOND, blank, draw_points, legend_below
from reports.figures.style import BLACK, COLUMN_WIDTH, characters, points
from reports.statistics.asked import NEAR

_HEIGHT = 2.5  # inches
_LINE = 54  # characters of the legend's title
_LOWEST, _HIGHEST = 0.3, 2.2  # returned per asked, on the axis; others are named at its edge
_TICKS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


def make(view: View) -> Iterator[Chart]:
    """Make the figure of returned per asked counts.

    Raises
    ------
    CannotDrawError
        If no count was asked for.
    """
    table = returned_per_asked(view.analysis.aligned)
    if not np.isfinite(table["value"]).any():
        raise CannotDrawError("no count was asked for, or nothing came back")
    yield Chart("counts", table, lambda: draw_counts(table, view))


def returned_per_asked(aligned: Aligned) -> pd.DataFrame:
    """Return the median of returned / asked over images, and the middle nine tenths of them.

    Returns
    -------
    DataFrame
        label; count, the asked n; value, low, high; images; missing, 0 as none is hollow; mean,
        the mean returned count.
    """
    counts = aligned.scores["n_labels"]
    shares = counts / aligned.ns
    ends = np.full((3, shares.shape[1]), np.nan)
    known = np.isfinite(shares).any(axis=0)
    ends[:, known] = np.nanquantile(shares[:, known], (0.05, 0.5, 0.95), axis=0)
    mean = np.full(shares.shape[1], np.nan)
    mean[known] = np.nanmean(counts[:, known], axis=0)
    return pd.DataFrame(
        {
            "label": aligned.labels,
            "n": aligned.ns,
            "count": aligned.ns,
            "value": ends[1],
            "low": ends[0],
            "high": ends[2],
            "images": np.isfinite(shares).sum(axis=0),
            "missing": 0,
            "mean": mean,
        }
    )


def draw_counts(table: pd.DataFrame, view: View) -> Figure:
    """Draw a line for each label, and the tenth around what was asked.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    labels = set(table["label"])
    coloured = view.coloured & labels
    grey = len(labels - coloured)
    figure = blank(COLUMN_WIDTH, max(_HEIGHT, names_height(len(labels) if grey else 0)))
    axes = figure.subplots()
    near = table["value"].between(_LOWEST, _HIGHEST)
    inside = table.assign(
        value=table["value"].where(near),
        low=table["low"].clip(_LOWEST, _HIGHEST).where(near),
        high=table["high"].clip(_LOWEST, _HIGHEST).where(near),
    )
    lines = draw_points(axes, inside, view.styles, log=True, coloured=coloured)
    band = axes.axhspan(1 - NEAR, 1 + NEAR, color=BLACK, alpha=0.06, linewidth=0, zorder=0.6)
    band.set_gid("near")
    axes.axhline(1, color=BLACK, linewidth=points(0.5), alpha=0.5, zorder=0.7)
    _scale(axes, inside)
    _say_outside(axes, table)
    axes.set_xlabel("Superpixels asked for")
    axes.set_ylabel("Returned / asked")
    left_out = name_ends(axes, inside, view.styles, coloured) if grey else []
    order = table.groupby("label", sort=True)["value"].last().sort_values(ascending=False)
    names = [str(label) for label in order.index if label in coloured]
    handles: list[Line2D | Patch] = [lines[name] for name in names]
    if grey:
        handle, words = grey_entry(grey, len(left_out))
        handles.append(handle)
        names.append(words)
    handles.append(Patch(color=BLACK, alpha=0.06, linewidth=0))
    names.append("within a tenth of what was asked")
    title = f"Medians over images with the middle 90 % of images{view.under}"
    legend_below(figure, handles, names, fill(title, characters(_LINE)), hollow=False)
    return figure


def _scale(axes: Axes, inside: pd.DataFrame) -> None:
    values = inside[["value", "low", "high"]].to_numpy(dtype=float)
    low, high = np.nanmin([*values.ravel(), 0.88]), np.nanmax([*values.ravel(), 1.12])
    axes.set_yscale("log")
    axes.set_ylim(float(low) / 1.04, float(high) * 1.04)
    shown_ticks = [tick for tick in _TICKS if low / 1.04 <= tick <= high * 1.04]
    if len(shown_ticks) > 9:
        shown_ticks = [tick for tick in shown_ticks if tick in (0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)]
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(shown_ticks)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _say_outside(axes: Axes, table: pd.DataFrame) -> None:
    """Name at the edges the labels that return far more or fewer than the axis shows."""
    for far, arrow, y, va in (
        (table[table["value"] > _HIGHEST], "↑", 0.98, "top"),
        (table[table["value"] < _LOWEST], "↓", 0.02, "bottom"),
    ):
        lines = []
        for label, part in far.groupby("label", sort=True):
            ends = sorted({f"{part['value'].min():.2g}", f"{part['value'].max():.2g}"}, key=float)
            lines.append(f"{arrow} {shown(str(label), characters(20))}: {' to '.join(ends)}")
        if lines:
            few_lines = lines if len(lines) <= 4 else [*lines[:3], f"and {len(lines) - 3} more"]
            words = axes.text(0.99, y, "\n".join(few_lines), transform=axes.transAxes)
            words.set(ha="right", va=va, fontsize=points(6.5), parse_math=False, gid=BEYOND)
            words.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8})
            words.set_in_layout(False)
