"""What a figure of one image says below itself of how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports.data.words import counted

if TYPE_CHECKING:
    from bench.planning.variants import Variant


def caption(variants: Sequence[Variant], n: int, seed: int) -> str:
    """Say how the figure was made: the count, the seed, the presets."""
    asked = f"{counted(n, 'superpixel')} asked for"
    if any("seed" in v.takes and "seed" not in v.given for v in variants):
        asked += f", seed {seed}"
    return " ".join([f"{asked}.", *_presets(variants)])


def _presets(variants: Sequence[Variant]) -> Iterator[str]:
    """Say which preset was used, with its settings, and of which methods."""
    from bench.planning.variants import PUBLISHED
    from methods.registry import get_class

    titles: dict[str, dict[str, None]] = {}
    for variant in variants:
        preset = variant.given.get("preset")
        if preset is None:
            continue
        settings = get_class(variant.name).presets.get(preset, {})
        values = ", ".join(f"{key.replace('_', ' ')} {variant.params[key]}" for key in settings)
        words = f"preset {preset}" + (f" ({values})" if values else "")
        words += "" if preset == PUBLISHED else ", not the published settings"
        titles.setdefault(words, {})[variant.title] = None
    for words, names in titles.items():
        yield f"{', '.join(names)}: {words}."
