"""Sums of colours and positions over each label; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import Bytes, Doubles, Ints, Longs, compiled


@compiled
def sum_colours(start: Ints, label: Ints, pixels: Bytes, total: Longs, squares: Longs) -> None:
    """Add the three colours (K, 3) and their squares (K,) per label; `pixels` is (N, 3)."""
    for run in range(label.size):
        j = label[run]
        if j < 0:
            continue
        red, green, blue, square = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        for p in range(start[run], start[run + 1]):
            r, g, b = np.int64(pixels[p, 0]), np.int64(pixels[p, 1]), np.int64(pixels[p, 2])
            red += r
            green += g
            blue += b
            square += r * r + g * g + b * b
        total[j, 0] += red
        total[j, 1] += green
        total[j, 2] += blue
        squares[j] += square


@compiled
def sum_positions(
    start: Ints, label: Ints, first_of_row: Ints, width: int, total: Longs, squares: Longs
) -> None:
    """Add rows and columns (K, 2) and, apart, their squares (K, 2) per label."""
    for y in range(first_of_row.size - 1):
        for run in range(first_of_row[y], first_of_row[y + 1]):
            j = label[run]
            if j < 0:
                continue
            x = np.int64(start[run] - y * width)
            n = np.int64(start[run + 1] - start[run])
            more = n * (n - 1) // 2  # 0 + 1 + ... + (n - 1)
            total[j, 0] += n * y
            total[j, 1] += n * x + more
            squares[j, 0] += n * y * y
            squares[j, 1] += n * x * x + 2 * x * more + more * (2 * n - 1) // 3


@compiled
def measure_error(size: Longs, total: Longs, squares: Longs, error: Doubles) -> None:
    """Fill the sum of squared deviations from the mean of each of K groups.

    From the number of elements (K,), their sums by channel (K, C) and the sums of their squares
    (K,). The notation is that of `metrics.moments.squared_error`.
    """
    for k in range(size.size):
        n, about_q, rest = size[k], squares[k], 0.0
        for c in range(total.shape[1]):
            q = (2 * total[k, c] + n) // (2 * n)
            r = total[k, c] - q * n
            about_q -= q * (2 * total[k, c] - q * n)
            rest += np.float64(r) * np.float64(r)
        error[k] = about_q - rest / n
