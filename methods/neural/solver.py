"""From an image and a method's parameters to a solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from methods.base import Skip
from methods.neural.machine import (
    available_memory,
    has_bf16_units,
    kept_memory,
    reproducible,
    threads,
)
from methods.neural.objective import Objective
from methods.neural.optimise import initialise, optimise, predict
from methods.neural.postprocess import postprocess
from methods.neural.scene import SMALLEST_SIDE, Scene, colours, make_scene
from methods.neural.size import GIB, is_shared, memory_needed, working_scale
from methods.neural.solution import Solution


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
    optimiser: Literal["adam", "muon"]
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
    scale = working_scale(method.scale, height, width, n)
    shared = device != "cpu" or is_shared(method.channels(), height * width, scale)
    refuse_what_does_not_fit(method, (height, width), scale, n, dtype.itemsize)
    with kept_memory(), reproducible(device), threads(shared):
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
        method.optimiser,
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
