"""The compiled loops that mend disconnected labels; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import VOID, Ints, Longs, compiled


@compiled
def find_borders(
    start: Ints, part: Ints, first_of_row: Ints, width: int, first: Ints, borders: Ints
) -> None:
    """List the 4-borders of every part with others, a stretch at a time.

    `first` (P + 1,), zero before, receives where the stretches of each part begin in `borders`
    (at most 6 R, 2): the other part and the number of pixel edges. Void has no borders.
    """
    count = 0
    # Once to count and once to fill, from the end, which moves `first[p + 1]` to the beginning.
    for fill in range(2):
        for y in range(first_of_row.size - 1):
            for run in range(first_of_row[y], first_of_row[y + 1] - 1):
                _meet(part[run], part[run + 1], 1, fill, first, borders)
        for y in range(first_of_row.size - 2):
            i, j = first_of_row[y], first_of_row[y + 1]
            position = start[i]
            while i < first_of_row[y + 1]:
                end_above, end_below = start[i + 1], start[j + 1] - width
                end = min(end_above, end_below)
                _meet(part[i], part[j], end - position, fill, first, borders)
                i += end_above == end
                j += end_below == end
                position = end
        if not fill:
            for p in range(1, first.size):
                first[p] += first[p - 1]
            count = first[first.size - 1]
    for p in range(first.size - 1):
        first[p] = first[p + 1]
    first[first.size - 1] = count


@compiled
def _meet(a: int, b: int, length: int, fill: int, first: Ints, borders: Ints) -> None:
    if a == b or a < 0 or b < 0:
        return
    if not fill:
        first[a + 1] += 1
        first[b + 1] += 1
        return
    for one, other in ((a, b), (b, a)):
        first[one + 1] -= 1
        borders[first[one + 1], 0] = other
        borders[first[one + 1], 1] = length


@compiled
def keep_largest(label: Ints, size: Longs, kept: Ints, owner: Ints) -> None:
    """Set `owner` of the largest part of each label, the first among equals, to itself; else VOID.

    `kept` (K,) receives that part.
    """
    kept[:] = VOID
    for p in range(label.size):
        best = kept[label[p]]
        if best < 0 or size[p] > size[best]:
            kept[label[p]] = p
    owner[:] = VOID
    for k in range(kept.size):
        owner[kept[k]] = kept[k]


@compiled
def join_parts(first: Ints, borders: Ints, owner: Ints) -> None:
    """Let parts without owner join, round by round, the owner with the longest border.

    `owner` (P,) holds the kept part that a part belongs to, `VOID` where it is still to be found;
    parts that no round reaches keep `VOID`. All parts that border on an owner at the beginning of a
    round join in that round, so the order in which they are visited does not matter.
    """
    count = owner.size
    length = np.zeros(count, np.int64)
    waiting = np.empty(count, np.int32)
    choice = np.empty(count, np.int32)
    queued = np.zeros(count, np.bool_)
    reached = 0
    for p in range(count):
        if owner[p] >= 0:
            continue
        for i in range(first[p], first[p + 1]):
            if owner[borders[i, 0]] >= 0 and not queued[p]:
                queued[p] = True
                waiting[reached] = p
                reached += 1
    begin = 0
    while begin < reached:
        end = reached
        for w in range(begin, end):
            choice[w] = _longest(waiting[w], first, borders, owner, length)
        for w in range(begin, end):
            owner[waiting[w]] = choice[w]
        for w in range(begin, end):
            p = waiting[w]
            for i in range(first[p], first[p + 1]):
                other = borders[i, 0]
                if owner[other] < 0 and not queued[other]:
                    queued[other] = True
                    waiting[reached] = other
                    reached += 1
        begin = end


@compiled
def _longest(p: int, first: Ints, borders: Ints, owner: Ints, length: Longs) -> int:
    """Return the owner with the longest border to the part, the first among equals.

    `length` (P,) is zero before and after.
    """
    best = VOID
    for i in range(first[p], first[p + 1]):
        candidate = owner[borders[i, 0]]
        if candidate >= 0:
            length[candidate] += borders[i, 1]
    for i in range(first[p], first[p + 1]):
        candidate = owner[borders[i, 0]]
        if candidate < 0:
            continue
        longer = best < 0 or length[candidate] > length[best]
        if longer or (length[candidate] == length[best] and candidate < best):
            best = candidate
    for i in range(first[p], first[p + 1]):
        candidate = owner[borders[i, 0]]
        if candidate >= 0:
            length[candidate] = 0
    return best


@compiled
def paint_runs(start: Ints, part: Ints, value: Ints, out: Ints) -> None:
    """Set every pixel of `out` (N,) to the value (P,) of its part, or to `VOID`."""
    for run in range(part.size):
        colour = value[part[run]] if part[run] >= 0 else np.int32(VOID)
        for p in range(start[run], start[run + 1]):
            out[p] = colour
