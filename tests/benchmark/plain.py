"""The networks as a research script has them: eager PyTorch, float32, the same weights at first."""

from functools import partial

import torch

from methods.neural.guidance import guidance
from tests.oracle import oracle_networks as oracle

NETWORKS = {
    "rim": lambda m, n, height, width: oracle.PlainRim(n, m.width, m.blocks),
    "ea": lambda m, n, height, width: oracle.PlainEa(height, width, n, m.width, m.blocks),
    "proposed": lambda m, n, height, width: oracle.PlainProposed(
        n, m.width, m.blocks, network=m.network
    ),
}


def plain_network(method, network, n, height, width):
    """Return the plain twin of a method's network for an image of height x width pixels."""
    plain = NETWORKS[method.name](method, n, height, width)
    copy_weights(network, plain)
    return plain


def copy_weights(network, plain):
    """Let the plain network start where the other one does; norms and constants do so anyway.

    Both have their convolutions in the same order; where the plain one has several for one of the
    other's, these are one after the other in its output channels.
    """
    pieces = (parameter for parameter in plain.parameters() if parameter.dim() == 4)
    with torch.no_grad():
        for weight in (each for each in network.parameters() if each.dim() == 4):
            done = 0
            while done < len(weight):
                piece = next(pieces)
                piece.copy_(weight[done : done + len(piece)])
                done += len(piece)
    if next(pieces, None) is not None:
        raise ValueError("the plain network has further convolutions")


def plain_objective(method, pixels, device="cpu"):
    """Return a method's published objective for an (H, W, 3) image."""
    if method.name != "ea":
        return {"rim": oracle.rim_objective, "proposed": oracle.proposed_objective}[method.name]
    guide = torch.from_numpy(guidance(pixels)).permute(2, 0, 1).to(device)
    return partial(oracle.ea_objective, guide=guide)
