"""The terms of the objectives, each a pure function named after its equation.

Equations are those of Eliasof, Ben Zikri, Treister, "Rethinking Unsupervised Neural Superpixel
Segmentation", ICIP 2022 (arXiv 2206.10213). Images and maps are (H, W, channels); an image is
standardised RGB. A term looks at the assignment P through its `Summary`, which costs one pass over
P's H x W x N values and is the only place where they are touched.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from methods.neural import fused

#: Added to the |dP| of `contour` before the logarithm.
TINY = 1e-16


class Summary(NamedTuple):
    """What the losses need to know of the soft assignment P, the softmax of the logits.

    Attributes
    ----------
    entropy : () Tensor
        Mean entropy of a pixel's assignment, in nats.
    mean : (N,) Tensor
        Mean probability of every superpixel.
    across, down : (H, W) Tensor
        Sum over s of |P_s(neighbour) - P_s|, with the neighbour to the right (below); 0 at the
        last column (row).
    soft_image : (H, W, 3) Tensor
        Soft superpixelated image, eq. (2) as meant: sum_s P_ijs c_s, where c_s is the mean colour
        of superpixel s weighted by P. (As printed, eq. (2) is the same colour at every pixel.)
    """

    entropy: Tensor
    mean: Tensor
    across: Tensor
    down: Tensor
    soft_image: Tensor


def summarise(logits: Tensor, image: Tensor) -> Summary:
    """Return the summary of the soft assignment.

    Parameters
    ----------
    logits : (H, W, N) Tensor
    image : (H, W, 3) Tensor
    """
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        return Summary(*fused.summarise(logits.contiguous(), image))
    return plain_summary(logits, image)


def plain_summary(logits: Tensor, image: Tensor) -> Summary:
    """Return the same, in PyTorch's own operations, for any device and type of number."""
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    areas = p.sum((0, 1))
    colours = (
        torch.einsum("hws,hwc->sc", p, image)
        / areas.clamp_min(torch.finfo(areas.dtype).tiny)[:, None]
    )
    return Summary(
        entropy=-(p * log_p).sum(-1).mean(),
        mean=areas / p[..., 0].numel(),
        across=functional.pad(p.diff(dim=1).abs().sum(-1), (0, 1)),
        down=functional.pad(p.diff(dim=0).abs().sum(-1), (0, 0, 0, 1)),
        soft_image=p @ colours,
    )


def clustering(summary: Summary, lambda_: float) -> Tensor:
    """Eq. (4): mean entropy of the pixels, minus `lambda_` times the entropy of the mean."""
    mean = summary.mean.clamp_min(torch.finfo(summary.mean.dtype).tiny)
    return summary.entropy + lambda_ * (mean * mean.log()).sum()


class Pairs(NamedTuple):
    """A weight for every pair of a pixel and its neighbour to the right (below)."""

    across: Tensor
    down: Tensor


def squared_steps(image: Tensor) -> Pairs:
    """Return the squared difference of neighbours, (H, W, C); 0 at the last column (row)."""
    return Pairs(
        functional.pad(image.diff(dim=1) ** 2, (0, 0, 0, 1)),
        functional.pad(image.diff(dim=0) ** 2, (0, 0, 0, 0, 0, 1)),
    )


def smoothness_weights(image: Tensor, sigma: float) -> Pairs:
    """Return the weights of eq. (5): exp(-|dI|^2 / sigma), (H, W).

    Each direction's mean over its own pairs is included, as in the published codes of all three
    networks, where the equation divides both by H W.
    """
    across, down = (torch.exp(-step.sum(-1) / sigma) for step in squared_steps(image))
    height, width = across.shape
    return Pairs(across / max(height * (width - 1), 1), down / max((height - 1) * width, 1))


def smoothness(summary: Summary, weights: Pairs) -> Tensor:
    """Eq. (5): weighted mean of |dP| over the pairs of each direction, both added."""
    return (summary.across * weights.across + summary.down * weights.down).sum()


def contour_weights(guidance: Tensor) -> Pairs:
    """Return the weights of `contour`, each direction's mean over its pairs included, (H, W).

    Squared steps of the guidance image, min-max normalised per direction and channel (0 where a
    channel is constant), summed over the channels, times 2.
    """
    return Pairs(*(_contour_weight(steps, pairs) for steps, pairs in _steps_with_pairs(guidance)))


def _steps_with_pairs(image: Tensor) -> list[tuple[Tensor, tuple[slice, slice]]]:
    """Return each direction's steps, and which pixels have a neighbour there."""
    every, but_last = slice(None), slice(-1)
    across, down = squared_steps(image)
    return [(across, (every, but_last)), (down, (but_last, every))]


def _contour_weight(steps: Tensor, pairs: tuple[slice, slice]) -> Tensor:
    weight = torch.zeros_like(steps[..., 0])
    among = steps[pairs]
    if among.numel():
        low, high = among.amin((0, 1)), among.amax((0, 1))
        span = torch.where(high > low, high - low, torch.ones_like(high))
        weight[pairs] = 2 * ((among - low) / span).sum(-1) / among[..., 0].numel()
    return weight


def contour(summary: Summary, weights: Pairs) -> Tensor:
    """Return EA's contour term: -mean(g log(|dP| + 1e-16)), both directions added.

    Yu, Yang, Liu, "Edge-Aware Superpixel Segmentation with Unsupervised Convolutional Neural
    Networks", ICIP 2021 (doi 10.1109/ICIP42928.2021.9506728).
    """
    across = weights.across * (summary.across + TINY).log()
    return -(across + weights.down * (summary.down + TINY).log()).sum()


def reconstruction(image: Tensor, other: Tensor) -> Tensor:
    """Eq. (6), and either part of eq. (7): mean squared difference."""
    return functional.mse_loss(other, image)


def laplacian(image: Tensor) -> Tensor:
    """Return the response to [1 1 1; 1 -8 1; 1 1 1] / 16 with reflection at the borders."""
    return bordered_laplacian(bordered(image))


def bordered(image: Tensor) -> Tensor:
    """Return an (H, W, C) tensor with one more pixel on each side, by reflection."""
    if image.device.type != "cpu":
        return framed(image)
    planes: Tensor = functional.pad(image.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="reflect")
    return planes.squeeze(0).permute(1, 2, 0)


def framed(image: Tensor) -> Tensor:
    """Return the same from slices: padding on CUDA adds up its slopes in an order of chance."""
    rows = torch.cat([image[1:2], image, image[-2:-1]])
    return torch.cat([rows[:, 1:2], rows, rows[:, -2:-1]], 1)


def bordered_laplacian(image: Tensor) -> Tensor:
    """Return the response of an (H + 2, W + 2, C) tensor without its border, (H, W, C)."""
    rows = image[:-2] + image[1:-1] + image[2:]
    box = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return (box - 9 * image[1:-1, 1:-1]) / 16


def largest_is_one(response: Tensor) -> Tensor:
    """Return a response divided by its largest magnitude; all of it 0 stays so."""
    largest = response.abs().max()
    return response / torch.where(largest > 0, largest, torch.ones_like(largest))


def edges_over_pixels(image: Tensor) -> Tensor:
    """Return the logarithm of each channel's edges as a distribution over the pixels, (H W, C).

    The softmax of the Laplacian response divided by its largest magnitude.
    """
    return largest_is_one(laplacian(image)).flatten(0, 1).log_softmax(0)


def edge_spatial(edges: Tensor, other: Tensor) -> Tensor:
    """Eq. (8), one of its two parts, as the text means it.

    KL divergence in nats, mean over the channels, of `edges_over_pixels`: those of the image, which
    are given, from those of the other.
    """
    return (edges.exp() * (edges - edges_over_pixels(other))).sum(0).mean()


def edges_over_columns(image: Tensor) -> Tensor:
    """Return the logarithm of edges as a distribution over each row's columns, (H, W, C)."""
    return largest_is_one(laplacian(image)).log_softmax(1)


def edge_published(edges: Tensor, other: Tensor) -> Tensor:
    """Eq. (8), one of its two parts, as the newest published code computes it.

    Of `edges_over_columns`, with a probability as the second argument of the divergence where its
    logarithm belongs; the sum over all values. The edges of the image are given.
    """
    return (edges.exp() * (edges - edges_over_columns(other).exp())).sum()


def edges_over_colours(image: Tensor) -> Tensor:
    """Return the logarithm of each pixel's edges as a distribution over its colours, (H, W, C)."""
    return largest_is_one(laplacian(image)).log_softmax(-1)


def edge_published_first(edges: Tensor, other: Tensor) -> Tensor:
    """Eq. (8), one of its two parts, as the first published code computes it.

    As `edge_published`, but of `edges_over_colours`, and the mean over all values.
    """
    return (edges.exp() * (edges - edges_over_colours(other).exp())).mean()
