"""A priority queue for more entries than caches hold: only those next in line are a heap.

The others wait, unordered, in buckets of nearly equal keys, which are opened one after the other.
An entry that lies in the open bucket or before it goes into the heap. One that is stale by the time
its bucket is opened never does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import shared
from methods.kernels.heap import Heap, drop_top, heapify, push, replace_top

# The bits of an entry right of the number of its bucket, which has the sign, the exponent and eight
# bits of the fraction. At 12 megapixels 44 bits are a fifth faster for ERS and slower for SNIC.
SHIFT = 47
BUCKETS = 1 << (64 - SHIFT)
AHEAD = 16  # entries of an opened bucket between the one looked at and the one to prefetch for

# A bucket is a chain of blocks of the store, each of which begins with the place of the last entry
# of the block before.
BLOCK = 16
EMPTY = 0  # block 0 is no bucket's

BUCKET, SIZE, END, FREE = 0, 1, 2, 3  # places in the state of a queue


class Queue(NamedTuple):
    """A priority queue of entries as the heap has them.

    Attributes
    ----------
    heap : ndarray of int64
        Entries of the open bucket, and of earlier ones.
    store : ndarray of int64
        Blocks of entries of the later buckets.
    last : (BUCKETS,) ndarray of int64
        Place in `store` of each bucket's last entry.
    state : (4,) ndarray of int64
        The open bucket, the size of the heap, the used part of the store, a free block.
    """

    heap: Heap
    store: NDArray[np.int64]
    last: NDArray[np.int64]
    state: NDArray[np.int64]


@shared
def empty_queue(capacity: int) -> Queue:
    """Return a queue with room for so many entries at a time."""
    blocks = capacity // (BLOCK - 1) + min(BUCKETS, capacity) + 2
    state = np.array([-1, 0, BLOCK, EMPTY])
    return Queue(
        np.empty(capacity, np.int64),
        np.empty(BLOCK * blocks, np.int64),
        np.full(BUCKETS, EMPTY, np.int64),
        state,
    )


@shared
def bucket_of(packed: int) -> int:
    """Return the number of the bucket of an entry; entries of negative keys are negative."""
    return (packed >> SHIFT) + BUCKETS // 2


@shared
def is_open(queue: Queue, packed: int) -> bool:
    """Return whether an entry lies in the open bucket or before it."""
    return bool(bucket_of(packed) <= queue.state[BUCKET])


@shared
def add(queue: Queue, packed: int) -> None:
    """Add an entry."""
    if is_open(queue, packed):
        queue.state[SIZE] = push(queue.heap, queue.state[SIZE], packed)
        return
    bucket = bucket_of(packed)
    place = queue.last[bucket] + 1
    if place & (BLOCK - 1) <= 1:  # no block, or a full one
        place = new_block(queue, place - 1) + 1
    queue.store[place] = packed
    queue.last[bucket] = place


@shared
def new_block(queue: Queue, before: int) -> int:
    """Return the place of an unused block, after linking it to the entry before."""
    block = queue.state[FREE]
    if block != EMPTY:
        queue.state[FREE] = queue.store[block]
    else:
        block = queue.state[END]
        queue.state[END] += BLOCK
    queue.store[block] = before
    return int(block)


@shared
def take_least(queue: Queue) -> int:
    """Remove the least entry from the heap, which is not empty, and return it."""
    packed = queue.heap[0]
    queue.state[SIZE] = drop_top(queue.heap, queue.state[SIZE])
    return int(packed)


@shared
def replace_least(queue: Queue, packed: int) -> None:
    """Put an entry in the place of the least one in the heap."""
    if is_open(queue, packed):
        replace_top(queue.heap, queue.state[SIZE], packed)
    else:
        take_least(queue)
        add(queue, packed)


@shared
def open_bucket(queue: Queue) -> int:
    """Open the next bucket that has entries, as the heap is empty; return how many it has.

    They are then in `queue.heap`, in no order. The caller strikes out those that are stale, and
    calls `serve` with the number of those that it keeps. 0 means that no entries are left.
    """
    count = 0
    while count == 0 and queue.state[BUCKET] + 1 < BUCKETS:
        queue.state[BUCKET] += 1
        place = queue.last[queue.state[BUCKET]]
        while place != EMPTY:
            while place & (BLOCK - 1):
                queue.heap[count] = queue.store[place]
                count += 1
                place -= 1
            before = queue.store[place]
            queue.store[place] = queue.state[FREE]
            queue.state[FREE] = place
            place = before
    return count


@shared
def serve(queue: Queue, count: int) -> None:
    """Make the first `count` values of `queue.heap` the heap."""
    queue.state[SIZE] = count
    heapify(queue.heap, count)
