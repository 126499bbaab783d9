"""A run on a Dask cluster: what the one on one machine knows, told to it and heard from it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from rich.console import Console

from bench.cluster.connection import connected
from bench.cluster.dealing import Reporter, run_on_cluster
from bench.execution.executor import Watch
from bench.execution.job import Job, Outcome
from bench.execution.time_left import TimeLeft
from bench.planning.cells import Batch, Lane
from bench.settings import Settings
from bench.storage.provenance import machine_id
from bench.storage.store import Store


def run_cells(
    job: Job,
    todo: Sequence[Sequence[Batch]],
    settings: Settings,
    manifest: dict[str, Any],
    watch: Watch,
    forecast: TimeLeft,
    console: Console,
) -> Generator[Outcome, None, None]:
    """Run cells on a Dask cluster; note the machines and how many cells ran at a time."""
    run = manifest["runs"][-1]

    def hire(lanes: Mapping[Lane, int]) -> None:
        forecast.hire(lanes)
        run["workers"] = max(run["workers"], lanes["core"])

    def add_machine(facts: dict[str, Any]) -> None:
        manifest["machines"][machine_id(facts)] = facts
        Store(settings.out).write_manifest(manifest)

    def say(line: str) -> None:
        console.print(line, style="yellow", highlight=False, markup=False)

    with connected(settings.scheduler, settings.workers) as client:
        yield from run_on_cluster(job, todo, client, Reporter(watch, hire, add_machine, say))
