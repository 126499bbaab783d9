"""One measured number of a benchmark, and what it should reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measurement; with a target, success is ``measured <= target`` unless `more_is_better`."""

    name: str
    measured: float
    unit: str
    target: float | None
    note: str
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Say whether the target is reached, if there is one."""
        if self.target is None:
            return ""
        ahead = self.target - self.measured
        return "ok" if (-ahead if self.more_is_better else ahead) >= 0 else "MISSED"
