"""Where methods err on one image: boundaries that they miss, and superpixels that leak.

Above, the annotator's boundaries: thin where a superpixel boundary lies within 2 px (boundary
recall counts these), thick where none does. Below, the pixels of each superpixel that lie outside
the segment which it shares most pixels with: what accuracy (ASA) lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from scipy.ndimage import maximum_filter

from reports.data.words import counted
from reports.figures.sheet import (
    Annotation,
    Division,
    Labels,
    Margins,
    Picture,
    Sheet,
    fold,
    lay_out,
    line_height,
    panel_size,
    write_title,
)
from reports.figures.style import COLUMN_WIDTH, PAGE_WIDTH, RED, SKY

METHODS = ("slic", "snic", "etps", "sh")
ANY_METHODS = True
ANNOTATED = True

RADIUS = 2  # px: the tolerance of boundary recall
_MOST_COLUMNS = 5
_ON_A_COLUMN = 2
_FADED = 0.22  # how much of the image is left behind the errors
_EXPLAINED = (
    "Above: boundaries of {annotator} ({segments}), thick and red where no superpixel boundary is "
    "within 2 px, thin and blue elsewhere (BR: the share found). Below: superpixels, and in red "
    "what of each lies outside the segment that it shares most pixels with (ASA: all but these)."
)

Mask = npt.NDArray[np.bool_]


def draw(
    image: Picture, divisions: Sequence[Division], caption: str, annotation: Annotation
) -> Figure:
    """Draw a column for each method, missed boundaries above leaking superpixels.

    Parameters
    ----------
    image : (H, W, 3) ndarray of uint8
    divisions : sequence of Division
        At least one.
    caption : str
        How they were made.
    annotation : Annotation
        What they are held against.

    Returns
    -------
    Figure
        As wide as a page, or as a column for one or two methods.
    """
    blocks = _blocks((image.shape[0], image.shape[1]), len(divisions))
    columns = ceil(len(divisions) / blocks)
    width = COLUMN_WIDTH if columns <= _ON_A_COLUMN else PAGE_WIDTH
    titles = [fold(division.label, width / columns) for division in divisions]
    above = _above(max(map(len, titles)) + 1)
    counts = np.ones(annotation.truth.shape, bool) if annotation.void is None else ~annotation.void
    segments = counted(len(np.unique(annotation.truth[counts])), "segment")
    words = _EXPLAINED.format(annotator=annotation.name, segments=segments)
    densest = max(division.count for division in divisions)
    sheet = lay_out(image, densest, columns, width, Margins(above * blocks), f"{words} {caption}")
    for i, (title, division) in enumerate(zip(titles, divisions, strict=True)):
        block, column = divmod(i, columns)
        panels = [row[column] for row in sheet.panels[2 * block : 2 * block + 2]]
        write_title(panels[0], "\n".join([*title, division.returned]))
        _draw_column(sheet, panels, image, division, annotation, counts)
    return sheet.figure


def _above(lines: int) -> list[float]:
    """Return the heights above the two rows; the second has a line, too."""
    return [(lines + 1.4) * line_height(), 1.4 * line_height()]


def _blocks(shape: tuple[int, int], number: int) -> int:
    """Choose in how many blocks below each other the methods stand, so that panels are largest."""
    usual = ceil(number / _MOST_COLUMNS)

    def wide(blocks: int) -> float:
        margins = Margins(_above(3) * blocks)
        return panel_size(shape, ceil(number / blocks), PAGE_WIDTH, margins, below=0.8)[0]

    return max((b for b in (usual, usual - 1) if b), key=wide)


def _draw_column(
    sheet: Sheet,
    panels: Sequence[Axes],
    image: Picture,
    division: Division,
    annotation: Annotation,
    counts: Mask,
) -> None:
    """Fill the panels of a method; one that returned nothing says so in the first, once."""
    if division.labels is None:
        sheet.show(panels[0], None, division.reason)
        return
    found, missed = recalled(division.labels, annotation.truth, counts)
    leaking = leaks(division.labels, annotation.truth, counts)
    total = int(found.sum() + missed.sum())
    recall = f"BR {found.sum() / total:.3f}" if total else "BR: no boundary"
    accuracy = 1 - leaking.sum() / counts.sum()
    upper = _paint(_fade(image), found, SKY)
    upper = _paint(upper, maximum_filter(missed, 3) & counts, RED)
    sheet.show(panels[0], upper)
    write_title(panels[0], f"{panels[0].get_title()}\n{recall}")
    sheet.show_boundaries(panels[1], _paint(_fade(image), leaking, RED), division, 0.7)
    write_title(panels[1], f"ASA {accuracy:.3f}")


def recalled(labels: Labels, truth: Labels, counts: Mask) -> tuple[Mask, Mask]:
    """Tell which boundary pixels of an annotation have a superpixel boundary within `RADIUS`.

    Parameters
    ----------
    labels, truth : (H, W) ndarray of int
    counts : (H, W) ndarray of bool
        False at pixels that are void.

    Returns
    -------
    found, missed : (H, W) ndarrays of bool
        Their sums make boundary recall (``br_r2``).
    """
    of_truth, of_labels = boundary(truth, counts), boundary(labels, counts)
    near = maximum_filter(of_labels, 2 * RADIUS + 1, mode="constant")
    return of_truth & near, of_truth & ~near


def boundary(labels: Labels, counts: Mask) -> Mask:
    """Tell which pixels have a 4-neighbour of another label, neither of them void."""
    found = np.zeros(labels.shape, dtype=bool)
    for here, there in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        differ = (labels[here] != labels[there]) & counts[here] & counts[there]
        found[here] |= differ
        found[there] |= differ
    return found


def leaks(labels: Labels, truth: Labels, counts: Mask) -> Mask:
    """Tell which pixels lie outside the segment that their superpixel shares most pixels with.

    Returns
    -------
    (H, W) ndarray of bool
        Of equal segments the one of the smallest number counts as the superpixel's. Its sum over
        the pixels that are not void is 1 - ASA.
    """
    _, segment = np.unique(truth, return_inverse=True)
    segment = segment.reshape(truth.shape)
    shared: npt.NDArray[Any] = np.zeros((int(labels.max()) + 1, int(segment.max()) + 1), np.int64)
    np.add.at(shared, (labels[counts], segment[counts]), 1)
    own = shared.argmax(axis=1)
    leaking: Mask = (segment != own[labels]) & counts
    return leaking


def _fade(image: Picture) -> Picture:
    """Return the image in light grey, so that errors stand out."""
    grey = image.mean(axis=2, keepdims=True) / 255
    faded: Picture = np.repeat(1 - _FADED * (1 - grey), 3, axis=2)
    return faded


def _paint(picture: Picture, mask: Mask, colour: str) -> Picture:
    painted = picture.copy()
    painted[mask] = to_rgb(colour)
    return painted
