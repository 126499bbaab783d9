"""3 x 3 convolution by Winograd's minimal filtering, F(4 x 4, 3 x 3), for tensors on the CPU.

Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016 (doi
10.1109/CVPR.2016.435): of every tile of 4 x 4 results, 36 products over the channels instead of
144, between transforms by small constant matrices (`methods.neural.tiles`). Both gradients are
computed in the same way.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.neural import tiles
from methods.neural.fused import numbers
from methods.neural.machine import instructions
from methods.neural.rows import each, parts

#: Tiles transformed at a time, about: enough to make up for the filters that each product reads.
CHUNK = 600

A, B = tiles.A.item(), tiles.B.item()

#: Turning a filter by half a turn exchanges the points 0 and infinity, a and b, -a and -b.
TURNED = [6 * i + j for i in (5, 3, 4, 1, 2, 0) for j in (5, 3, 4, 1, 2, 0)]


class Choice(NamedTuple):
    """Which convolution is computed how.

    Attributes
    ----------
    least : int
        Channels on either side from which fewer products outweigh the transforms.
    batched : bool
        Whether the 36 products of matrices are one call of PyTorch, or one after the other.
    """

    least: int
    batched: bool


#: By instruction set and type of number, as ``make benchmark PARTS=convolutions`` measures it. A
#: batch in float32 is several times slower than its products where MKL has no code of its own for
#: the processor, and never much faster.
CHOICES = {
    ("AVX2", torch.float32): Choice(32, batched=False),
    ("AVX512", torch.float32): Choice(128, batched=True),
    ("AVX512", torch.bfloat16): Choice(128, batched=True),
}
OTHERWISE = Choice(64, batched=True)


def chosen(dtype: torch.dtype) -> Choice:
    """Return how numbers of a type are convolved on this processor."""
    return CHOICES.get((instructions(), dtype), OTHERWISE)


def convolve(values: Tensor, weight: Tensor, border: int, dilation: int = 1) -> Tensor:
    """Convolve without bias.

    Parameters
    ----------
    values : (H, W, C) Tensor of float32 or bfloat16
    weight : (K, C, 3, 3) Tensor of float32
        Fastest where it lies in memory as (3, 3, C, K).
    border : int
        Zeros around the image, in multiples of `dilation`: 0 or 1.
    dilation : int

    Returns
    -------
    (H - 2 dilation (1 - border), W - 2 dilation (1 - border), K) Tensor
    """
    result: Tensor = _Convolve.apply(  # type: ignore[no-untyped-call]
        values.contiguous(), weight, border, dilation
    )
    return result


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, border: int, dilation: int) -> Tensor:
        outputs, inputs = weight.shape[:2]
        filters = _both_ways(transformed, weight.detach().permute(2, 3, 1, 0), values.dtype)
        filters = filters.view(36, inputs, outputs)
        shape = [side - 2 * dilation * (1 - border) for side in values.shape[:2]]
        out = values.new_empty((*shape, outputs))
        seen = _apply(values, filters, border, dilation, out)
        ctx.save_for_backward(filters, *seen)
        ctx.shape, ctx.border, ctx.dilation = values.shape, border, dilation
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        filters, *seen = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        of_filters = torch.zeros(())
        chunks = _chunks(*gradient.shape[:2], ctx.dilation)
        for chunk, values in zip(chunks, seen, strict=True):
            spread = gradient.new_empty((36, chunk.count, filters.shape[2]))
            chunk.run(tiles.spread, numbers(gradient), numbers(spread))
            of_filters = _products(values.transpose(1, 2), spread).float() + of_filters
        of_weight = _both_ways(filter_sums, of_filters.view(6, 6, *filters.shape[1:]))
        of_values = None
        if ctx.needs_input_grad[0]:
            of_values = filters.new_empty(ctx.shape)
            turned = filters[TURNED].transpose(1, 2)
            _apply(gradient, turned, 2 - ctx.border, ctx.dilation, of_values)
        return of_values, of_weight.permute(3, 2, 0, 1), None, None


def transformed(filters: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Return G times filters, (6, ...) of (3, ...); see `methods.neural.tiles`."""
    # sum by sum: threads that share a matrix product may change its last digits
    first, middle, last = filters
    even, evens = B * first + A * last, A * first + B * last
    out = torch.empty((6, *filters.shape[1:]), dtype=dtype)
    out[0], out[5] = first, last
    torch.add(even, middle, out=out[1])
    torch.sub(even, middle, out=out[2])
    torch.add(evens, middle, out=out[3])
    torch.sub(evens, middle, out=out[4])
    return out


def filter_sums(values: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Return G' times transformed filters, (3, ...) of (6, ...)."""
    first, at_a, at_minus_a, at_b, at_minus_b, last = values
    even, evens = at_a + at_minus_a, at_b + at_minus_b
    out = torch.empty((3, *values.shape[1:]), dtype=dtype)
    torch.add(first + B * even, evens, alpha=A, out=out[0])
    torch.add(at_a - at_minus_a, at_b - at_minus_b, out=out[1])
    torch.add(last + A * even, evens, alpha=B, out=out[2])
    return out


def _both_ways(
    transform: Callable[..., Tensor], filters: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """Transform the second dimension, then the first."""
    return transform(transform(filters.transpose(0, 1)).transpose(0, 1), dtype)


def _apply(
    values: Tensor, filters: Tensor, border: int, dilation: int, out: Tensor
) -> list[Tensor]:
    """Fill `out`; return the transformed values of every chunk."""
    kept = []
    for chunk in _chunks(*out.shape[:2], dilation):
        seen = values.new_empty((36, chunk.count, filters.shape[1]))
        chunk.run(tiles.gather, numbers(values), numbers(seen), border)
        products = _products(seen, filters)
        chunk.run(tiles.combine, numbers(products), numbers(out))
        kept.append(seen)
    return kept


def _products(left: Tensor, right: Tensor) -> Tensor:
    """Multiply matrices pair by pair."""
    if chosen(left.dtype).batched:
        return torch.bmm(left, right)
    out = left.new_empty((len(left), left.shape[1], right.shape[2]))
    for one, other, product in zip(left, right, out, strict=True):
        torch.mm(one, other, out=product)
    return out


class _Chunk:
    """Some bands: rows of tiles of the dilation^2 images that a dilated convolution falls into.

    Parameters
    ----------
    bands : list of (int, int, int)
        Pixel of the first result (row, column), and tiles, of each band.
    dilation : int
    """

    def __init__(self, bands: list[tuple[int, int, int]], dilation: int) -> None:
        tiles_before = np.cumsum([0, *(columns for *_, columns in bands)])
        rows = [(y, x, n, c) for (y, x, c), n in zip(bands, tiles_before, strict=False)]
        self.bands, self.dilation = np.array(rows, np.int64), dilation
        self.count = int(tiles_before[-1])

    def run(self, kernel: Any, source: NDArray[Any], target: NDArray[Any], *more: int) -> None:
        """Let threads share the bands."""
        spans = parts(len(self.bands), self.count * 36 * source.shape[-1] // len(self.bands))
        each(
            spans,
            lambda _, top, end: kernel(source, target, self.bands, top, end, self.dilation, *more),
        )


@functools.lru_cache(maxsize=64)
def _chunks(height: int, width: int, dilation: int) -> list[_Chunk]:
    bands = []
    for y in range(min(dilation, height)):
        for x in range(min(dilation, width)):
            columns = -(-len(range(x, width, dilation)) // 4)
            bands += [(top, x, columns) for top in range(y, height, 4 * dilation)]
    pieces = max(1, sum(columns for *_, columns in bands) // CHUNK)
    edges = np.linspace(0, len(bands), min(pieces, len(bands)) + 1).astype(int).tolist()
    return [_Chunk(bands[top:bottom], dilation) for top, bottom in itertools.pairwise(edges)]
