"""How large the work on an image is: its resolution, its memory, and whether cores share it.

PyTorch is not needed for that: the runner asks before anything runs.
"""

from __future__ import annotations

import math

PIXELS_PER_SUPERPIXEL = 16  # of the image at its working resolution, at least
GIB = 2**30
CODE = 3 * GIB // 8  # loaded and compiled on first use
LAYER_COPIES = 5  # arrays that optimising keeps of each layer, at most; measured
BYTES_PER_WEIGHT = 32  # itself, gradient, two moments, four transformed numbers: float32

#: Values of all layers at the working resolution from which all cores work on one image. Below,
#: two images side by side take two thirds of the time of one after the other on two threads each
#: (docs/networks.md); above, an image takes so long and so much memory that it comes alone.
SHARED_FROM = 1 << 27


def working_scale(scale: float, height: int, width: int, n: int) -> float:
    """Return the share of the image's sides at which a network is optimised.

    What was asked for, or more where a superpixel would have fewer than `PIXELS_PER_SUPERPIXEL`.
    """
    return min(1.0, max(scale, math.sqrt(PIXELS_PER_SUPERPIXEL * n / (height * width))))


def is_shared(channels: int, pixels: int, scale: float) -> bool:
    """Return whether all cores work on one image; otherwise one does, and others on other images.

    It follows from the sizes alone, so that labels do not depend on what else a machine does.
    """
    return channels * pixels * scale**2 >= SHARED_FROM


def memory_needed(
    weights: int, channels: int, pixels: int, scale: float, n: int, itemsize: int
) -> int:
    """Return the bytes that optimising takes at its working resolution, or predicting at the full.

    Each weight has a gradient, two moments of Adam and transformed copies. Of every layer its sums,
    its results and their transforms are kept for the backward pass, which adds gradients of the
    widest ones; of the logits there are the sums and five arrays of float32. Predicting, in
    float32, keeps the last layers only.

    Parameters
    ----------
    weights : int
    channels : int
        Of all layers before the last.
    pixels : int
        Of the image.
    scale : float
        Working resolution.
    n : int
        Superpixels.
    itemsize : int
        Bytes of a number while optimising: 4 for fp32, 2 for bf16.

    Notes
    -----
    Growth of the resident memory of a fresh process, 3/8 GiB of it code, beside the estimate, in
    MiB, at n = 100, scale 1, fp32 and bf16. At 160 x 240: RIM 608 (851), 434 (660); EA
    658 (850), 473 (660); Proposed with 2 blocks 1012 (1229), 652 (851). RIM at 321 x 481:
    1613 (2223), 1006 (1457). Proposed with 4 blocks at 40 x 60: 792 (823), 679 (729).
    """
    optimising, predicting = (
        channels * copies * size + n * (2 * size + 5 * 4)
        for copies, size in ((LAYER_COPIES, itemsize), (1, 4))
    )
    most = pixels * max(scale**2 * optimising, predicting)
    return int(most) + weights * BYTES_PER_WEIGHT + CODE
