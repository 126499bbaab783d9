"""Outlines of the sample images: closed contours of (row, column) points, in pixels.

A shape is a tuple of contours; a contour inside another one is a hole (even-odd rule).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Contour = NDArray[np.float64]
Shape = tuple[Contour, ...]

# Sub-pixels along each side of a pixel, for the share of it that a shape covers.
_FINE = 4


def polygon(*points: Point) -> Shape:
    """Return the polygon through the points."""
    return (np.array(points, dtype=np.float64),)


def box(top: float, left: float, bottom: float, right: float) -> Shape:
    """Return an upright rectangle."""
    return polygon((top, left), (top, right), (bottom, right), (bottom, left))


def curve(*points: Point) -> Shape:
    """Return the smooth closed curve through the points."""
    return (_smooth(np.array(points, dtype=np.float64), closed=True),)


def ellipse(row: float, column: float, height: float, width: float, turn: float = 0.0) -> Shape:
    """Return an ellipse by centre and half axes, turned by `turn` degrees anticlockwise."""
    angle = np.linspace(0.0, 2 * np.pi, 72, endpoint=False)
    return move((np.stack([height * np.sin(angle), width * np.cos(angle)], 1),), row, column, turn)


def blob(row: float, column: float, radius: float, rough: float, seed: int, **form: float) -> Shape:
    """Return a circle whose radius wavers by the share `rough`, as crowns and rocks do.

    `squash` is its height as a share of its width, `lobes` the finest waviness around it.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    angle = np.linspace(0.0, 2 * np.pi, 120, endpoint=False)
    reach = np.ones_like(angle)
    for k in range(2, int(form.get("lobes", 9))):
        phase = rng.uniform(0, 2 * np.pi)
        reach += rough * rng.uniform(0.5, 1.0) / np.sqrt(k) * np.sin(k * angle + phase)
    points = np.stack([form.get("squash", 1.0) * np.sin(angle), np.cos(angle)], 1)
    return move((radius * reach[:, None] * points,), row, column)


def stroke(width: float | Point, *points: Point) -> Shape:
    """Return a band along the smooth line through the points; a pair of widths makes it taper."""
    line = _smooth(np.array(points, dtype=np.float64), closed=False)
    along = np.gradient(line, axis=0)
    along /= np.hypot(along[:, :1], along[:, 1:])
    across = np.stack([along[:, 1], -along[:, 0]], 1)
    first, last = width if isinstance(width, tuple) else (width, width)
    half = np.linspace(first, last, len(line))[:, None] / 2
    return (np.concatenate([line + half * across, (line - half * across)[::-1]]),)


def ridge(rough: float, seed: int, bottom: float, *points: Point) -> Shape:
    """Return the land below a skyline through the points, roughened by `rough` pixels."""
    rng = np.random.Generator(np.random.PCG64(seed))
    line = np.array(points, dtype=np.float64)
    while np.diff(line[:, 1]).max() > 3:
        middle = (line[1:] + line[:-1]) / 2
        middle[:, 0] += rough * rng.uniform(-1, 1, len(middle))
        line = np.insert(line, np.arange(1, len(line)), middle, axis=0)
        rough *= 0.55
    ends = [(bottom, line[-1, 1]), (bottom, line[0, 1])]
    return (np.concatenate([line, ends]),)


def move(shape: Shape, rows: float, columns: float, turn: float = 0.0, size: float = 1.0) -> Shape:
    """Return the shape scaled by `size` and turned (degrees) about the origin, then shifted."""
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    spin = np.array([[cosine, sine], [-sine, cosine]]) * size
    # Written out, since a matrix product may round differently from machine to machine.
    return tuple(
        np.stack(
            [
                c[:, 0] * spin[0, 0] - c[:, 1] * spin[0, 1] + rows,
                c[:, 1] * spin[1, 1] - c[:, 0] * spin[1, 0] + columns,
            ],
            1,
        )
        for c in shape
    )


def ring(shape: Shape, hole: float) -> Shape:
    """Return the shape with a hole of its own form, scaled by `hole` about its middle."""
    middle = shape[0].mean(axis=0)
    return (*shape, *(middle + hole * (contour - middle) for contour in shape))


def coverage(shape: Shape, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of every pixel of an image of `size` that lies inside the shape.

    Counted over 4 x 4 sub-pixels by the even-odd rule; a sub-pixel is inside if its centre is.
    """
    covered = np.zeros(size, dtype=np.float32)
    corners = np.concatenate(shape) if shape else np.zeros((1, 2))
    top, left = np.clip(np.floor(corners.min(axis=0)), 0, size).astype(int)
    bottom, right = np.clip(np.ceil(corners.max(axis=0)), 0, size).astype(int)
    if bottom <= top or right <= left:
        return covered
    changes = np.zeros(((bottom - top) * _FINE, (right - left) * _FINE + 1), dtype=np.uint8)
    rows = top + (np.arange(len(changes)) + 0.5) / _FINE
    for contour in shape:
        # Vertices on a grid, so that the last bit of a sine decides nothing.
        start = np.rint(contour * 1024) / 1024
        end = np.roll(start, -1, axis=0)
        edge, row = np.nonzero((start[:, :1] <= rows) != (end[:, :1] <= rows))
        a, b = start[edge], end[edge]
        column = a[:, 1] + (rows[row] - a[:, 0]) * (b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0])
        first = np.ceil((column - left) * _FINE - 0.5).astype(int)
        np.add.at(changes, (row, np.clip(first, 0, changes.shape[1] - 1)), 1)
    inside = np.bitwise_xor.accumulate(changes & 1, axis=1)[:, :-1]
    # The mean of values that are 0 or the number of sub-pixels is the exact count.
    counts = cv2.resize(
        inside * np.uint8(_FINE**2), (right - left, bottom - top), interpolation=cv2.INTER_AREA
    )
    covered[top:bottom, left:right] = counts / np.float32(_FINE**2)
    return covered


def _smooth(points: Contour, closed: bool) -> Contour:
    """Return a Catmull-Rom spline through the points, 8 steps from one to the next."""
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([points[:1], points, points[-1:]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.arange(8)[:, None, None] / 8
    line = (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    ) / 2
    dense: Contour = line.transpose(1, 0, 2).reshape(-1, 2)
    return dense if closed else np.concatenate([dense, points[-1:]])
