"""The ways in which a method is asked for superpixels, and what each leaves in a row.

A row's time is what the labels would have cost a user who asks for this count alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.execution.match_count import Trial, match_count
from bench.execution.measure import Measured, measure
from methods.base import Method
from methods.canonical import canonicalise
from reports.data.words import counted


@dataclass(frozen=True)
class Call:
    """What a method returned for one count.

    Attributes
    ----------
    measured : Measured
        The raw labels and what they cost.
    facts : str
        What the method said of it (JSON).
    columns : mapping
        What else belongs into the row.
    """

    measured: Measured
    facts: str
    columns: Mapping[str, Any] = field(default_factory=dict)


class FactsError(ValueError):
    """What a method says of its labels cannot be kept."""


class CellTimeoutError(BaseException):
    """The cell's time is up. Not an Exception, so that a method's own handlers let it pass."""


@dataclass
class Shared:
    """The counts that a method is asked for at once, and what they share once it is computed."""

    ns: tuple[int, ...]
    measured: Measured | None = None
    late: CellTimeoutError | None = None

    @property
    def spent_s(self) -> float:
        """Seconds of what they share, which are a part of each one's time."""
        return 0.0 if self.measured is None else self.measured.time_s


def call(method: Method, image: NDArray[np.uint8], n: int) -> Call:
    """Ask for one count."""
    own = image.copy()  # a method that writes into its input harms nobody else
    method.facts = {}
    measured = measure(lambda: method.segment(own, n))
    return Call(measured, _facts(method), {"n_requested": n})


def share(method: Method, image: NDArray[np.uint8], shared: Shared) -> None:
    """Compute what several counts share, once; if that fails, each will be asked for alone.

    Raises
    ------
    CellTimeoutError
        If it takes too long, which is then true of every count.
    """
    if shared.late is not None:
        raise shared.late
    if len(shared.ns) < 2 or shared.measured is not None:
        return
    try:
        shared.measured = _measure_shared(method, image, shared.ns)
    except CellTimeoutError as late:
        shared.late = late
        raise
    except (Exception, SystemExit):
        shared.ns = ()


def call_for_many(method: Method, image: NDArray[np.uint8], n: int, shared: Shared) -> Call:
    """Ask for one of several counts; its time is that of what they share and of its own part."""
    ns, whole = shared.ns, shared.measured
    if whole is None:
        ns, whole = (n,), _measure_shared(method, image, (n,))
    method.facts = {}  # what was said of several counts belongs to none of them
    own = measure(lambda: whole.value[ns.index(n)])
    peaks = [part.peak_mb for part in (whole, own) if part.peak_mb is not None]
    measured = Measured(
        own.value,
        whole.time_s + own.time_s,
        whole.cpu_s + own.cpu_s,
        max(peaks) if len(peaks) == 2 else None,
        whole.contended or own.contended,
    )
    return Call(measured, _facts(method), {"n_requested": n, "time_shared_s": whole.time_s})


def call_matched(method: Method, image: NDArray[np.uint8], n: int, tolerance: float) -> Call:
    """Ask until about `n` superpixels come back; the call that came nearest counts."""

    def attempt(request: int) -> Trial[Call]:
        try:
            made = call(method, image, request)
            labels = canonicalise(made.measured.value, image.shape[:2])
        except Exception:
            if request == n:
                raise
            return Trial(request, None, None)  # what the other requests gave is not lost
        return Trial(request, int(labels.max()) + 1, made)

    match = match_count(attempt, n, tolerance, most=image.shape[0] * image.shape[1])
    best = match.best.result
    assert best is not None, "the first request was not declined"
    columns = {"match_trials": match.trials, "match_reached": match.reached}
    return Call(best.measured, best.facts, {**best.columns, **columns})


def _measure_shared(method: Method, image: NDArray[np.uint8], ns: tuple[int, ...]) -> Measured:
    own = image.copy()

    def segment_many() -> Sequence[Any]:
        maps = method.segment_many(own, ns)
        return maps if isinstance(maps, Sequence) else list(maps)

    measured = measure(segment_many)
    if len(measured.value) != len(ns):
        made = counted(len(measured.value), "label map")
        raise ValueError(f"segment_many gave {made} for {counted(len(ns), 'count')}")
    return measured


def _facts(method: Method) -> str:
    """Return what the method said as JSON.

    Raises
    ------
    FactsError
        If that is no dictionary, or a fact is nothing that JSON can hold; names it.
    """
    said = method.facts
    if not isinstance(said, Mapping):
        raise FactsError(f"facts is a {type(said).__name__}; make it a dictionary")
    for name, value in said.items():
        if not isinstance(name, str):
            raise FactsError(f"the name {name!r} in facts is no text; write facts[{str(name)!r}]")
        try:
            _check_names(value)
            json.dumps(value, default=_plain, allow_nan=False)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            why = "it contains itself" if isinstance(error, RecursionError) else error
            raise FactsError(
                f"facts[{name!r}] is a {type(value).__name__} that JSON cannot hold ({why}); give"
                " finite numbers, text, lists or dictionaries of them"
            ) from error
    return json.dumps(dict(said), default=_plain)


def _check_names(value: object) -> None:
    """Refuse names inside a fact that JSON would turn into text without a word."""
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"the name {name!r} in it is no text")
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    for part in parts:
        _check_names(part)


def _plain(value: object) -> object:
    """Return a number of NumPy's or PyTorch's, or one like Decimal, as one of Python's."""
    if getattr(value, "shape", ()) == () and hasattr(value, "item"):
        return value.item()
    if hasattr(value, "__float__") and not hasattr(value, "shape"):
        return float(value)
    raise TypeError(f"{type(value).__name__} is none of its types")
