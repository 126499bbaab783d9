"""The passes of `methods.neural.kernels` as differentiable functions, for tensors on the CPU.

Each does at one go what takes PyTorch several operations, with a full-size temporary after each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.neural import kernels
from methods.neural.kernels import Floats
from methods.neural.rows import each, parts

EPSILON = 1e-5


def normalise(
    values: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    relu: bool,
    border: int = 0,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Instance norm, then perhaps ReLU and a border by reflection.

    Parameters
    ----------
    values : (H, W, C) Tensor of float32 or bfloat16
    weight, bias : (C,) Tensor of float32, or None
        Affine part of the norm; 1 and 0 if None.
    relu : bool
        Whether negative numbers become 0.
    border : int
        0 or 1: pixels added on each side.
    dtype : torch.dtype, optional
        Of the result; that of `values` if None.

    Returns
    -------
    (H + 2 border, W + 2 border, C) Tensor
    """
    result: Tensor = _Normalise.apply(  # type: ignore[no-untyped-call]
        values, weight, bias, relu, border, dtype
    )
    return result


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        relu: bool,
        border: int,
        dtype: torch.dtype | None,
    ) -> Tensor:
        height, width, channels = values.shape
        data, spans = numbers(values), parts(height, width * channels)
        # differences to a mean that is about right: their squares have no digits in common to lose
        centre = values.detach()[height // 2].float().mean(0).numpy()
        sums = np.zeros((len(spans), 2, channels))
        each(spans, lambda i, top, end: kernels.moments(data, top, end, centre, sums[i]))
        mean, square = sums.sum(0) / (height * width)
        deviation = np.sqrt(np.maximum(square - mean**2, 0) + EPSILON)
        scale, shift = 1 / deviation, np.zeros_like(mean)
        if weight is not None and bias is not None:
            scale *= weight.detach().numpy()
            shift += bias.detach().numpy()
        shift -= mean * scale
        floor = 0.0 if relu else -np.inf
        line = centre, scale.astype(np.float32), shift.astype(np.float32), floor
        shape = (height + 2 * border, width + 2 * border, channels)
        out = torch.empty(shape, dtype=dtype or values.dtype)
        filled = numbers(out)
        each(spans, lambda _, top, end: kernels.normalise(data, top, end, *line, filled))
        if border:
            _reflect(out)
        ctx.save_for_backward(values)
        ctx.line, ctx.border = line, border
        ctx.affine, ctx.mean, ctx.deviation = weight is not None, mean, deviation
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (values,), gradient = ctx.saved_tensors, gradients[0].contiguous()
        if ctx.border:
            gradient = _folded(gradient)
        height, width, channels = values.shape
        data, slopes, spans = numbers(values), numbers(gradient), parts(height, width * channels)
        line: tuple[Floats, Floats, Floats, float] = ctx.line
        sums = np.zeros((len(spans), 2, channels))
        each(
            spans,
            lambda i, top, end: kernels.gradient_moments(data, slopes, top, end, *line, sums[i]),
        )
        of_bias, times_value = sums.sum(0)
        of_weight = (times_value - ctx.mean * of_bias) / ctx.deviation
        # through mean and deviation: constant + slope x value
        scale = line[1].astype(np.float64) / (height * width)
        slope = -scale * of_weight / ctx.deviation
        terms = np.stack([-scale * of_bias - slope * ctx.mean, slope]).astype(np.float32)
        out = torch.empty_like(values)
        filled = numbers(out)
        each(
            spans,
            lambda _, top, end: kernels.gradient_of_normalise(
                data, slopes, top, end, *line, terms, filled
            ),
        )
        affine = [torch.from_numpy(g.astype(np.float32)) for g in (of_weight, of_bias)]
        return out, *(affine if ctx.affine else (None, None)), None, None, None


def summarise(logits: Tensor, image: Tensor) -> tuple[Tensor, ...]:
    """Return what the losses look at; `methods.neural.losses.plain_summary` does it in torch.

    Parameters
    ----------
    logits : (H, W, N) Tensor of float32
    image : (H, W, 3) Tensor of float32

    Returns
    -------
    entropy : () Tensor
    mean : (N,) Tensor
    across, down : (H, W) Tensor
    soft_image : (H, W, 3) Tensor
    """
    results: tuple[Tensor, ...] = _Summarise.apply(  # type: ignore[no-untyped-call]
        logits, image
    )
    return results


class _Summarise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, image: Tensor) -> tuple[Tensor, ...]:
        height, width, count = logits.shape
        spans = parts(height, width * count)
        values, pixels = logits.detach().numpy(), image.numpy()
        assignment = torch.empty((height, width, count))
        p, log_sums = assignment.numpy(), np.empty((height, width), np.float32)
        sums, entropy = np.zeros((len(spans), 4, count), np.float32), np.zeros((len(spans), 1))
        each(
            spans,
            lambda i, top, end: kernels.soften(
                values, pixels, top, end, p, log_sums, sums[i], entropy[i]
            ),
        )
        total = sums.sum(0, dtype=np.float64)
        areas = np.maximum(total[0], np.finfo(np.float32).tiny)
        colours = (total[1:] / areas).astype(np.float32)
        across, down = np.empty((2, height, width), np.float32)
        soft = np.empty((height, width, 3), np.float32)
        each(
            spans,
            lambda _, top, end: kernels.compare(p, colours, top, end, across, down, soft),
        )
        ctx.save_for_backward(logits, assignment)
        ctx.image, ctx.log_sums, ctx.areas, ctx.colours = pixels, log_sums, areas, colours
        return (
            torch.tensor(entropy.sum() / log_sums.size, dtype=torch.float32),
            torch.from_numpy((total[0] / log_sums.size).astype(np.float32)),
            *map(torch.from_numpy, (across, down, soft)),
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        of_entropy, of_mean, *of_maps = gradients
        across, down, soft = (gradient.contiguous().numpy() for gradient in of_maps)
        logits, assignment = ctx.saved_tensors
        height, width, count = assignment.shape
        # c_s = sum P I / sum P: what the soft image passes on to the mean colours
        of_soft = torch.from_numpy(soft).reshape(-1, 3)
        passed = (of_soft.T @ assignment.reshape(-1, count)).double().numpy() / ctx.areas
        of_areas = of_mean.double().numpy() / (height * width) - (passed * ctx.colours).sum(0)
        of_sums = np.concatenate([of_areas[None], passed]).astype(np.float32)
        out = torch.empty_like(assignment)
        values, p, filled = logits.detach().numpy(), assignment.numpy(), out.numpy()
        share = float(of_entropy) / (height * width)
        each(
            parts(height, width * count),
            lambda _, top, end: kernels.gradient_of_logits(
                values, p, ctx.log_sums, ctx.image, top, end,
                share, across, down, soft, of_sums, ctx.colours, filled,
            ),
        )  # fmt: skip
        return out, None


def numbers(tensor: Tensor) -> NDArray[Any]:
    """Return the memory of a contiguous tensor as float32, or as the uint16 that hold bfloat16."""
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(np.uint16)
    return tensor.numpy()


def _reflect(bordered: Tensor) -> None:
    """Fill the border of one pixel with what lies as far on its other side."""
    bordered[0], bordered[-1] = bordered[2], bordered[-3]
    bordered[:, 0], bordered[:, -1] = bordered[:, 2], bordered[:, -3]


def _folded(gradient: Tensor) -> Tensor:
    """Add the gradient of the border to that of the pixels that it reflects."""
    gradient = gradient.clone()
    gradient[:, 2] += gradient[:, 0]
    gradient[:, -3] += gradient[:, -1]
    gradient[2] += gradient[0]
    gradient[-3] += gradient[-1]
    return gradient
