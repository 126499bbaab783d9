"""How a method is asked for superpixels: what is timed, and what is left in the row."""

import numpy as np
import pytest

from bench.execution.method_calls import (
    CellTimeoutError,
    FactsError,
    Shared,
    call,
    call_for_many,
    share,
)
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


def ask(method, n, shared):
    """Ask for one of several counts, as a worker does."""
    share(method, IMAGE, shared)
    return call_for_many(method, IMAGE, n, shared)


def test_what_counts_share_is_computed_once_and_part_of_each_time():
    method, shared = Tree(), Shared((5, 9, 20))
    calls = [ask(method, n, shared) for n in (5, 9, 20)]
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
    first, second = (ask(All(), n, shared) for n in (5, 9))
    assert int(second.measured.value.max()) + 1 == 9
    assert first.columns == second.columns | {"n_requested": 5}
    assert first.measured.time_s >= first.columns["time_shared_s"]


def test_a_generator_does_its_work_inside_the_clock_of_what_is_shared():
    class Lazy(Tree):
        def segment_many(self, image, ns):
            for n in ns:
                yield self.divide(image, n)

    method, shared = Lazy(), Shared((5, 9))
    ask(method, 5, shared)
    assert method.record == [5, 9]
    assert int(ask(method, 9, shared).measured.value.max()) + 1 == 9
    assert method.record == [5, 9]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_count_that_spoils_the_others_fails_alone(error):
    class NotTen(Tree):
        def segment_many(self, image, ns):
            if 10 in ns:
                raise error("not ten")
            return super().segment_many(image, ns)

    method, shared = NotTen(), Shared((5, 10, 20))
    assert int(ask(method, 5, shared).measured.value.max()) + 1 == 5
    with pytest.raises(error, match="not ten"):
        ask(method, 10, shared)
    assert int(ask(method, 20, shared).measured.value.max()) + 1 == 20


def test_a_single_count_that_fails_is_not_tried_again():
    class Never(Tree):
        def segment_many(self, image, ns):
            self.record.append(tuple(ns))
            raise ValueError("never")

    method = Never()
    with pytest.raises(ValueError, match="never"):
        ask(method, 5, Shared((5,)))
    assert method.record == [(5,)]


def test_what_counts_share_is_too_late_for_all_of_them_and_not_tried_again():
    class Late(Tree):
        def segment_many(self, image, ns):
            self.record.append(tuple(ns))
            raise CellTimeoutError(1.0)

    method, shared = Late(), Shared((5, 9))
    for n in (5, 9):
        with pytest.raises(CellTimeoutError):
            ask(method, n, shared)
    assert method.record == [(5, 9)]


def test_no_count_has_the_facts_of_another():
    class Says(Tree):
        def segment_many(self, image, ns):
            return [self.divide(image, n) for n in ns]

    shared = Shared((5, 9))
    assert [ask(Says(), n, shared).facts for n in (5, 9)] == ["{}", "{}"]


def test_a_class_that_overrides_segment_alone_is_asked_for_each_count_alone():
    class Halved(Tree):
        def segment(self, image, n):
            return super().segment(image, n) // 2

    class Both(Halved):
        def segment_many(self, image, ns):
            return [self.segment(image, n) for n in ns]

    assert [cls.shares_work() for cls in (Method, Tree, Halved, Both)] == [False, True, False, True]


def test_no_label_map_is_lost_where_a_method_raises_an_index_error():
    def divide(n):
        return [0][n]

    assert list(OnDemand(divide, (0, 0))) == [0, 0]
    with pytest.raises(IndexError):
        list(OnDemand(divide, (0, 1, 0)))


def test_a_label_map_too_few_is_an_error_not_a_wrong_row():
    class Forgets(Tree):
        def segment_many(self, image, ns):
            return []

    with pytest.raises(ValueError, match="0 label maps for 1 count"):
        ask(Forgets(), 5, Shared((5, 9)))


def test_a_method_that_writes_into_its_image_harms_no_other_call():
    class Paints(Method):
        name = "paints"

        def segment(self, image, n):
            image[:] = 0
            return np.zeros(image.shape[:2], int)

    image = IMAGE.copy()
    assert call(Paints(), image, 3).columns == {"n_requested": 3}
    assert np.array_equal(image, IMAGE)


class Says(Method):
    """Says what it is told to say."""

    name = "says"

    def __init__(self, said):
        super().__init__()
        self.said = said

    def segment(self, image, n):
        self.facts = self.said
        return np.zeros(image.shape[:2], int)


def test_facts_are_numbers_text_and_lists_and_numpys_numbers_become_plain_ones():
    said = {"n": np.int64(7), "share": np.float32(0.5), "on": np.True_, "by": ["a", {"b": None}]}
    facts = call(Says(said), IMAGE, 5).facts
    assert facts == '{"n": 7, "share": 0.5, "on": true, "by": ["a", {"b": null}]}'


CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3),
        np.ones(1),
        {1, 2},
        b"bytes",
        float("nan"),
        [np.float64("inf")],
        {float("nan"): 1},
        [{2: "two"}],
        CIRCLE,
        1j,
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fact_that_json_cannot_hold_is_refused_by_its_name(value):
    with pytest.raises(FactsError, match=r"facts\['depth'\] is a .* that JSON cannot hold"):
        call(Says({"fine": 1, "depth": value}), IMAGE, 5)


def test_facts_without_names_are_refused():
    with pytest.raises(FactsError, match=r"the name nan in facts is no text; write facts\['nan'\]"):
        call(Says({float("nan"): 1}), IMAGE, 5)
    with pytest.raises(FactsError, match="facts is a NoneType; make it a dictionary"):
        call(Says(None), IMAGE, 5)
