"""Data sets of one's own: what registers, what is refused, what is told of a broken one."""

import importlib.metadata
import sys
import types

import pytest

from bench.datasets import DATASETS, Dataset, DatasetError, open_dataset, register, registry
from bench.datasets.registry import spread_over


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_broken", None)


def make(name="mine", module=__name__, **more):
    def __init__(self, root=None, split=None):  # noqa: N807
        self.names = ("a", "b")

    members = {"name": name, "title": "Mine", "license": "CC0", "__module__": module}
    abstract = dict.fromkeys(("size", "fingerprint", "load"), lambda self, name: None)
    return type("Mine", (Dataset,), {**members, "__init__": __init__, **abstract, **more})


def test_a_registered_data_set_opens_by_name_and_is_listed():
    cls = register(make())
    dataset = open_dataset("mine", limit=1)
    assert isinstance(dataset, cls)
    assert (dataset.names, dataset.whole) == (("a",), ("a", "b"))
    assert list(registry.entries()) == [*DATASETS, "mine"]
    assert registry.entries()["mine"].title == "Mine"
    assert registry.entries()["mine"].license == "CC0"
    assert registry.registered_from(__name__) == ["mine"]
    assert registry.registered_from("elsewhere") == []


def test_a_built_in_data_set_is_listed_with_its_licence():
    for name, entry in DATASETS.items():
        assert entry.license == registry.get_class(name).license


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (object, "is no data set: derive the class from bench.datasets.Dataset"),
        (make("my data"), "made of letters, digits"),
        (make(None), "made of letters, digits"),
        (make("bsds500"), "'bsds500' .* is taken by built-in bench.datasets.bsds500:Bsds500"),
        (type("Half", (Dataset,), {"name": "half"}), "defines no fingerprint, load, size"),
    ],
)
def test_what_is_no_data_set_is_refused(cls, message):
    with pytest.raises(DatasetError, match=message):
        register(cls)


def test_two_data_sets_of_one_name_are_refused_and_both_named(monkeypatch):
    module = types.ModuleType("mine_a")
    monkeypatch.setitem(sys.modules, "mine_a", module)
    module.Mine = register(make(module="mine_a"))
    with pytest.raises(DatasetError, match="of mine_b:Mine is taken by mine_a:Mine"):
        register(make(module="mine_b"))


def test_a_plugin_file_that_is_loaded_again_takes_the_place_of_its_former_self(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine_a", types.ModuleType("mine_a"))
    sys.modules["mine_a"].Mine = register(make(module="mine_a"))
    monkeypatch.setitem(sys.modules, "mine_a", types.ModuleType("mine_a"))  # being executed
    again = register(make(module="mine_a"))
    assert isinstance(open_dataset("mine"), again)


def test_installed_data_sets_are_found_and_broken_ones_told(monkeypatch):
    class Point:
        dist = None

        def __init__(self, name, loaded):
            self.name, self.value, self.loaded = name, f"package:{name}", loaded

        def load(self):
            if isinstance(self.loaded, Exception):
                raise self.loaded
            return self.loaded

    points = {
        registry.ENTRY_POINT_GROUP: [
            Point("mine", make()),
            Point("lost", ImportError("no module named torchvision")),
        ]
    }
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points.get(group, []))
    assert open_dataset("mine").names == ("a", "b")
    with pytest.raises(DatasetError, match=r"'lost' of .*package:lost\) is broken: ImportErr"):
        open_dataset("lost")
    with pytest.raises(DatasetError, match="unknown data set 'mime'; did you mean 'mine'"):
        open_dataset("mime")
    assert registry.entries()["lost"].error == "ImportError: no module named torchvision"


def test_images_spread_over_the_list_grow_without_losing_any():
    names = [f"{i:03}" for i in range(200)]
    assert spread_over(names, 1) == ("000",)
    assert spread_over(names, 5) == ("000", "025", "050", "100", "150")
    for limit in range(1, 200):
        kept = spread_over(names, limit)
        assert len(kept) == limit
        assert list(kept) == sorted(kept)
        assert set(kept) < set(spread_over(names, limit + 1))
    for whole in (200, 500, None):
        assert spread_over(names, whole) == tuple(names)
    assert spread_over(("a",), 3) == ("a",)
    assert spread_over((), 3) == ()
