"""Contract tests of a method, for plugin authors: ``bench check NAME``, or from pytest.

In a test file of your own::

    from methods.checks import parametrize_with_checks

    @parametrize_with_checks(["my_method"])
    def test_contract(check):
        check()
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from methods.base import Method, Skip
from methods.canonical import InvalidLabelsError, canonicalise, n_components
from methods.image import as_rgb_uint8
from methods.messages import raised
from methods.registry import get_class

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class CheckResult:
    """How one check ended.

    Attributes
    ----------
    name : str
        What must hold.
    status : {"passed", "failed", "skipped", "expected"}
        ``skipped``: the method declined, or declares nothing of the kind; ``expected``: failed as
        the method's `expected_failures` says.
    message : str
        What was found, or why it was skipped.
    """

    name: str
    status: Literal["passed", "failed", "skipped", "expected"]
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the method."""
        return self.status != "failed"


class _NotDeclared(Exception):  # noqa: N818 (an outcome, not an error)
    """The method does not promise what this check is about."""


def _scene(height: int, width: int) -> Image:
    """Return smooth colours with edges, texture and noise: what methods are made for."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    image = np.stack([200 * y, 150 * x, 90 + 60 * np.sin(12 * (x + y))], axis=-1)
    image[(y - 0.3) ** 2 + (x - 0.5) ** 2 < 0.04] += (40, 60, -50)
    image += np.random.default_rng(0).normal(0, 6, image.shape)
    clipped: Image = np.clip(image, 0, 255).astype(np.uint8)
    return clipped


def _labels(method: Method, image: Image, n: int) -> NDArray[np.int32]:
    """Run a method as the runner does; what is no label map fails the check."""
    try:
        return canonicalise(method.segment(image.copy(), n), image.shape[:2])
    except InvalidLabelsError as error:
        raise AssertionError(str(error)) from error


def check_facts(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Declare well-formed facts: name, title, version, devices, flags."""
    del params  # facts are the same for all
    for fact in ("name", "version"):
        value = getattr(cls, fact)
        assert isinstance(value, str), f"{fact} is {value!r}, not a string"
        assert value, f"{fact} is empty"
    for fact in ("title", "reference", "doi", "license", "library", "departures"):
        value = getattr(cls, fact)
        assert isinstance(value, str), f"{fact} is {value!r}, not a string"
    for fact in ("connected", "exact_count", "deterministic", "all_cores"):
        value = getattr(cls, fact)
        assert isinstance(value, bool), f"{fact} is {value!r}, neither True nor False"
    assert set(cls.devices) <= {"cpu", "cuda"}, f"devices is {cls.devices!r}"


def check_needs(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Say for any size whether an image has all cores, and what memory it takes."""
    method = cls(**params)
    for size in ((1, 1, 1), (321, 481, 100), (3000, 4000, 20_000)):
        alone, memory = method.wants_all_cores(*size), method.memory_needed(*size)
        assert isinstance(alone, bool), f"wants_all_cores{size} is {alone!r}, not a bool"
        assert isinstance(memory, int), f"memory_needed{size} is {memory!r}, not an int"
        assert memory >= 0, f"memory_needed{size} is {memory}, below 0"


def check_constructor(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Store parameters in the constructor, and refuse others."""
    method = cls(**params)
    stored = method.params()
    for name, value in params.items():
        asked = stored[name] if value == "auto" else value  # what that stands for is stored
        assert stored[name] == asked, f"parameter {name} is {stored[name]!r} instead of {value!r}"
    again = cls(**stored)
    assert again.params() == stored, "its own parameters give another method"
    try:
        cls(**{**params, "no_such_parameter": 1})
    except ValueError:
        return
    raise AssertionError("an unknown parameter is accepted; keep the constructor of Method")


def check_presets(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Have the presets "paper" and "quick", if any, and take the values that each names."""
    if not cls.presets:
        raise _NotDeclared("it declares no presets")
    missing = {"paper", "quick"} - cls.presets.keys()
    assert not missing, f"it has no preset {', '.join(sorted(missing))}"
    given = {name: value for name, value in params.items() if name != "preset"}
    for preset, values in cls.presets.items():
        stored = cls(**given, preset=preset).params()
        for name, value in ({**values, "preset": preset} | given).items():
            assert stored[name] == value, f"{name} is {stored[name]!r} under preset {preset!r}"


def check_label_map(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give landscape, portrait and square images a label map of their size."""
    reason = ""
    for height, width in ((60, 90), (90, 60), (64, 64)):
        try:
            _labels(cls(**params), _scene(height, width), 20)
        except Skip as declined:
            reason = str(declined)
    assert not reason, f"it declines an ordinary image, so nothing can be said of it: {reason}"


def check_image_untouched(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Leave the image as it was."""
    image = _scene(60, 90)
    given = image.copy()
    cls(**params).segment(given, 20)
    assert np.array_equal(given, image), "segment writes into the image; work on a copy"


def check_deterministic(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give the same image, n and parameters the same labels, by one object or two."""
    if not cls.deterministic:
        raise _NotDeclared("it does not claim to be deterministic")
    image, method = _scene(60, 90), cls(**params)
    first = _labels(method, image, 20)
    for other in (method, cls(**params)):
        assert np.array_equal(_labels(other, image, 20), first), "a second call gives other labels"


def check_independent_of_earlier_calls(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Forget the images that came before."""
    if not cls.deterministic:
        raise _NotDeclared("it does not claim to be deterministic")
    image, method = _scene(60, 90), cls(**params)
    first = _labels(method, image, 20)
    _labels(method, _scene(70, 50), 9)
    assert np.array_equal(_labels(method, image, 20), first), "an earlier image leaves a trace"


def check_connected(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Return 4-connected superpixels, if it says so."""
    if not cls.connected:
        raise _NotDeclared("it does not claim connected superpixels")
    for n in (5, 40, 200):
        labels = _labels(cls(**params), _scene(60, 90), n)
        parts = n_components(labels)
        count = int(labels.max()) + 1
        assert parts == count, f"{count} superpixels have {parts} parts at n = {n}"


def check_exact_count(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Return exactly n superpixels, if it says so."""
    if not cls.exact_count:
        raise _NotDeclared("it does not claim an exact count")
    for n in (1, 2, 7, 40, 333):
        count = int(_labels(cls(**params), _scene(60, 90), n).max()) + 1
        assert count == n, f"{count} superpixels for n = {n}"


def check_count_follows_n(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Return more superpixels where many more are asked for, and do not collapse at fine ones."""
    image = _scene(120, 180)
    few, many = (int(_labels(cls(**params), image, n).max()) + 1 for n in (8, 200))
    assert many > few, f"{few} superpixels for n = 8 and {many} for n = 200"
    with contextlib.suppress(Skip):
        fine = int(_labels(cls(**params), image, 1350).max()) + 1
        assert fine > many / 2, f"{many} superpixels for n = 200 and {fine} for n = 1350"


def check_many_counts_at_once(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give several counts at once the labels that each has alone, if it defines segment_many."""
    if not cls.shares_work():
        raise _NotDeclared("it defines no segment_many")
    image, counts = _scene(60, 90), (40, 5, 200)
    together = list(cls(**params).segment_many(image.copy(), counts))
    assert len(together) == len(counts), f"{len(together)} label maps for {len(counts)} counts"
    for n, raw in zip(counts, together, strict=True):
        labels = canonicalise(raw, image.shape[:2])
        if cls.deterministic:
            alone = _labels(cls(**params), image, n)
            assert np.array_equal(labels, alone), f"n = {n} gives other labels beside {counts}"


def check_one_colour(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give an image of one colour a label map."""
    for value in (0, 128, 255):
        _labels(cls(**params), np.full((60, 90, 3), value, np.uint8), 20)


def check_grey(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give a grey image, which has three equal channels, a label map."""
    _labels(cls(**params), as_rgb_uint8(_scene(60, 90)[:, :, 0]), 20)


def check_extreme_counts(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give counts of 1 and of every pixel a label map, or decline."""
    for n in (1, 24 * 36):
        _or_declined(cls(**params), _scene(24, 36), n)


def check_tiny_images(cls: type[Method], params: Mapping[str, Any]) -> None:
    """Give images of a pixel, a line, a few pixels a label map, or decline."""
    for height, width in ((1, 1), (1, 9), (9, 1), (2, 3), (5, 5)):
        for n in {1, 2, height * width}:
            if n <= height * width:
                _or_declined(cls(**params), _scene(height, width), n)


def _or_declined(method: Method, image: Image, n: int) -> None:
    reason = "none"
    try:
        _labels(method, image, n)
    except Skip as declined:
        reason = str(declined)
    assert reason, f"it declines n = {n} on {image.shape[:2]} without a reason"


CHECKS: Mapping[str, Callable[[type[Method], Mapping[str, Any]], None]] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_facts,
            check_constructor,
            check_needs,
            check_presets,
            check_label_map,
            check_image_untouched,
            check_deterministic,
            check_independent_of_earlier_calls,
            check_connected,
            check_exact_count,
            check_count_follows_n,
            check_many_counts_at_once,
            check_one_colour,
            check_grey,
            check_extreme_counts,
            check_tiny_images,
        )
    }
)


def run_check(name: str, method: str | type[Method], **params: Any) -> CheckResult:
    """Run one check of `CHECKS` on a method, given by name or as a class."""
    cls = get_class(method) if isinstance(method, str) else method
    reason = cls.expected_failures.get(name)
    try:
        CHECKS[name](cls, params)
    except (_NotDeclared, Skip) as declined:
        return CheckResult(name, "skipped", str(declined))
    except Exception as error:
        if reason:
            return CheckResult(name, "expected", reason)
        told = isinstance(error, AssertionError) and str(error)  # mostly by the check itself
        return CheckResult(name, "failed", str(error) if told else raised(error))
    if reason:
        return CheckResult(name, "failed", f"it holds, but is listed as failing: {reason}")
    return CheckResult(name, "passed")


def run_checks(method: str | type[Method], **params: Any) -> list[CheckResult]:
    """Run every check on a method, given by name or as a class, with these parameters."""
    return [run_check(name, method, **params) for name in CHECKS]


def parametrize_with_checks(methods: Iterable[str | type[Method]], **params: Any) -> Any:
    """Return a pytest decorator that gives ``check`` once for each method and check.

    The methods are made with `params`, for example fewer iterations of one that takes long.

    The test calls ``check()``, which raises AssertionError where the method breaks its contract
    and skips where it promises nothing of the kind.
    """
    import pytest

    def check(name: str, method: str | type[Method]) -> None:
        result = run_check(name, method, **params)
        if result.status == "skipped":
            pytest.skip(result.message)
        if result.status == "expected":
            pytest.xfail(result.message)
        assert result.ok, result.message

    cases = [
        pytest.param(
            functools.partial(check, name, method),
            id=f"{method if isinstance(method, str) else method.name}-{name}",
        )
        for method in methods
        for name in CHECKS
    ]
    return pytest.mark.parametrize("check", cases)
