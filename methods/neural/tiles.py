"""Compiled transforms of `methods.neural.winograd`: tiles of 6 x 6 pixels, and back.

They are B' d B of the pixels d around a tile, A' m A of its products m, and A g A' of the gradients
g of its results. A tile stands for polynomials, known by their values at the points p = 0, a, -a,
b, -b and infinity, in this order:

- G has the rows (1, 0, 0), (b, 1, a), (b, -1, a), (a, 1, b), (a, -1, b), (0, 0, 1). With a b = 1
  these are (1, p, p^2) / |p|, and turning a filter exchanges 0 and infinity, a and b, -a and -b;
- row p of B' has the coefficients, the constant one first, of the product of (x - q) over the other
  finite points q. Rows a and -a have the same even powers, and odd ones of opposite sign;
- column p of A' is (1, p, p^2, p^3), times what G lacks for an interpolation: |p| over the product
  of (p - q). That is SHARE_A for a and -a, SHARE_B for b and -b, and 1 otherwise.

Of all a and b, these are within 0.1 % of the most accurate ones in bfloat16: results are off by
1.4 %, which would be 3 % with 1, -1, 2, -2.

Kernels take the bands from `top` to `bottom`. A band is a row of tiles: row and column of its first
result in the image, number of its first tile, number of tiles. With dilation d, the pixels of a
tile are d apart. WIDTH channels at a time are in a buffer of their own: loops over distances that
the compiler knows become vector instructions, and indices must not be signed for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import inner, vectorised
from methods.neural.kernels import Floats, Numbers

A, B = np.float32(2 / 3), np.float32(3 / 2)
A2, B2 = A * A, B * B
SUM = np.float32(4 / 9 + 9 / 4)
SHARE_A, SHARE_B = np.float32(-27 / 65), np.float32(12 / 65)  # 1 / (2 a (a^2 - b^2)) and b for a

Index = Any  # an unsigned integer

WIDTH = 64
START, BLOCK = np.uint64(0), np.uint64(WIDTH)
TWO, THREE, FOUR, FIVE, SIX = (np.uint64(i) for i in range(2, 7))
SIXTEEN = np.uint32(16)
ROW4, ROW6 = BLOCK * FOUR, BLOCK * SIX


@inner
def take(numbers: Numbers, first: Index, size: Index, floats: Floats, at: Index) -> None:
    """Copy numbers from `first` on into a buffer from `at` on; as `widen`, without slices."""
    if numbers.itemsize == 2:
        bits = floats.view(np.uint32)
        for i in range(size):
            bits[at + i] = np.uint32(numbers[first + i]) << SIXTEEN
    else:
        for i in range(size):
            floats[at + i] = numbers[first + i]


@inner
def put(floats: Floats, at: Index, size: Index, numbers: Numbers, first: Index) -> None:
    """Copy a buffer from `at` on to numbers from `first` on; as `narrow`, without slices."""
    if numbers.itemsize == 2:
        bits = floats.view(np.uint32)
        for i in range(size):
            odd = (bits[at + i] >> SIXTEEN) & np.uint32(1)
            numbers[first + i] = (bits[at + i] + np.uint32(0x7FFF) + odd) >> SIXTEEN
    else:
        for i in range(size):
            numbers[first + i] = floats[at + i]


@inner
def times_b(d: Floats, at: Index, step: Index, out: Floats) -> None:
    """Fill `out` with B' of 6 vectors of `step` values each, the first of which starts at `at`."""
    for i in range(step):
        j = at + i
        d1, d2 = d[j + step], d[j + TWO * step]
        d3, d4 = d[j + THREE * step], d[j + FOUR * step]
        out[i] = d[j] - SUM * d2 + d4
        even, odd = d4 - B2 * d2, A * (d3 - B2 * d1)
        out[i + step] = even + odd
        out[i + TWO * step] = even - odd
        even, odd = d4 - A2 * d2, B * (d3 - A2 * d1)
        out[i + THREE * step] = even + odd
        out[i + FOUR * step] = even - odd
        out[i + FIVE * step] = d1 - SUM * d3 + d[j + FIVE * step]


@inner
def times_a(m: Floats, at: Index, step: Index, out: Floats) -> None:
    """Fill `out` with A' of 6 vectors; as `times_b`."""
    for i in range(step):
        j = at + i
        m1, m2 = m[j + step], m[j + TWO * step]
        m3, m4 = m[j + THREE * step], m[j + FOUR * step]
        even, odd = SHARE_A * (m1 + m2), SHARE_A * A * (m1 - m2)
        evens, odds = SHARE_B * (m3 + m4), SHARE_B * B * (m3 - m4)
        out[i] = m[j] + even + evens
        out[i + step] = odd + odds
        out[i + TWO * step] = A2 * even + B2 * evens
        out[i + THREE * step] = A2 * odd + B2 * odds + m[j + FIVE * step]


@inner
def times_its_transpose(g: Floats, at: Index, step: Index, out: Floats) -> None:
    """Fill `out` with A of 4 vectors; as `times_b`."""
    for i in range(step):
        j = at + i
        g0, g1 = g[j], g[j + step]
        g2, g3 = g[j + TWO * step], g[j + THREE * step]
        out[i] = g0
        even, odd = SHARE_A * (g0 + A2 * g2), SHARE_A * A * (g1 + A2 * g3)
        out[i + step] = even + odd
        out[i + TWO * step] = even - odd
        even, odd = SHARE_B * (g0 + B2 * g2), SHARE_B * B * (g1 + B2 * g3)
        out[i + THREE * step] = even + odd
        out[i + FOUR * step] = even - odd
        out[i + FIVE * step] = g3


@inner
def load(
    image: Numbers, y: int, x: int, dilation: int, side: int, channel: int, floats: Floats
) -> None:
    """Copy a block of side x side pixels from (y, x) on; zeros for those outside the image."""
    height, width, channels = image.shape
    flat, size = image.reshape(image.size), np.uint64(min(WIDTH, channels - channel))
    at = START
    for row in range(y, y + side * dilation, dilation):
        for column in range(x, x + side * dilation, dilation):
            if 0 <= row < height and 0 <= column < width:
                take(flat, np.uint64((row * width + column) * channels + channel), size, floats, at)
            else:
                for i in range(BLOCK):
                    floats[at + i] = np.float32(0)
            at += BLOCK


@vectorised
def gather(
    image: Numbers, tiles: Numbers, bands: NDArray[np.int64], top: int, bottom: int,
    dilation: int, border: int,
) -> None:  # fmt: skip
    """Fill `tiles`, (36, count, C), with B' d B of the 6 x 6 pixels d around a tile's results."""
    channels = image.shape[2]
    flat, plane = tiles.reshape(tiles.size), np.uint64(tiles.shape[1] * channels)
    pixels, half = np.zeros(36 * WIDTH, np.float32), np.zeros(36 * WIDTH, np.float32)
    whole = np.zeros(6 * WIDTH, np.float32)
    for band in range(top, bottom):
        y, x, first, columns = bands[band]
        for column in range(columns):
            for channel in range(0, channels, WIDTH):
                at = x + (4 * column - border) * dilation
                load(image, y - border * dilation, at, dilation, 6, channel, pixels)
                times_b(pixels, START, ROW6, half)
                size = np.uint64(min(WIDTH, channels - channel))
                to = np.uint64((first + column) * channels + channel)
                for i in range(SIX):
                    times_b(half, i * ROW6, BLOCK, whole)
                    for j in range(SIX):
                        put(whole, j * BLOCK, size, flat, to)
                        to += plane


@vectorised
def combine(
    tiles: Numbers, image: Numbers, bands: NDArray[np.int64], top: int, bottom: int, dilation: int
) -> None:
    """Fill `image` with A' m A of every tile's 6 x 6 products m."""
    height, width, channels = image.shape
    flat, plane = tiles.reshape(tiles.size), np.uint64(tiles.shape[1] * channels)
    out = image.reshape(image.size)
    products, half = np.zeros(36 * WIDTH, np.float32), np.zeros(24 * WIDTH, np.float32)
    whole = np.zeros(4 * WIDTH, np.float32)
    for band in range(top, bottom):
        y0, x0, first, columns = bands[band]
        for column in range(columns):
            for channel in range(0, channels, WIDTH):
                size = np.uint64(min(WIDTH, channels - channel))
                at = np.uint64((first + column) * channels + channel)
                for i in range(SIX * SIX):
                    take(flat, at, size, products, i * BLOCK)
                    at += plane
                times_a(products, START, ROW6, half)
                for i in range(min(4, -((y0 - height) // dilation))):
                    times_a(half, np.uint64(i) * ROW6, BLOCK, whole)
                    x = x0 + 4 * column * dilation
                    to = ((y0 + i * dilation) * width + x) * channels + channel
                    for j in range(min(4, -((x - width) // dilation))):
                        put(whole, np.uint64(j) * BLOCK, size, out, np.uint64(to))
                        to += dilation * channels


@vectorised
def spread(
    gradient: Numbers, tiles: Numbers, bands: NDArray[np.int64], top: int, bottom: int,
    dilation: int,
) -> None:  # fmt: skip
    """Fill `tiles`, (36, count, K), with A g A' of the gradients g of each tile's results."""
    channels = gradient.shape[2]
    flat, plane = tiles.reshape(tiles.size), np.uint64(tiles.shape[1] * channels)
    pixels, half = np.zeros(16 * WIDTH, np.float32), np.zeros(24 * WIDTH, np.float32)
    whole = np.zeros(6 * WIDTH, np.float32)
    for band in range(top, bottom):
        y, x, first, columns = bands[band]
        for column in range(columns):
            for channel in range(0, channels, WIDTH):
                load(gradient, y, x + 4 * column * dilation, dilation, 4, channel, pixels)
                times_its_transpose(pixels, START, ROW4, half)
                size = np.uint64(min(WIDTH, channels - channel))
                to = np.uint64((first + column) * channels + channel)
                for i in range(SIX):
                    times_its_transpose(half, i * ROW4, BLOCK, whole)
                    for j in range(SIX):
                        put(whole, j * BLOCK, size, flat, to)
                        to += plane
