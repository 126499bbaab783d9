"""Every built-in method keeps the contract that plugin authors are held to."""

import ast
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

import methods
from methods import Method
from methods.base import Skip
from methods.checks import CHECKS, parametrize_with_checks, run_check, run_checks
from methods.registry import BUILTIN, get_class

NETWORKS = [name for name, where in BUILTIN.items() if where.startswith("methods.neural.")]


@parametrize_with_checks([name for name in BUILTIN if name not in ("command", *NETWORKS)])
def test_contract(check):
    check()


@parametrize_with_checks(NETWORKS, iterations=2, blocks=2, width=4, preset="quick", device="cpu")
def test_contract_of_networks(check):
    check()


@pytest.mark.parametrize("name", BUILTIN)
def test_built_in_facts_name_their_source(name):
    cls = get_class(name)
    assert cls.name == name
    assert cls.title
    assert cls.__doc__
    assert not cls.library or cls.license
    assert cls.doi.startswith("10.") if cls.reference else not cls.doi


def registered_classes(folder):
    """Name the classes under @register in the files of a folder of methods, without import."""
    for file in sorted((Path(methods.__file__).parent / folder).glob("*.py")):
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and "register" in map(
                ast.unparse, node.decorator_list
            ):
                yield f"methods.{folder}.{file.stem}:{node.name}"


@pytest.mark.parametrize("folder", ["classical", "neural"])
def test_a_registered_class_of_ours_is_listed(folder):
    found = list(registered_classes(folder))
    assert found
    for place in found:
        assert place in BUILTIN.values(), (
            f"{place} stands under @register, which built-in methods are not found by: add"
            f' "NAME": "{place}" to BUILTIN in methods/registry.py'
        )


# --- the checks themselves: each catches a method that breaks just its rule ------------------


class Stripes(Method):
    """Keeps every rule."""

    name = "broken"
    connected = True
    offset: int = 0

    def segment(self, image, n):
        height, width = image.shape[:2]
        return np.tile(np.arange(width) * min(n, width) // width, (height, 1)) + self.offset


class NoVersion(Stripes):
    version = ""


class TakesAnything(Stripes):
    def __init__(self, **params):
        super().__init__(**{k: v for k, v in params.items() if k == "offset"})


class IgnoresParameters(Stripes):
    def params(self):
        return {"offset": 7}


class NeedsNobodyKnows(Stripes):
    def memory_needed(self, height, width, n):
        return None


class OnePresetOnly(Stripes):
    presets: ClassVar = {"paper": {"offset": 1}}
    preset: Literal["paper"] = "paper"


class Transposed(Stripes):
    def segment(self, image, n):
        return super().segment(image, n).T


class Declines(Stripes):
    def segment(self, image, n):
        raise Skip("never")


class WritesIntoImage(Stripes):
    def segment(self, image, n):
        labels = super().segment(image, n)
        image[0, 0] += 1
        return labels


class Draws(Stripes):
    def segment(self, image, n):
        return np.random.default_rng().integers(0, n, image.shape[:2])


class Remembers(Stripes):
    def segment(self, image, n):
        least, self.last = min(n, getattr(self, "last", n)), n
        return super().segment(image, least)


class Scattered(Stripes):
    def segment(self, image, n):
        return super().segment(image, n) % 2


class ClaimsExactCount(Stripes):
    exact_count = True


class AlwaysSame(Stripes):
    def segment(self, image, n):
        return super().segment(image, 3)


class OthersTogether(Stripes):
    def segment_many(self, image, ns):
        return [self.segment(image, max(ns)) for _ in ns]


class ForgetsACount(Stripes):
    def segment_many(self, image, ns):
        return [self.segment(image, n) for n in ns[1:]]


class DividesByContrast(Stripes):
    def segment(self, image, n):
        if np.ptp(image) == 0:
            raise ZeroDivisionError("no contrast")
        return super().segment(image, n)


class RefusesGrey(Stripes):
    def segment(self, image, n):
        if (image[..., 0] == image[..., 1]).all() and np.ptp(image):
            raise ValueError("grey")
        return super().segment(image, n)


class NeedsFewerThanPixels(Stripes):
    def segment(self, image, n):
        if n > image.shape[0] * image.shape[1] / 2 and n > 500:
            raise IndexError("too many")
        return super().segment(image, n)


class NeedsRoom(Stripes):
    def segment(self, image, n):
        if min(image.shape[:2]) < 8:
            raise Skip("")
        return super().segment(image, n)


class CollapsesWhenFine(Stripes):
    def segment(self, image, n):
        return super().segment(image, n if n < 500 else 1)


BREAKERS = [
    ("needs", NeedsNobodyKnows, "not an int"),
    ("facts", NoVersion, "version is empty"),
    ("constructor", TakesAnything, "unknown parameter is accepted"),
    ("presets", OnePresetOnly, "no preset quick"),
    ("label_map", Transposed, "(90, 60)"),
    ("label_map", Declines, "declines an ordinary image"),
    ("image_untouched", WritesIntoImage, "writes into the image"),
    ("deterministic", Draws, "second call"),
    ("independent_of_earlier_calls", Remembers, "earlier image"),
    ("connected", Scattered, "2 superpixels have"),
    ("exact_count", ClaimsExactCount, "superpixels for n = 333"),
    ("count_follows_n", AlwaysSame, "3 superpixels for n = 8 and 3 for n = 200"),
    ("count_follows_n", CollapsesWhenFine, "1 for n = 1350"),
    ("many_counts_at_once", OthersTogether, "n = 40 gives other labels"),
    ("many_counts_at_once", ForgetsACount, "2 label maps for 3 counts"),
    ("one_colour", DividesByContrast, "ZeroDivisionError: no contrast (test_methods.py:"),
    ("grey", RefusesGrey, "ValueError: grey"),
    ("extreme_counts", NeedsFewerThanPixels, "IndexError: too many"),
    ("tiny_images", NeedsRoom, "without a reason"),
]


def test_a_method_that_keeps_the_rules_passes_all_checks():
    assert [result for result in run_checks(Stripes) if not result.ok] == []


def test_every_check_has_a_method_that_breaks_it():
    assert {name for name, _, _ in BREAKERS} == CHECKS.keys()


@pytest.mark.parametrize(("name", "cls", "found"), BREAKERS)
def test_a_check_catches_what_it_is_for(name, cls, found):
    result = run_check(name, cls)
    assert result.status == "failed"
    assert found in result.message


def test_a_constructor_that_loses_parameters_is_caught():
    assert run_check("constructor", IgnoresParameters, offset=1).status == "failed"


def test_a_known_failure_is_expected_and_must_stay_one():
    known = {"one_colour": "divides by the contrast"}
    assert run_check("one_colour", type("K", (DividesByContrast,), {"expected_failures": known})).ok
    mended = run_check("one_colour", type("M", (Stripes,), {"expected_failures": known}))
    assert "it holds" in mended.message


class DrawsTogether(Draws):
    deterministic = False

    def segment_many(self, image, ns):
        return [self.segment(image, n) for n in ns]


def test_counts_at_once_are_not_compared_where_labels_are_drawn():
    assert run_check("many_counts_at_once", DrawsTogether).status == "passed"
