"""The one loop by which all networks are optimised, on the image that they segment."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from methods import progress
from methods.neural.features import Convolution
from methods.neural.heads import Prediction
from methods.neural.losses import Summary, summarise
from methods.neural.objective import Objective
from methods.neural.scene import Scene


def initialise(network: nn.Module, start: Callable[..., Tensor], seed: int) -> None:
    """Draw the weights of all convolutions; other parameters keep what they are made with.

    Parameters
    ----------
    network : nn.Module
    start : callable
        Such as `torch.nn.init.xavier_normal_`; for those that do not bring their own.
    seed : int
        The weights depend on it alone, not on what was drawn before.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, Convolution):
            (module.start or start)(module.weight, generator=generator)


def predict(network: nn.Module, scene: Scene) -> tuple[Prediction, Summary]:
    """Return what a network says of an image."""
    prediction: Prediction = network(scene.inputs)
    return prediction, summarise(prediction.logits, scene.image)


def loss_of(network: nn.Module, scene: Scene, objective: Objective) -> Tensor:
    """Return what is to be minimised."""
    return objective(*predict(network, scene))


@contextlib.contextmanager
def compiled_for(device: str) -> Iterator[Callable[..., Tensor]]:
    """Give `loss_of`, on CUDA with its many small operations joined, where that is possible."""
    if device != "cuda":
        yield loss_of  # `methods.neural.fused` has joined them
        return
    with torch._dynamo.config.patch(suppress_errors=True):
        yield torch.compile(loss_of)


def optimise(
    network: nn.Module,
    scene: Scene,
    objective: Objective,
    iterations: int,
    learning_rate: float = 0.01,
    decay: str = "none",
) -> NDArray[np.float64]:
    """Minimise the objective by Adam; return its value before every step.

    Parameters
    ----------
    network : nn.Module
    scene : Scene
    objective : Objective
    iterations : int
    learning_rate : float
    decay : {"none", "cosine"}
        ``"cosine"`` lets the learning rate fall to 0 over all steps.

    Raises
    ------
    ValueError
        If the loss, or a weight after the last step, is no number any more.
    """
    adam = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    values = []
    with compiled_for(next(network.parameters()).device.type) as value_of:
        for i in range(iterations):
            if decay == "cosine":
                for group in adam.param_groups:
                    group["lr"] = learning_rate * (1 + math.cos(math.pi * i / iterations)) / 2
            adam.zero_grad()
            loss = value_of(network, scene, objective)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            values.append(loss.detach())
            progress.report(i + 1, iterations)
    return checked(torch.stack(values).double().cpu().numpy(), network, learning_rate)


def checked(
    losses: NDArray[np.float64], network: nn.Module, learning_rate: float
) -> NDArray[np.float64]:
    """Return the losses, or raise the error of `optimise`."""
    if not (np.isfinite(losses[-1]) and all(w.isfinite().all() for w in network.parameters())):
        good = int(np.isfinite(losses).argmin()) if not np.isfinite(losses[-1]) else len(losses)
        raise ValueError(
            f"loss or weights are no numbers any more after {good} of {len(losses)} iterations: "
            f"learning_rate={learning_rate:g} is too high, or a weight of the objective is; 0.01 "
            "is published"
        )
    return losses
