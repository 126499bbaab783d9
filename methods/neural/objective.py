"""What is minimised: a sum of the terms in `methods.neural.losses`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from methods.neural import losses
from methods.neural.heads import Prediction
from methods.neural.losses import Pairs, Summary


@dataclass(frozen=True)
class Objective:
    """Eq. (3), and the objectives of RIM and EA, which have some of its terms and one of their own.

    loss = clustering + alpha smoothness + beta reconstruction + eta contour + sum of edges
    """

    image: Tensor
    lambda_: float
    alpha: float
    beta: float
    smoothness: Pairs
    eta: float = 0.0
    contour: Pairs | None = None
    soft_image: bool = False
    edge: Callable[[Tensor], Tensor] | None = None

    def __call__(self, prediction: Prediction, summary: Summary) -> Tensor:
        """Return the loss, a scalar."""
        loss = losses.clustering(summary, self.lambda_)
        loss = loss + self.alpha * losses.smoothness(summary, self.smoothness)
        if self.contour is not None:
            loss = loss + self.eta * losses.contour(summary, self.contour)
        loss = loss + self.beta * losses.reconstruction(self.image, prediction.reconstruction)
        if self.soft_image:
            loss = loss + self.beta * losses.reconstruction(self.image, summary.soft_image)
        if self.edge is not None:
            for other in (prediction.reconstruction, summary.soft_image):
                loss = loss + self.eta * self.edge(other)
        return loss
