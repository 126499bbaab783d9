"""Seconds against the pixels of an image: how the time of a label grows with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.data.align import labels_by_device, timed_alone
from reports.data.results import Floats
from reports.data.words import number
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.letters import shown
from reports.figures.naming import grey_entry, name_ends, names_height
from reports.figures.panel import blank, legend_below, plain_ticks
from reports.figures.style import COLUMN_WIDTH, FAINT, characters, points
from reports.statistics.asked import nearest_asked

_HEIGHT = 2.5  # inches
_LINE = 54  # characters of the legend's title
_LEAST_SPAN = 1.5  # largest to smallest image; less tells nothing of a slope


def make(view: View) -> Iterator[Chart]:
    """Make the figure of times by pixels, at the asked count nearest to the view's.

    Raises
    ------
    CannotDrawError
        Without comparable times, or if all images are about as large.
    """
    analysis = view.analysis
    if not analysis.timed:
        raise CannotDrawError(
            analysis.aligned.times_differ or "no cell was timed without others beside it"
        )
    rows = view.rows[timed_alone(view.rows)]
    pixels = (rows["height"].astype(float) * rows["width"].astype(float)).to_numpy()
    known = np.isfinite(pixels)
    if not known.any() or pixels[known].max() < _LEAST_SPAN * pixels[known].min():
        raise CannotDrawError(
            f"the largest image has less than {_LEAST_SPAN:g} times the pixels of the smallest"
        )
    table = times_by_pixels(rows.assign(pixels=pixels)[known], view.count)
    yield Chart("pixels", table, lambda: draw_pixels(table, view))


def times_by_pixels(rows: pd.DataFrame, count: float) -> pd.DataFrame:
    """Return the median seconds of every label by number of pixels, and the slope of its times.

    Returns
    -------
    DataFrame
        label; n, the asked count nearest to the one given; pixels; seconds, the median over
        images and seeds; cells, how many these are; slope, of log seconds over log pixels by least
        squares over images: 1 if twice the pixels take twice the time. NaN with a single size.
    """
    n = nearest_asked(rows["n"].dropna().to_numpy(dtype=float), count)
    if np.isfinite(n):
        rows = rows[rows["n"] == n]
    rows = rows.assign(label=labels_by_device(rows))
    parts = []
    for label, its in rows.groupby("label", sort=True):
        seconds = its["time_s"].to_numpy(dtype=float)
        medians = its.groupby("pixels")["time_s"].agg(["median", "size"])
        parts.append(
            pd.DataFrame(
                {
                    "label": str(label),
                    "n": its["n"].iloc[0],
                    "pixels": medians.index.to_numpy(),
                    "seconds": medians["median"].to_numpy(dtype=float),
                    "cells": medians["size"].to_numpy(),
                    "slope": slope(its["pixels"].to_numpy(dtype=float), seconds),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def slope(pixels: Floats, seconds: Floats) -> float:
    """Fit log seconds = a + slope log pixels by least squares; NaN with a single size."""
    good = (pixels > 0) & (seconds > 0)
    x, y = np.log(pixels[good]), np.log(seconds[good])
    spread = ((x - x.mean()) ** 2).sum() if x.size else 0.0
    return float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread > 0 else float("nan")


def draw_pixels(table: pd.DataFrame, view: View) -> Figure:
    """Draw a line for each label, with its slope in the legend; grey ones have names alone.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    labels = set(table["label"])
    grey = len(labels - view.coloured)
    figure = blank(COLUMN_WIDTH, max(_HEIGHT, names_height(len(labels) if grey else 0)))
    axes = figure.subplots()
    lines: dict[str, Line2D] = {}
    for label, its in table.groupby("label", sort=True):
        own = label in view.coloured
        style = view.styles.get(str(label))
        look: Mapping[str, object] = (
            {"color": FAINT, "linewidth": points(0.7), "zorder": 1.8}
            if not own or style is None
            else {
                "color": style.colour,
                "linestyle": style.dash,
                "marker": style.marker,
                "markersize": style.size,
                "markeredgecolor": "white",
                "markeredgewidth": points(0.4),
            }
        )
        megapixels = its["pixels"].to_numpy() / 1e6
        (line,) = axes.plot(megapixels, its["seconds"].to_numpy(), **look)  # type: ignore[arg-type]
        line.set_gid(str(label))
        if own:
            lines[str(label)] = line
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_ticks(axes, "x")
    plain_ticks(axes, "y")
    axes.set_xlabel("Megapixels")
    axes.set_ylabel("Time per image (s) ↓")
    slopes = table.groupby("label", sort=True)["slope"].first()
    ends = table.groupby("label", sort=True)["seconds"].last().sort_values(ascending=False)
    order = [str(label) for label in ends.index if str(label) in lines]
    names = [
        f"{shown(label, 30)} ({slopes[label]:.2f})" if np.isfinite(slopes[label]) else label
        for label in order
    ]
    n = number(float(table["n"].iloc[0]))
    title = (
        f"Medians, {n} superpixels asked for; in brackets the slope: 1 if twice the pixels take "
        f"twice the time{view.under}; {view.machine}"
    )
    handles = [lines[label] for label in order]
    if grey:
        ends_of = table.assign(count=table["pixels"] / 1e6, value=table["seconds"])
        left_out = name_ends(axes, ends_of, view.styles, view.coloured & labels)
        handle, words = grey_entry(grey, len(left_out))
        handles.append(handle)
        names.append(words)
    legend_below(figure, handles, names, fill(title, characters(_LINE)), hollow=False)
    return figure
