"""What the figures of one image share: panels of its shape, boundaries, words beside and below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from textwrap import wrap
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from reports.data.words import counted
from reports.figures.letters import shown
from reports.figures.style import COLUMN_WIDTH, PAGE_HEIGHT, PAGE_WIDTH, characters, inches, points

Labels = npt.NDArray[np.integer[Any]]
Picture = npt.NDArray[Any]  # (H, W, 3): uint8, or float in [0, 1]

# A bright line on a dark, wider one is seen on any ground, in black and white too.
LINE, HALO = "#FFE14D", "#000000"
TEXT = 8.0  # points, of everything above and beside panels
SMALL = 7.0  # points, of the caption
LINE_HEIGHT = 0.135  # inches, of a line of `TEXT`
_CAPTION_HEIGHT = 0.12  # inches, of a line of `SMALL`
_GAP = 0.04  # inches between panels
_WIDEST_GAP = 0.3
_LEAST_PANEL = 0.25  # inches of height
_CHARACTERS = 17  # of `TEXT` in an inch, at least
_CAPTION_CHARACTERS = 19
_FLATTEST, _TALLEST = 0.35, 2.0  # height / width of a panel; longer images leave some of it empty
_STROKE = 0.045  # width of a boundary, as a share of a superpixel's side,
_THINNEST, _THICKEST = 0.2, 0.5  # and its limits in points
_DPI = (300, 600)  # least and most; between, as many as show every pixel


@dataclass(frozen=True, eq=False)
class Division:
    """What a method made of the image: everything a figure may show of it.

    Attributes
    ----------
    label : str
        What to call the method.
    labels : (H, W) ndarray of int, or None
        0 to K-1, none missing; None if the method returned nothing.
    mean_colours : (H, W, 3) ndarray of uint8, or None
        The hard superpixelated image, eq. (1).
    soft_image, reconstruction : (H, W, 3) ndarray of float in [0, 1], or None
        Of networks: the soft superpixelated image, eq. (2), and the image they reconstruct.
    reason : str
        Why there are no labels.
    failed : bool
        Whether that is the method's fault.
    """

    label: str
    labels: Labels | None = None
    mean_colours: Picture | None = None
    soft_image: Picture | None = None
    reconstruction: Picture | None = None
    reason: str = ""
    failed: bool = False

    @property
    def count(self) -> int:
        """How many superpixels came back; 0 without labels."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    @property
    def returned(self) -> str:
        """The count in words; empty without labels."""
        return counted(self.count, "superpixel") if self.count else ""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What an annotator made of the image.

    Attributes
    ----------
    name : str
        Which annotator it is, ``annotator 2 of 5``.
    truth : (H, W) ndarray of int
        The segments.
    void : (H, W) ndarray of bool, or None
        Pixels that do not count.
    """

    name: str
    truth: Labels
    void: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """A figure of panels that are all as wide and high as the image calls for.

    Attributes
    ----------
    figure : Figure
    panels : list of list of Axes
        By row and column; nothing but what is put there.
    shape : (H, W)
        Of the image.
    stroke : float
        Width of boundaries in points.
    """

    figure: Figure
    panels: list[list[Axes]]
    shape: tuple[int, int]
    stroke: float

    def show(self, panel: Axes, picture: Picture | None, missing: str = "", **look: Any) -> Any:
        """Put an image of the sheet's shape into a panel, or the words that stand for it.

        Parameters
        ----------
        panel : Axes
        picture : (H, W, 3) or (H, W) ndarray, or None
        missing : str
            What the panel says if there is no image.
        **look
            Passed to ``Axes.imshow``, such as the range of a colour map.
        """
        height, width = self.shape
        panel.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
        if picture is None:
            _say(panel, self.shape, missing)
            return None
        return panel.imshow(picture, **look)

    def show_boundaries(
        self, panel: Axes, image: Picture, division: Division, thicker: float = 1.0
    ) -> None:
        """Put the image into a panel with the lines between superpixels over it.

        Parameters
        ----------
        panel : Axes
        image : (H, W, 3) ndarray
        division : Division
            Without labels, the panel says why.
        thicker : float
            Width of the lines in multiples of what the panel's size calls for.
        """
        if division.labels is None:
            self.show(panel, None, division.reason)
            return
        self.show(panel, image)
        outline, width = _outline(division.labels), thicker * self.stroke
        for colour, size in ((HALO, 2.2 * width), (LINE, width)):
            # An artist, unlike a patch, does not change what part of the image the panel shows.
            line = panel.add_artist(PathPatch(outline, ec=colour, lw=size, **_LINES))
            line.set_clip_path(panel.patch)

    def draw_box(self, panel: Axes, rows: slice, columns: slice) -> None:
        """Mark a window of the image on a panel."""
        corner = columns.start - 0.5, rows.start - 0.5
        size = columns.stop - columns.start, rows.stop - rows.start
        for colour, stroke in (("black", 1.4), ("white", 0.7)):
            box = Rectangle(corner, *size, fill=False, ec=colour, lw=points(stroke), clip_on=False)
            panel.add_artist(box)


@dataclass(frozen=True)
class Margins:
    """Room around the panels, in inches.

    Attributes
    ----------
    above : sequence of float
        Above each row of panels; as many as there are rows.
    left, right : float
        Beside them all.
    """

    above: Sequence[float]
    left: float = 0.0
    right: float = 0.0


_LINES: Final[Any] = {"fill": False, "capstyle": "projecting", "snap": False}


def lay_out(
    image: Picture, densest: int, columns: int, width: float, margins: Margins, caption: str
) -> Sheet:
    """Lay out rows of panels with a caption below them.

    Parameters
    ----------
    image : (H, W, 3) ndarray
        Its shape is that of the panels, unless it is very long.
    densest : int
        The most superpixels that a panel shows, for the width of boundaries.
    columns : int
        Panels in a row.
    width : float
        Of the figure, in inches.
    margins : Margins
        With one height in ``above`` for each row.
    caption : str
        Goes below, in as many lines as it needs.

    All lengths are those of print; a figure for something else is larger (`style.inches`).
    """
    rows, columns_px = image.shape[:2]
    lines = wrap(caption, characters(int(width * _CAPTION_CHARACTERS)))
    line = _CAPTION_HEIGHT * points(1) / inches(1)
    below = line * (len(lines) + 0.4) + _GAP if lines else 0.0
    panel_width, panel_height = panel_size((rows, columns_px), columns, width, margins, below)
    gap = _GAP
    if columns > 1:  # what is not as wide as the page because of its height is spread over it
        free = width - margins.left - margins.right - columns * panel_width
        gap = min(free / (columns - 1), _WIDEST_GAP)
    indent = (
        width - margins.left - margins.right - columns * panel_width - gap * (columns - 1)
    ) / 2
    height = sum(margins.above) + len(margins.above) * panel_height + below
    dpi = float(np.clip(columns_px / panel_width, *_DPI)) / inches(1)
    figure = Figure(figsize=(inches(width), inches(height)), dpi=dpi)
    panels, top = [], height
    for above in margins.above:
        top -= above + panel_height
        lefts = [margins.left + indent + i * (panel_width + gap) for i in range(columns)]
        box = (top / height, panel_width / width, panel_height / height)
        panels.append([figure.add_axes((left / width, *box)) for left in lefts])
    for panel in (panel for row in panels for panel in row):
        panel.set_axis_off()
    text = figure.text(0.5, _GAP / height, "\n".join(lines), ha="center", va="bottom")
    text.set(fontsize=points(SMALL), parse_math=False, linespacing=1.15, gid="caption")
    pixel = 72 * inches(min(panel_width / columns_px, panel_height / rows))  # points
    side = pixel * sqrt(rows * columns_px / max(densest, 1))
    stroke = float(np.clip(_STROKE * side, _THINNEST, _THICKEST))
    return Sheet(figure, panels, (rows, columns_px), stroke)


def panel_size(
    shape: tuple[int, int], columns: int, width: float, margins: Margins, below: float = 0.5
) -> tuple[float, float]:
    """Return the width and height of panels, in inches of print: as large as the page allows.

    Parameters
    ----------
    shape : (H, W)
        Of the image.
    columns : int
        Panels in a row.
    width : float
        Of the figure.
    margins : Margins
        With one height in ``above`` for each row.
    below : float
        Height of the caption.
    """
    aspect = float(np.clip(shape[0] / shape[1], _FLATTEST, _TALLEST))
    by_width = (width - margins.left - margins.right - _GAP * (columns - 1)) / columns
    free = PAGE_HEIGHT - sum(margins.above) - below
    by_height = max(free / len(margins.above), _LEAST_PANEL) / aspect
    panel_width = min(by_width, by_height)
    return panel_width, panel_width * aspect


def line_height() -> float:
    """Return the height of a line of `TEXT` in inches of print."""
    return LINE_HEIGHT * points(1) / inches(1)


def width_for(image: Picture) -> float:
    """Return the width of a figure with a few panels beside each other: page, or column if tall."""
    return PAGE_WIDTH if image.shape[1] >= image.shape[0] else COLUMN_WIDTH


def write_title(panel: Axes, text: str) -> None:
    """Write a line or more above a panel."""
    title = panel.set_title(
        "\n".join(shown(line, len(line)) for line in text.split("\n")),
        fontsize=points(TEXT),
        pad=points(2.5),
        linespacing=1.1,
    )
    title.set_parse_math(False)  # a label may hold dollar signs


def write_beside(panel: Axes, text: str) -> None:
    """Write what a row shows beside its first panel, from below upwards."""
    panel.text(
        *(-0.02, 0.5, text),
        transform=panel.transAxes,
        rotation=90,
        ha="right",
        va="center",
        multialignment="center",
        fontsize=points(TEXT),
        linespacing=1.1,
    )


def fold(text: str, width: float, most: int = 3) -> list[str]:
    """Break a title into lines that fit into so many inches; what takes more lines is cut.

    Parameters in brackets may begin a line each.
    """
    lines = wrap(
        re.sub(r"(?<=[^\s])(?=\[)|(?<=,)(?=\w)", " ", text), characters(int(width * _CHARACTERS))
    )
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][:-1] + "…"]


def _say(panel: Axes, shape: tuple[int, int], words: str) -> None:
    """Write into an empty panel, as broad as the panel allows."""
    height, width = shape
    panel.add_patch(Rectangle((-0.5, -0.5), width, height, fc="#F2F2F2", ec="#BBBBBB", lw=0.5))
    wide = panel.get_window_extent().width / panel.figure.get_dpi() / inches(1)
    text = panel.text(0.5, 0.5, "\n".join(fold(words, wide, most=5)), ha="center", va="center")
    text.set(transform=panel.transAxes, fontsize=points(SMALL), parse_math=False, linespacing=1.1)


def _outline(labels: Labels) -> Outline:
    """Return the lines between pixels of different labels, in the pixel coordinates of imshow."""
    row, start, stop = _runs(labels[1:] != labels[:-1])
    column, first, last = _runs((labels[:, 1:] != labels[:, :-1]).T)
    x = np.stack([np.concatenate([start, column + 1]), np.concatenate([stop, column + 1])], axis=1)
    y = np.stack([np.concatenate([row + 1, first]), np.concatenate([row + 1, last])], axis=1)
    ends = np.stack([x, y], axis=-1).reshape(-1, 2) - 0.5
    return Outline(ends, np.tile([Outline.MOVETO, Outline.LINETO], len(x)))


def _runs(flags: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the row, the first place and the place behind the last of each run of flags."""
    steps = np.diff(np.pad(flags, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(steps == 1)
    return row, start, np.nonzero(steps == -1)[1]
