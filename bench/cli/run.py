"""``bench run``: run methods on a data set and score every label map."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options, output, values

LONGEST_TIMEOUT = 10_000_000
LARGEST_MEMORY = 1_000_000


class Backend(StrEnum):
    """Where cells run."""

    LOKY = "loky"
    SEQUENTIAL = "sequential"
    DASK = "dask"


def run(
    methods: options.MethodsText = "all",
    n: options.Counts = "50,100,200",
    dataset: options.DatasetName = "sample",
    root: options.Root = None,
    split: options.Split = None,
    limit: options.Limit = None,
    spread: options.Spread = False,
    partial: options.Partial = False,
    exif: options.ExifText = None,
    void: options.VoidText = None,
    out: options.Out = Path("results.parquet"),
    seed: options.Seeds = "0",
    workers: options.Workers = None,
    backend: Annotated[
        Backend,
        typer.Option(
            "--backend",
            help="'loky' runs cells on this machine, 'dask' on a cluster, 'sequential' in this"
            " process, to debug: a method that crashes ends the run.",
        ),
    ] = Backend.LOKY,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="WHERE",
            help="Dask's scheduler, with --backend dask: tcp://host:8786, the path of a scheduler"
            " file (.json), or 'local' to start one.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Run only the I-th of N parts of the plan: 3/16. 'bench merge' joins them.",
        ),
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option(
            "--costs",
            metavar="RESULTS",
            help="With --shard: an earlier results file by whose seconds the parts are balanced.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            help="Seconds that a method may take for a cell (its first: 60 more, to compile).",
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            "--memory",
            metavar="GIB",
            help="Memory that a worker process may hold; a method that needs more is stopped.",
        ),
    ] = None,
    timing: Annotated[
        bool,
        typer.Option(
            "--timing",
            help="Time serially, on one core or on all that a method uses by itself, three rounds,"
            " keeping medians.",
        ),
    ] = False,
    device: options.DeviceName = options.Device.AUTO,
    preset: options.PresetName = options.Preset.AUTO,
    match_n: Annotated[
        float | None,
        typer.Option(
            "--match-n",
            help="Ask each method for more or fewer, in at most 8 trials, until the count that it"
            " returns is within this share of n: 0.05.",
        ),
    ] = None,
    perturb: Annotated[
        str | None,
        typer.Option(
            "--perturb",
            metavar="HOW,...",
            help="Run on perturbed images as well, each way apart:"
            " noise:0.05,blur:2,jpeg:30,gamma:0.7,flip,rotate:90.",
        ),
    ] = None,
    protocol: options.ProtocolName = "default",
    protocol_file: options.ProtocolFile = None,
    connectivity: options.HowConnected = None,
    metrics: options.Metrics = "default",
    plugin: options.Plugins = None,
    force: options.Force = False,
    retry_failed: options.RetryFailed = False,
    quiet: options.Quiet = False,
) -> int:
    """Run methods on images and score every label map.

    Every cell (image x method x n x seed) ends as one row of the results file, with its status.
    The same command again continues an interrupted run. Exit status: 0 all cells ok, 1 nothing
    could be run, 2 some cells failed (their rows say why), 130 interrupted.
    """
    if backend is Backend.SEQUENTIAL:
        ended = _run_below(values.results_file(out), force, quiet)
        if ended is not None:
            return ended
    from bench.datasets.perturbations import parse_all
    from bench.errors import UsageError
    from bench.planning import shards
    from bench.planning.cells import make_plan
    from bench.planning.selection import choose, parse_integers, parse_terms
    from bench.planning.variants import default_methods, explain_presets, make_variants
    from bench.runner import run as run_cells
    from bench.settings import Settings
    from methods import list_methods
    from methods.device import planned_for_elsewhere

    _check_scheduler(backend, scheduler, timing, workers, device)
    part = None if shard is None else shards.parse(shard)
    if costs is not None and part is None:
        raise UsageError("--costs balances the parts of --shard; give --shard I/N as well")
    if timeout is not None and not 0 < timeout <= LONGEST_TIMEOUT:
        raise UsageError(
            f"--timeout: {timeout:g} cannot be; give seconds above 0 and up to {LONGEST_TIMEOUT}"
        )
    if memory is not None and not 0 < memory <= LARGEST_MEMORY:
        raise UsageError(
            f"--memory: {memory:g} cannot be; give GiB above 0 and up to {LARGEST_MEMORY}"
        )
    if memory is not None and backend is Backend.SEQUENTIAL:
        raise UsageError(
            "--memory: a method that runs in this very process cannot be stopped for its memory;"
            " leave --backend sequential or --memory out"
        )
    if match_n is not None and not 0 <= match_n < 1:
        raise UsageError(
            f"--match-n: {match_n:g} is no share of n; give 0 (exactly) to below 1, such as 0.05"
        )
    perturbations = [] if perturb is None else parse_all(perturb)
    counts = parse_integers(n, "--n", least=1)
    seeds = parse_integers(seed, "--seed", least=0)
    settings = Settings(
        out=values.results_file(out),
        workers=values.count_workers(workers),
        backend=backend,
        scheduler=scheduler or "",
        shard="" if part is None else str(part),
        timeout=timeout,
        memory=memory,
        timing=timing,
        force=force,
        retry_failed=retry_failed,
        plugins=values.load_plugins(plugin),
        scoring=values.make_scoring(protocol, protocol_file, connectivity, metrics),
        match_n=match_n,
        arguments=tuple(sys.argv[1:]),
    )
    broken = values.warn_of_broken_plugins(methods, metrics)
    choices = choose(parse_terms(methods), list_methods(), default_methods)
    with planned_for_elsewhere() if backend is Backend.DASK else nullcontext():
        variants = make_variants(choices, preset.value, device.value, dataset)
        reading = values.make_reading(exif, void)
        data = values.find_dataset(dataset, root, split, limit, partial, reading, spread)
        cells = make_plan(data, variants, counts, seeds, match_n, perturbations)
    console = output.make_console(quiet)
    for line in [*data.remarks(), *explain_presets(variants, dataset)]:
        console.print(line, highlight=False, markup=False)
    if part is not None:
        divided = shards.divide(cells, part.of, shards.read_costs(costs))
        cells = divided[part.number - 1]
        console.print(f"Shard {part}: {shards.describe(divided, part)}.", highlight=False)
        if not cells:
            return 0
    return run_cells(cells, data, settings, console) or (2 if broken else 0)


def _check_scheduler(
    backend: Backend,
    scheduler: str | None,
    timing: bool,
    workers: int | None,
    device: options.Device,
) -> None:
    """Refuse what does not go with a cluster, or only with one."""
    from bench.errors import UsageError

    if backend is not Backend.DASK:
        if scheduler is not None:
            raise UsageError("--scheduler is of a cluster; give --backend dask as well")
        return
    if not scheduler:
        raise UsageError(
            "--backend dask needs --scheduler: tcp://host:8786, a scheduler file, or 'local'"
        )
    if timing:
        raise UsageError(
            "--timing: times are taken on one machine that does nothing else, never on a cluster;"
            " leave --backend out"
        )
    if scheduler != "local" and workers is not None:
        raise UsageError(
            "--workers: a cluster has as many as it has; leave it out, and start Dask workers"
        )
    if scheduler == "local" and device is options.Device.CUDA:
        raise UsageError(
            "--device cuda: the workers of --scheduler local declare no GPU; leave --backend out,"
            " or start 'dask worker --resources GPU=1'"
        )


def _run_below(out: Path, force: bool, quiet: bool) -> int | None:
    """Go on in a child process that can be ended whatever a method does; return how it ended.

    None is returned in that process, where the run is to be done.
    """
    from bench.execution.supervision import supervise

    def at_work(process: int) -> bool:
        from bench.storage.store import Store

        return (Store(out).inflight / str(process)).exists()

    ended = supervise(at_work)
    if ended is None:
        return None
    if ended.signal_name:
        typer.echo(
            f"bench: the process died ({ended.signal_name}) while it ran a method; without"
            " --backend sequential that is a row and the other cells go on",
            err=True,
        )
    if ended.heard:
        return ended.status
    from bench.runner import keep_what_is_done

    console = output.make_console(quiet)
    console.show_cursor()
    return keep_what_is_done(out, force, console)
