"""Runs of equal labels, and the table of overlaps; conventions as in `metrics.kernels`."""

from metrics.kernels.compiled import Ints, Longs, compiled


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
