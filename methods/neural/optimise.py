"""The one loop by which all networks are optimised, on the image that they segment."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from methods import progress
from methods.neural.features import Convolution
from methods.neural.heads import Prediction
from methods.neural.losses import Summary, summarise
from methods.neural.objective import Objective
from methods.neural.scene import Scene

#: Of how many sizes and counts a process keeps compiled code. PyTorch's own limit, 8, is soon met
#: by three networks, six counts and two orientations; what comes later would run uncompiled.
SHAPES = 1 << 10


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
    with torch._dynamo.config.patch(
        suppress_errors=True, recompile_limit=SHAPES, accumulated_recompile_limit=SHAPES
    ):
        yield torch.compile(loss_of, dynamic=False)


class Adam:
    """Steps of Adam.

    Parameters
    ----------
    network : nn.Module
    learning_rate : float
    """

    def __init__(self, network: nn.Module, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        others = self.others(network)
        self.optimisers: list[Optimizer] = [torch.optim.Adam(others, lr=learning_rate, fused=True)]

    def others(self, network: nn.Module) -> list[nn.Parameter]:
        """Return what Adam optimises."""
        return list(network.parameters())

    def slow_down(self, share: float) -> None:
        """Set the learning rate to a share of what it was at first."""
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = share * self.learning_rate

    def take(self) -> None:
        """Take a step along the gradients."""
        for optimiser in self.optimisers:
            optimiser.step()


class Muon(Adam):
    """Steps of Muon for the convolutions, each a matrix of its inputs by its outputs.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024. Steps are as
    large as Adam's (Liu et al., arXiv 2502.16982), so that one learning rate serves both.
    """

    def __init__(self, network: nn.Module, learning_rate: float) -> None:
        self.weights = [m.weight for m in network.modules() if isinstance(m, Convolution)]
        super().__init__(network, learning_rate)
        # the same memory in another shape
        shared = [w.detach().permute(2, 3, 1, 0).view(-1, w.shape[0]) for w in self.weights]
        self.matrices = [nn.Parameter(matrix) for matrix in shared]
        muon = torch.optim.Muon(
            self.matrices, lr=learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
        )
        self.optimisers.append(muon)

    def others(self, network: nn.Module) -> list[nn.Parameter]:
        """Return the parameters that are no weights of convolutions."""
        matrices = {id(weight) for weight in self.weights}
        return [each for each in network.parameters() if id(each) not in matrices]

    def take(self) -> None:
        """Take a step along the gradients."""
        for weight, matrix in zip(self.weights, self.matrices, strict=True):
            assert weight.grad is not None
            matrix.grad = weight.grad.permute(2, 3, 1, 0).reshape(matrix.shape)
        super().take()


def optimise(
    network: nn.Module,
    scene: Scene,
    objective: Objective,
    iterations: int,
    learning_rate: float = 0.01,
    decay: str = "none",
    optimiser: str = "adam",
) -> NDArray[np.float64]:
    """Minimise the objective; return its value before every step.

    Parameters
    ----------
    network : nn.Module
    scene : Scene
    objective : Objective
    iterations : int
    learning_rate : float
    decay : {"none", "cosine"}
        ``"cosine"`` lets the learning rate fall to 0 over all steps.
    optimiser : {"adam", "muon"}
        Muon for the weights of convolutions, with Adam for all others, or Adam for all.

    Raises
    ------
    ValueError
        If the loss, or a weight after the last step, is no number any more.
    """
    steps = Muon(network, learning_rate) if optimiser == "muon" else Adam(network, learning_rate)
    values = []
    with compiled_for(next(network.parameters()).device.type) as value_of:
        for i in range(iterations):
            if decay == "cosine":
                steps.slow_down((1 + math.cos(math.pi * i / iterations)) / 2)
            network.zero_grad()
            loss = value_of(network, scene, objective)
            loss.backward()  # type: ignore[no-untyped-call]
            steps.take()
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
