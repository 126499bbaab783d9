"""RIM: a convolutional network that learns, from one image, to assign its pixels to superpixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from methods.neural.base import PAPER, QUICK, Neural
from methods.registry import register

if TYPE_CHECKING:
    from torch import nn

    from methods.neural.objective import Objective
    from methods.neural.scene import Scene


@register
class Rim(Neural):
    """Four convolution blocks and a softmax, optimised on the image for information about it.

    Minimises ``clustering + alpha * smoothness + beta * reconstruction``: every pixel is assigned
    with certainty, superpixels are of even size, neighbours of similar colour are assigned alike,
    and the features suffice to reconstruct the image.
    """

    name = "rim"
    title = "RIM"
    reference = (
        "Suzuki: Superpixel Segmentation via Convolutional Neural Networks with Regularized "
        "Information Maximization, ICASSP 2020"
    )
    version = "3"
    doi = "10.48550/arXiv.2002.06765"
    departures = (
        "Built from the paper and descriptions of the published code: affine instance norm on the "
        "logits, smoothness averaged over the pairs of each direction (1 % more at 80 x 120), and "
        "post-processing that cuts superpixels of more than 3 HW/n pixels. The preset quick takes "
        "fewer, larger and decreasing steps, from more decided assignments (gain), at a lower "
        "resolution, applies the network to all pixels, and leaves about n superpixels."
    )
    presets: ClassVar = {
        "paper": PAPER | {"iterations": 500},
        "quick": QUICK | {"iterations": 70, "learning_rate": 0.06, "gain": 4.0},
    }

    def layers(self, n: int, height: int, width: int) -> nn.Module:  # noqa: ARG002
        """Return the layers: features and a head, 416,143 parameters for n = 100."""
        from torch.nn import Sequential

        from methods.neural.features import Features
        from methods.neural.heads import AssignmentHead

        features = Features(self.blocks, self.width)
        return Sequential(features, AssignmentHead(features.width, n, self.gain))

    def objective(self, scene: Scene) -> Objective:
        """Return RIM's objective."""
        from methods.neural.losses import smoothness_weights
        from methods.neural.objective import Objective

        weights = smoothness_weights(scene.image, self.sigma)
        return Objective(scene.image, self.lambda_, self.alpha, self.beta, weights)
