"""Perturbed images: how much a method's superpixels depend on noise, compression or orientation.

A perturbation is one entry of `KINDS`: what it does to the image, or, if it moves pixels, how it
moves them and back, which is then done to annotations and void pixels as well.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import Sample
from bench.errors import UsageError, hint

Picture = NDArray[np.uint8]
Array = NDArray[Any]


@dataclass(frozen=True)
class Kind:
    """A way to perturb an image.

    Attributes
    ----------
    what : str
        What it does, and what its number is.
    example : str
        As it is typed.
    allowed : callable or None
        Whether a number makes sense; None if it takes none.
    values : str
        Which numbers do, in words.
    colours : callable or None
        Changes the colours: of an image, the number and a generator of random numbers.
    move, undo : callable or None
        Move the pixels of an (H, W, ...) array, and move them back: of the array and the number.
    """

    what: str
    example: str
    allowed: Callable[[float], bool] | None = None
    values: str = ""
    colours: Callable[[Picture, float, np.random.Generator], Picture] | None = None
    move: Callable[[Array, float], Array] | None = None
    undo: Callable[[Array, float], Array] | None = None


def _noise(image: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    return _rounded(image + rng.normal(0.0, 255 * sigma, image.shape))


def _blur(image: Picture, sigma: float, _: np.random.Generator) -> Picture:
    from scipy.ndimage import gaussian_filter

    return _rounded(gaussian_filter(image.astype(float), (sigma, sigma, 0)))


def _jpeg(image: Picture, quality: float, _: np.random.Generator) -> Picture:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality))
    with Image.open(file) as read:
        return np.array(read.convert("RGB"))


def _gamma(image: Picture, exponent: float, _: np.random.Generator) -> Picture:
    return _rounded(255 * (image / 255) ** exponent)


def _rounded(values: NDArray[np.float64]) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


KINDS: dict[str, Kind] = {
    "noise": Kind(
        "Gaussian noise in each channel of sRGB; its standard deviation as a share of 255",
        "noise:0.05",
        lambda sigma: 0 < sigma <= 1,
        "above 0 and up to 1",
        colours=_noise,
    ),
    "blur": Kind(
        "Gaussian blur; its standard deviation in px",
        "blur:2",
        lambda sigma: 0 < sigma <= 100,
        "above 0 and up to 100",
        colours=_blur,
    ),
    "jpeg": Kind(
        "JPEG compression; its quality as libjpeg counts",
        "jpeg:30",
        lambda quality: quality == int(quality) and 1 <= quality <= 100,
        "a whole number from 1 to 100",
        colours=_jpeg,
    ),
    "gamma": Kind(
        "255 (v / 255) ^ gamma in each channel: below 1 brighter, above 1 darker",
        "gamma:0.7",
        lambda exponent: 0 < exponent <= 10 and exponent != 1,
        "above 0 and up to 10, but 1, which changes nothing",
        colours=_gamma,
    ),
    "flip": Kind(
        "mirrored, left to right",
        "flip",
        move=lambda array, _: array[:, ::-1],
        undo=lambda array, _: array[:, ::-1],
    ),
    "rotate": Kind(
        "turned anticlockwise; degrees",
        "rotate:90",
        lambda degrees: degrees in (90, 180, 270),
        "90, 180 or 270",
        move=lambda array, degrees: np.rot90(array, int(degrees) // 90),
        undo=lambda array, degrees: np.rot90(array, -int(degrees) // 90),
    ),
}


@dataclass(frozen=True)
class Perturbation:
    """One perturbation with its number; `str` is as results files have it, ``noise:0.05``."""

    name: str
    value: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return self.name
        whole = self.value == int(self.value)
        return f"{self.name}:{int(self.value) if whole else self.value!r}"

    def apply(self, sample: Sample) -> Sample:
        """Return the sample perturbed: its image, and with moved pixels all that goes with it.

        The same image is perturbed in the same way every time.
        """
        kind, value = KINDS[self.name], self.value or 0.0
        if kind.colours is not None:
            seed = hashlib.sha256(str(self).encode() + sample.image.tobytes()).digest()
            rng = np.random.default_rng(np.frombuffer(seed, np.uint32))
            changed = kind.colours(sample.image, value, rng)
            return replace(sample, image=np.ascontiguousarray(changed))
        move = kind.move
        assert move is not None
        return replace(
            sample,
            image=np.ascontiguousarray(move(sample.image, value)),
            truths=tuple(np.ascontiguousarray(move(truth, value)) for truth in sample.truths),
            void=None if sample.void is None else np.ascontiguousarray(move(sample.void, value)),
        )

    def undo(self, labels: Array) -> Array:
        """Move the pixels of a label map of the perturbed image back to those of the image."""
        undo = KINDS[self.name].undo
        return labels if undo is None else np.ascontiguousarray(undo(labels, self.value or 0.0))


def parse(text: str) -> Perturbation:
    """Read ``noise:0.05`` or ``flip``.

    Raises
    ------
    UsageError
        If there is no such perturbation, or its number is missing, superfluous or makes no sense.
    """
    name, colon, number = (part.strip() for part in text.partition(":"))
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(
            f"--perturb: unknown perturbation '{name}'{hint(name, KINDS)}; there are"
            f" {', '.join(each.example for each in KINDS.values())}"
        )
    if kind.allowed is None:
        if colon:
            raise UsageError(f"--perturb: '{text}': {name} takes no number; write {kind.example}")
        return Perturbation(name)
    try:
        value = float(number)
    except ValueError:
        raise UsageError(
            f"--perturb: '{text}' has no number; {name} needs one, {kind.values} ({kind.what}):"
            f" {kind.example}"
        ) from None
    if not np.isfinite(value) or not kind.allowed(value):
        raise UsageError(
            f"--perturb: {number} is no value of {name}; give one {kind.values} ({kind.what})"
        )
    return Perturbation(name, value)


def parse_all(text: str) -> list[Perturbation]:
    """Read ``noise:0.05,flip``, each once.

    Raises
    ------
    UsageError
        As `parse`, or if there is none.
    """
    parts: Sequence[str] = [part for part in (each.strip() for each in text.split(",")) if part]
    if not parts:
        examples = ",".join(kind.example for kind in KINDS.values())
        raise UsageError(f"--perturb: names no perturbation; write for example {examples}")
    return list(dict.fromkeys(map(parse, parts)))
