"""What perturbed images cost each label, paired by image, and how stable its superpixels are."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metrics import get_metric
from reports.data.perturbed import PERTURBATION, STABILITY
from reports.data.words import number
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.panel import blank, legend_below
from reports.figures.style import BLACK, FAINT, GREY, PAGE_WIDTH, characters, points
from reports.statistics.asked import nearest_asked
from reports.statistics.robustness import count_notes, losses

_AROUND = 0.6  # inches of height beside the rows of perturbations
_LEAST_LANE = 0.24  # inches of a row
_MARK = 0.085  # inches of a row for each label in colour
_LINE = 104  # characters of the legend's title
_SPREAD = 0.72  # of the room of a perturbation, that its labels share


def make(view: View) -> Iterator[Chart]:
    """Make panels of the loss in the metrics that were asked for, and of stability.

    Raises
    ------
    CannotDrawError
        If no image was perturbed.
    """
    if view.perturbed is None or view.perturbed[PERTURBATION].isna().all():
        raise CannotDrawError(
            "no image was perturbed; `bench run ... --perturb noise:0.05,blur:2,flip` does"
        )
    table = losses(view.perturbed, view.metrics[:2])
    n = nearest_asked(table["n"].to_numpy(dtype=float), view.count)
    if np.isfinite(n):
        table = table[table["n"] == n]
    if not (table["images"] > 0).any():
        raise CannotDrawError("no label has a score of an image both as it is and perturbed")
    for note in count_notes(table):
        view.note(f"{note}: its losses are of that, too")
    yield Chart("robustness", table, lambda: draw_robustness(table, view))


def draw_robustness(table: pd.DataFrame, view: View) -> Figure:
    """Draw a panel for each metric and for stability, with a row for each perturbation.

    Returns
    -------
    Figure
        As wide as a paper's page.
    """
    panels = [metric for metric in [*view.metrics[:2], STABILITY] if _has(table, metric)]
    ways = sorted(table[PERTURBATION].unique())
    labels = sorted(map(str, table["label"].unique()))
    shown = [label for label in labels if label in view.coloured]
    lane = max(_LEAST_LANE, _MARK * len(shown))
    figure = blank(PAGE_WIDTH, _AROUND + lane * len(ways))
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, metric in zip(all_axes, panels, strict=True):
        its = table[table["metric"] == metric]
        for label in sorted(labels, key=lambda label: label in view.coloured):
            place = shown.index(label) if label in shown else (len(shown) - 1) / 2
            offset = _SPREAD * ((place + 0.5) / max(len(shown), 1) - 0.5)
            _draw_label(axes, its[its["label"] == label], ways, offset, view)
        _finish(axes, metric, ways)
    handles = [_handle(view, label) for label in shown]
    names = list(shown)
    if len(shown) < len(labels):
        handles.append(Line2D([], [], color=FAINT, marker=".", linestyle="none"))
        names.append(f"{len(labels) - len(shown)} others")
    n = number(float(table["n"].iloc[0]))
    title = (
        f"Loss: clean less perturbed, paired by image, with 95 % intervals; n = {n}. Stability: "
        "adjusted Rand index of the label maps of the clean and the perturbed "
        f"image{view.under}"
    )
    legend_below(figure, handles, names, fill(title, characters(_LINE)), hollow=False)
    return figure


def _has(table: pd.DataFrame, metric: str) -> bool:
    return bool(table.loc[table["metric"] == metric, "images"].sum())


def _draw_label(axes: Axes, its: pd.DataFrame, ways: list[str], offset: float, view: View) -> None:
    """Draw a label's points, one for each perturbation that it has."""
    if its.empty:
        return
    label = str(its["label"].iloc[0])
    column = "perturbed" if its["metric"].iloc[0] == STABILITY else "loss"
    style = view.styles.get(label) if label in view.coloured else None
    y = np.array([ways.index(way) for way in its[PERTURBATION]]) + offset
    if style is not None:
        axes.hlines(y, its["low"], its["high"], color=style.colour, linewidth=points(0.8))
    axes.plot(
        its[column],
        y,
        linestyle="none",
        marker="." if style is None else style.marker,
        markersize=points(3) if style is None else 0.8 * style.size,
        color=FAINT if style is None else style.colour,
        markeredgecolor=FAINT if style is None else "white",
        markeredgewidth=points(0.3),
        gid=label,
    )


def _finish(axes: Axes, metric: str, ways: list[str]) -> None:
    """Write what the axes show, and mark where there is no loss."""
    axes.set_yticks(range(len(ways)), ways)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(ways) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    for place in range(1, len(ways)):
        axes.axhline(place - 0.5, color=FAINT, linewidth=points(0.4), zorder=0.5)
    if metric == STABILITY:
        axes.set_xlabel("Stability of labels (ARI) ↑")
        axes.set_xlim(right=1.03)
        return
    axes.axvline(0, color=BLACK, linewidth=points(0.6), zorder=0.8)
    axes.set_xlabel(fill(f"Loss in {get_metric(metric).title}", characters(30)) + " ↓")


def _handle(view: View, label: str) -> Line2D:
    style = view.styles.get(label)
    if style is None:
        return Line2D([], [], color=GREY, marker="o", linestyle="none")
    return Line2D(
        [], [], color=style.colour, marker=style.marker, markersize=style.size, linestyle="none"
    )
