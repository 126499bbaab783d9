"""The compiled loops of shape regularity; conventions as in `metrics.kernels`."""

import numpy as np

from metrics.kernels.compiled import Doubles, Ints, Longs, compiled


@compiled
def _push(x: int, y: int, side: int, corner: Ints, top: int) -> int:
    """Add a point to the chain of the hull on one side (1: left, -1: right); return its length."""
    while top >= 2:
        before_x, before_y = np.int64(corner[top - 2, 0]), np.int64(corner[top - 2, 1])
        last_x, last_y = np.int64(corner[top - 1, 0]), np.int64(corner[top - 1, 1])
        turn = (last_x - before_x) * (y - before_y) - (x - before_x) * (last_y - before_y)
        if side * turn < 0:
            break
        top -= 1
    corner[top, 0], corner[top, 1] = x, y
    return top + 1


@compiled
def measure_hulls(
    start: Ints, first: Ints, order: Ints, shape: tuple[int, int], area: Longs, perimeter: Longs
) -> None:
    """Fill the pixels and the exposed 4-edges of the digital convex hull of every label (K,).

    The hull is every pixel whose centre lies in the convex hull of the label's pixel centres. Only
    the first and last pixel of each row can be corners, and the hull has one stretch per row and
    per column: it exposes two edges for each that is not empty. The hull of a shape in several
    parts may miss a row or a column within, so both are looked at one by one.
    """
    height, width = shape
    left, right = np.empty((height, 2), np.int32), np.empty((height, 2), np.int32)
    # How many stretches begin, less how many ended, at a column; 0 again after every label.
    change = np.zeros(width + 1, np.int32)
    for j in range(area.size):
        lefts, rights = 0, 0
        i = first[j]
        while i < first[j + 1]:
            y = start[order[i]] // width
            low = start[order[i]] - y * width
            while i + 1 < first[j + 1] and start[order[i + 1]] < (y + 1) * width:
                i += 1
            high = start[order[i] + 1] - 1 - y * width
            i += 1
            lefts = _push(low, y, 1, left, lefts)
            rights = _push(high, y, -1, right, rights)
        a, b, most, least = 0, 0, 0, width
        for y in range(left[0, 1], left[lefts - 1, 1] + 1):
            while a + 2 < lefts and left[a + 1, 1] <= y:
                a += 1
            while b + 2 < rights and right[b + 1, 1] <= y:
                b += 1
            low, high = np.int64(left[a, 0]), np.int64(right[b, 0])
            if lefts > 1:
                rise = np.int64(left[a + 1, 1] - left[a, 1])
                low -= ((left[a, 0] - left[a + 1, 0]) * np.int64(y - left[a, 1])) // rise
                rise = np.int64(right[b + 1, 1] - right[b, 1])
                high += ((right[b + 1, 0] - right[b, 0]) * np.int64(y - right[b, 1])) // rise
            if low <= high:
                area[j] += high - low + 1
                perimeter[j] += 2
                change[low] += 1
                change[high + 1] -= 1
                least, most = min(least, low), max(most, high)
        covering = 0
        for x in range(least, most + 1):
            covering += change[x]
            change[x] = 0
            if covering > 0:
                perimeter[j] += 2
        change[most + 1] = 0


@compiled
def _spread(
    begin: int, end: int, y: int, mass: float, shift: Doubles, frame: Doubles, origin: Ints
) -> None:
    """Add a run, moved by a fraction of a pixel up and left, to the frame."""
    v = y + origin[0]
    u = begin + origin[1]
    length = end - begin
    for k in range(2):
        row = frame[v - k]
        part = mass * (shift[0] if k else 1 - shift[0])
        row[u - 1] += part * shift[1]
        for x in range(u, u + length - 1):
            row[x] += part
        row[u + length - 1] += part * (1 - shift[1])


@compiled
def measure_mismatch(
    start: Ints,
    first: Ints,
    order: Ints,
    width: int,
    total: Longs,
    size: Longs,
    mean: Doubles,
    frame: Doubles,
    centre: Ints,
    mismatch: Doubles,
) -> None:
    """Fill |S* - S_k*|_1 / 2 of every label (K,).

    `mean` and `frame`, zero before, are as large as all shapes about their barycentres take,
    `centre` the cell of the barycentre in both. A pixel is moved by whole pixels and then by the
    fraction of its barycentre, which spreads it over four cells. Outside a shape's own cells
    S* - S_k* is S*, whose whole mass is 1: each shape visits its own cells only.
    """
    shift, origin = np.empty(2), np.empty(2, np.int32)
    labels = size.size
    for step in range(2):
        for j in range(labels):
            for axis in range(2):
                whole = total[j, axis] // size[j]
                shift[axis] = (total[j, axis] - whole * size[j]) / size[j]
                origin[axis] = centre[axis] - whole
            target = mean if step == 0 else frame
            mass = 1 / size[j]
            for i in range(first[j], first[j + 1]):
                run = order[i]
                y = start[run] // width
                begin, end = start[run] - y * width, start[run + 1] - y * width
                _spread(begin, end, y, mass, shift, target, origin)
            if step == 0:
                continue
            distance = 1.0
            for i in range(first[j], first[j + 1]):
                run = order[i]
                y = start[run] // width
                begin, end = start[run] - y * width, start[run + 1] - y * width
                for v in range(y + origin[0] - 1, y + origin[0] + 1):
                    for u in range(begin + origin[1] - 1, end + origin[1]):
                        # A cell that runs share is 0 after the first, and then adds 0.
                        distance += abs(mean[v, u] - frame[v, u]) - mean[v, u]
                        frame[v, u] = 0.0
            mismatch[j] = distance / 2
        if step == 0:
            for v in range(mean.shape[0]):
                for u in range(mean.shape[1]):
                    mean[v, u] /= labels
