"""What the edge term compares: Laplacians of the input, of its reconstruction, of its soft image.

Figure 2 of Eliasof, Ben Zikri, Treister, Rethinking unsupervised neural superpixel segmentation,
ICIP 2022, for any image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from reports.figures.sheet import (
    SMALL,
    Division,
    Margins,
    Picture,
    Sheet,
    lay_out,
    line_height,
    width_for,
    write_beside,
    write_title,
)
from reports.figures.style import inches, points

METHODS = ("proposed",)
ANY_METHODS = False
ANNOTATED = False

_COLUMNS = ("Input", "Reconstruction", "Soft image, eq. (2)")
_SCALE_ENDS_AT = 99.0  # percent of the magnitudes of all responses; the few largest are saturated
_EXPLAINED = (
    "Response to the kernel [1 1 1; 1 -8 1; 1 1 1] / 16 with reflected borders, mean of the three"
    " channels, colours in [0, 1]; one scale for all three."
)


def draw(image: Picture, divisions: Sequence[Division], caption: str) -> Figure:
    """Draw the images above their responses.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
    divisions : sequence of Division
        Of `METHODS`.
    caption : str
        How it was made.

    Returns
    -------
    Figure
        As wide as a page, or as a column if the image is upright.
    """
    (division,) = divisions
    margins = Margins(above=(1.4 * line_height(), 0.3 * line_height()), left=0.2, right=0.5)
    words = f"{_EXPLAINED} {division.label} returned {division.returned}. {caption}"
    sheet = lay_out(image, division.count, len(_COLUMNS), width_for(image), margins, words)
    pictures = (image / 255, division.reconstruction, division.soft_image)
    responses = [None if picture is None else laplacian(picture) for picture in pictures]
    end = max(np.percentile(np.abs(r), _SCALE_ENDS_AT) for r in responses if r is not None)
    look = {"cmap": "RdBu_r", "vmin": -(end or 1.0), "vmax": end or 1.0}
    for column, name in enumerate(_COLUMNS):
        above, below = sheet.panels[0][column], sheet.panels[1][column]
        write_title(above, name)
        sheet.show(above, pictures[column], division.reason)
        shown = sheet.show(below, responses[column], division.reason, **look)
        if column == 0:
            _draw_scale(sheet, shown)
    write_beside(sheet.panels[0][0], "Image")
    write_beside(sheet.panels[1][0], "Laplacian")
    return sheet.figure


def laplacian(picture: Picture) -> npt.NDArray[np.float64]:
    """Return the response of the mean of the channels to [1 1 1; 1 -8 1; 1 1 1] / 16.

    Parameters
    ----------
    picture : (H, W, 3) ndarray of float

    Returns
    -------
    (H, W) ndarray of float
        Borders are reflected without repeating the outermost pixels.
    """
    grey = picture.mean(axis=2, dtype=np.float64)
    height, width = grey.shape
    padded = np.pad(grey, 1, mode="reflect")
    around = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    response: npt.NDArray[np.float64] = (np.sum(around, axis=0) - 9 * grey) / 16
    return response


def _draw_scale(sheet: Sheet, shown: AxesImage) -> None:
    """Put the colour scale beside the last of the responses."""
    box = sheet.panels[1][-1].get_position()
    inch = inches(1) / sheet.figure.get_figwidth()
    axes = sheet.figure.add_axes((box.x1 + 0.06 * inch, box.y0, 0.07 * inch, box.height))
    scale = sheet.figure.colorbar(shown, cax=axes, extend="both", extendfrac=0.04)
    scale.outline.set_linewidth(points(0.4))
    axes.tick_params(labelsize=points(SMALL), length=points(2), width=points(0.4), pad=points(1.5))
    axes.grid(False)
