"""The bucket queue of the compiled methods: equal to heapq, whatever the order of its entries."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.kernels.buckets import (
    BLOCK,
    END,
    SIZE,
    add,
    empty_queue,
    large_queue,
    last_entry,
    open_bucket,
    replace_least,
    serve,
    take_least,
)
from methods.kernels.heap import entry, item_of
from methods.kernels.prefetch import prefetch

KEYS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf]), st.floats(allow_nan=False, width=32)
)
PAIRS = st.lists(st.tuples(KEYS, st.integers(0, 20)), max_size=60)
CAPACITY = 150
NOTHING = np.iinfo(np.int64).min


def fill(queue, entries):
    for packed in entries:
        add(queue, packed)


def take(queue):
    while queue[SIZE] == 0:
        count = open_bucket(queue)
        if count == 0:
            return NOTHING
        serve(queue, count)
    return take_least(queue)


def packed(pairs):
    return np.array([entry(key, item) for key, item in pairs], np.int64)


def emptied(queue):
    left = []
    while (least := take(queue)) != NOTHING:
        left.append(least)
    return left


@given(PAIRS, st.sampled_from([empty_queue, large_queue]))
def test_entries_leave_by_key_and_then_by_item(pairs, new_queue):
    queue = new_queue(CAPACITY)
    fill(queue, packed(pairs))
    assert emptied(queue) == sorted(packed(pairs).tolist())


@given(PAIRS, PAIRS)
def test_entries_may_come_below_and_above_those_that_have_left(pairs, later):
    queue, expected = empty_queue(CAPACITY), packed(pairs).tolist()
    fill(queue, packed(pairs))
    heapq.heapify(expected)
    for new in packed(later):
        if expected:
            assert take(queue) == heapq.heappop(expected)
        add(queue, new)
        heapq.heappush(expected, int(new))
    assert emptied(queue) == sorted(expected)


@given(PAIRS.filter(len), PAIRS)
def test_what_takes_the_place_of_the_least_finds_its_own(pairs, others):
    queue, expected = empty_queue(CAPACITY), packed(pairs).tolist()
    fill(queue, packed(pairs))
    heapq.heapify(expected)
    for new in packed(others):
        add(queue, take(queue))
        replace_least(queue, new)
        heapq.heapreplace(expected, int(new))
    assert emptied(queue) == sorted(expected)


def test_stale_entries_are_struck_out_when_their_bucket_is_opened():
    queue = empty_queue(100)
    fill(queue, packed([(1.0, item) for item in range(100)]))
    assert open_bucket(queue) == 100
    kept = [int(value) for value in queue[:100] if item_of(value) % 3 == 0]
    queue[: len(kept)] = kept
    serve(queue, len(kept))
    assert [item_of(value) for value in emptied(queue)] == list(range(0, 100, 3))


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_room_is_used_again_and_never_exceeded(spread):
    rng, capacity = np.random.default_rng(0), 10 * BLOCK
    keys = np.sort(2.0 ** (spread * rng.random(40 * capacity))) - rng.random(40 * capacity) / 50
    entries = packed(zip(keys, range(keys.size), strict=True)).tolist()
    queue, expected = empty_queue(capacity), sorted(entries[:capacity])
    fill(queue, entries[:capacity])
    for new in entries[capacity:]:
        assert take(queue) == heapq.heappop(expected)
        add(queue, new)
        heapq.heappush(expected, new)
        assert queue[END] <= last_entry(queue, 0)
    assert emptied(queue) == sorted(expected)


@pytest.mark.parametrize("i", [-(1 << 40), -1, 0, 5, 6, 1 << 40])
def test_a_prefetch_changes_nothing_and_may_lie_outside(i):
    array = np.arange(6.0).reshape(2, 3)
    prefetch(array, i)
    assert np.array_equal(array, np.arange(6.0).reshape(2, 3))
