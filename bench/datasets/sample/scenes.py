"""The scenes of the embedded data set by name."""

from __future__ import annotations

from collections.abc import Callable

from bench.datasets.sample.close_ups import leaves, snake, still_life, vase
from bench.datasets.sample.paint import Scene
from bench.datasets.sample.views import balloons, harbour, hills, lighthouse, reef, street

SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene
    for scene in (
        balloons,
        harbour,
        hills,
        leaves,
        lighthouse,
        reef,
        snake,
        still_life,
        street,
        vase,
    )
}
