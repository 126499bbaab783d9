"""The effect of the soft image term: superpixels and their images without and with it.

Figure 1 of Eliasof, Ben Zikri, Treister, Rethinking unsupervised neural superpixel segmentation,
ICIP 2022, for any image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reports.figures.sheet import (
    Division,
    Margins,
    Picture,
    lay_out,
    line_height,
    width_for,
    write_beside,
    write_title,
)

METHODS = ("proposed[soft_image=false]", "proposed")
ANY_METHODS = False
ANNOTATED = False

_COLUMNS = ("Input", "Soft image, eq. (2)", "Hard image, eq. (1)")
_ROWS = ("Without the\nsoft image term", "With the\nsoft image term")
_MSE = "MSE: mean squared error to the input, of colours in [0, 1]."


def draw(image: Picture, divisions: Sequence[Division], caption: str) -> Figure:
    """Draw a row without the term above a row with it.

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
        As wide as a page, or as a column if the image is upright.
    """
    densest = max(division.count for division in divisions)
    margins = Margins(above=(2.3 * line_height(), 1.4 * line_height()), left=0.34)
    sheet = lay_out(image, densest, len(_COLUMNS), width_for(image), margins, f"{_MSE} {caption}")
    for panels, heading, division in zip(sheet.panels, _ROWS, divisions, strict=True):
        write_beside(panels[0], heading)
        sheet.show_boundaries(panels[0], image, division)
        sheet.show(panels[1], division.soft_image, division.reason)
        sheet.show(panels[2], division.mean_colours, division.reason)
        below = [division.returned, *(_error(p, image) for p in _shown(division))]
        for panel, column, words in zip(panels, _COLUMNS, below, strict=True):
            write_title(panel, f"{column}\n{words}" if division is divisions[0] else words)
    return sheet.figure


def _shown(division: Division) -> tuple[Picture | None, Picture | None]:
    return division.soft_image, division.mean_colours


def _error(picture: Picture | None, image: Picture) -> str:
    if picture is None:
        return ""
    scaled = picture / 255 if picture.dtype == np.uint8 else picture
    return f"MSE {np.mean((scaled - image / 255) ** 2):.4f}"
