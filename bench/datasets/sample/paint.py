"""Painting a sample image: regions filled with natural texture, edges, shading, shadows, noise."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import DatasetError
from bench.datasets.sample.shapes import Shape, coverage, move

# (H, W) of a scene.
LANDSCAPE = (160, 240)
PORTRAIT = (240, 160)

Colour = tuple[int, int, int]
Image = NDArray[np.float32]


@dataclass(frozen=True)
class Texture:
    """A crop of one of the photographs in scikit-image's wheel.

    Only those are used that scikit-image documents as CC0, in the public domain, or without known
    copyright restrictions.

    `crop` is (row, column, height, width) in the photograph; it is stretched over the whole
    sample image, so a smaller crop makes a coarser texture. `contrast` scales its variation.
    """

    photograph: str
    crop: tuple[int, int, int, int]
    contrast: float = 1.0
    quarter_turn: bool = False


@dataclass(frozen=True)
class Shadow:
    """The shadow a layer casts on what lies behind it: no boundary of any region."""

    rows: float
    columns: float
    blur: float = 3.0
    strength: float = 0.45


@dataclass(frozen=True, eq=False)
class Layer:
    """One region, painted over those before it.

    Attributes
    ----------
    path : str
        What it is, coarse to fine: ``"foreground/boat/sail"``. Layers of one path are one region.
    shape : Shape or None
        Its outline; None covers the whole image.
    texture : Texture
    colour : tuple of int
        Its mean sRGB colour before shading.
    soft : float
        Standard deviation of its edge's blur, px; 0 is as sharp as the camera.
    ramp : tuple of float
        Change of brightness from its middle to its lower and to its right end, as a share.
    round : float
        Fall of brightness from a highlight at its upper left, as on a ball.
    shadow : Shadow or None
    """

    path: str
    shape: Shape | None
    texture: Texture
    colour: Colour
    soft: float = 0.0
    ramp: tuple[float, float] = (0.0, 0.0)
    round: float = 0.0
    shadow: Shadow | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """The recipe of one sample image.

    `light` is the change of brightness from the middle to the lower and the right edge of the
    image; `shade` darkens everything inside it, as a tree outside the picture does; `lens` is the
    blur of the camera in pixels, `noise` the standard deviation at full brightness, of 255.
    """

    size: tuple[int, int]
    layers: tuple[Layer, ...]
    light: tuple[float, float] = (0.0, 0.0)
    shade: Shape = ()
    lens: float = 0.45
    noise: float = 4.0


def paint(scene: Scene, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], list[str]]:
    """Paint a scene.

    Returns
    -------
    image : ndarray of uint8, shape (H, W, 3)
    regions : ndarray of int32, shape (H, W)
        Index into `paths` of the topmost layer that covers at least half of each pixel.
    paths : list of str
        The distinct paths of the layers.
    """
    canvas = np.zeros((*scene.size, 3), dtype=np.float32)
    regions = np.zeros(scene.size, dtype=np.int32)
    paths = list(dict.fromkeys(layer.path for layer in scene.layers))
    for layer in scene.layers:
        covered = _covered(layer, scene.size)
        regions[covered >= 0.5] = paths.index(layer.path)
        if layer.shadow is not None:
            _darken(canvas, layer.shadow, layer.shape or (), scene.size)
        _blend(canvas, layer, covered)
    return _expose(canvas, scene, seed), regions, paths


def _covered(layer: Layer, size: tuple[int, int]) -> Image:
    if layer.shape is None:
        return np.ones(size, dtype=np.float32)
    return coverage(layer.shape, size)


def _darken(canvas: Image, shadow: Shadow, shape: Shape, size: tuple[int, int]) -> None:
    dark = _blur(coverage(move(shape, shadow.rows, shadow.columns), size), shadow.blur)
    canvas *= 1 - shadow.strength * dark[:, :, None]


def _blur(pixels: Image, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.float32) if sigma else pixels


def _blend(canvas: Image, layer: Layer, covered: Image) -> None:
    """Paint a layer over the canvas, within the rectangle that it touches."""
    alpha = _blur(covered, layer.soft)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not rows.size:
        return
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    fill = _fill(layer.texture, covered.shape)[window] * np.asarray(layer.colour, np.float32)
    if layer.round or any(layer.ramp):
        fill *= _shading(layer, fill.shape[0], fill.shape[1])[:, :, None]
    part = alpha[window][:, :, None]
    canvas[window] += part * (fill - canvas[window])


def _shading(layer: Layer, height: int, width: int) -> Image:
    """Return the brightness over a layer's bounding rectangle, coordinates -1 to 1 in it."""
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    ball = layer.round * (0.35 - (u + 0.35) ** 2 * 0.6 - (v + 0.4) ** 2 * 0.6)
    return np.maximum(1 + layer.ramp[0] * v + layer.ramp[1] * u + ball, 0.08)


@functools.lru_cache(maxsize=64)
def _fill(texture: Texture, size: tuple[int, int]) -> Image:
    """Return the texture at image size as brightness around 1, shape (H, W, 3)."""
    top, left, height, width = texture.crop
    crop = _photograph(texture.photograph)[top : top + height, left : left + width]
    if texture.quarter_turn:
        crop = crop.transpose(1, 0, 2)
    shrinks = crop.shape[0] >= size[0] and crop.shape[1] >= size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    pixels = cv2.resize(crop.astype(np.float32), size[::-1], interpolation=method)
    mean = np.asarray(cv2.mean(pixels)[:3], np.float32)
    fill: Image = np.maximum(1 + texture.contrast * (np.asarray(pixels, np.float32) / mean - 1), 0)
    return fill


@functools.lru_cache(maxsize=16)
def _photograph(name: str) -> NDArray[np.uint8]:
    # Found without importing scikit-image, whose own loader may go to the network.
    spec = importlib.util.find_spec("skimage")
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders or [""]))) / "data" / name
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise DatasetError(
            f"the photograph {path} of the package scikit-image is missing, and the sample images "
            "are made from it; install scikit-image again from its wheel"
        )
    return np.asarray(pixels, dtype=np.uint8)


def _expose(canvas: Image, scene: Scene, seed: int) -> NDArray[np.uint8]:
    """Light the finished canvas and take the picture: lens, noise that grows with light, 8 bits."""
    height, width = scene.size
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    canvas = canvas * (1 + scene.light[0] * v + scene.light[1] * u)
    if scene.shade:
        _darken(canvas, Shadow(0, 0, blur=1.2, strength=0.42), scene.shade, scene.size)
    canvas = _blur(canvas, scene.lens)
    rng = np.random.Generator(np.random.PCG64(seed))
    grain = rng.standard_normal(canvas.shape, dtype=np.float32)
    canvas += scene.noise * np.sqrt(np.clip(canvas, 8, 255) / 255) * grain
    return np.rint(np.clip(canvas, 0, 255)).astype(np.uint8)
