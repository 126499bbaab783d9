"""Several methods on one image: boundaries, mean colours, and where these differ most enlarged.

Figure 4 of Eliasof, Ben Zikri, Treister, Rethinking unsupervised neural superpixel segmentation,
ICIP 2022, for any image and any methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.sheet import (
    Division,
    Margins,
    Picture,
    Sheet,
    fold,
    lay_out,
    line_height,
    panel_size,
    write_title,
)
from reports.figures.style import COLUMN_WIDTH, PAGE_WIDTH

METHODS = ("fh", "slic", "seeds", "lsc", "rim", "ea", "proposed")
ANY_METHODS = True
ANNOTATED = False

_MOST_COLUMNS = 7  # of a page; more methods continue below,
_MOST_BESIDE = 9  # unless they are so few and the image is upright
_ON_A_COLUMN = 2  # so many fit beside each other in a column of text
_DETAIL = 0.25  # height and width of the detail, as a share of the image's
_LEAST_PIXELS = 8  # of its sides; of smaller images there is none
_THICKER = 1.8  # boundaries in the detail, which is four times as large
_EXPLAINED = "Boundaries, mean colours"
_BOX = ", and the boxed detail, where the mean colours of these methods differ most"

Window = tuple[slice, slice]


def draw(image: Picture, divisions: Sequence[Division], caption: str) -> Figure:
    """Draw a column for each method; more than fit into a page's width continue below.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
    divisions : sequence of Division
        At least one.
    caption : str
        How they were made.

    Returns
    -------
    Figure
        As wide as a page, or as a column for one or two methods.
    """
    window = _most_different([d.mean_colours for d in divisions if d.mean_colours is not None])
    height = 3 if window else 2  # rows of a block
    blocks = _blocks((image.shape[0], image.shape[1]), len(divisions), height)
    columns = ceil(len(divisions) / blocks)
    width = COLUMN_WIDTH if columns <= _ON_A_COLUMN else PAGE_WIDTH
    titles = [fold(division.label, width / columns) for division in divisions]
    above = _above(max(map(len, titles)) + 1, height)
    words = f"{_EXPLAINED}{_BOX if window else ''}. {caption}"
    densest = max(division.count for division in divisions)
    sheet = lay_out(image, densest, columns, width, Margins(above * blocks), words)
    for i, (title, division) in enumerate(zip(titles, divisions, strict=True)):
        block, column = divmod(i, columns)
        rows = sheet.panels[block * len(above) : (block + 1) * len(above)]
        panels = [row[column] for row in rows]
        write_title(panels[0], "\n".join([*title, division.returned]))
        _draw_column(sheet, panels, image, division, window)
    return sheet.figure


def _above(lines: int, rows: int) -> list[float]:
    """Return the heights above the rows of a block, whose title has so many lines."""
    return [(lines + 0.4) * line_height(), *[0.3 * line_height()] * (rows - 1)]


def _blocks(shape: tuple[int, int], number: int, rows: int) -> int:
    """Choose in how many blocks below each other the methods stand: panels are largest so.

    Upright images that continue below would be small to fit the page; then they stand beside each
    other, as far as that is larger.
    """
    usual = ceil(number / _MOST_COLUMNS)
    possible = [b for b in (usual, usual - 1) if b and ceil(number / b) <= _MOST_BESIDE]

    def wide(blocks: int) -> float:
        margins = Margins(_above(3, rows) * blocks)
        return panel_size(shape, ceil(number / blocks), PAGE_WIDTH, margins)[0]

    return max(possible, key=wide)


def _draw_column(
    sheet: Sheet, panels: Sequence[Axes], image: Picture, division: Division, window: Window | None
) -> None:
    """Fill the panels of a method; one that returned nothing says so in the first, once."""
    sheet.show_boundaries(panels[0], image, division)
    if division.labels is None:
        return
    sheet.show(panels[1], division.mean_colours)
    if window:
        sheet.draw_box(panels[0], *window)
        sheet.show_boundaries(panels[2], image, division, _THICKER)
        rows, columns = window
        panels[2].set_xlim(columns.start - 0.5, columns.stop - 0.5)
        panels[2].set_ylim(rows.stop - 0.5, rows.start - 0.5)


def _most_different(pictures: Sequence[Picture]) -> Window | None:
    """Return the window in which the pictures differ most; none if they do not, or are small.

    The variance between the pictures is summed over the window. Of equal windows it is the one
    that comes first.
    """
    if len(pictures) < 2:
        return None
    height, width = (round(_DETAIL * side) for side in pictures[0].shape[:2])
    if min(height, width) < _LEAST_PIXELS:
        return None
    mean = sum(picture.astype(np.float32) for picture in pictures) / len(pictures)
    spread = sum(((picture - mean) ** 2).sum(axis=-1, dtype=np.float64) for picture in pictures)
    total = np.pad(spread.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside = total[height:, width:] - total[:-height, width:]
    inside += total[:-height, :-width] - total[height:, :-width]
    if not inside.max() > 0:
        return None
    top, left = (int(i) for i in np.unravel_index(inside.argmax(), inside.shape))
    return slice(top, top + height), slice(left, left + width)
