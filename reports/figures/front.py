"""Two qualities of every label at one count, and the labels that no other beats in both."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from reports.data.align import Flags
from reports.data.results import Floats
from reports.data.words import short
from reports.figures.emphasis import at_count
from reports.figures.naming import name_points
from reports.figures.panel import legend_below
from reports.figures.style import BLACK, FAINT, GREY, Style, characters, points
from reports.statistics.pieces import connected_first

Direction = Literal["high", "low"]
_FRONT_LOOK: Final[Any] = {"color": BLACK, "alpha": 0.55, "zorder": 1.2}


def read_at(table: pd.DataFrame, pieces: Flags, at: float, log: bool = False) -> pd.DataFrame:
    """Read the means of every label at one returned count.

    Parameters
    ----------
    table : DataFrame
        With label, count, value, low, high and missing.
    pieces : (rows,) bool array
        Which of the rows are of labels in pieces.
    at : float
        The returned count.
    log : bool
        Whether the values are read off in their logarithm, as of times.

    Returns
    -------
    DataFrame
        By label: value, low, high; count, where they were read: `at`, or what the label returned
        nearest to it if its curve does not come within a tenth of that; missing, the most images
        that are missing at the points between which they were read, and in_pieces, whether the
        superpixels of one of these are.
    """
    rows = {}
    known = np.isfinite(table["value"]) & (table["count"] > 0)
    ordered = table.assign(in_pieces=pieces)[known].sort_values("count", kind="stable")
    names = ordered["label"].to_numpy(dtype=str)
    all_counts = ordered["count"].to_numpy(dtype=float)
    all_columns = ordered[["value", "low", "high"]].to_numpy(dtype=float)
    missing, broken = ordered["missing"].to_numpy(), ordered["in_pieces"].to_numpy(dtype=bool)
    for label in np.unique(names):  # arrays: tables of this size take ten times as long
        part = np.flatnonzero(names == label)
        counts, columns = all_counts[part], all_columns[part]
        read = np.array([_read(counts, values, at, log) for values in columns.T])
        where, its = at, _around(counts, at)
        if not np.isfinite(read[0]):
            nearest = int(np.abs(np.log(counts / at)).argmin())
            read, where, its = columns[nearest], counts[nearest], [nearest]
        ends = part[its]
        rows[str(label)] = (
            *map(float, read),
            float(where),
            int(missing[ends].max()),
            bool(broken[ends].any()),
        )
    heads = ["value", "low", "high", "count", "missing", "in_pieces"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=heads)


def _around(counts: Floats, at: float) -> list[int]:
    """Return the places of the ascending counts on both sides of one, or of the nearer end."""
    last = len(counts) - 1
    after = min(int(np.searchsorted(counts, at)), last)
    before = max(int(np.searchsorted(counts, at, side="right")) - 1, 0)
    return [before, after]


def _read(counts: Floats, values: Floats, at: float, log: bool) -> float:
    if not log:
        return at_count(counts, values, at)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.exp(at_count(counts, np.log(values), at)))


def set_against(
    x: pd.DataFrame, y: pd.DataFrame, at: float, better: tuple[Direction, Direction]
) -> pd.DataFrame:
    """Set two qualities against each other, and tell which labels are on the front.

    Labels compete for it that were read at the count and over all images; those in pieces only
    where nobody is connected.

    Parameters
    ----------
    x, y : DataFrame
        What `read_at` returns.
    at : float
        The count.
    better : pair of "high" or "low"
        Which way x and y are better.

    Returns
    -------
    DataFrame
        One row per label that has both: label, x, y, y_low, y_high, count, near (whether it was
        read at the count), missing, in_pieces, competes, front.
    """
    both = x.add_suffix("_x").join(y.add_suffix("_y"), how="inner")
    both = both[np.isfinite(both["value_x"]) & np.isfinite(both["value_y"])]
    near = ((both["count_x"] == at) & (both["count_y"] == at)).to_numpy()
    missing = both[["missing_x", "missing_y"]].max(axis=1).to_numpy()
    pieces = (both["in_pieces_x"] | both["in_pieces_y"]).to_numpy(dtype=bool)
    competes = connected_first(near & (missing == 0), pieces)
    signs = [1.0 if way == "high" else -1.0 for way in better]
    first = signs[0] * both["value_x"].to_numpy()
    second = signs[1] * both["value_y"].to_numpy()
    front = np.zeros(len(both), dtype=bool)
    front[competes] = unbeaten(first[competes], second[competes])
    return pd.DataFrame(
        {
            "label": both.index.astype(str),
            "x": both["value_x"].to_numpy(),
            "y": both["value_y"].to_numpy(),
            "y_low": both["low_y"].to_numpy(),
            "y_high": both["high_y"].to_numpy(),
            "count": both["count_y"].to_numpy(),
            "near": near,
            "missing": missing,
            "in_pieces": pieces,
            "competes": competes,
            "front": front,
        }
    )


def unbeaten(x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points no other is as good as in both and better than in one; high is better."""
    as_good = (x[None] >= x[:, None]) & (y[None] >= y[:, None])
    better = (x[None] > x[:, None]) | (y[None] > y[:, None])
    return ~np.asarray((as_good & better).any(axis=1))


def draw_against(
    axes: Axes,
    table: pd.DataFrame,
    styles: Mapping[str, Style],
    coloured: frozenset[str],
) -> None:
    """Draw the labels as points with the intervals of y; names come later (`name_all`)."""
    order = table["label"].isin(coloured).to_numpy()
    row: Any
    for row in pd.concat([table[~order], table[order]]).itertuples(index=False):
        style = styles[str(row.label)]
        own = row.label in coloured
        colour = style.colour if own else GREY
        if own and np.isfinite(row.y_low):
            axes.plot([row.x, row.x], [row.y_low, row.y_high], color=colour, lw=points(0.8))
        (mark,) = axes.plot(
            [row.x],
            [row.y],
            linestyle="none",
            marker=style.marker if own else "o",
            markersize=style.size if own else points(3),
            color=colour if own else FAINT,
            markerfacecolor=(colour if own else FAINT) if row.competes else "white",
            markeredgecolor=("white" if own and row.competes else colour),
            markeredgewidth=points(0.4 if row.competes else 0.8),
            zorder=2.5 if own else 2,
        )
        mark.set_gid(str(row.label))


def draw_front(axes: Axes, table: pd.DataFrame, better: tuple[Direction, Direction]) -> None:
    """Draw the front as steps to the edges of the panel, once its limits are set.

    No label lies beyond it: between two of the front it goes to where the one gives way.
    """
    its = table[table["front"]].sort_values("x")
    if its.empty:
        return
    x, y = its["x"].to_numpy(dtype=float), its["y"].to_numpy(dtype=float)
    left, right = axes.get_xlim()
    worst = axes.get_ylim()[0 if better[1] == "high" else 1]
    if better[0] == "low":
        x, y, where = np.r_[x[0], x, right], np.r_[worst, y, y[-1]], "post"
    else:
        x, y, where = np.r_[left, x, x[-1]], np.r_[y[0], y, worst], "pre"
    axes.plot(x, y, gid="front", lw=points(0.8), drawstyle=f"steps-{where}", **_FRONT_LOOK)


def name_all(
    axes: Axes, table: pd.DataFrame, styles: Mapping[str, Style], coloured: frozenset[str]
) -> list[str]:
    """Write the labels beside their points, those of the front and in colour first."""
    rank = 2 * table["front"].astype(int) + table["label"].isin(coloured).astype(int)
    order = table.assign(rank=rank).sort_values("rank", ascending=False, kind="stable")
    labels = [str(label) for label in order["label"]]
    colours = [styles[label].colour if label in coloured else GREY for label in labels]
    places = list(zip(order["x"].astype(float), order["y"].astype(float), strict=True))
    return name_points(axes, places, labels, colours)


def widen(axes: Axes, log_x: bool) -> None:
    """Leave room around the points, so that names fit beside the outermost."""
    box: Bbox = axes.dataLim
    if log_x and box.x0 > 0:
        ratio = max((box.x1 / box.x0) ** 0.18, 1.3)
        axes.set_xscale("log")
        axes.set_xlim(box.x0 / ratio, box.x1 * ratio)
    else:
        margin = 0.16 * box.width or 0.1
        axes.set_xlim(box.x0 - margin, box.x1 + margin)
    margin = 0.1 * box.height or 0.05
    axes.set_ylim(box.y0 - margin, box.y1 + margin)


def explain(figure: Figure, tables: list[pd.DataFrame], title: str, line: int) -> None:
    """Put the legend below: the front, and what is hollow and why."""
    handles = [Line2D([], [], linewidth=points(0.8), **_FRONT_LOOK)]
    names = ["Pareto front: none is better in both"]
    left_out = pd.concat([table[~table["competes"]] for table in tables])
    if len(left_out):
        marker = Line2D([], [], linestyle="none", marker="o", markersize=points(5), color=GREY)
        marker.set_markerfacecolor("white")
        handles.append(marker)
        names.append(f"hollow: {_why(left_out)}")
    legend_below(figure, handles, names, fill(title, characters(line)), hollow=False)


def _why(left_out: pd.DataFrame) -> str:
    """Say why labels do not compete for the front, in as many words as a legend has room for."""
    far, partial = ~left_out["near"], left_out["missing"] > 0
    reasons = {
        "another count": far,
        "in pieces": ~far & ~partial,
        "missing images": partial,
    }
    return ", ".join(reason for reason, its in reasons.items() if its.any())


def at_words(at: float) -> str:
    """Say at what count means are read."""
    return f"at {short(at)} returned superpixels (interpolated)"
