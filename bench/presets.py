"""Which preset "auto" stands for in a run, and how the user is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from methods.device import auto_preset, cuda_available

if TYPE_CHECKING:
    from bench.plan import Variant

#: The data set that comes along is for a first look, which nobody wants to wait hours for.
FIRST_LOOK = "sample"

_OTHERS = {
    "quick": "--preset paper for the published settings",
    "paper": "--preset quick for a faster try",
}


def choose_preset(asked: str, device: str, dataset: str) -> str:
    """Return the preset that is meant.

    Parameters
    ----------
    asked : str
        What the user asked for, perhaps "auto".
    device : str
        Where the method runs.
    dataset : str
        Name of the data set, or empty.
    """
    if asked != "auto":
        return asked
    return "quick" if dataset == FIRST_LOOK else auto_preset(device)


def explain_presets(variants: Iterable[Variant], dataset: str) -> Iterator[str]:
    """Say once for each preset that "auto" chose: for which methods, and why.

    Parameters
    ----------
    variants : iterable of Variant
    dataset : str
        Name of the data set that they were chosen for.
    """
    names: dict[tuple[str, str], dict[str, None]] = {}
    for variant in variants:
        if variant.preset_asked == "auto":
            chosen = str(variant.given["preset"])
            names.setdefault((chosen, _reason(variant.device, dataset)), {})[variant.name] = None
    for (preset, reason), methods in names.items():
        cure = f"; {_OTHERS[preset]}" if preset in _OTHERS else ""
        yield f"{', '.join(methods)}: preset {preset} ({reason}{cure})"


def _reason(device: str, dataset: str) -> str:
    if dataset == FIRST_LOOK:
        return "the sample images are for a first look"
    if device != "cpu":
        return "on CUDA"
    return "on the CPU" if cuda_available() else "no CUDA device"
