"""The heap of the compiled methods: the least key leaves first, of equal keys the least item."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.kernels.heap import LARGEST_ITEM, drop_top, entry, heapify, item_of, push, replace_top

KEYS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf]), st.floats(allow_nan=False, width=32)
)
PAIRS = st.lists(st.tuples(KEYS, st.integers(0, 20)), max_size=60)


def emptied(heap, size):
    left = []
    while size:
        left.append(int(heap[0]))
        size = drop_top(heap, size)
    return left


@given(PAIRS)
def test_pairs_leave_by_key_and_then_by_item(pairs):
    heap, size = np.empty(len(pairs), np.int64), 0
    for key, item in pairs:
        size = push(heap, size, entry(key, item))
    assert emptied(heap, size) == [entry(key, item) for key, item in sorted(pairs)]


@given(PAIRS)
def test_values_in_any_order_become_a_heap(pairs):
    heap = np.array([entry(key, item) for key, item in pairs], np.int64)
    heapify(heap, len(pairs))
    assert emptied(heap, len(pairs)) == [entry(key, item) for key, item in sorted(pairs)]


@given(PAIRS.filter(len), st.lists(st.tuples(KEYS, st.integers(0, 20)), max_size=20))
def test_what_takes_the_place_of_the_least_finds_its_own(pairs, others):
    heap = np.array([entry(key, item) for key, item in pairs], np.int64)
    heapify(heap, len(pairs))
    left = sorted(pairs)
    for key, item in others:
        assert heap[0] == entry(*left[0])
        replace_top(heap, len(pairs), entry(key, item))
        left = sorted([*left[1:], (key, item)])
    assert emptied(heap, len(pairs)) == [entry(key, item) for key, item in left]


def test_pushes_and_drops_may_mix():
    rng, left = np.random.default_rng(0), []
    heap, size = np.empty(400, np.int64), 0
    for key in rng.integers(0, 30, 400):
        size = push(heap, size, entry(float(key), int(key)))
        left = sorted([*left, int(key)])
        if key % 3:
            assert item_of(heap[0]) == left.pop(0)
            size = drop_top(heap, size)
    assert size == len(left)


@pytest.mark.parametrize("item", [0, 1, 1 << 31, LARGEST_ITEM])
@pytest.mark.parametrize("key", [-1.5, 0.0, 2.5])
def test_an_item_comes_out_as_it_went_in(key, item):
    assert item_of(entry(key, item)) == item
