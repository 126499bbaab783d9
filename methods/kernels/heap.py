"""A heap of (key, item) pairs, the least pair first, packed into one integer each.

The upper half of an entry is the key as a 32-bit float, the lower half the item, so that a heap is
one array, a comparison one instruction, and equal keys leave in the order of their items. Each
entry has four children, not two: half as many levels to sift through, and children side by side.
"""

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import inner, shared

Heap = NDArray[np.int64]

ITEM_BITS = 32
LARGEST_ITEM = (1 << ITEM_BITS) - 1


@inner
def entry(key: float, item: int) -> int:
    """Pack a key (not NaN) and an item (0 to `LARGEST_ITEM`); entries compare as (key, item)."""
    single = np.float32(key) + np.float32(0)  # the sum makes -0 a 0, as the bits of -0 differ
    bits = int(np.float32(single).view(np.int32))
    if bits < 0:  # the bits of negative floats count upwards from zero
        bits ^= 0x7FFFFFFF
    return (bits << ITEM_BITS) | item


@inner
def item_of(packed: int) -> int:
    """Return the item of an entry."""
    return packed & LARGEST_ITEM


@shared
def push(heap: Heap, size: int, packed: int) -> int:
    """Add an entry to the heap of the first `size` values, which has room; return the new size."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if heap[parent] <= packed:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = packed
    return size + 1


@shared
def least_child(heap: Heap, size: int, first: int) -> int:
    """Return the place of the least of the one to four children that begin at `first`."""
    if first + 3 < size:  # two pairs and no loop, because this is where a heap spends its time
        left = first + int(heap[first + 1] < heap[first])
        right = first + 2 + int(heap[first + 3] < heap[first + 2])
        return right if heap[right] < heap[left] else left
    least = first
    for child in range(first + 1, size):
        if heap[child] < heap[least]:
            least = child
    return least


@shared
def sift_down(heap: Heap, size: int, i: int, packed: int) -> None:
    """Put an entry in place `i` of a heap, or below it where lesser ones are to move up."""
    first = 4 * i + 1
    while first < size:
        child = least_child(heap, size, first)
        if packed <= heap[child]:
            break
        heap[i] = heap[child]
        i = child
        first = 4 * i + 1
    heap[i] = packed


@shared
def replace_top(heap: Heap, size: int, packed: int) -> None:
    """Put an entry in the place of the least one, which is heap[0]."""
    sift_down(heap, size, 0, packed)


@shared
def drop_top(heap: Heap, size: int) -> int:
    """Remove the least entry, heap[0]; return the new size."""
    size -= 1
    sift_down(heap, size, 0, heap[size])
    return size


@shared
def heapify(heap: Heap, size: int) -> None:
    """Bring the first `size` values into heap order, in linear time."""
    for i in range((size + 2) // 4 - 1, -1, -1):
        sift_down(heap, size, i, heap[i])
