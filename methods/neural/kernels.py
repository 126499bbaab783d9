"""Compiled passes over rows of pixels: what between two convolutions is bound by memory.

Every pass takes the rows from `top` to `bottom` of an array of H x W pixels whose channels lie side
by side, so that threads can share an image (`methods.neural.rows`). Numbers are float32, or uint16
that hold the upper half of a float32 (bfloat16); both are widened to float32 one pixel at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import inlined, inner, vectorised

Floats = NDArray[np.float32]
Numbers = NDArray[Any]

LOG2_E = np.float32(1.4426950408889634)
LOWEST_EXPONENT = np.float32(-126)


@inner
def widen(numbers: Numbers, floats: Floats) -> None:
    """Copy `numbers` into `floats`."""
    if numbers.itemsize == 2:
        bits = floats.view(np.uint32)
        for i in range(floats.size):
            bits[i] = np.uint32(numbers[i]) << np.uint32(16)
    else:
        for i in range(floats.size):
            floats[i] = numbers[i]


@inner
def narrow(floats: Floats, numbers: Numbers) -> None:
    """Copy `floats` into `numbers`, to the nearest (of two equally near ones the even) bfloat16."""
    if numbers.itemsize == 2:
        bits = floats.view(np.uint32)
        for i in range(floats.size):
            odd = (bits[i] >> np.uint32(16)) & np.uint32(1)
            numbers[i] = (bits[i] + np.uint32(0x7FFF) + odd) >> np.uint32(16)
    else:
        for i in range(floats.size):
            numbers[i] = floats[i]


@vectorised
def moments(
    values: Numbers, top: int, bottom: int, centre: Floats, sums: NDArray[np.float64]
) -> None:
    """Add up values less `centre` (row 0 of `sums`) and their squares (row 1) of every channel."""
    width, channels = values.shape[1], np.uint64(values.shape[2])
    row = np.empty(values[0].size, np.float32)
    total, squares = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for y in range(top, bottom):
        widen(values[y].ravel(), row)
        total[:] = 0  # a row is short enough for float32
        squares[:] = 0
        for x in range(width):
            first = np.uint64(x) * channels
            for c in range(channels):
                value = row[first + c] - centre[c]
                total[c] += value
                squares[c] += value * value
        for c in range(channels):
            sums[0, c] += total[c]
            sums[1, c] += squares[c]


@vectorised
def normalise(
    values: Numbers,
    top: int,
    bottom: int,
    centre: Floats,
    scale: Floats,
    shift: Floats,
    floor: float,
    out: Numbers,
) -> None:
    """Fill `out`, except for its border, with max((values - centre) * scale + shift, floor)."""
    width, channels = values.shape[1], np.uint64(values.shape[2])
    border = (out.shape[1] - width) // 2
    least = np.float32(floor)
    row = np.empty(values[0].size, np.float32)
    for y in range(top, bottom):
        widen(values[y].ravel(), row)
        for x in range(width):
            first = np.uint64(x) * channels
            for c in range(channels):
                row[first + c] = max((row[first + c] - centre[c]) * scale[c] + shift[c], least)
        narrow(row, out[y + border, border : border + width].ravel())


@vectorised
def gradient_moments(
    values: Numbers,
    gradient: Numbers,
    top: int,
    bottom: int,
    centre: Floats,
    scale: Floats,
    shift: Floats,
    floor: float,
    sums: NDArray[np.float64],
) -> None:
    """Add up the gradient (row 0), and it x (values - centre), where `normalise` had no floor."""
    width, channels = values.shape[1], np.uint64(values.shape[2])
    border = (gradient.shape[1] - width) // 2
    least = np.float32(floor)
    row, slopes = np.empty(values[0].size, np.float32), np.empty(values[0].size, np.float32)
    total, products = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for y in range(top, bottom):
        widen(values[y].ravel(), row)
        widen(gradient[y + border, border : border + width].ravel(), slopes)
        total[:] = 0
        products[:] = 0
        for x in range(width):
            first = np.uint64(x) * channels
            for c in range(channels):
                passes = (row[first + c] - centre[c]) * scale[c] + shift[c] > least
                slopes[first + c] *= np.float32(passes)
            for c in range(channels):
                total[c] += slopes[first + c]
                products[c] += slopes[first + c] * (row[first + c] - centre[c])
        for c in range(channels):
            sums[0, c] += total[c]
            sums[1, c] += products[c]


@vectorised
def gradient_of_normalise(
    values: Numbers,
    gradient: Numbers,
    top: int,
    bottom: int,
    centre: Floats,
    scale: Floats,
    shift: Floats,
    floor: float,
    terms: Floats,
    out: Numbers,
) -> None:
    """Fill `out` with scale x passed gradient + terms[0] + terms[1] x (values - centre)."""
    width, channels = values.shape[1], np.uint64(values.shape[2])
    border = (gradient.shape[1] - width) // 2
    least = np.float32(floor)
    row, slopes = np.empty(values[0].size, np.float32), np.empty(values[0].size, np.float32)
    constant, slope = terms[0], terms[1]
    for y in range(top, bottom):
        widen(values[y].ravel(), row)
        widen(gradient[y + border, border : border + width].ravel(), slopes)
        for x in range(width):
            first = np.uint64(x) * channels
            for c in range(channels):
                value = row[first + c] - centre[c]
                passes = np.float32(value * scale[c] + shift[c] > least)
                row[first + c] = (
                    scale[c] * slopes[first + c] * passes + constant[c] + slope[c] * value
                )
        narrow(row, out[y].ravel())


@vectorised
def soften(
    logits: Floats,
    image: Floats,
    top: int,
    bottom: int,
    assignment: Floats,
    log_sums: Floats,
    sums: Floats,
    entropy: NDArray[np.float64],
) -> None:
    """Softmax over the channels, with what its losses sum up over all pixels.

    Parameters
    ----------
    logits : (H, W, N) ndarray of float32
    image : (H, W, 3) ndarray of float32
    top, bottom : int
    assignment : (H, W, N) ndarray of float32
        Filled with P.
    log_sums : (H, W) ndarray of float32
        Filled with the logarithm of the sum of exponentials.
    sums : (4, N) ndarray of float32
        To which P, and P times each of the image's channels, are added.
    entropy : (1,) ndarray of float64
        To which -P log P is added.
    """
    width, channels = assignment.shape[1:]
    power, exponent = np.empty(channels, np.float32), np.empty(channels, np.int32)
    for y in range(top, bottom):
        for x in range(width):
            largest, total, weighted = exponentials(logits[y, x], power, exponent)
            log_sum = np.float32(np.log(total))
            entropy[0] += log_sum - weighted / total
            log_sums[y, x] = log_sum + largest
            inverse = np.float32(1) / total
            red, green, blue = image[y, x, 0], image[y, x, 1], image[y, x, 2]
            for c in range(channels):
                p = power[c] * inverse
                assignment[y, x, c] = p
                sums[0, c] += p
                sums[1, c] += p * red
                sums[2, c] += p * green
                sums[3, c] += p * blue


@inlined
def exponentials(
    logit: Floats, power: Floats, exponent: NDArray[np.int32]
) -> tuple[np.float32, np.float32, np.float32]:
    """Fill `power` with exp(logit - its largest); return that, the sum, and the weighted sum."""
    channels = logit.size
    two_to_exponent = exponent.view(np.float32)
    largest = logit[0]
    for c in range(channels):
        largest = max(largest, logit[c])
    total, weighted = np.float32(0), np.float32(0)
    for c in range(channels):
        t = max((logit[c] - largest) * LOG2_E, LOWEST_EXPONENT)
        whole = np.floor(t + np.float32(0.5))
        power[c] = two_to_the(t - whole)
        exponent[c] = (np.int32(whole) + np.int32(127)) << np.int32(23)
    for c in range(channels):
        power[c] *= two_to_exponent[c]
        total += power[c]
        weighted += power[c] * (logit[c] - largest)
    return largest, total, weighted


@vectorised
def add_assignments(logits: Floats, parts: NDArray[np.int32], sums: NDArray[np.float64]) -> None:
    """Add the softmax over the channels of each pixel to the row of `sums` that is its part's."""
    height, width, channels = logits.shape
    power, exponent = np.empty(channels, np.float32), np.empty(channels, np.int32)
    for y in range(height):
        for x in range(width):
            _, total, _ = exponentials(logits[y, x], power, exponent)
            inverse, own = np.float32(1) / total, sums[parts[y, x]]
            for c in range(channels):
                own[c] += power[c] * inverse


@inner
def two_to_the(t: np.float32) -> np.float32:
    """Return 2^t for t from -0.5 to 0.5, relative error 2e-7 (Taylor's polynomial of degree 6)."""
    f = t * np.float32(0.6931471805599453)
    p = np.float32(1 / 720)
    p = p * f + np.float32(1 / 120)
    p = p * f + np.float32(1 / 24)
    p = p * f + np.float32(1 / 6)
    p = p * f + np.float32(0.5)
    p = p * f + np.float32(1)
    return p * f + np.float32(1)


@vectorised
def compare(
    assignment: Floats,
    colours: Floats,
    top: int,
    bottom: int,
    across: Floats,
    down: Floats,
    soft: Floats,
) -> None:
    """Fill in what depends on one pixel and its neighbours to the right and below.

    Parameters
    ----------
    assignment : (H, W, N) ndarray of float32
    colours : (3, N) ndarray of float32
        Mean colour c_s of every soft superpixel.
    top, bottom : int
    across, down : (H, W) ndarray of float32
        Filled with the sum of absolute differences to the right (below); 0 where there is nobody.
    soft : (H, W, 3) ndarray of float32
        Filled with the soft superpixel image.
    """
    height, width, channels = assignment.shape
    for y in range(top, bottom):
        below = min(y + 1, height - 1)
        for x in range(width):
            right = min(x + 1, width - 1)
            here = assignment[y, x]
            beside, under = assignment[y, right], assignment[below, x]
            dx, dy = np.float32(0), np.float32(0)
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            for c in range(channels):
                p = here[c]
                dx += abs(beside[c] - p)
                dy += abs(under[c] - p)
                red += p * colours[0, c]
                green += p * colours[1, c]
                blue += p * colours[2, c]
            across[y, x], down[y, x] = dx, dy
            soft[y, x, 0], soft[y, x, 1], soft[y, x, 2] = red, green, blue


@inner
def sign(difference: np.float32) -> np.float32:
    """Return 1, 0 or -1."""
    return np.float32(difference > 0) - np.float32(difference < 0)


@vectorised
def gradient_of_logits(
    logits: Floats,
    assignment: Floats,
    log_sums: Floats,
    image: Floats,
    top: int,
    bottom: int,
    of_entropy: float,
    across: Floats,
    down: Floats,
    of_soft: Floats,
    of_sums: Floats,
    colours: Floats,
    out: Floats,
) -> None:
    """Fill `out` with the gradient with respect to the logits.

    Parameters
    ----------
    logits, assignment, log_sums, image
        As `soften` had and left them.
    top, bottom : int
    of_entropy : float
        Gradient with respect to each pixel's entropy.
    across, down : (H, W) ndarray of float32
        Gradients with respect to those of `compare`.
    of_soft : (H, W, 3) ndarray of float32
        Gradient with respect to the soft superpixel image.
    of_sums : (4, N) ndarray of float32
        Gradients with respect to those of `soften`.
    colours : (3, N) ndarray of float32
        As `compare` had them.
    out : (H, W, N) ndarray of float32
    """
    height, width, channels = assignment.shape
    none = np.float32(0)
    entropy = np.float32(of_entropy)
    for y in range(top, bottom):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            here = assignment[y, x]
            west, east = assignment[y, left], assignment[y, right]
            north, south = assignment[above, x], assignment[below, x]
            to_west = across[y, left] if x > 0 else none
            to_north = down[above, x] if y > 0 else none
            to_east, to_south = across[y, x], down[y, x]
            red, green, blue = image[y, x, 0], image[y, x, 1], image[y, x, 2]
            soft_red, soft_green, soft_blue = of_soft[y, x, 0], of_soft[y, x, 1], of_soft[y, x, 2]
            logit, slope = logits[y, x], out[y, x]
            log_sum = log_sums[y, x]
            mean = np.float32(0)
            for c in range(channels):
                p = here[c]
                g = entropy * (log_sum - logit[c]) + of_sums[0, c]
                g += of_sums[1, c] * red + of_sums[2, c] * green + of_sums[3, c] * blue
                g += soft_red * colours[0, c] + soft_green * colours[1, c]
                g += soft_blue * colours[2, c]
                g += to_west * sign(p - west[c]) + to_east * sign(p - east[c])
                g += to_north * sign(p - north[c]) + to_south * sign(p - south[c])
                slope[c] = g
                mean += p * g
            for c in range(channels):
                slope[c] = here[c] * (slope[c] - mean)
