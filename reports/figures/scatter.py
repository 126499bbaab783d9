"""Two labels image by image: each point is an image, and the diagonal is where they are equal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from metrics import get_metric
from reports.data.words import counted, few, number
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.letters import shown
from reports.figures.panel import axis_label, blank
from reports.figures.style import BLACK, BLUE, COLUMN_WIDTH, GREY, characters, points
from reports.statistics.asked import nearest_asked
from reports.statistics.intervals import mean_interval

_HEIGHT = 3.5  # inches
_LINE = 50  # characters of the words below
_FEW = 3  # so many images that differ most are named


def make(view: View) -> Iterator[Chart]:
    """Make a figure for each pair of labels that was asked for, by the first metric.

    Raises
    ------
    CannotDrawError
        If no pair was asked for.
    """
    if not view.pairs:
        raise CannotDrawError("it is of two labels: name them, --pair SLIC,SNIC")
    for place, (first, second) in enumerate(view.pairs):
        try:
            table = by_image(view, first, second)
        except CannotDrawError as error:
            view.note(f"no scatter of {first} and {second}: {error}")
            continue
        name = "scatter" if len(view.pairs) == 1 else f"scatter-{place + 1}"
        yield Chart(name, table, partial(draw_scatter, table, first, second, view))


def by_image(view: View, first: str, second: str) -> pd.DataFrame:
    """Return the scores of two labels on the images that both have, at one asked count.

    Raises
    ------
    CannotDrawError
        If there is no such label, no count that both were asked for, or no image in common.
    """
    aligned, metric = view.analysis.aligned, view.metrics[0]
    labels = np.array(aligned.labels, dtype=object)
    for label in (first, second):
        if label not in aligned.labels:
            raise CannotDrawError(f"no label {label!r}; there are {few(sorted(view.styles), 12)}")
    common = np.intersect1d(aligned.ns[labels == first], aligned.ns[labels == second])
    if not common.size and not np.isnan(aligned.ns).any():
        raise CannotDrawError("they have no asked count in common")
    if common.size:
        n = nearest_asked(common, view.count)
        of = [np.flatnonzero((labels == label) & (aligned.ns == n)) for label in (first, second)]
    else:
        n = float("nan")
        of = [np.flatnonzero(labels == label) for label in (first, second)]
    x, y = (aligned.scores[metric][:, its[0]] for its in of)
    counts = [aligned.scores["n_labels"][:, its[0]] for its in of]
    both = np.isfinite(x) & np.isfinite(y)
    if not both.any():
        raise CannotDrawError(f"they have no image in common with a value of {metric}")
    return pd.DataFrame(
        {
            "image": np.array(aligned.images, dtype=object)[both],
            "metric": metric,
            "n": n,
            first: x[both],
            second: y[both],
            f"count of {first}": counts[0][both],
            f"count of {second}": counts[1][both],
        }
    )


def draw_scatter(table: pd.DataFrame, first: str, second: str, view: View) -> Figure:
    """Draw a point for each image, and say how often and by how much one is better.

    Returns
    -------
    Figure
        As wide as a paper's column.
    """
    metric = view.metrics[0]
    x, y = table[first].to_numpy(dtype=float), table[second].to_numpy(dtype=float)
    figure = blank(COLUMN_WIDTH, _HEIGHT)
    axes = figure.subplots()
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    margin = 0.05 * (high - low) or 0.05
    ends = (float(low - margin), float(high + margin))
    axes.plot(ends, ends, color=GREY, linewidth=points(0.7), zorder=1)
    # So many points that they cover each other are drawn through.
    opacity = float(np.clip(60 / len(x), 0.25, 0.9))
    axes.plot(x, y, "o", color=BLUE, markersize=points(3.5), alpha=opacity, markeredgewidth=0)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set_yticks([tick for tick in axes.get_xticks() if ends[0] <= tick <= ends[1]])
    for which, label in ((axes.xaxis, first), (axes.yaxis, second)):
        which.set_label_text(f"{shown(label, characters(26))}: {axis_label(metric, 40)}")
        which.label.set_parse_math(False)
    for place in np.argsort(-np.abs(y - x), kind="stable")[: min(_FEW, len(x) // 5)]:
        words = axes.annotate(
            shown(str(table["image"].iloc[place]), characters(18)),
            (x[place], y[place]),
            textcoords="offset points",
            xytext=(points(4), points(-1)),
            fontsize=points(6.5),
            color=BLACK,
        )
        words.set_parse_math(False)
    below = figure.supxlabel(
        fill(_verdict(table, first, second, view), characters(_LINE)), fontsize=points(8)
    )
    below.set(parse_math=False, linespacing=1.1)
    return figure


def _verdict(table: pd.DataFrame, first: str, second: str, view: View) -> str:
    """Count the images on which one is better; give the mean difference and its interval."""
    metric = view.metrics[0]
    difference = (table[second] - table[first]).to_numpy(dtype=float)
    sign = {"high": 1, "low": -1, None: 0}[get_metric(metric).direction]
    words = f"{counted(len(table), 'image')}"
    if sign:
        wins, losses = int((sign * difference > 0).sum()), int((sign * difference < 0).sum())
        words += f": {shown(second, 24)} better on {wins}, {shown(first, 24)} on {losses}"
        words += f", equal on {len(table) - wins - losses}" if wins + losses < len(table) else ""
    low, high = (float(end[0]) for end in mean_interval(difference[:, None]))
    words += f". Mean difference {difference.mean():+.4f}"
    if np.isfinite(low):
        words += f" (95 %: {low:+.4f} to {high:+.4f})"
    n = float(table["n"].iloc[0])
    asked = f"; n = {number(n)}" if np.isfinite(n) else ""
    columns = [f"count of {label}" for label in (first, second)]
    counts = " and ".join(f"{table[column].mean():.0f}" for column in columns)
    return f"{words}{asked}, returned {counts}{view.under}."
