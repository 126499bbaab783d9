"""Every built-in metric keeps the contract that plugin authors are held to."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from metrics import METRICS, Case, metric
from metrics.checks import CHECKS, run_check, run_checks

BUILTIN = tuple(METRICS)


@pytest.mark.parametrize("name", BUILTIN)
def test_contract(name):
    assert [result for result in run_checks(name) if not result.ok] == []


# --- the checks themselves: each catches a metric that breaks just its rule ------------------


@dataclass
class Everything:
    """All that a case has."""

    case: Any
    needs: ClassVar = frozenset({"truth"})

    @classmethod
    def measure(cls, case: Case):
        return cls(case)


@dataclass
class Alone(Everything):
    needs: ClassVar = frozenset()


def agreement(it):
    """Share of the pixels whose superpixel lies in one segment."""
    labels, truth = it.case.labels.values, it.case.truth.values
    inside = [np.unique(truth[labels == k]).size == 1 for k in np.unique(labels[labels >= 0])]
    return float(np.mean(inside))


def chance(it):
    return agreement(it) * float(np.random.default_rng().random())


def writes(it):
    it.case.image[0, 0] += 1
    return agreement(it)


def on_wide_images(it):
    if it.case.labels.values.shape[1] < 3:
        raise IndexError("too narrow")
    return agreement(it)


BREAKERS = [
    ("facts", agreement, {"limits": " "}, "limits is empty"),
    ("facts", agreement, {"range": (1, 0)}, "the smallest value comes first"),
    ("value", lambda it: np.float32(0.5), {}, "no float"),
    ("value", lambda it: 1, {}, "the formula returns 1, of type int"),
    ("value", lambda it: math.nan, {}, "it is nan for an ordinary"),
    ("value", lambda it: math.inf, {}, "it is inf for an ordinary"),
    ("range", lambda it: agreement(it) + 0.5, {}, "is outside the range 0 to 1"),
    ("small_images", on_wide_images, {}, "IndexError: too narrow"),
    ("best_at_truth", agreement, {"direction": "low"}, "the annotator's own segments 1"),
    ("relabelling", lambda it: float(it.case.labels.values.max() % 7 / 7), {}, "other numbers of"),
    ("void", lambda it: float(it.case.image.mean() / 255), {"source": Alone}, "other colours"),
    ("needs", agreement, {"source": Alone}, "AttributeError"),
    ("needs", lambda it: float(it.case.image.mean() / 255), {}, "without image, which is not in"),
    ("needs", lambda it: float(it.case.n is None), {}, "it takes n, which is not in needs"),
    ("deterministic", chance, {}, "for the same input"),
    ("inputs_untouched", writes, {}, "it writes into its input"),
]


@pytest.fixture
def make():
    """Register a metric that is forgotten after the test."""

    def declare(formula, source=Everything, **facts):
        given = {"direction": "high", "range": (0.0, 1.0), "title": "Mine", "reference": "me"}
        given |= {"undefined": "never", "limits": "many"} | facts
        return metric(source, id="mine", **given)(formula)

    yield declare
    METRICS.pop("mine", None)


def test_a_metric_that_keeps_the_rules_passes_all_checks(make):
    make(agreement)
    assert [result for result in run_checks("mine") if result.status != "passed"] == []


def test_every_check_has_a_metric_that_breaks_it():
    assert {name for name, *_ in BREAKERS} == CHECKS.keys()


@pytest.mark.parametrize(("name", "formula", "facts", "found"), BREAKERS)
def test_a_check_catches_what_it_is_for(make, name, formula, facts, found):
    make(formula, **facts)
    result = run_check(name, "mine")
    assert result.status == "failed"
    assert found in result.message
