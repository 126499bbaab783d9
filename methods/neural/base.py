"""What the networks share: a method that optimises one on the very image that it segments.

PyTorch is imported when one of them is used, not when they are listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.neural.solution import Solution

if TYPE_CHECKING:
    from torch import nn

    from methods.neural.objective import Objective
    from methods.neural.scene import Scene


#: What the presets of all networks have in common.
PAPER: dict[str, float | str] = {
    "scale": 1.0, "width": 32, "learning_rate": 0.01, "decay": "none", "gain": 1.0,
    "postprocess": "published",
}  # fmt: skip
QUICK: dict[str, float | str] = {
    "scale": 0.25, "width": 8, "decay": "cosine", "postprocess": "even"
}  # fmt: skip


class Neural(Method):
    """Base of the networks; a subclass says which layers, and which objective.

    Parameters
    ----------
    iterations : int
        Steps of the optimiser, at least 1.
    scale : float
        Working resolution: sides as a share of the image's, greater than 0, at most 1. It is raised
        where a superpixel would have fewer than 16 pixels.
    learning_rate : float
        Of Adam, over 0, at most 1; of Muon too, whose steps are as large.
    decay : {"none", "cosine"}
        Whether the learning rate falls to 0 along half a cosine.
    optimiser : {"adam", "muon"}
        What takes the steps: Adam, as published, or Muon for the weights of convolutions.
    gain : float
        What the norm that ends the head multiplies by before the first step: how decided
        assignments are at the start; over 0, at most 100. EA's logits are products of two such
        numbers.
    blocks : int
        ConvInReLU blocks of the features, each twice as wide as the one before; 1 to 6.
    width : int
        Channels of the first block, 1 to 256.
    lambda_ : float
        Weight of the entropy of the mean assignment in eq. (4): areas of even size.
    alpha : float
        Weight of smoothness, eq. (5).
    beta : float
        Weight of reconstruction, eq. (6) or (7).
    sigma : float
        Of eq. (5): the squared step between neighbours, in standardised colours, at which the
        weight of smoothness is 1 / e; greater than 0.
    postprocess : {"published", "even", "merge", "none"}
        What becomes of the parts of a label: cut at 3 HW/n pixels and merged below 0.06 HW/n; cut
        at 1.5 HW/n and merged below 0.3 HW/n by similar assignment, which leaves about n; merged
        below 0.06 HW/n by the longest border; or left as they are.
    precision : {"auto", "fp32", "bf16"}
        Numbers that convolutions multiply while optimising; "auto" is bf16 where the device has
        units for it. Norms and losses are computed in fp32, and so are the labels in the end.
    preset : {"auto", "paper", "quick"}
        Settings of several parameters; "auto" is "paper" on CUDA and "quick" on a CPU.
    device : str
        "auto", "cpu", "cuda", or "cuda:1" for the second of several.
    seed : int
        Of the weights at the start, 0 or more.
    """

    license = "BSD-3-Clause"
    library = "torch"
    version = "2"
    devices = ("cpu", "cuda")
    all_cores = True

    #: How the weights of convolutions are drawn: the name of a function in torch.nn.init.
    start = "xavier_normal_"

    iterations: int = 500
    scale: float = 1.0
    learning_rate: float = 0.01
    decay: Literal["none", "cosine"] = "none"
    optimiser: Literal["adam", "muon"] = "adam"
    gain: float = 1.0
    blocks: int = 4
    width: int = 32
    lambda_: float = 2.0
    alpha: float = 2.0
    beta: float = 10.0
    sigma: float = 8.0
    postprocess: Literal["published", "even", "merge", "none"] = "published"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    preset: Literal["auto", "paper", "quick"] = "auto"
    device: str = "auto"
    seed: int = 0

    def layers(self, n: int, height: int, width: int) -> nn.Module:
        """Return the layers for `n` superpixels of an image of height x width pixels."""
        raise NotImplementedError

    def objective(self, scene: Scene) -> Objective:
        """Return what is to be minimised for an image at some resolution."""
        raise NotImplementedError

    def channels(self) -> int:
        """Return the channels of all layers before the last, by which memory is estimated."""
        return sum(self.width << i for i in range(self.blocks))

    def wants_all_cores(self, height: int, width: int, n: int) -> bool:
        """Return whether several cores help with such an image."""
        from methods.neural.size import is_shared, working_scale

        scale = working_scale(self.scale, height, width, n)
        return is_shared(self.channels(), height * width, scale)

    def memory_needed(self, height: int, width: int, n: int) -> int:
        """Return the bytes that an image takes in float32, but for the weights."""
        from methods.neural.size import memory_needed, working_scale

        scale = working_scale(self.scale, height, width, n)
        return memory_needed(0, self.channels(), height * width, scale, n, itemsize=4)

    def validate(self) -> None:
        """Refuse values out of range."""
        for name, least, most in (
            ("iterations", 1, 10**7), ("seed", 0, 2**63 - 1),
            ("blocks", 1, 6), ("width", 1, 256),
            ("lambda_", 0, 1e9), ("alpha", 0, 1e9), ("beta", 0, 1e9), ("eta", 0, 1e9),
        ):  # fmt: skip
            value = getattr(self, name, least)
            if not least <= value <= most:
                raise ValueError(f"{name}={value} must be from {least:g} to {most:g}")
        for name, most in (
            ("scale", 1.0), ("learning_rate", 1.0), ("gain", 100.0), ("sigma", 1e9)
        ):  # fmt: skip
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"{name}={getattr(self, name)} must be over 0, at most {most:g}")

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Return the labels, and leave in `facts` what the optimisation came to."""
        return self.solve(image, n).labels

    def solve(self, image: NDArray[np.uint8], n: int) -> Solution:
        """Optimise a network on the image; return its labels, images and losses.

        Parameters
        ----------
        image : (H, W, 3) ndarray of uint8
            sRGB; any other image that `methods.segment` takes is converted first.
        n : int
            Channels of the assignment, 1 to H * W: most superpixels before post-processing.

        Raises
        ------
        Skip
            If the image has one pixel only in a direction, or needs more memory than there is.
        ValueError
            If `n` is out of range, or the optimisation diverges.
        """
        from methods.image import as_rgb_uint8
        from methods.neural.solver import solve

        return solve(self, as_rgb_uint8(image), n)

    def warm_up(self, image: NDArray[np.uint8], n: int) -> None:
        """Compile by two iterations: on a corner of the image, on CUDA on all of it.

        What is compiled for CUDA is for one size of image and one count.
        """
        short = type(self)(**{**self.params(), "iterations": 2})
        if self.device.startswith("cuda"):
            short.segment(image, n)
        else:
            Method.warm_up(short, image, n)
