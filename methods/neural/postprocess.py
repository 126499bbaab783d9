"""What becomes of a network's label map: its parts are cut, merged, or left as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from methods.canonical import connected_components
from methods.kernels.borders import merge_bordering
from methods.kernels.compiled import compiled, inner
from methods.kernels.merge import merge_alike
from methods.neural import kernels

SMALLEST = 0.06  # parts smaller than this share of the mean area H W / n are merged
LARGEST = 3.0  # times that area, where the published traversal stops
EVEN_SMALLEST, EVEN_LARGEST = 0.3, 1.5  # the same for parts of about the mean area

FREE = -1


def postprocess(logits: Tensor, n: int, how: str) -> NDArray[np.int64]:
    """Return superpixels: the likeliest channel of each pixel, its parts cut or merged as asked.

    Parameters
    ----------
    logits : (H, W, N) Tensor
        Of any floating type.
    n : int
        Superpixels asked for, 1 to H * W.
    how : {"published", "even", "merge", "none"}
        ``"published"`` is `cut_and_merge` with the limits of the code of RIM, areas of
        ``int(0.06 H W / n)`` and ``int(3 H W / n)`` pixels; ``"even"`` cuts at
        ``int(1.5 H W / n)`` pixels, and parts of fewer than ``0.3 H W / n`` join the neighbour
        whose mean assignment is nearest by Hellinger's distance, which leaves about `n`;
        ``"merge"`` is `merge_parts` of fewer than ``0.06 H W / n`` pixels, by the longest border,
        which cuts nothing; ``"none"`` leaves the labels as they are.

    Returns
    -------
    (H, W) ndarray of int64
        After all but ``"none"`` every label is one 4-connected part.

    Raises
    ------
    ValueError
        If there is no such `how`.
    """
    labels = logits.argmax(-1).cpu().numpy()
    area = labels.size / n
    if how == "published":
        return cut_and_merge(labels, int(SMALLEST * area), int(LARGEST * area))
    if how == "even":
        parts = connected_components(cut_and_merge(labels, 1, int(EVEN_LARGEST * area)))
        merge_alike(parts, sums_of_assignments(logits, parts), EVEN_SMALLEST * area)
        return parts.astype(np.int64)
    if how == "merge":
        return merge_parts(labels, SMALLEST * area)
    if how == "none":
        return labels
    raise ValueError(
        f"postprocess={how!r} is unknown; choose 'published', 'even', 'merge' or 'none'"
    )


def sums_of_assignments(logits: Tensor, parts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the sum of the assignment, the softmax of the logits, over each part.

    Parameters
    ----------
    logits : (H, W, N) Tensor
        Of any floating type.
    parts : (H, W) ndarray of int32
        Numbered from 0, none left out.

    Returns
    -------
    (parts, N) ndarray of float64
    """
    sums = np.zeros((int(parts.max()) + 1, logits.shape[-1]))
    # from CUDA channels may come one after the other, and what is compiled is for one order
    numbers = np.ascontiguousarray(logits.detach().float().cpu().numpy())
    kernels.add_assignments(numbers, parts, sums)
    return sums


@compiled
def cut_and_merge(labels: NDArray[np.int64], least: int, most: int) -> NDArray[np.int64]:
    """Return the pieces that a traversal in raster order finds, the small ones merged.

    Every pixel that has no number yet starts a piece, which grows breadth first over 4-connected
    pixels of equal label and no number, to the right, left, bottom and top, and ends at `most`
    pixels: what is left of a larger part is found as other pieces. A piece of fewer than `least`
    pixels joins the piece with another number that it met last on its way; the first one, which
    has not met any if it is small, shares its number with the next. That is the rule of the
    connectivity enforcement of SLIC in scikit-image, found by calling that.

    Parameters
    ----------
    labels : (H, W) ndarray of int64
    least, most : int
        Pixels.

    Returns
    -------
    (H, W) ndarray of int64
        Numbers from 0, in the order in which the pieces were found.
    """
    height, width = labels.shape
    flat, numbers = labels.ravel(), np.empty(labels.size, np.int64)
    numbers[:] = FREE
    piece = np.empty(labels.size, np.int64)
    number = 0
    for start in range(labels.size):
        if numbers[start] != FREE:
            continue
        numbers[start], piece[0] = number, start
        size, at, met = 1, 0, 0
        while at < size < most:
            pixel = piece[at]
            at += 1
            for side in range(4):
                other = beside(pixel, side, height, width)
                if other < 0 or size >= most:
                    continue
                if numbers[other] == FREE and flat[other] == flat[start]:
                    numbers[other], piece[size] = number, other
                    size += 1
                elif numbers[other] != FREE and numbers[other] != number:
                    met = numbers[other]
        if size >= least:
            number += 1
            continue
        for i in range(size):
            numbers[piece[i]] = met
    return numbers.reshape((height, width))


@inner
def beside(pixel: int, side: int, height: int, width: int) -> int:
    """Return the pixel to the right, left, bottom or top of another; -1 where there is none."""
    row, column = pixel // width, pixel % width
    if side == 0:
        return pixel + 1 if column + 1 < width else -1
    if side == 1:
        return pixel - 1 if column > 0 else -1
    if side == 2:
        return pixel + width if row + 1 < height else -1
    return pixel - width if row > 0 else -1


def merge_parts(labels: NDArray[np.int64], least: float) -> NDArray[np.int64]:
    """Return the 4-connected parts, small ones merged with the longest shared border.

    The smallest part goes first, of equal ones that with the first pixel in raster order; of
    neighbours with equally long borders it joins the one with the first pixel. What has merged is
    one part from then on. The last part stays, however small.

    Parameters
    ----------
    labels : (H, W) ndarray of int64
    least : float
        Pixels that a part must have to stay as it is.

    Returns
    -------
    (H, W) ndarray of int64
        Each part has the number of the first that it is made of.
    """
    parts = connected_components(labels)
    merge_bordering(parts, int(parts.max()) + 1, float(least))
    return parts.astype(np.int64)
