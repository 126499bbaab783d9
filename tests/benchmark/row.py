"""One measured number of a benchmark, and what it should reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measurement; with a target, lower is better and `measured <= target` is success."""

    name: str
    measured: float
    unit: str
    target: float | None
    note: str
