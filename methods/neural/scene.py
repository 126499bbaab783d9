"""An image at some resolution, as network and objective see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from methods.neural.losses import bordered

SMALLEST_SIDE = 2  # reflection needs a second pixel


@dataclass(frozen=True)
class Scene:
    """An image at some resolution.

    Attributes
    ----------
    pixels : (H, W, 3) ndarray of uint8
        sRGB.
    image : (H, W, 3) Tensor of float32
        Standardised RGB: every channel has mean 0 and variance 1, or is 0 if it is constant.
    inputs : (H + 2, W + 2, 5) Tensor
        RGB, row and column, standardised, with a reflected border, in the precision of the network.
    """

    pixels: NDArray[np.uint8]
    image: Tensor
    inputs: Tensor


def make_scene(
    image: NDArray[np.uint8], scale: float, device: str, dtype: torch.dtype = torch.float32
) -> Scene:
    """Return an image, made smaller by averaging areas, with sides of at least 2 pixels."""
    sides = [max(SMALLEST_SIDE, round(side * scale)) for side in image.shape[:2]]
    small = [int(each) for each in np.minimum(sides, image.shape[:2])]
    pixels = cv2.resize(image, small[::-1], interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[: small[0], : small[1]]
    channels = torch.from_numpy(standardised(np.dstack([pixels, rows, columns]))).to(device)
    inputs = bordered(channels).to(dtype).contiguous()
    return Scene(pixels.astype(np.uint8, copy=False), channels[..., :3].contiguous(), inputs)


def standardised(channels: NDArray[np.number[Any]]) -> NDArray[np.float32]:
    """Return channels with mean 0 and variance 1 (over N - 1); a constant one becomes 0."""
    centred = channels - channels.mean((0, 1))
    deviation = _deviation(centred)
    varies = channels.min((0, 1)) < channels.max((0, 1))
    result = centred * varies / np.where(varies, deviation, 1)
    return np.ascontiguousarray(result, np.float32)


def colours(image: Tensor, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return standardised RGB as RGB in [0, 1], with mean and deviation of `pixels`."""
    mean = pixels.mean((0, 1))
    values = image.float().cpu().numpy() * _deviation(pixels - mean) + mean
    return np.asarray(np.clip(values / 255, 0, 1), np.float32)


def _deviation(centred: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the standard deviation over N - 1 pixels of channels whose mean is 0."""
    pixels = centred.shape[0] * centred.shape[1]
    return np.asarray(np.sqrt((centred**2).sum((0, 1)) / max(pixels - 1, 1)))
