"""Contract tests of a metric, for plugin authors: ``bench check ID``, or from pytest.

In a test file of your own::

    import pytest
    from metrics.checks import CHECKS, run_check

    @pytest.mark.parametrize("name", CHECKS)
    def test_contract(name):
        result = run_check(name, "my_metric")
        assert result.ok, result.message
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrics.base import Metric, get_metric
from metrics.evaluate import evaluate

Labels = npt.NDArray[np.int32]

# Sums in another order round otherwise; what is beyond that is another value.
SAME = 1e-9


@dataclass(frozen=True)
class CheckResult:
    """How one check ended.

    Attributes
    ----------
    name : str
        What must hold.
    status : {"passed", "failed", "skipped"}
        ``skipped``: the metric promises nothing of the kind.
    message : str
        What was found, or why it was skipped.
    """

    name: str
    status: Literal["passed", "failed", "skipped"]
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the metric."""
        return self.status != "failed"


class _NotPromised(Exception):  # noqa: N818 (an outcome, not an error)
    """The metric does not promise what this check is about."""


@dataclass(frozen=True)
class _Scene:
    """All that `evaluate` takes: a label map that is not bad, two annotators, an image."""

    labels: Labels
    truths: tuple[Labels, ...]
    image: npt.NDArray[np.uint8]
    n: int = 20
    void: npt.NDArray[np.bool_] | None = None

    def replace(self, **changes: Any) -> _Scene:
        return _Scene(**{**vars(self), **changes})

    def score(self, metric: Metric) -> float:
        """Return the value, which is also a float, and so is that of every annotator."""
        scores = evaluate(
            self.labels, list(self.truths), self.image, self.n, self.void, metrics=[metric.id]
        )
        value = scores[metric.id]
        each = scores.get(f"{metric.id}_by_annotator", [])
        for one in (value, *(each if isinstance(each, list) else [each])):
            kind = type(one).__name__
            assert isinstance(one, float), f"the formula returns {one!r}, of type {kind}, no float"
        assert isinstance(value, float)
        return value


def _blocks(shape: tuple[int, ...], size: int) -> Labels:
    rows, columns = (np.arange(length, dtype=np.int32) // size for length in shape)
    labels: Labels = rows[:, None] * (columns[-1] + 1) + columns
    return labels


def _scene(height: int = 36, width: int = 48) -> _Scene:
    y, x = np.mgrid[:height, :width]
    disc = (y - height // 2) ** 2 + (x - width // 3) ** 2 < (height // 4) ** 2
    first = (disc + 2 * (x > 0.7 * width)).astype(np.int32)
    second = (disc + 2 * (y > height // 2)).astype(np.int32)
    noise = np.random.default_rng(0).normal(0, 8, (height, width, 3))
    colours = np.stack([40 + 60 * first, 200 - 50 * first, 90 + 20 * second], axis=-1) + noise
    image = np.clip(colours, 0, 255).astype(np.uint8)
    labels = _blocks((height, width), 8) * 4 + first  # blocks that follow one annotator
    return _Scene(labels, (first, second), image)


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(
        one, other, rel_tol=SAME, abs_tol=SAME
    )


def check_facts(metric: Metric) -> None:
    """Declare title, range, reference, when it is undefined, and what it does not tell."""
    for fact in ("title", "reference", "undefined", "limits"):
        value = getattr(metric, fact)
        assert isinstance(value, str), f"{fact} is {value!r}, not a string"
        assert value.strip(), f"{fact} is empty"
    assert isinstance(metric.unit, str), f"unit is {metric.unit!r}, not a string"
    low, high = metric.range
    assert low < high, f"range is {metric.range!r}: the smallest value comes first"
    unknown = set(metric.needs) - {"truth", "image", "n"}
    assert not unknown, f"needs has {', '.join(sorted(unknown))}; there are truth, image and n"


def check_value(metric: Metric) -> None:
    """Give an ordinary label map a value: a float that is neither NaN nor infinite."""
    value = _scene().score(metric)
    assert math.isfinite(value), f"it is {value} for an ordinary label map"


def check_range(metric: Metric) -> None:
    """Stay in the declared range, or be NaN; on one superpixel, on single pixels, on chance."""
    scene = _scene()
    shape = scene.labels.shape
    rng = np.random.default_rng(1)
    maps: dict[str, npt.NDArray[np.integer[Any]]] = {
        "one superpixel": np.zeros(shape, np.int32),
        "a superpixel for every pixel": np.arange(scene.labels.size).reshape(shape),
        "scattered pixels": rng.integers(0, 9, shape),
        "blocks": _blocks(shape, 6),
    }
    low, high = metric.range
    for what, labels in maps.items():
        for truths in (scene.truths, (np.zeros(shape, np.int32),)):
            value = scene.replace(labels=labels.astype(np.int32), truths=truths).score(metric)
            inside = math.isnan(value) or low <= value <= high * (1 + 1e-15)
            assert inside, f"{what}: {value!r} is outside the range {low:g} to {high:g}"


def check_small_images(metric: Metric) -> None:
    """Give images of a pixel or a line a float, NaN where it is undefined."""
    for height, width in ((1, 1), (1, 9), (9, 1), (2, 2)):
        labels = (np.arange(height * width) // 2).reshape(height, width).astype(np.int32)
        image = np.full((height, width, 3), 7, np.uint8)
        value = _Scene(labels, (labels % 2,), image, n=2).score(metric)
        assert not math.isinf(value), f"it is infinite for an image of {height} x {width}"


def check_best_at_truth(metric: Metric) -> None:
    """Score the annotator's own segments no worse than other label maps."""
    if "truth" not in metric.needs or metric.direction is None:
        raise _NotPromised("it compares with no annotator, or neither way is better")
    scene = _scene()
    scene = scene.replace(truths=scene.truths[:1])
    perfect = scene.replace(labels=scene.truths[0]).score(metric)
    others = {
        "blocks": _blocks(scene.labels.shape, 6),
        "one superpixel": np.zeros_like(scene.labels),
        "segments shifted by 3 pixels": np.roll(scene.truths[0], 3, axis=1),
    }
    for what, labels in others.items():
        value = scene.replace(labels=labels).score(metric)
        better = value - perfect if metric.direction == "high" else perfect - value
        assert not better > SAME, (
            f"{what} score {value:g}, the annotator's own segments {perfect:g}"
        )


def check_relabelling(metric: Metric) -> None:
    """Depend on which pixels belong together, not on the numbers that they have."""
    scene = _scene()
    before = scene.score(metric)
    rng = np.random.default_rng(2)
    other = rng.permutation(3 * (int(scene.labels.max()) + 1))  # gaps, too
    value = scene.replace(labels=other[scene.labels]).score(metric)
    assert _same(value, before), f"other numbers of superpixels: {value!r} instead of {before!r}"
    truths = tuple(rng.permutation(40)[truth] for truth in scene.truths)
    value = scene.replace(truths=truths).score(metric)
    assert _same(value, before), f"other numbers of segments: {value!r} instead of {before!r}"


def check_void(metric: Metric) -> None:
    """Count no void pixel: whatever stands there changes nothing."""
    void = np.zeros(_scene().labels.shape, bool)
    void[:, -10:] = void[5:9, 5:20] = True
    scene = _scene().replace(void=void)
    before = scene.score(metric)
    image = scene.image.copy()
    image[void] = 255 - image[void]
    changes: dict[str, dict[str, Any]] = {
        "labels": {"labels": np.where(void, 0, scene.labels)},
        "segments": {"truths": tuple(np.where(void, 1, truth) for truth in scene.truths)},
        "colours": {"image": image},
    }
    for what, change in changes.items():
        value = scene.replace(**change).score(metric)
        assert _same(value, before), f"other {what} at void pixels: {value!r} not {before!r}"


def check_needs(metric: Metric) -> None:
    """Take no input that it does not declare."""
    scene = _scene()
    before = scene.score(metric)
    absent: dict[str, dict[str, Any]] = {
        "truth": {"truths": ()},
        "image": {"image": None},
        "n": {"n": None},
    }
    for name, change in absent.items():
        if name not in metric.needs:
            try:
                value = scene.replace(**change).score(metric)
            except Exception as error:
                kind = type(error).__name__
                message = f"without {name}, which is not in needs: {kind}: {error}"
                raise AssertionError(message) from error
            assert _same(value, before), f"it takes {name}, which is not in needs"


def check_deterministic(metric: Metric) -> None:
    """Give the same input the same value, and forget what came before."""
    scene = _scene()
    first = scene.score(metric)
    _scene(20, 30).score(metric)
    second = scene.score(metric)
    assert repr(second) == repr(first), f"{second!r} follows {first!r} for the same input"


def check_inputs_untouched(metric: Metric) -> None:
    """Leave labels, annotators and image as they were."""
    scene, before = _scene(), _scene()
    scene.score(metric)
    pairs: list[tuple[npt.ArrayLike, npt.ArrayLike]]
    pairs = [(scene.labels, before.labels), (scene.image, before.image)]
    pairs += list(zip(scene.truths, before.truths, strict=True))
    for now, then in pairs:
        assert np.array_equal(now, then), "it writes into its input; work on a copy"


CHECKS: Mapping[str, Callable[[Metric], None]] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_facts,
            check_value,
            check_range,
            check_small_images,
            check_best_at_truth,
            check_relabelling,
            check_void,
            check_needs,
            check_deterministic,
            check_inputs_untouched,
        )
    }
)


def run_check(name: str, id: str) -> CheckResult:
    """Run one check of `CHECKS` on the metric of that id.

    Raises
    ------
    ValueError
        If there is no such metric.
    """
    metric = get_metric(id)
    try:
        CHECKS[name](metric)
    except _NotPromised as reason:
        return CheckResult(name, "skipped", str(reason))
    except Exception as error:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return CheckResult(name, "failed", f"{kind}{error}")
    return CheckResult(name, "passed")


def run_checks(id: str) -> list[CheckResult]:
    """Run every check on the metric of that id."""
    return [run_check(name, id) for name in CHECKS]
