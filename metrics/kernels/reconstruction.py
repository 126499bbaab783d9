"""The compiled loop of reconstruction by dominant colours; conventions as in `metrics.kernels`."""

import numpy as np
import numpy.typing as npt

from metrics.kernels.compiled import Bytes, Doubles, Ints, compiled

GROUPS, BUCKETS = 7, 16
KEPT = 4


@compiled
def _bucket(red: np.int64, green: np.int64, blue: np.int64) -> np.int64:
    """16 x (which channels are maximal, red 1 + green 2 + blue 4, less 1) + maximum // 16."""
    top = max(red, green, blue)
    group: np.int64 = (red == top) + 2 * (green == top) + 4 * (blue == top) - 1
    return 16 * group + top // 16


@compiled
def _keep_fullest(table: npt.NDArray[np.int64], used: Ints, kept: Doubles) -> int:
    """Fill the mean colours of the fullest buckets, the lower first among equals; count them."""
    number: int = min(used.size, kept.shape[0])
    for k in range(number):
        best = k
        for i in range(k + 1, used.size):
            here, there = table[used[i], 0], table[used[best], 0]
            if here > there or (here == there and used[i] < used[best]):
                best = i
        used[k], used[best] = used[best], used[k]
        for channel in range(3):
            kept[k, channel] = table[used[k], 1 + channel] / table[used[k], 0]
    return number


@compiled
def _deviation(kept: Doubles, number: int, channel: int) -> float:
    """Return the largest difference of the colours from their unweighted mean in a channel."""
    total, largest = 0.0, 0.0
    for k in range(number):
        total += kept[k, channel]
    for k in range(number):
        largest = max(largest, abs(kept[k, channel] - total / number))
    return largest


@compiled
def measure_reconstruction(
    start: Ints, first: Ints, order: Ints, pixels: Bytes, error: Doubles
) -> None:
    """Fill the mean over channels c of sum over p in S_j of |I_pc - R_pc|^(2 - v_jc), (K,).

    Colours are in [0, 1]. `pixels` is (N, 3). One table serves all labels in turn, so memory does
    not grow with them.
    """
    table = np.zeros((GROUPS * BUCKETS, 4), np.int64)
    used, kept = np.empty(GROUPS * BUCKETS, np.int32), np.empty((KEPT, 3))
    exponent = np.empty(3)
    for j in range(error.size):
        count = 0
        for i in range(first[j], first[j + 1]):
            for p in range(start[order[i]], start[order[i] + 1]):
                red, green, blue = (
                    np.int64(pixels[p, 0]),
                    np.int64(pixels[p, 1]),
                    np.int64(pixels[p, 2]),
                )
                bucket = _bucket(red, green, blue)
                if table[bucket, 0] == 0:
                    used[count] = bucket
                    count += 1
                table[bucket, 0] += 1
                table[bucket, 1] += red
                table[bucket, 2] += green
                table[bucket, 3] += blue
        number = _keep_fullest(table, used[:count], kept)
        for channel in range(3):
            exponent[channel] = 2 - _deviation(kept, number, channel) / 255
        for i in range(count):
            for column in range(4):
                table[used[i], column] = 0
        total = 0.0
        for i in range(first[j], first[j + 1]):
            for p in range(start[order[i]], start[order[i] + 1]):
                nearest, best = np.inf, 0
                for k in range(number):
                    red, green, blue = (
                        pixels[p, 0] - kept[k, 0],
                        pixels[p, 1] - kept[k, 1],
                        pixels[p, 2] - kept[k, 2],
                    )
                    distance = red * red + green * green + blue * blue
                    if distance < nearest:
                        nearest, best = distance, k
                for channel in range(3):
                    difference = abs(pixels[p, channel] - kept[best, channel])
                    if difference > 0:
                        total += (difference / 255) ** exponent[channel]
        error[j] = total / 3
