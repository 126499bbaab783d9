"""The last layer: a reconstructed image, and logits of every superpixel at every pixel."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from methods.neural.features import Convolution, Start, normalise


class Prediction(NamedTuple):
    """What a network says of an image.

    Attributes
    ----------
    reconstruction : (H, W, 3) Tensor of float32
        Standardised RGB.
    logits : (H, W, N) Tensor of float32
    """

    reconstruction: Tensor
    logits: Tensor


class AssignmentHead(nn.Module):
    """1 x 1 convolution to a colour and N logits, which end in an affine instance norm.

    Parameters
    ----------
    inputs, n : int
        Channels.
    gain : float
        What the norm multiplies by at the start.
    constant : bool
        Whether the convolution has a bias, 0 at the start.
    start : callable, optional
        As for `Convolution`.
    """

    def __init__(
        self, inputs: int, n: int, gain: float, constant: bool = True, start: Start | None = None
    ) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, 3 + n, size=1, start=start)
        self.constant = nn.Parameter(torch.zeros(3 + n)) if constant else None
        self.weight = nn.Parameter(torch.full((n,), float(gain)))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, values: Tensor) -> Prediction:
        """Return the prediction for (H, W, inputs)."""
        sums = self.convolution(values)
        if self.constant is not None:
            sums = sums + self.constant.to(values.dtype)
        colour, logits = sums[..., :3].float(), sums[..., 3:]
        return Prediction(
            colour, normalise(logits, self.weight, self.bias, False, dtype=torch.float32)
        )


class FactorHead(nn.Module):
    """EA's: the logit of a cell in a grid of superpixels is the product of its row and its column.

    Parameters
    ----------
    inputs : int
    columns, rows : int
        floor(sqrt(n W / H)) and floor(sqrt(n H / W)), see `factors`.
    gain : float
        What the norms of rows and columns multiply by at the start.
    """

    def __init__(self, inputs: int, columns: int, rows: int, gain: float) -> None:
        super().__init__()
        count = 3 + columns + rows
        self.columns, self.rows = columns, rows
        self.convolution = Convolution(inputs, count, size=1)
        self.weight = nn.Parameter(torch.tensor([1.0] * 3 + [float(gain)] * (columns + rows)))
        self.bias = nn.Parameter(torch.zeros(count))

    def forward(self, values: Tensor) -> Prediction:
        """Return the prediction for (H, W, inputs)."""
        sums = self.convolution(values)
        heads = normalise(sums, self.weight, self.bias, False, dtype=torch.float32)
        x, y = heads[..., 3 : 3 + self.columns], heads[..., 3 + self.columns :]
        return Prediction(heads[..., :3], (y[..., :, None] * x[..., None, :]).flatten(2))


def factors(n: int, height: int, width: int) -> tuple[int, int]:
    """Return the columns and rows of EA's grid: at least one each, at most `n` cells."""
    columns, rows = math.isqrt(n * width // height), math.isqrt(n * height // width)
    return min(n, max(1, columns)), min(n, max(1, rows))
