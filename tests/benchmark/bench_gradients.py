"""How strongly each term of the proposed network's objective, eq. (3), pulls at the start.

``python -m tests.benchmark gradients``: the norm of the gradient by all weights, each term with its
weight, five BSDS500 val images at 80 x 120 pixels, n = 100, 2 blocks, before the first step.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import nn

from bench.datasets import open_dataset
from methods import get_method
from methods.neural import losses
from methods.neural.optimise import initialise, predict
from methods.neural.scene import Scene, make_scene
from tests.benchmark.row import Row
from tests.shared import BSDS500

N, HEIGHT, WIDTH = 100, 80, 120
EDGES = ("spatial", "published", "published-first")
Term = Callable[..., torch.Tensor]


def main() -> list[Row]:
    """Measure the norms. Needs BSDS500."""
    if not BSDS500.is_dir():
        return []
    dataset = open_dataset("bsds500", root=BSDS500, split="val")
    found = [norms(dataset.load(name).image) for name in sorted(dataset.names)[4::20]]
    size = f"mean of {len(found)} images at {HEIGHT} x {WIDTH}"
    return [
        Row(f"gradient norm, {term}", np.mean([each[term] for each in found]), "", None, size)
        for term in found[0]
    ]


def norms(image) -> dict[str, float]:
    """Return the norm of each term's gradient on one image."""
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    method = proposed("none")
    network, scene = method.layers(N, HEIGHT, WIDTH), make_scene(small, 1.0, "cpu")
    initialise(network, getattr(nn.init, method.start), method.seed)
    return {name: norm(network, scene, term) for name, term in terms(scene).items()}


def proposed(edge: str):
    """Return the network with the published weights and the blocks of the authors' demo."""
    return get_method("proposed", preset="paper", blocks=2, edge=edge, device="cpu")


def terms(scene: Scene) -> dict[str, Term]:
    """Return the terms by name, as functions of a prediction and its summary."""
    method = proposed("none")
    pairs = losses.smoothness_weights(scene.image, method.sigma)
    found: dict[str, Term] = {
        "clustering": lambda _, summary: losses.clustering(summary, method.lambda_),
        "smoothness": lambda _, summary: method.alpha * losses.smoothness(summary, pairs),
        "reconstruction": lambda prediction, _: (
            method.beta * losses.reconstruction(scene.image, prediction.reconstruction)
        ),
        "soft image": lambda _, summary: (
            method.beta * losses.reconstruction(scene.image, summary.soft_image)
        ),
    }
    for name in EDGES:
        objective = proposed(name).objective(scene)
        found[f"edge={name}"] = lambda prediction, summary, o=objective: (
            o.eta * (o.edge(prediction.reconstruction) + o.edge(summary.soft_image))
        )
    return found


def norm(network: nn.Module, scene: Scene, term: Term) -> float:
    """Return the norm of a term's gradient by all weights."""
    network.zero_grad()
    term(*predict(network, scene)).backward()
    squares = [(each.grad**2).sum() for each in network.parameters() if each.grad is not None]
    return float(torch.stack(squares).sum().sqrt())
