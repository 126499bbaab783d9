"""The effect of edge awareness: superpixels without and with Laplacian features and edge term.

Figure 3 of Eliasof, Ben Zikri, Treister, Rethinking unsupervised neural superpixel segmentation,
ICIP 2022, for any image.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from reports.figures.sheet import Division, Margins, Picture, lay_out, line_height, write_title
from reports.figures.style import COLUMN_WIDTH

METHODS = ("proposed[edge=none,laplacian=false]", "proposed")
ANY_METHODS = False
ANNOTATED = False

_COLUMNS = ("(a) Without edge awareness", "(b) With edge awareness")
_EXPLAINED = (
    "Boundaries, and the mean colour of each superpixel. Edge awareness: Laplacian features and "
    "the edge term."
)


def draw(image: Picture, divisions: Sequence[Division], caption: str) -> Figure:
    """Draw boundaries above mean colours, without edge awareness on the left.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
    divisions : sequence of Division
        Of `METHODS`, in that order.
    caption : str
        How they were made.

    Returns
    -------
    Figure
        As wide as a column.
    """
    densest = max(division.count for division in divisions)
    margins = Margins(above=(2.3 * line_height(), 0.3 * line_height()))
    sheet = lay_out(image, densest, len(_COLUMNS), COLUMN_WIDTH, margins, f"{_EXPLAINED} {caption}")
    for column, (name, division) in enumerate(zip(_COLUMNS, divisions, strict=True)):
        above, below = (row[column] for row in sheet.panels)
        write_title(above, f"{name}\n{division.returned}")
        sheet.show_boundaries(above, image, division)
        sheet.show(below, division.mean_colours, division.reason)
    return sheet.figure
