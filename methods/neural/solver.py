"""From an image and a method's parameters to a solution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from methods.base import Skip
from methods.neural.machine import available_memory, has_bf16_units, kept_memory, reproducible
from methods.neural.objective import Objective
from methods.neural.optimise import initialise, optimise, predict
from methods.neural.postprocess import postprocess
from methods.neural.scene import SMALLEST_SIDE, Scene, colours, make_scene
from methods.neural.solution import Solution

PIXELS_PER_SUPERPIXEL = 16  # of the image at its working resolution, at least
GIB = 2**30
CODE = 3 * GIB // 8  # loaded and compiled on first use
LAYER_COPIES = 5  # arrays that optimising keeps of each layer, at most; measured
BYTES_PER_WEIGHT = 32  # itself, gradient, two moments, four transformed numbers: float32


class Optimised(Protocol):
    """What a method says of the network that is optimised for it; see `methods.neural.base`."""

    device: str
    precision: Literal["auto", "fp32", "bf16"]
    scale: float
    start: str
    seed: int
    iterations: int
    learning_rate: float
    decay: Literal["none", "cosine"]
    postprocess: Literal["published", "even", "merge", "none"]
    facts: Mapping[str, int | float | str]

    def layers(self, n: int, height: int, width: int) -> nn.Module:
        """Return the network, not yet initialised."""

    def objective(self, scene: Scene) -> Objective:
        """Return what is minimised."""

    def channels(self) -> int:
        """Return the channels of all layers together, whose arrays optimising keeps."""


def solve(method: Optimised, image: NDArray[np.uint8], n: int) -> Solution:
    """Optimise a network on the image, and apply it to all pixels; see `Neural.solve`."""
    height, width = image.shape[:2]
    if not 1 <= n <= height * width:
        raise ValueError(f"n={n} must be from 1 to {height * width}, the pixels of the image")
    if min(height, width) < SMALLEST_SIDE:
        raise Skip(f"{height} x {width} pixels: borders are reflected, which needs 2 x 2 at least")
    device, precision = method.device, method.precision
    if precision == "auto":
        precision = "bf16" if has_bf16_units(device) else "fp32"
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[precision]
    scale = min(1.0, max(method.scale, math.sqrt(PIXELS_PER_SUPERPIXEL * n / (height * width))))
    refuse_what_does_not_fit(method, (height, width), scale, n, dtype.itemsize)
    with kept_memory(), reproducible(device):
        solution = optimised(method, image, n, scale, dtype)
    method.facts = {"loss": float(solution.losses[-1]), "precision": precision, "scale": scale}
    return solution


def optimised(
    method: Optimised, image: NDArray[np.uint8], n: int, scale: float, dtype: torch.dtype
) -> Solution:
    """Return what the network finds; no tensor outlives the call."""
    device = method.device
    network = method.layers(n, *image.shape[:2])
    initialise(network, getattr(nn.init, method.start), method.seed)
    network.to(device)
    scene = make_scene(image, scale, device, dtype)
    losses = optimise(
        network,
        scene,
        method.objective(scene),
        method.iterations,
        method.learning_rate,
        method.decay,
    )
    with torch.no_grad():  # in float32: rounded logits would end as specks along boundaries
        prediction, summary = predict(network, make_scene(image, 1.0, device))
        return Solution(
            postprocess(prediction.logits, n, method.postprocess),
            colours(summary.soft_image, image),
            colours(prediction.reconstruction, image),
            losses,
        )


def refuse_what_does_not_fit(
    method: Optimised, shape: tuple[int, int], scale: float, n: int, itemsize: int
) -> None:
    """Decline an image for which the device has not the memory.

    Raises
    ------
    Skip
        With the estimate, what there is, and what would help.
    """
    pixels = shape[0] * shape[1]
    there = available_memory(method.device)
    with torch.device("meta"):  # weights that take no memory
        weights = sum(each.numel() for each in method.layers(n, *shape).parameters())
    needed = memory_needed(weights, method.channels(), pixels, scale, n, itemsize)
    if needed > there:
        raise Skip(
            f"{pixels} pixels and n={n} need about {needed / GIB:.1f} GiB, {there / GIB:.1f} are "
            "free: use a smaller image, a lower scale or n, or fewer or narrower blocks",
            temporary=True,
        )


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
