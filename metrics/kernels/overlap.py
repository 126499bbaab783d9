"""Runs of equal labels, and the table of overlaps; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import VOID, Bytes, Doubles, Ints, Longs, Words, compiled

# 2^64 over the golden ratio, odd: multiples of it are spread evenly (Knuth, volume 3, 6.4).
MIXING = np.uint64(0x9E3779B97F4A7C15)

# The lowest bit of each of the eight bytes of a word.
LOWEST_BITS = np.uint64(0x0101010101010101)


@compiled
def _list_marked(words: Words, begin: int, pixels: Ints, count: int) -> int:
    """Append `begin` plus the position of each byte that is 1; return how many are listed then.

    Bytes are 0 or 1, eight to a word, the first in the lowest digits. Goes from one bit that is set
    to the next, so that stretches of zeros cost next to nothing and nothing is to be predicted.
    """
    one = np.uint64(1)
    for k in range(words.size):
        word = words[k]
        while word:
            # The bits below the lowest that is set: eight for each byte before it, of which the
            # product adds up one each in the highest byte.
            below = (word & (~word + one)) - one
            byte = ((below & LOWEST_BITS) * LOWEST_BITS) >> np.uint64(56)
            pixels[count] = begin + 8 * k + np.int64(byte)
            count += 1
            word &= word - one
    return count


@compiled
def find_runs(
    values: Ints,
    pixels: Ints,
    words: Words,
    changes: Bytes,
    start: Ints,
    label: Ints,
    first_of_row: Ints,
) -> tuple[int, int, int]:
    """Fill the flat index of the first pixel and the value of every run.

    `pixels` (N,) are the values (H, W) in one row; `words` and `changes`, zero before, a row of
    bytes filled up to whole words of eight, as such and as bytes: where a row changes. `start` and
    `label` have room for a run per pixel, `start` for one more: the number of pixels follows the
    last. `first_of_row` (H + 1,) receives the index of the first run of each row and, last, the
    number of runs. Returns this number, the greatest value, and how many pixels are negative.
    """
    height, width = values.shape
    count = 0
    for y in range(height):
        first_of_row[y] = count
        start[count] = y * width
        row = values[y]
        before, after, change = row[:-1], row[1:], changes[1:width]
        for x in range(before.size):
            change[x] = before[x] != after[x]
        count = _list_marked(words, y * width, start, count + 1)
    first_of_row[height] = count
    start[count] = pixels.size
    high, negative = pixels[0], 0
    for run in range(count):
        value = pixels[start[run]]
        label[run] = value
        high = max(high, value)
        negative += (start[run + 1] - start[run]) * (value < 0)
    return count, high, negative


@compiled
def number_runs(start: Ints, value: Ints, rank: Ints, size: Longs, label: Ints) -> int:
    """Fill the label of every run: the rank of its value among those that occur, or `VOID`.

    `rank` and `size`, one more than the greatest value, are zero before; the first K of `size`
    receive the pixels of each label. Returns K.
    """
    for run in range(value.size):
        if value[run] >= 0:
            rank[value[run]] = 1
    count = 0
    for k in range(rank.size):
        here = rank[k]
        rank[k] = count
        count += here
    for run in range(value.size):
        if value[run] >= 0:
            label[run] = rank[value[run]]
            size[label[run]] += start[run + 1] - start[run]
        else:
            label[run] = VOID
    return count


@compiled
def count_pairs(
    start_a: Ints,
    label_a: Ints,
    start_b: Ints,
    label_b: Ints,
    segments: int,
    slots: Ints,
    pairs: Longs,
) -> int:
    """Count the pixels that a label of `a` and one of `b` share; return the number of pairs E.

    Both partitions are void at the same pixels; `start_a` and `start_b` end with the number of
    pixels. The first E columns of `pairs` (3, R_a + R_b) receive label a, label b and the pixels,
    in raster order of first pixels. `slots`, -1 before, is a table of 2^p > 2 E places where pairs
    are found again by their multiplied number: time and memory do not grow with the number of
    labels, of which there may be as many as pixels. `segments` is the number of labels b.
    """
    last = slots.size - 1
    i, j, position, count = 0, 0, 0, 0
    while i < label_a.size:
        end_a, end_b = start_a[i + 1], start_b[j + 1]
        end = min(end_a, end_b)
        a, b = label_a[i], label_b[j]
        if a >= 0:
            number = np.uint64(a) * np.uint64(segments) + np.uint64(b)
            # The upper half of the product depends on every digit of the number.
            slot = np.int64((number * MIXING) >> np.uint64(32)) & last
            while slots[slot] >= 0 and (pairs[0, slots[slot]] != a or pairs[1, slots[slot]] != b):
                slot = (slot + 1) & last
            if slots[slot] < 0:
                slots[slot] = count
                pairs[0, count], pairs[1, count], pairs[2, count] = a, b, 0
                count += 1
            pairs[2, slots[slot]] += end - position
        i += end_a == end
        j += end_b == end
        position = end
    return count


@compiled
def tally_pairs(
    pairs: Longs,
    size_a: Longs,
    size_b: Longs,
    largest_a: Longs,
    largest_b: Longs,
    touched: Longs,
    best: Doubles,
) -> tuple[int, int, int, int, int]:
    """Go once through the pairs (3, E) of `count_pairs` for all sums over them.

    Of each pair: labels a and b, and n pixels; |a| and |b| are the sizes of the labels. Fills,
    zero before, `largest_a` (K,), the largest n of each a; of each b (M,) `largest_b`, the same,
    `touched`, the sum of |a|, and `best`, the largest n / (|a| + |b| - n). Returns the sums of n,
    of `largest_a`, of min(n, |a| - n), of |a| where n > |a| / 20, and of n^2.
    """
    pixels, majority, minority, covering, squares = 0, 0, 0, 0, 0
    for e in range(pairs.shape[1]):
        a, b, n = pairs[0, e], pairs[1, e], pairs[2, e]
        size = size_a[a]
        largest_a[a] = max(largest_a[a], n)
        largest_b[b] = max(largest_b[b], n)
        touched[b] += size
        best[b] = max(best[b], n / (size + size_b[b] - n))
        pixels += n
        minority += min(n, size - n)
        covering += size if 20 * n > size else 0
        squares += n * n
    for a in range(largest_a.size):
        majority += largest_a[a]
    return pixels, majority, minority, covering, squares


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
