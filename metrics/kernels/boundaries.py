"""Boundary masks and distances to them; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import Bytes, Ints, compiled

# Beyond this distance the search along a row costs more than the lower envelope (measured).
SEARCH_LIMIT = 64


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
def mark_corners(values: Ints, out: Bytes) -> None:
    """Set `out` (H, W) to 1 where two neighbours of the 2 x 2 pixels right and below differ.

    The lower right corner of each such pixel lies on a boundary; void pixels are not marked.
    """
    height, width = values.shape
    for y in range(height):
        row, mark, below = values[y], out[y], values[min(y + 1, height - 1)]
        for x in range(width):
            mark[x] = _edge(row[x], below[x])
        for x in range(width - 1):
            beside = _edge(row[x], row[x + 1]) | _edge(below[x], below[x + 1])
            mark[x] = np.uint8(mark[x] | mark[x + 1] | beside)
        for x in range(width):
            mark[x] = np.uint8(mark[x] & np.uint8(row[x] >= 0))
