"""What all cells of a run share, and what is known of a cell before and after it runs."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.datasets import Dataset
from bench.planning.cells import Cell
from bench.scoring.score import DEFAULT_SCORING, Scoring
from bench.storage.schema import results_schema


@dataclass(frozen=True)
class Job:
    """What all cells of a run share.

    `memory` is how many bytes a worker may hold; `reserves` says that its libraries reserve far
    more than they use, as those of CUDA do.
    """

    dataset: Dataset
    out: Path
    plugins: tuple[Path, ...] = ()
    timeout: float | None = None
    memory: int | None = None
    reserves: bool = False
    contended: bool = False
    threads: int = 1
    rounds: int = 1
    pinned: bool = False
    scoring: Scoring = DEFAULT_SCORING
    match_n: float | None = None
    run: str = ""
    machine: str = ""
    suite: str = ""

    def __getstate__(self) -> dict[str, Any]:
        # The class of the data set may come from a plugin, which a worker has yet to load.
        return vars(self) | {"dataset": pickle.dumps(self.dataset)}

    def opened(self) -> Job:
        """Return the job with its data set, once the plugins are loaded in this process."""
        sent: Any = self.dataset
        return replace(self, dataset=pickle.loads(sent)) if isinstance(sent, bytes) else self


@dataclass(frozen=True)
class Outcome:
    """What the progress display needs to know of a finished cell (or of one timing round).

    `took_s` is what a worker spent on it, without warming its method up; None if that is not known.
    `compiled_s` is what compiling the method took before. `left` is what the method left, for which
    its process was replaced.
    """

    cell: Cell
    status: str
    error: str | None = None
    finished: bool = True
    took_s: float | None = None
    compiled_s: float = 0.0
    left: str = ""


def blank_row(job: Job, cell: Cell) -> dict[str, Any]:
    """Return a row with what is known before the cell runs, and null for the rest."""
    height, width = cell.size or (None, None)
    row = dict.fromkeys(results_schema().names)
    return row | {
        "key": cell.key,
        "dataset": job.dataset.name,
        "split": job.dataset.split,
        "image": cell.image,
        "height": height,
        "width": width,
        "method": cell.method,
        "params": cell.params,
        "label": cell.label,
        "version": cell.version,
        "n": cell.n,
        "seed": cell.seed,
        "perturbation": None if cell.perturbation is None else str(cell.perturbation),
        "device": cell.device,
        "threads": job.threads,
        "contended": job.contended,
        "time_repeats": 1,
        "facts": "{}",
        "content": cell.content,
        "run": job.run,
        "machine": job.machine,
        "suite": job.suite,
        "protocol": job.scoring.protocol.name,
        "connectivity": job.scoring.connected(cell.connectivity).protocol.connectivity,
        **cell.carried,
    }
