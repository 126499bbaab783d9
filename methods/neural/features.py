"""Layers: what turns colours and positions into features. Tensors are (H, W, channels).

Convolutions run in the type of number of their input, on weights kept in float32; norms are
computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from methods.neural import fused, winograd
from methods.neural.losses import bordered, bordered_laplacian

DILATIONS = (1, 2, 4, 8)

#: Draws the weights of a convolution, such as `torch.nn.init.xavier_normal_`.
Start = Callable[..., Tensor]


def torch_default(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw as PyTorch does where nothing is said: Kaiming uniform with a = sqrt 5."""
    return nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)


def normalise(
    values: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    relu: bool,
    border: int = 0,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Instance norm, perhaps ReLU, a border by reflection; see `fused.normalise`."""
    if values.device.type == "cpu":
        return fused.normalise(values.contiguous(), weight, bias, relu, border, dtype)
    return plain_normalise(values, weight, bias, relu, border, dtype)


def plain_normalise(
    values: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    relu: bool,
    border: int = 0,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Return the same in PyTorch's own operations, for any device.

    Not by its `instance_norm`: where channels lie side by side the gradient of that is wrong on the
    CPU (2.13), and of a GPU nobody has looked.
    """
    floats = values.float()
    centred = floats - floats.mean((0, 1))
    result = centred * torch.rsqrt(centred.square().mean((0, 1)) + fused.EPSILON)
    if weight is not None and bias is not None:
        result = result * weight + bias
    if relu:
        result = functional.relu(result)
    result = result.to(dtype or values.dtype)
    return bordered(result) if border else result


class Convolution(nn.Module):
    """Convolution without bias; zeros around the image if `padding` says so.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int
        Side of the kernel.
    dilation : int
    padding : int
        Zeros around the image, in multiples of `dilation`.
    start : callable, optional
        Draws the first weights, where it is not the network's way of doing so.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 3,
        dilation: int = 1,
        padding: int = 0,
        start: Start | None = None,
    ) -> None:
        super().__init__()
        self.start = start
        weight = torch.empty(size, size, inputs, outputs).permute(3, 2, 0, 1)
        self.weight = nn.Parameter(weight)  # in the order in which `winograd` reads it
        self.size, self.dilation, self.padding = size, dilation, padding

    def forward(self, values: Tensor) -> Tensor:
        """Return (H, W, outputs) for (H, W, inputs)."""
        if values.device.type == "cpu" and self.size == 3 and self.is_wide(values.dtype):
            return winograd.convolve(values, self.weight, self.padding, self.dilation)
        planes = values.permute(2, 0, 1)[None]
        weight = self.weight.to(values.dtype, memory_format=torch.channels_last)
        padding = self.padding * self.dilation
        result = functional.conv2d(planes, weight, padding=padding, dilation=self.dilation)
        return result.squeeze(0).permute(1, 2, 0)

    def is_wide(self, dtype: torch.dtype) -> bool:
        """Return whether there are channels enough for what this processor does best."""
        return min(self.weight.shape[:2]) >= winograd.chosen(dtype).least


class ConvInReLU(nn.Module):
    """3 x 3 convolution over reflected borders, affine instance norm, ReLU.

    Takes an image that already has its border of one pixel, and returns one with a border of
    `border`: a layer writes the next one's border along with its own result.
    """

    def __init__(self, inputs: int, outputs: int, border: int) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs)
        self.weight, self.bias = (
            nn.Parameter(torch.ones(outputs)),
            nn.Parameter(torch.zeros(outputs)),
        )
        self.border = border

    def forward(self, values: Tensor) -> Tensor:
        """Return (H + 2 border, W + 2 border, outputs) for (H + 2, W + 2, inputs)."""
        return normalise(self.convolution(values), self.weight, self.bias, True, self.border)


class Features(nn.Sequential):
    """`blocks` ConvInReLU, the first `width` wide, each twice as wide as the one before."""

    def __init__(self, blocks: int, width: int, border: int = 0, inputs: int = 5) -> None:
        widths = [inputs, *(width << i for i in range(blocks))]
        borders = [1] * (blocks - 1) + [border]
        super().__init__(*map(ConvInReLU, widths[:-1], widths[1:], borders))
        self.width = widths[-1]


class Aspp(nn.Module):
    """Atrous spatial pyramid: parallel dilated convolutions, joined and projected.

    Chen, Papandreou, Schroff, Adam, arXiv 1706.05587. Zeros around the image, norms without affine
    part, and a 3 x 3 projection, as in the published code.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        dilations: Sequence[int] = DILATIONS,
        border: int = 0,
        start: Start | None = None,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            Convolution(inputs, width, dilation=d, padding=1, start=start) for d in dilations
        )
        self.projection = Convolution(width * len(dilations), width, padding=1, start=start)
        self.border = border

    def forward(self, values: Tensor) -> Tensor:
        """Return (H + 2 border, W + 2 border, width) for (H, W, inputs)."""
        joined = torch.cat([normalise(b(values), None, None, True) for b in self.branches], -1)
        return normalise(self.projection(joined), None, None, True, self.border)


class ZeroConvInReLU(nn.Module):
    """3 x 3 convolution over zeros around the image, norm without affine part, ReLU."""

    def __init__(self, inputs: int, outputs: int, start: Start | None = None) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, padding=1, start=start)

    def forward(self, values: Tensor) -> Tensor:
        """Return (H, W, outputs) for (H, W, inputs)."""
        return normalise(self.convolution(values), None, None, True)


class EdgeAwareFeatures(nn.Module):
    """The proposed network's: Features, joined with their Laplacian, ASPP, one more ConvInReLU.

    Parameters
    ----------
    blocks, width : int
        Of the `Features`.
    laplacian : bool
        Whether the Laplacian responses are joined.
    aspp : bool
        Whether the four parallel convolutions are dilated by 1, 2, 4, 8, or all plain.
    published : bool
        Whether what the paper leaves open is as in the authors' code: the last layer pads with
        zeros, its norm has no affine part, and all behind the features start as PyTorch does.
    """

    def __init__(
        self,
        blocks: int,
        width: int,
        laplacian: bool = True,
        aspp: bool = True,
        published: bool = True,
    ) -> None:
        super().__init__()
        self.features = Features(blocks, width, border=1)
        self.laplacian, self.width = laplacian, self.features.width
        start = torch_default if published else None
        self.aspp = Aspp(
            self.width * (2 if laplacian else 1),
            self.width,
            DILATIONS if aspp else (1,) * 4,
            border=0 if published else 1,
            start=start,
        )
        self.last = (
            ZeroConvInReLU(self.width, self.width, start)
            if published
            else ConvInReLU(self.width, self.width, border=0)
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return (H, W, width) for (H + 2, W + 2, 5)."""
        features = self.features(values)
        inner = features[1:-1, 1:-1]
        if self.laplacian:
            inner = torch.cat([inner, bordered_laplacian(features)], -1)
        result: Tensor = self.last(self.aspp(inner))
        return result
