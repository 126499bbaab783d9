"""RIM, EA and the network of Eliasof et al. as a research script has them: eager PyTorch, float32.

Shares nothing with the package. Equation numbers are those of Eliasof, Ben Zikri, Treister, ICIP
2022. Every network maps the (1, 5, H, W) input to a reconstruction (3, H, W) and logits (N, H, W);
losses are written on the full tensor P (N, H, W) of probabilities and on the standardised colours
I (3, H, W).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (what everybody calls it)

DILATIONS = (1, 2, 4, 8)  # of the ASPP module


def standardised(channels):
    """Each channel of (C, H, W) with mean 0 and variance 1 (over N - 1); 0 where it is constant."""
    channels = np.asarray(channels, np.float64)
    out = np.zeros_like(channels)
    for k, channel in enumerate(channels):
        if channel.max() > channel.min():
            out[k] = (channel - channel.mean()) / channel.std(ddof=1)
    return torch.from_numpy(out.astype(np.float32))


def input_tensor(image):
    """(1, 5, H, W): R, G, B, row, column of an (H, W, 3) image."""
    rows, columns = np.indices(image.shape[:2])
    return standardised([*np.moveaxis(image, 2, 0), rows, columns])[None]


# Networks


def conv_in_relu(channels, width):
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, padding_mode="reflect", bias=False),
        nn.InstanceNorm2d(width, affine=True),
        nn.ReLU(),
    )


def zero_padded(channels, width, dilation):
    """A convolution of the ASPP module, or its projection."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation, bias=False),
        nn.InstanceNorm2d(width),
        nn.ReLU(),
    )


def feature_blocks(width, blocks):
    """ConvInReLU blocks of doubling width, and the width of the last."""
    widths = [5] + [width * 2**i for i in range(blocks)]
    layers = (conv_in_relu(a, b) for a, b in itertools.pairwise(widths))
    return nn.Sequential(*layers), widths[-1]


def xavier(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def he(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")


class Head(nn.Module):
    """3 channels of reconstruction and N logits."""

    def __init__(self, channels, n, bias=True):
        super().__init__()
        self.convolution = nn.Conv2d(channels, 3 + n, 1, bias=bias)
        self.norm = nn.InstanceNorm2d(n, affine=True)

    def forward(self, features):
        out = self.convolution(features)
        return out[0, :3], self.norm(out[:, 3:])[0]


class PlainRim(nn.Module):
    """RIM: Suzuki, ICASSP 2020."""

    def __init__(self, n, width=32, blocks=4):
        super().__init__()
        self.features, last = feature_blocks(width, blocks)
        self.head = Head(last, n)
        xavier(self)

    def forward(self, x):
        return self.head(self.features(x))


class PlainEa(nn.Module):
    """EA: Yu, Yang, Liu, ICIP 2021; cell (x, y) of the grid is channel y * nx + x."""

    def __init__(self, height, width_px, n, width=32, blocks=4):
        super().__init__()
        nx, ny = grid_of(height, width_px, n)
        self.features, last = feature_blocks(width, blocks)
        self.reconstruction, self.x, self.y = (
            nn.Sequential(nn.Conv2d(last, k, 1, bias=False), nn.InstanceNorm2d(k, affine=True))
            for k in (3, nx, ny)
        )
        he(self)

    def forward(self, x):
        features = self.features(x)
        across, down = self.x(features)[0], self.y(features)[0]
        logits = (down[:, None] * across[None, :]).flatten(0, 1)
        return self.reconstruction(features)[0], logits


def grid_of(height, width, n):
    """Columns and rows of EA's grid: floor sqrt(N W / H), floor sqrt(N H / W), from 1 to N."""
    columns, rows = math.isqrt(n * width // height), math.isqrt(n * height // width)
    return min(n, max(1, columns)), min(n, max(1, rows))


class PlainProposed(nn.Module):
    """The network of Eliasof et al., as their code or only their paper has it.

    `aspp` says whether its parallel convolutions are dilated.
    """

    def __init__(self, n, width=32, blocks=4, laplacian=True, aspp=True, network="code"):
        super().__init__()
        self.features, last = feature_blocks(width, blocks)
        self.laplacian = Laplacian() if laplacian else None
        channels = 2 * last if laplacian else last
        dilations = DILATIONS if aspp else (1, 1, 1, 1)
        self.aspp = nn.ModuleList(zero_padded(channels, last, d) for d in dilations)
        self.projection = zero_padded(4 * last, last, 1)
        self.block = zero_padded(last, last, 1) if network == "code" else conv_in_relu(last, last)
        self.head = Head(last, n, bias=network == "paper")
        xavier(self.features if network == "code" else self)

    def forward(self, x):
        features = self.features(x)
        if self.laplacian is not None:
            features = torch.cat([features, self.laplacian(features)], dim=1)
        features = torch.cat([branch(features) for branch in self.aspp], dim=1)
        return self.head(self.block(self.projection(features)))


class Laplacian(nn.Module):
    """The Laplacian response of (1, C, H, W)."""

    def forward(self, features):
        return laplacian(features)


def laplacian(channels):
    """3 x 3 Laplacian response of each of (1, C, H, W) channels, borders reflected."""
    kernel = torch.ones(1, 1, 3, 3, dtype=channels.dtype, device=channels.device)
    kernel[..., 1, 1] = -8
    count = channels.shape[1]
    padded = F.pad(channels, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(padded, (kernel / 16).repeat(count, 1, 1, 1), groups=count)


def scaled(response):
    """Divide by the largest magnitude, unless that is 0."""
    largest = response.abs().max()
    return response / largest if largest > 0 else response


# Losses


def log(values):
    """Logarithm, and a finite slope where a probability is 0."""
    return values.clamp_min(torch.finfo(values.dtype).tiny).log()


def differences(channels):
    """Differences of neighbours across and down of (C, H, W)."""
    return channels[:, :, 1:] - channels[:, :, :-1], channels[:, 1:] - channels[:, :-1]


def clustering(P, lambda_):
    """Eq. (4)."""
    mean = P.mean(dim=(1, 2))
    entropy = -(P * log(P)).sum(dim=0).mean()
    return entropy + lambda_ * (mean * log(mean)).sum()


def smoothness(P, guide, sigma):
    """Eq. (5), with the mean over the pairs of each direction, as the codes have it."""
    total = 0.0
    for dP, dG in zip(differences(P), differences(guide), strict=True):
        if dP.numel() > 0:
            weight = torch.exp(-dG.square().sum(dim=0) / sigma)
            total = total + (dP.abs().sum(dim=0) * weight).mean()
    return total


def contour(P, guide):
    """EA's contour term: -mean(g log |dP|_1) of both directions, g the normalised dG^2."""
    total = 0.0
    for dP, dG in zip(differences(P), differences(guide), strict=True):
        if dP.numel() > 0:
            g = 2 * sum(min_max_normalised(channel) for channel in dG.square())
            total = total - (g * torch.log(dP.abs().sum(dim=0) + 1e-16)).mean()
    return total


def min_max_normalised(values):
    """Values stretched to 0..1; 0 where they are constant."""
    lowest, highest = values.min(), values.max()
    return (values - lowest) / (highest - lowest) if highest > lowest else torch.zeros_like(values)


def soft_image(P, rgb):
    """Eq. (2) as meant: sum_s P_s c_s, c_s the mean colour weighted by P_s."""
    weights, colours = P.flatten(1), rgb.flatten(1)
    areas = weights.sum(dim=1).clamp_min(torch.finfo(P.dtype).tiny)
    means = colours @ weights.T / areas
    return (means @ weights).view_as(rgb)


def reconstruction_error(rgb, *others):
    """Eqs. (6) and (7): the mean squared errors of all others, summed."""
    return sum((rgb - other).square().mean() for other in others)


def response(image):
    """Laplacian response of (3, H, W)."""
    return laplacian(image[None])[0]


def edge_spatial(rgb, *others):
    """Eq. (8), a distribution over the pixels per channel: KL in nats, mean over channels."""

    def log_of_distribution(image):
        return torch.log_softmax(scaled(response(image)).flatten(1), dim=1)

    log_E = log_of_distribution(rgb)
    total = 0.0
    for other in others:
        divergences = (log_E.exp() * (log_E - log_of_distribution(other))).sum(dim=1)
        total = total + divergences.mean()
    return total


def edge_published(rgb, *others):
    """The authors' newest code: softmax over columns, a probability for its logarithm, a sum."""
    log_E = torch.log_softmax(scaled(response(rgb)), dim=2)
    others = [torch.softmax(scaled(response(other)), dim=2) for other in others]
    return sum((log_E.exp() * (log_E - other)).sum() for other in others)


def edge_published_first(rgb, *others):
    """Their first code: softmax over colours, a probability for its logarithm, a mean."""
    log_E = torch.log_softmax(scaled(response(rgb)), dim=0)
    others = [torch.softmax(scaled(response(other)), dim=0) for other in others]
    return sum((log_E.exp() * (log_E - other)).mean() for other in others)


# Objectives: functions of P, the reconstruction and the standardised colours


def rim_objective(P, reconstruction, rgb, lambda_=2.0, alpha=2.0, beta=10.0, sigma=8.0):
    return (
        clustering(P, lambda_)
        + alpha * smoothness(P, rgb, sigma)
        + beta * reconstruction_error(rgb, reconstruction)
    )


def ea_objective(P, reconstruction, rgb, guide, lambda_=1.5, alpha=2.0, beta=10.0, sigma=8.0):
    """`guide`: EA's guidance image, (3, H, W)."""
    return (
        clustering(P, lambda_)
        + alpha * (smoothness(P, guide, sigma) + 0.75 * contour(P, guide))
        + beta * reconstruction_error(rgb, reconstruction)
    )


def proposed_objective(
    P,
    reconstruction,
    rgb,
    lambda_=2.0,
    alpha=2.0,
    beta=10.0,
    eta=1.0,
    sigma=8.0,
    edge="spatial",
    with_soft_image=True,
):
    """Eq. (3); `with_soft_image` concerns the second term of eq. (7) only."""
    soft = soft_image(P, rgb)
    compared = (reconstruction, soft) if with_soft_image else (reconstruction,)
    total = clustering(P, lambda_) + alpha * smoothness(P, rgb, sigma)
    total = total + beta * reconstruction_error(rgb, *compared)
    if edge == "spatial":
        total = total + eta * edge_spatial(rgb, reconstruction, soft)
    elif edge == "published":
        total = total + 0.5 * alpha * edge_published(rgb, reconstruction, soft)
    elif edge == "published-first":
        total = total + 0.5 * alpha * edge_published_first(rgb, reconstruction, soft)
    return total


# The loop


class Optimised(NamedTuple):
    """What an optimised network gives for its image, and the loss before each step."""

    reconstruction: torch.Tensor
    P: torch.Tensor
    logits: torch.Tensor
    labels: torch.Tensor
    losses: list[float]


def optimise(network, objective, image, iterations, lr=0.01):
    """Plain Adam on ``objective(P, reconstruction, rgb)`` for an (H, W, 3) image."""
    x = input_tensor(image).to(next(network.parameters()))
    adam = torch.optim.Adam(network.parameters(), lr=lr)
    losses = []
    for _ in range(iterations):
        adam.zero_grad()
        reconstruction, logits = network(x)
        loss = objective(torch.softmax(logits, dim=0), reconstruction, x[0, :3])
        loss.backward()
        adam.step()
        losses.append(loss.item())
    with torch.no_grad():
        reconstruction, logits = network(x)
    P, labels = torch.softmax(logits, dim=0), logits.argmax(dim=0)
    return Optimised(reconstruction, P, logits, labels, losses)
