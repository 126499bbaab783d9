"""Boundary masks and distances to them; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import Bytes, Ints, Longs, Shorts, Words, compiled

# Beyond this distance the search along a row costs more than the lower envelope (measured).
SEARCH_LIMIT = 64

# Distances within a column that the search need not tell apart: its limit is nearer.
FAR = 127
FAR_SQUARE = FAR * FAR

# Every second bit, and so on, by which bits of a word are counted.
OF_TWO, OF_FOUR = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
OF_EIGHT, LOWEST_BITS = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)

# Times a single bit, the upper six bits of the product tell which bit it is.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
BIT_OF = np.empty(64, np.int64)
for _bit in range(64):
    BIT_OF[(int(DE_BRUIJN) << _bit) % 2**64 >> 58] = _bit


@compiled
def _edge(a: np.int32, b: np.int32) -> np.uint8:
    """1 where two neighbours differ and neither is void (the sign bit of either would show)."""
    return np.uint8(1) if (a != b) & ((a | b) >= 0) else np.uint8(0)


@compiled
def mark_boundary(values: Ints, out: Bytes) -> None:
    """Set `out` (H, W) to 1 at thick boundary pixels: a 4-neighbour has another label; else 0."""
    height, width = values.shape
    last = width - 1
    for y in range(height):
        row, mark = values[y], out[y]
        above, below = values[max(y - 1, 0)], values[min(y + 1, height - 1)]
        for x in (0, last):
            beside = _edge(row[x], row[max(x - 1, 0)]) | _edge(row[x], row[min(x + 1, last)])
            mark[x] = np.uint8(_edge(row[x], above[x]) | _edge(row[x], below[x]) | beside)
        inner, left, right, mark = row[1:last], row[: last - 1], row[2:], mark[1:last]
        above, below = above[1:last], below[1:last]
        for x in range(inner.size):
            beside = _edge(inner[x], left[x]) | _edge(inner[x], right[x])
            mark[x] = np.uint8(_edge(inner[x], above[x]) | _edge(inner[x], below[x]) | beside)


@compiled
def pack(mask: Bytes, row: Bytes, eights: Words, out: Bytes) -> None:
    """Set a bit of `out` (H, ceil(W / 8)) or wider for each pixel of the mask (H, W) of 0 and 1.

    The first pixel of a row is the lowest bit of its first byte; bits beyond the width are 0. `row`
    and `eights`, zero before, are the same bytes, eight for each of `out`'s, alone and in words.
    """
    height, width = mask.shape
    for y in range(height):
        near, bits = mask[y], out[y]
        for x in range(width):
            row[x] = near[x]
        for k in range(bits.size):
            # The product has byte j of the word, a 0 or 1, in bit 56 + j.
            bits[k] = np.uint8((eights[k] * np.uint64(0x0102040810204080)) >> np.uint64(56))


@compiled
def list_pixels(bits: Words, width: int, pixels: Ints) -> int:
    """List the flat indices of the pixels that are set, ascending; return their number."""
    one = np.uint64(1)
    count = 0
    for y in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            begin = y * width + 64 * k
            word = bits[y, k]
            while word:
                lowest = word & (~word + one)
                pixels[count] = begin + BIT_OF[(lowest * DE_BRUIJN) >> np.uint64(58)]
                count += 1
                word ^= lowest
    return count


@compiled
def widen(bits: Words, out: Words) -> None:
    """Set what is set within one pixel, diagonals too; bits beyond the width are of no meaning."""
    height, words = bits.shape
    one, last = np.uint64(1), np.uint64(63)
    padded = np.zeros(words + 2, np.uint64)
    column = padded[1 : words + 1]
    for y in range(height):
        above, row, below = bits[max(y - 1, 0)], bits[y], bits[min(y + 1, height - 1)]
        for k in range(words):
            column[k] = above[k] | row[k] | below[k]
        for k in range(words):
            left, right = padded[k] >> last, padded[k + 2] << last
            out[y, k] = column[k] | column[k] << one | column[k] >> one | left | right


@compiled
def count_common(bits: Words, windows: Words, counts: Longs) -> None:
    """Fill the number of pixels set in (H, W / 64) that are set in each of the windows, too."""
    for r in range(counts.size):
        total = np.uint64(0)
        for y in range(bits.shape[0]):
            for k in range(bits.shape[1]):
                # The number of bits that are set: of two, of four, of eight, of all.
                word = bits[y, k] & windows[r, y, k]
                word -= (word >> np.uint64(1)) & OF_TWO
                word = (word & OF_FOUR) + ((word >> np.uint64(2)) & OF_FOUR)
                word = (word + (word >> np.uint64(4))) & OF_EIGHT
                total += (word * LOWEST_BITS) >> np.uint64(56)
        counts[r] = total


@compiled
def measure_squared_distance(
    mask: Bytes, column: Shorts, padded: Shorts, short: Shorts, rows: Ints, out: Ints
) -> None:
    """Set `out` (H, W) to the exact squared Euclidean distance to the mask, which is not empty.

    First down and up the columns, then along the rows: d^2(x) = min over u of (x - u)^2 + g^2(u),
    g the distance within the column (Meijster, Roerdink, Hesselink 2000,
    doi 10.1007/0-306-47025-X_36). H + W is at most 30,000 (checked at the door), so that 16 bits
    hold g, and 32 its square. `column` (H, W) is H + W before; `short` (W,) and `rows` (2, W) are
    scratch; `padded`, `FAR_SQUARE` before, has 4 more elements on either side of W than the search
    goes, which is W or `SEARCH_LIMIT`.
    """
    height, width = mask.shape
    far = np.int16(height + width)
    for y in range(height):
        near, above, row = mask[y], column[max(y - 1, 0)], column[y]
        for x in range(width):
            row[x] = np.int16(0) if near[x] else min(np.int16(above[x] + 1), far)
    margin = (padded.size - width) // 2
    square = padded[margin : margin + width]
    for y in range(height - 1, -1, -1):
        below, g, row = column[min(y + 1, height - 1)], column[y], out[y]
        for x in range(width):
            g[x] = min(g[x], np.int16(below[x] + 1))
        for x in range(width):
            limited = min(g[x], np.int16(FAR))
            square[x] = np.int16(limited * limited)
        if _search_row(padded, margin, short):
            for x in range(width):
                row[x] = short[x]
        else:
            _envelope_row(g, rows[0], rows[1], row)


@compiled
def _search_row(padded: Shorts, margin: int, row: Shorts) -> bool:
    """Try every offset k until k^2 exceeds all that was found; False if `SEARCH_LIMIT` is passed.

    Far faster than the envelope where distances are short, because it runs in vector instructions,
    and 16 bits hold what is found: `FAR_SQUARE` + (`SEARCH_LIMIT` + 4)^2 at most.
    """
    width = row.size
    for x in range(width):
        row[x] = padded[margin + x]
    for k in range(1, width + 4):
        if k % 4 == 1:
            worst = np.int16(0)
            for x in range(width):
                worst = max(worst, row[x])
            if k * k >= worst or k >= width:
                return bool(worst < FAR_SQUARE)
            if k > SEARCH_LIMIT:
                break
        step = np.int16(k * k)
        left, right = padded[margin - k :], padded[margin + k :]
        for x in range(width):
            row[x] = min(row[x], np.int16(min(left[x], right[x]) + step))
    return False


@compiled
def _envelope_row(g: Shorts, corner: Ints, reign: Ints, row: Ints) -> None:
    """Find the lower envelope of the parabolas (x - u)^2 + g(u)^2 and read it off: O(W).

    `corner` is the stack of u on the envelope, `reign` the column from which each is the lowest.
    """
    width = row.size
    top = -1
    for u in range(width):
        begin = np.int64(0)
        while top >= 0:
            c = np.int64(corner[top])
            # The first integer column at which the parabola of u is strictly below that of c.
            rise = np.int64(g[u]) * np.int64(g[u]) - np.int64(g[c]) * np.int64(g[c])
            begin = (u * u - c * c + rise) // (2 * (u - c)) + 1
            if begin > reign[top]:
                break
            top -= 1
        if top < 0:
            begin = np.int64(0)
        if begin < width:
            top += 1
            corner[top], reign[top] = u, begin
    for x in range(width - 1, -1, -1):
        offset, height = np.int64(x - corner[top]), np.int64(g[corner[top]])
        row[x] = offset * offset + height * height
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
