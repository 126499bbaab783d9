"""Names beside what they name: at the ends of lines, next to points, never over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from reports.data.results import Floats
from reports.data.words import counted
from reports.figures.emphasis import MANY
from reports.figures.letters import NAME, shown
from reports.figures.style import FAINT, GREY, Style, characters, inches, points

NAME_SIZE = 6.5  # points
NAME_HEIGHT = 0.105  # inches of a line of them
MOST_NAMES = 40  # beside one panel; more would be higher than a page is comfortable with
_AROUND = 0.55  # inches of a panel that are not its axes
_NOT_PANEL = 0.45  # inches of a panel's height that are words below it
_COLUMN = 1.12  # where names begin, as a share of the panel's width

# Where a name may stand, in points from its point: near ones first.
_PLACES: Final = tuple(
    (distance * x, distance * y)
    for distance in (1.0, 2.2, 4.0, 6.5)
    for x, y in ((4, 3.5), (4, -3.5), (-4, 3.5), (-4, -3.5), (4, 0), (-4, 0), (0, 6), (0, -6))
)


def spread(wanted: Floats, least: float, low: float, high: float) -> Floats:
    """Move places apart as little as possible (in squares), in their order.

    Parameters
    ----------
    wanted : (P,) array
        Where each would be.
    least : float
        The least distance of two of them; if they do not all fit, as much of it as there is room.
    low, high : float
        Where the outermost may be.

    Returns
    -------
    (P,) array
        In the order of `wanted`.
    """
    order = np.argsort(wanted, kind="stable")
    if len(wanted) > 1:
        least = min(least, (high - low) / (len(wanted) - 1))
    steps = least * np.arange(len(wanted))
    # Without the steps, places that must not fall: pool adjacent violators (isotonic regression).
    pools: list[tuple[float, int]] = []
    for place in wanted[order] - steps:
        mean, number = float(place), 1
        while pools and pools[-1][0] >= mean:
            before, its = pools.pop()
            mean, number = (before * its + mean * number) / (its + number), its + number
        pools.append((mean, number))
    flat = np.repeat([mean for mean, _ in pools], [number for _, number in pools])
    placed = np.empty(len(wanted))
    placed[order] = np.clip(flat, low, max(low, high - (steps[-1] if len(steps) else 0))) + steps
    return placed


def name_ends(
    axes: Axes, table: pd.DataFrame, styles: Mapping[str, Style], coloured: frozenset[str]
) -> list[str]:
    """Write the labels beside the right ends of their lines, once the limits of axes are set.

    Parameters
    ----------
    axes : Axes
    table : DataFrame
        With label, count and value.
    styles : mapping of str to Style
    coloured : frozenset of str
        Labels that are not grey.

    Returns
    -------
    list of str
        Grey labels for which there was no room.
    """
    left, right = axes.get_xlim()
    inside = table[table["count"].between(left, right) & np.isfinite(table["value"])]
    ends = inside.groupby("label", sort=True)[["count", "value"]].last()
    kept = _most_important(ends, coloured)
    left_out = [str(label) for label in ends.index if label not in kept]
    ends = ends[ends.index.isin(kept)]
    if ends.empty:
        return left_out
    to_axes = (axes.transData + axes.transAxes.inverted()).transform
    ends_in_axes = to_axes(ends.to_numpy())
    panel = _figure_of(axes).get_figheight() / inches(1) / _rows_of(axes) - _NOT_PANEL
    places = spread(ends_in_axes[:, 1], NAME_HEIGHT / max(panel, NAME_HEIGHT), -0.04, 1.04)
    leads, colours = [], []
    for label, (x, y), place in zip(map(str, ends.index), ends_in_axes, places, strict=True):
        own = label in coloured
        colour = styles[label].colour if own else GREY
        text = axes.text(_COLUMN, place, shown(label, characters(NAME)))
        text.set(transform=axes.transAxes, va="center", color=colour, parse_math=False)
        text.set(fontsize=points(NAME_SIZE), gid=f"name {label}")
        # Level to the panel's edge, so that lines to names do not cross the curves at an angle.
        leads.append([(x, y), (1.0, y), (_COLUMN - 0.01, place)])
        colours.append(colour if own else FAINT)
    lines = LineCollection(
        leads,
        colors=colours,
        linewidths=points(0.4),
        transform=axes.transAxes,
        clip_on=False,
        zorder=1.5,
    )
    lines.set_in_layout(False)
    axes.add_collection(lines, autolim=False)
    return left_out


def names_height(number: int) -> float:
    """Return the inches that a panel must have for so many names; 0 if they fit into any."""
    return NAME_HEIGHT * min(number, MOST_NAMES) + _AROUND if number > MANY else 0.0


def grey_entry(number: int, nameless: int) -> tuple[Line2D, str]:
    """Return the entry of a legend for so many grey lines: what it shows and says."""
    words = f"{counted(number, 'other')}, named at the end"
    if nameless:
        words = f"{number} others, {number - nameless} of them named at the end"
    return Line2D([], [], color=FAINT, linewidth=points(0.7)), words


def _figure_of(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _rows_of(axes: Axes) -> int:
    spec = axes.get_subplotspec()
    return 1 if spec is None else spec.get_gridspec().nrows


def _most_important(ends: pd.DataFrame, coloured: frozenset[str]) -> set[str]:
    """Choose the labels to write: those in colour, then such as lie evenly from top to bottom."""
    room = max(0, MOST_NAMES - len(coloured))
    grey = [str(label) for label in ends["value"].sort_values().index if label not in coloured]
    if len(grey) > room:
        grey = [grey[round(i)] for i in np.linspace(0, len(grey) - 1, room)]
    return {*coloured, *grey}


def name_points(
    axes: Axes,
    places: Sequence[tuple[float, float]],
    labels: Sequence[str],
    colours: Sequence[str],
) -> list[str]:
    """Write names next to points so that none covers another name or another point.

    Parameters
    ----------
    axes : Axes
        With its limits and its place in the figure set.
    places : sequence of (x, y)
        The points in data coordinates.
    labels, colours : sequence of str
        Of each; the first ones have the first choice.

    Returns
    -------
    list of str
        Labels for which there was no room.
    """
    figure = _figure_of(axes)
    scale = figure.dpi / 72
    spots = axes.transData.transform(np.asarray(places, dtype=float).reshape(-1, 2))
    half = points(2.6) * scale
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in spots]
    window = axes.get_window_extent()
    left_out = []
    for i, (label, colour) in enumerate(zip(labels, colours, strict=True)):
        words = axes.text(0, 0, shown(label, characters(NAME)), fontsize=points(NAME_SIZE))
        words.set(color=colour, parse_math=False, gid=f"name {label}", in_layout=False)
        words.set_path_effects([withStroke(linewidth=points(1.6), foreground="white")])
        size = words.get_window_extent()
        box = _free_place(spots[i], size.width, size.height, scale, taken, window, i)
        if box is None:
            words.remove()
            left_out.append(label)
            continue
        taken.append(box)
        words.set(va="center", ha="center", transform=None)
        middle = (0.5 * (box.x0 + box.x1), 0.5 * (box.y0 + box.y1))
        words.set_transform(axes.transAxes)
        words.set_position(tuple(axes.transAxes.inverted().transform(middle)))
        _lead(axes, spots[i], box, colour)
    return left_out


def _free_place(
    spot: Floats,
    width: float,
    height: float,
    scale: float,
    taken: Sequence[Bbox],
    window: Bbox,
    own: int,
) -> Bbox | None:
    """Return the first box near a point that lies inside and covers nothing; None if none does."""
    for dx, dy in _PLACES:
        x, y = spot[0] + points(dx) * scale, spot[1] + points(dy) * scale
        x -= 0.0 if dx > 0 else width if dx < 0 else width / 2
        box = Bbox.from_extents(x, y - 0.45 * height, x + width, y + 0.45 * height)
        inside = window.x0 <= box.x0 and box.x1 <= window.x1
        inside &= window.y0 <= box.y0 and box.y1 <= window.y1
        others = (other for k, other in enumerate(taken) if k != own)
        if inside and not any(box.overlaps(other) for other in others):
            return box
    return None


def _lead(axes: Axes, spot: Floats, box: Bbox, colour: str) -> None:
    """Draw a line from a name to its point, if it stands so far off that one asks."""
    nearest = np.clip(spot, (box.x0, box.y0), (box.x1, box.y1))
    if np.hypot(*(nearest - spot)) < points(7) * _figure_of(axes).dpi / 72:
        return
    ends = axes.transAxes.inverted().transform([spot, nearest])
    axes.plot(*ends.T, color=colour, linewidth=points(0.4), transform=axes.transAxes, zorder=1.5)[
        0
    ].set_in_layout(False)
