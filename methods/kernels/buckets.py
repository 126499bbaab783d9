"""A priority queue for more entries than caches hold: only those next in line are a heap.

The others wait, unordered, in buckets of nearly equal keys, which are opened one after the other.
An entry that lies in the open bucket or before it goes into the heap. One that is stale by the time
its bucket is opened never does.

A queue is one array, because numba counts references to every array of a tuple that it hands on,
which took longer than the queue itself. First the heap, so that `methods.kernels.heap` works on the
queue as it is; then the store, which the buckets share; then for each bucket the place of its last
entry; at the end the state.
"""

import inspect

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import shared
from methods.kernels.heap import drop_top, heapify, push, replace_top

# The bits of an entry right of the number of its bucket, which has the sign, the exponent and eight
# bits of the fraction. At 12 megapixels 44 bits are a fifth faster for ERS and slower for SNIC.
SHIFT = 47
BUCKETS = 1 << (64 - SHIFT)
AHEAD = 16  # entries of an opened bucket between the one looked at and the one to prefetch for

# A bucket is a chain of blocks of the store, each of which begins with the place of the last entry
# of the block before.
BLOCK = 16
EMPTY = 0  # the heap is there, so no block is

# Places of the state, from the end: the size of the heap, the number of the open bucket, the end of
# the used part of the store, a free block.
SIZE, BUCKET, END, FREE = -1, -2, -3, -4
STATE = 4

Queue = NDArray[np.int64]


@shared
def empty_queue(capacity: int) -> Queue:
    """Return a queue with room for so many entries at a time."""
    blocks = capacity // (BLOCK - 1) + min(BUCKETS, capacity) + 2
    store = -(-capacity // BLOCK) * BLOCK  # blocks begin at multiples of their length
    queue = np.empty(store + BLOCK * blocks + BUCKETS + STATE, np.int64)
    queue[-STATE - BUCKETS :] = EMPTY
    queue[SIZE], queue[BUCKET], queue[END] = 0, -1, store
    return queue


def large_queue(capacity: int) -> Queue:
    """Return an empty queue for a compiled loop to use, in memory from numpy.

    Numpy asks the system for large pages, which numba does not. ERGC, whose pixels lie all over an
    image, takes a quarter less time at 12 megapixels with all of its large arrays from numpy.
    """
    queue: Queue = inspect.unwrap(empty_queue)(capacity)
    return queue


@shared
def last_entry(queue: Queue, bucket: int) -> int:
    """Return where the place of the last entry of a bucket stands."""
    return queue.size - STATE - BUCKETS + bucket


@shared
def bucket_of(packed: int) -> int:
    """Return the number of the bucket of an entry; entries of negative keys are negative."""
    return (packed >> SHIFT) + BUCKETS // 2


@shared
def is_open(queue: Queue, packed: int) -> bool:
    """Return whether an entry lies in the open bucket or before it."""
    return bool(bucket_of(packed) <= queue[BUCKET])


@shared
def add(queue: Queue, packed: int) -> None:
    """Add an entry."""
    if is_open(queue, packed):
        queue[SIZE] = push(queue, queue[SIZE], packed)
        return
    last = last_entry(queue, bucket_of(packed))
    place = queue[last] + 1
    if place & (BLOCK - 1) <= 1:  # no block, or a full one
        place = new_block(queue, place - 1) + 1
    queue[place] = packed
    queue[last] = place


@shared
def new_block(queue: Queue, before: int) -> int:
    """Return the place of an unused block, after linking it to the entry before."""
    block = queue[FREE]
    if block != EMPTY:
        queue[FREE] = queue[block]
    else:
        block = queue[END]
        queue[END] += BLOCK
    queue[block] = before
    return int(block)


@shared
def take_least(queue: Queue) -> int:
    """Remove the least entry from the heap, which is not empty, and return it."""
    packed = queue[0]
    queue[SIZE] = drop_top(queue, queue[SIZE])
    return int(packed)


@shared
def replace_least(queue: Queue, packed: int) -> None:
    """Put an entry in the place of the least one in the heap."""
    if is_open(queue, packed):
        replace_top(queue, queue[SIZE], packed)
    else:
        take_least(queue)
        add(queue, packed)


@shared
def open_bucket(queue: Queue) -> int:
    """Open the next bucket that has entries, as the heap is empty; return how many it has.

    They are then in the places of the heap, in no order. The caller strikes out those that are
    stale, and calls `serve` with the number of those that it keeps. 0 means that no entries are
    left.
    """
    count = 0
    while count == 0 and queue[BUCKET] + 1 < BUCKETS:
        queue[BUCKET] += 1
        place = queue[last_entry(queue, queue[BUCKET])]
        while place != EMPTY:
            while place & (BLOCK - 1):
                queue[count] = queue[place]
                count += 1
                place -= 1
            before = queue[place]
            queue[place] = queue[FREE]
            queue[FREE] = place
            place = before
    return count


@shared
def serve(queue: Queue, count: int) -> None:
    """Make the first `count` values of the queue its heap."""
    queue[SIZE] = count
    heapify(queue, count)
