"""The compiled loops over pixels and runs; slow plain versions of what they compute are in tests.

Every kernel fills arrays that the caller allocated. `values` is (H, W) int32 with `VOID` where a
pixel does not count. A *run* is a stretch of equal values within one row: what can be counted over
runs is not counted over pixels, which are ten times more. Loops over pixels go row by row, without
index arithmetic or branches inside, because only then does the compiler use vector instructions.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile at the first call, and keep the result on disk where any folder can be written."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return cast(F, njit(nogil=True)(function))


VOID = -1

# Beyond this distance the search along a row costs more than the lower envelope (measured).
SEARCH_LIMIT = 64

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@compiled
def find_runs(values: Ints, start: Ints, label: Ints, first_of_row: Ints) -> int:
    """Fill the flat index of the first pixel and the value of every run; return their number.

    `start` and `label` have room for a run per pixel. `first_of_row` (H + 1,) receives the index
    of the first run of each row and, last, the number of runs.
    """
    height, width = values.shape
    count = 0
    for y in range(height):
        first_of_row[y] = count
        row = values[y]
        previous = row[0]
        start[count] = y * width
        label[count] = previous
        for x in range(1, width):
            if row[x] != previous:
                previous = row[x]
                count += 1
                start[count] = y * width + x
                label[count] = previous
        count += 1
    first_of_row[height] = count
    return count


@compiled
def join_runs(
    start_a: Ints, label_a: Ints, start_b: Ints, label_b: Ints, pieces: Ints, first: Ints
) -> int:
    """Cut the image wherever either partition changes; return the number of scored pieces.

    `pieces` (at most R_a + R_b, 3) receives label a, label b and the pixels of each piece; `first`
    (K + 1,), zero before, the number of pieces of all labels a that are smaller. Both partitions
    are void at the same pixels; `start_a` and `start_b` end with the number of pixels.
    """
    i, j, position, count = 0, 0, 0, 0
    while i < label_a.size:
        end_a, end_b = start_a[i + 1], start_b[j + 1]
        end = min(end_a, end_b)
        pieces[count, 0] = label_a[i]
        pieces[count, 1] = label_b[j]
        pieces[count, 2] = end - position
        # No branches: which partition changes next, or what is void, cannot be predicted.
        count += label_a[i] >= 0
        first[label_a[i] + 1] += label_a[i] >= 0
        i += end_a == end
        j += end_b == end
        position = end
    for k in range(1, first.size):
        first[k] += first[k - 1]
    return count


@compiled
def count_pairs(pieces: Ints, first: Ints, order: Ints, place: Ints, pairs: Ints) -> int:
    """Add up pieces of the same two labels in `pairs` (P, 3); return the number of pairs.

    In time and memory proportional to the pieces, whatever the number of labels. `order` (P,) is
    scratch; `place` (M,), -1 before, is where the current label a and each label b meet in `pairs`.
    """
    for p in range(pieces.shape[0] - 1, -1, -1):
        # Fill each label's share from its end, which moves `first[a + 1]` down to its beginning.
        first[pieces[p, 0] + 1] -= 1
        order[first[pieces[p, 0] + 1]] = p
    count, begin, current = 0, 0, -1
    for k in range(order.size):
        a, b, size = pieces[order[k]]
        if a != current:
            begin, current = count, a
        if place[b] < begin:
            place[b] = count
            pairs[count, 0] = a
            pairs[count, 1] = b
            pairs[count, 2] = 0
            count += 1
        pairs[place[b], 2] += size
    return count


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
def _root(parent: Ints, run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@compiled
def trace_contacts(
    start: Ints, label: Ints, first_of_row: Ints, width: int, parent: Ints, perimeter: Longs
) -> int:
    """Fill the exposed 4-edges of every label (K,); return the number of 4-connected components.

    `parent` is scratch, one element per run. A run exposes its two ends and its upper and lower
    side, less what it shares with runs of the same label in the rows above and below.
    """
    components = 0
    for run in range(label.size):
        parent[run] = run
        if label[run] >= 0:
            perimeter[label[run]] += 2 + 2 * (start[run + 1] - start[run])
            components += 1
    for y in range(first_of_row.size - 2):
        i, j = first_of_row[y], first_of_row[y + 1]
        position = start[i]
        while i < first_of_row[y + 1]:
            end_above, end_below = start[i + 1], start[j + 1] - width
            end = min(end_above, end_below)
            if label[i] == label[j] and label[i] >= 0:
                perimeter[label[i]] -= 2 * (end - position)
                above, below = _root(parent, i), _root(parent, j)
                components -= above != below
                parent[below] = above
            i += end_above == end
            j += end_below == end
            position = end
    return components


@compiled
def _edge(a: np.int32, b: np.int32) -> np.uint8:
    """1 where two neighbours differ and neither is void (the sign bit of either would show)."""
    return np.uint8(1) if (a != b) & ((a | b) >= 0) else np.uint8(0)


@compiled
def mark_boundary(values: Ints, out: Bytes) -> None:
    """Set `out` (H, W) to 1 at thick boundary pixels: a 4-neighbour has another label; else 0."""
    height, width = values.shape
    for y in range(height):
        row, mark = values[y], out[y]
        above, below = values[max(y - 1, 0)], values[min(y + 1, height - 1)]
        for x in range(width):
            mark[x] = np.uint8(_edge(row[x], above[x]) | _edge(row[x], below[x]))
        left, right, mark_left, mark_right = row[:-1], row[1:], mark[:-1], mark[1:]
        for x in range(left.size):
            mark_left[x] = np.uint8(mark_left[x] | _edge(left[x], right[x]))
        for x in range(left.size):
            mark_right[x] = np.uint8(mark_right[x] | _edge(left[x], right[x]))


@compiled
def measure_reach(mask: Bytes, limit: int, out: Bytes) -> None:
    """Set `out` (H, W) to the chessboard distance to the mask, `limit` + 1 where it is greater.

    max(|dy|, |dx|) <= r is the square window of a tolerance, so one map answers for every r.
    """
    height, width = mask.shape
    padded = np.full(width + 2 * limit, np.uint8(limit + 1))
    column = padded[limit : limit + width]
    for y in range(height):
        near = mask[y]
        for x in range(width):
            column[x] = np.uint8(0) if near[x] else np.uint8(limit + 1)
        for k in range(1, limit + 1):
            step = np.uint8(k)
            above, below = mask[max(y - k, 0)], mask[min(y + k, height - 1)]
            for x in range(width):
                found = step if (above[x] | below[x]) else np.uint8(limit + 1)
                column[x] = min(column[x], found)
        row = out[y]
        for x in range(width):
            row[x] = column[x]
        for k in range(1, limit + 1):
            step = np.uint8(k)
            left, right = padded[limit - k :], padded[limit + k :]
            for x in range(width):
                row[x] = min(row[x], max(min(left[x], right[x]), step))


@compiled
def measure_squared_distance(mask: Bytes, out: Ints) -> None:
    """Set `out` (H, W) to the exact squared Euclidean distance to the mask, which is not empty.

    First down and up the columns, then along the rows: d^2(x) = min over u of (x - u)^2 + g^2(u),
    g the distance within the column (Meijster, Roerdink, Hesselink 2000,
    doi 10.1007/0-306-47025-X_36). H + W is at most 30,000 (checked at the door), so that 32 bits
    hold the squares.
    """
    height, width = mask.shape
    far = np.int32(height + width)
    for x in range(width):
        out[0, x] = np.int32(0) if mask[0, x] else far
    for y in range(1, height):
        near, above, row = mask[y], out[y - 1], out[y]
        for x in range(width):
            row[x] = np.int32(0) if near[x] else np.int32(min(above[x] + 1, far))
    for y in range(height - 2, -1, -1):
        below, row = out[y + 1], out[y]
        for x in range(width):
            row[x] = np.int32(min(row[x], np.int32(below[x] + 1)))
    margin = min(width, SEARCH_LIMIT + 4)
    padded = np.full(width + 2 * margin, np.int32(far * far))
    square = padded[margin : margin + width]
    corner, reign = np.empty(width, np.int32), np.empty(width, np.int32)
    for y in range(height):
        row = out[y]
        for x in range(width):
            square[x] = row[x] * row[x]
        if not _search_row(padded, margin, row):
            _envelope_row(square, corner, reign, row)


@compiled
def _search_row(padded: Ints, margin: int, row: Ints) -> bool:
    """Try every offset k until k^2 exceeds all that was found; False if `SEARCH_LIMIT` is passed.

    Far faster than the envelope where distances are short, because it runs in vector instructions.
    """
    width = row.size
    for x in range(width):
        row[x] = padded[margin + x]
    for k in range(1, width):
        if k % 4 == 1:
            worst = np.int32(0)
            for x in range(width):
                worst = max(worst, row[x])
            if k * k >= worst:
                return True
            if k > SEARCH_LIMIT:
                return False
        step = np.int32(k * k)
        left, right = padded[margin - k :], padded[margin + k :]
        for x in range(width):
            row[x] = min(row[x], np.int32(min(left[x], right[x]) + step))
    return True


@compiled
def _envelope_row(square: Ints, corner: Ints, reign: Ints, row: Ints) -> None:
    """Find the lower envelope of the parabolas (x - u)^2 + square[u] and read it off: O(W).

    `corner` is the stack of u on the envelope, `reign` the column from which each is the lowest.
    """
    width = row.size
    top = -1
    for u in range(width):
        begin = np.int64(0)
        while top >= 0:
            c = np.int64(corner[top])
            # The first integer column at which the parabola of u is strictly below that of c.
            begin = (u * u - c * c + square[u] - square[c]) // (2 * (u - c)) + 1
            if begin > reign[top]:
                break
            top -= 1
        if top < 0:
            begin = np.int64(0)
        if begin < width:
            top += 1
            corner[top], reign[top] = u, begin
    for x in range(width - 1, -1, -1):
        offset = np.int64(x - corner[top])
        row[x] = offset * offset + square[corner[top]]
        if x == reign[top]:
            top -= 1


@compiled
def mark_thin_boundary(values: Ints, out: Bytes) -> None:
    """Set `out` (H, W) to 1 where the right or lower neighbour has another label, else to 0."""
    height, width = values.shape
    for y in range(height):
        row, mark, below = values[y], out[y], values[min(y + 1, height - 1)]
        for x in range(width):
            mark[x] = _edge(row[x], below[x])
        left, right, mark_left = row[:-1], row[1:], mark[:-1]
        for x in range(left.size):
            mark_left[x] = np.uint8(mark_left[x] | _edge(left[x], right[x]))


@compiled
def order_by_label(label: Ints, first: Ints, order: Ints) -> None:
    """Fill the runs of label 0, then of label 1, and so on, each in raster order; void is left out.

    `first` (K + 1,), zero before, receives where each label begins in `order` and, last, its end.
    """
    for run in range(label.size):
        if label[run] >= 0:
            first[label[run] + 1] += 1
    for k in range(1, first.size):
        first[k] += first[k - 1]
    for run in range(label.size - 1, -1, -1):
        if label[run] >= 0:
            # Filling from the end moves `first[j + 1]` down to the beginning of j.
            first[label[run] + 1] -= 1
            order[first[label[run] + 1]] = run
    for k in range(first.size - 1):
        first[k] = first[k + 1]
    first[first.size - 1] = order.size


@compiled
def number_parts(
    start: Ints, label: Ints, parent: Ints, part: Ints, size: Longs, label_of: Ints
) -> None:
    """Give the components that `trace_contacts` left in `parent` numbers, by first pixels.

    `part` (R,), -1 before, receives the component of each run (-1 for void), `size` (P,), zero
    before, and `label_of` (P,) the pixels and the label of each component.
    """
    count = 0
    for run in range(label.size):
        if label[run] < 0:
            continue
        root = _root(parent, run)
        # A root may come after this run: its own turn must find the number given now.
        if part[root] < 0:
            part[root] = count
            label_of[count] = label[run]
            count += 1
        part[run] = part[root]
        size[part[run]] += start[run + 1] - start[run]
