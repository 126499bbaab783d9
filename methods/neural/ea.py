"""EA: edge-aware superpixels by a network that assigns pixels to the rows and columns of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from methods.neural.base import PAPER, QUICK, Neural
from methods.registry import register

if TYPE_CHECKING:
    from torch import nn

    from methods.neural.objective import Objective
    from methods.neural.scene import Scene


@register
class EdgeAware(Neural):
    """RIM's features with a factorised assignment, and losses that look at a sharpened guidance.

    Minimises ``clustering + alpha * smoothness + eta * contour + beta * reconstruction``. The logit
    of a superpixel, a cell in a grid of floor(sqrt(n W / H)) columns and floor(sqrt(n H / W)) rows,
    is the product of two heads. Smoothness and contour look at a guidance image, which is smoothed
    by a side-window filter and equalised.

    Parameters
    ----------
    eta : float
        Weight of the contour term, where the assignment should change; 2 x 0.75 is published.
    """

    name = "ea"
    title = "EA"
    reference = (
        "Yu, Yang, Liu: Edge-Aware Superpixel Segmentation with Unsupervised Convolutional Neural "
        "Networks, ICIP 2021"
    )
    version = "3"
    doi = "10.1109/ICIP42928.2021.9506728"
    departures = (
        "Built from the paper and descriptions of the published code. At most as many superpixels "
        "before post-processing as the grid has cells: 96 for 100 at 481 x 321. Both directions of "
        "the contour term are added; each direction of the smoothness is averaged over its pairs, "
        "as in the code (1 % more at 80 x 120). The preset quick takes fewer, larger and "
        "decreasing steps at a lower resolution, applies the network to all pixels, and leaves "
        "about n superpixels."
    )
    start = "kaiming_normal_"
    presets: ClassVar = {
        "paper": PAPER | {"iterations": 1000},
        "quick": QUICK | {"iterations": 70, "learning_rate": 0.03, "gain": 1.0},
    }

    iterations: int = 1000
    lambda_: float = 1.5
    eta: float = 1.5

    def layers(self, n: int, height: int, width: int) -> nn.Module:
        """Return the layers: features and a head of two factors."""
        from torch.nn import Sequential

        from methods.neural.features import Features
        from methods.neural.heads import FactorHead, factors

        features = Features(self.blocks, self.width)
        cells = factors(n, height, width)
        return Sequential(features, FactorHead(features.width, *cells, self.gain))

    def objective(self, scene: Scene) -> Objective:
        """Return EA's objective."""
        import torch

        from methods.neural.guidance import guidance
        from methods.neural.losses import contour_weights, smoothness_weights
        from methods.neural.objective import Objective

        guide = torch.from_numpy(guidance(scene.pixels)).to(scene.image.device)
        return Objective(
            scene.image,
            self.lambda_,
            self.alpha,
            self.beta,
            smoothness_weights(guide, self.sigma),
            self.eta,
            contour_weights(guide),
        )
