"""How to run, as opposed to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.scoring.score import DEFAULT_SCORING, Scoring


@dataclass(frozen=True)
class Settings:
    """How to run, as opposed to what.

    Attributes
    ----------
    out : Path
        The results file.
    workers : int
        Worker processes; ``timing`` uses one.
    backend : str
        Where cells run: ``loky``, ``sequential`` or ``dask``.
    scheduler : str
        Of Dask: its address, its file, or ``local``.
    shard : str
        The part of a plan that this run is, such as ``3/16``; empty if it is all of it.
    timeout : float or None
        Seconds that a method may take for one cell.
    memory : float or None
        GiB that a worker process may hold.
    timing : bool
        Run serially, methods of one core on one, in shuffled rounds, and keep medians.
    force, retry_failed : bool
        Run finished cells again: all that are asked for, or those that failed.
    scoring : Scoring
        Protocol and metrics.
    treatments : tuple of str
        What is done to unconnected labels, where label maps are scored in several ways side by
        side; empty if only the protocol says.
    match_n : float or None
        Search each method's request until the returned count is within this share of n.
    arguments : tuple of str
        The command line, kept in the manifest.
    made : mapping
        What the results file whose label maps are scored again says of its runs and machines.
    """

    out: Path
    workers: int
    backend: str = "loky"
    scheduler: str = ""
    shard: str = ""
    timeout: float | None = None
    memory: float | None = None
    timing: bool = False
    force: bool = False
    retry_failed: bool = False
    plugins: tuple[Path, ...] = ()
    scoring: Scoring = DEFAULT_SCORING
    treatments: tuple[str, ...] = ()
    match_n: float | None = None
    arguments: tuple[str, ...] = ()
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, Any]:
        """What is the same for all rows of a results file, and must not be mixed in one."""
        return self.scoring.facts | {
            "match_n": self.match_n,
            "treatments": list(self.treatments),
        }

    def workers_for(self, cells: int) -> int:
        """Return how many cells run at a time; 0 on a cluster, which is not known before."""
        if self.backend == "dask":
            return 0
        alone = self.timing or self.backend == "sequential"
        return 1 if alone else min(self.workers, cells)
