"""Annotated attributes are parameters: typed, checked, parsed from text, stored and no more."""

import json
from typing import ClassVar, Literal

import numpy as np
import pytest

from methods import Method
from methods.base import Skip
from methods.parameters import REQUIRED, ParameterError


class Example(Method):
    name = "example"
    title: str = "a fact, whatever its annotation"
    note: ClassVar[str] = "a fact"
    plain = "a fact"
    _cache: int = 0
    count: int = 3
    weight: float = 1
    fast: bool = False
    path: str = "a,b"
    space: Literal["lab", "rgb"] = "lab"
    order: "Literal[1, 2]" = 2

    def segment(self, image, n):
        return np.zeros(image.shape[:2], int)


class Child(Example):
    count = 5
    extra: "float" = 0.5


class Needy(Method):
    name = "needy"
    cmd: str

    def segment(self, image, n):
        return np.zeros(image.shape[:2], int)


DEFAULTS = {"count": 3, "weight": 1.0, "fast": False, "path": "a,b", "space": "lab", "order": 2}


def test_parameters_are_the_annotated_attributes_with_their_defaults():
    assert Example().params() == DEFAULTS
    assert {p.name: p.default for p in Example.parameters()} == DEFAULTS
    assert Child().params() == DEFAULTS | {"count": 5, "extra": 0.5}


def test_values_are_stored_as_plain_values_of_their_type():
    method = Example(
        count=np.int64(7), weight=4, fast=np.bool_(True), space="rgb", order=1, path="x"
    )
    assert method.count == 7
    assert method.weight == 4
    params = {"count": 7, "weight": 4.0, "fast": True, "path": "x", "space": "rgb", "order": 1}
    assert json.loads(json.dumps(method.params())) == method.params() == params
    assert [type(value) for value in method.params().values()] == [int, float, bool, str, str, int]
    assert Example(**params).params() == params


def test_only_what_differs_from_the_default_is_named():
    assert repr(Example()) == "example"
    assert Example(count=3, weight=1).non_default_params() == {}
    assert repr(Example(weight=2, space="rgb")) == "example[weight=2.0,space=rgb]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", True),
        ("count", 3.0),
        ("count", "3"),
        ("count", None),
        ("weight", np.nan),
        ("weight", np.inf),
        ("weight", "1"),
        ("weight", False),
        ("fast", 1),
        ("fast", "true"),
        ("path", 3),
        ("space", "hsv"),
        ("order", 3),
        ("order", True),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_expected(name, value):
    (parameter,) = (p for p in Example.parameters() if p.name == name)
    with pytest.raises(ParameterError) as caught:
        Example(**{name: value})
    for part in (f"{name}={value!r}", parameter.expected):
        assert part in str(caught.value)


def test_an_unknown_parameter_is_answered_with_the_nearest_and_all_known():
    with pytest.raises(ParameterError) as caught:
        Example(wait=1)
    message = str(caught.value)
    assert "'example'" in message
    assert "did you mean 'weight'?" in message
    assert "count, fast, order, path, space, weight" in message
    with pytest.raises(ParameterError, match="takes none"):
        type("Bare", (Method,), {"name": "bare"})(x=1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"count": "-4"}, -4),
        ({"weight": "1e-3"}, 1e-3),
        ({"weight": "2"}, 2.0),
        ({"fast": "True"}, True),
        ({"fast": "0"}, False),
        ({"fast": "no"}, False),
        ({"path": "1"}, "1"),
        ({"space": "rgb"}, "rgb"),
        ({"order": "1"}, 1),
    ],
)
def test_text_is_parsed_by_type(text, value):
    (parsed,) = Example.parse_params(text).values()
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        {"count": "1.5"},
        {"count": ""},
        {"weight": "nan"},
        {"weight": "inf"},
        {"weight": "two"},
        {"fast": "maybe"},
        {"space": "hsv"},
        {"order": "3"},
        {"colour": "1"},
    ],
)
def test_text_that_denotes_no_value_is_refused_by_name(text):
    (name,) = text
    with pytest.raises(ParameterError, match=name):
        Example.parse_params(text)


def test_a_parameter_without_default_must_be_given():
    assert Needy.parameters()[0].default is REQUIRED
    assert not Needy.runnable_by_default()
    assert Example.runnable_by_default()
    with pytest.raises(ParameterError, match="needs a value for 'cmd'"):
        Needy()
    assert Needy(cmd="x").non_default_params() == {"cmd": "x"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"__annotations__": {"sizes": list[int]}, "sizes": []}, "sizes.*bool, int, float, str"),
        ({"__annotations__": {"step": int}, "step": 0.5}, "default of Bad.step"),
        ({"__annotations__": {"n": int}, "n": 1}, "choose another"),
        ({"__annotations__": {"step": "Missing"}, "step": 1}, "Missing"),
    ],
)
def test_what_cannot_be_a_parameter_is_refused_when_the_class_is_read(body, message):
    with pytest.raises(TypeError, match=message):
        type("Bad", (Method,), {"name": "bad", **body}).parameters()


def test_a_method_may_check_ranges_when_it_is_made():
    class Positive(Example):
        def validate(self):
            if self.count < 1:
                raise ValueError(f"count={self.count} must be >= 1")

    assert Positive(count=1).count == 1
    with pytest.raises(ValueError, match="count=0"):
        Positive(count=0)


def test_warming_up_runs_a_corner_at_the_same_superpixel_size_and_leaves_no_facts():
    calls = []

    class Recorder(Example):
        def segment(self, image, n):
            calls.append((image.shape, n))
            self.facts = {"trials": 1}
            raise Skip("too small")

    method = Recorder()
    with pytest.raises(Skip, match="too small"):
        method.warm_up(np.zeros((256, 512, 3), np.uint8), 80)
    with pytest.raises(Skip, match="too small"):
        method.warm_up(np.zeros((10, 12, 3), np.uint8), 80)
    with pytest.raises(Skip, match="too small"):
        method.warm_up(np.zeros((4000, 4000, 3), np.uint8), 1)
    assert calls == [((128, 128, 3), 10), ((10, 12, 3), 80), ((128, 128, 3), 1)]
    assert method.facts == {}


def test_a_method_without_segment_says_so():
    with pytest.raises(NotImplementedError, match="'bare'"):
        type("Bare", (Method,), {"name": "bare"})().segment(np.zeros((2, 2, 3), np.uint8), 1)
