"""Label maps with a frame around them, and which of their pixels may change the superpixel."""

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import shared

OUTSIDE = np.int32(-1)  # label of the frame


def framed(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Put a frame around a label map, so that every pixel (or block) has eight neighbours."""
    height, width = labels.shape
    with_frame = np.full((height + 2, width + 2), OUTSIDE, np.int32)
    with_frame[1:-1, 1:-1] = labels
    return with_frame


@shared
def may_leave(labels: NDArray[np.int32], r: int, c: int) -> bool:
    """Return whether the superpixel of a boundary block stays 4-connected without it.

    Its 4-neighbours of the same label must hang together by way of the corners between them. They
    fall into as many parts as there are of them, less the corners that join two. A block without
    any is the superpixel's last and stays, as does one amid its superpixel, with nowhere to go.
    """
    own = labels[r, c]
    above, below = labels[r - 1, c] == own, labels[r + 1, c] == own
    left, right = labels[r, c - 1] == own, labels[r, c + 1] == own
    corners = (
        (above & left & (labels[r - 1, c - 1] == own))
        + (above & right & (labels[r - 1, c + 1] == own))
        + (below & left & (labels[r + 1, c - 1] == own))
        + (below & right & (labels[r + 1, c + 1] == own))
    )
    return bool(above + below + left + right - corners == 1)
