"""How a method is asked for superpixels: what is timed, and what is left in the row."""

import numpy as np
import pytest

from bench.calls import Shared, call, call_for_many
from methods import Method
from methods.base import OnDemand

IMAGE = np.arange(12 * 15 * 3, dtype=np.uint8).reshape(12, 15, 3)


class Tree(Method):
    """Keeps a record of what it was asked."""

    name = "tree"

    def __init__(self, **values):
        super().__init__(**values)
        self.record = []

    def segment(self, image, n):
        return self.segment_many(image, (n,))[0]

    def segment_many(self, image, ns):
        self.record.append(("shared", tuple(ns)))
        return OnDemand(lambda n: self.divide(image, n), ns)

    def divide(self, image, n):
        self.record.append(n)
        self.facts = {"divided_into": n}
        return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2]) % n


def test_what_counts_share_is_computed_once_and_part_of_each_time():
    method, shared = Tree(), Shared((5, 9, 20))
    calls = [call_for_many(method, IMAGE, n, shared) for n in (5, 9, 20)]
    assert method.record == [("shared", (5, 9, 20)), 5, 9, 20]
    assert [int(c.measured.value.max()) + 1 for c in calls] == [5, 9, 20]
    (in_common,) = {c.columns["time_shared_s"] for c in calls}
    for made, n in zip(calls, (5, 9, 20), strict=True):
        assert made.measured.time_s > in_common > 0
        assert made.columns["n_requested"] == n
        assert made.facts == f'{{"divided_into": {n}}}'


def test_a_list_of_label_maps_is_all_shared():
    class All(Tree):
        def segment_many(self, image, ns):
            return [self.divide(image, n) for n in ns]

    shared = Shared((5, 9))
    first, second = (call_for_many(All(), IMAGE, n, shared) for n in (5, 9))
    assert int(second.measured.value.max()) + 1 == 9
    assert first.columns == second.columns | {"n_requested": 5}
    assert first.measured.time_s >= first.columns["time_shared_s"]


def test_a_generator_does_its_work_inside_the_clock_of_what_is_shared():
    class Lazy(Tree):
        def segment_many(self, image, ns):
            for n in ns:
                yield self.divide(image, n)

    method, shared = Lazy(), Shared((5, 9))
    call_for_many(method, IMAGE, 5, shared)
    assert method.record == [5, 9]
    assert int(call_for_many(method, IMAGE, 9, shared).measured.value.max()) + 1 == 9
    assert method.record == [5, 9]


def test_a_count_that_spoils_the_others_fails_alone():
    class NotTen(Tree):
        def segment_many(self, image, ns):
            if 10 in ns:
                raise ValueError("not ten")
            return super().segment_many(image, ns)

    method, shared = NotTen(), Shared((5, 10, 20))
    assert int(call_for_many(method, IMAGE, 5, shared).measured.value.max()) + 1 == 5
    with pytest.raises(ValueError, match="not ten"):
        call_for_many(method, IMAGE, 10, shared)
    assert int(call_for_many(method, IMAGE, 20, shared).measured.value.max()) + 1 == 20


def test_a_label_map_too_few_is_an_error_not_a_wrong_row():
    class Forgets(Tree):
        def segment_many(self, image, ns):
            return []

    with pytest.raises(ValueError, match="0 label maps for 1 counts"):
        call_for_many(Forgets(), IMAGE, 5, Shared((5, 9)))


def test_a_method_that_writes_into_its_image_harms_no_other_call():
    class Paints(Method):
        name = "paints"

        def segment(self, image, n):
            image[:] = 0
            return np.zeros(image.shape[:2], int)

    image = IMAGE.copy()
    assert call(Paints(), image, 3).columns == {"n_requested": 3}
    assert np.array_equal(image, IMAGE)
