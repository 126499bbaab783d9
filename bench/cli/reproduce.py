"""``bench reproduce``: the experiment of the paper, after saying what it will cost."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options, output, values
from bench.errors import BenchError
from reports.data.words import counted

if TYPE_CHECKING:
    from rich.console import Console

    from bench.datasets import Dataset
    from bench.execution.cost import Cost
    from bench.planning.cells import Cell
    from bench.planning.variants import Variant

METHODS = "slic,seeds,fh,lsc,etps,rim,ea,proposed"
COUNTS = "25,50,100,150,200,250,300,350,400"
DATASET = "bsds500"
HOUR = 3600.0  # seconds


def reproduce(
    root: options.Root = None,
    split: Annotated[str, typer.Option("--split", help="Part of BSDS500.")] = "test",
    limit: options.Limit = None,
    spread: options.Spread = False,
    partial: options.Partial = False,
    methods: options.MethodsText = METHODS,
    n: options.Counts = COUNTS,
    preset: options.PresetName = options.Preset.PAPER,
    device: options.DeviceName = options.Device.AUTO,
    seed: options.Seeds = "0",
    plugin: options.Plugins = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the results, the figures and the tables.")
    ] = Path("reproduction"),
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Start without asking, on a terminal too.")
    ] = False,
) -> int:
    """Repeat the paper's comparison: accuracy and boundary recall of eight methods on BSDS500.

    First every method is timed on one image, and what the whole will take is told. Then it runs as
    'bench run' does (the same command again continues an interrupted run) and is drawn as 'bench
    plot' does. Exit status as for 'bench run'.
    """
    from bench.planning.cells import make_plan
    from bench.planning.seeds import share_seeds
    from bench.planning.selection import choose, parse_integers, parse_terms
    from bench.planning.variants import default_methods, make_variants
    from bench.runner import run as run_cells
    from bench.settings import Settings
    from bench.storage.files import storage_errors
    from bench.storage.store import Store
    from methods import list_methods

    counts, seeds = parse_integers(n, "--n", least=1), parse_integers(seed, "--seed", least=0)
    results = values.results_file(out / "results.parquet")
    plugins = values.load_plugins(plugin)
    broken = values.warn_of_broken_plugins(methods)
    choices = choose(parse_terms(methods), list_methods(), default_methods)
    variants = make_variants(choices, preset.value, device.value, DATASET)
    data = values.find_dataset(DATASET, root, split, limit, partial, spread=spread)
    with storage_errors(results):
        results.parent.mkdir(parents=True, exist_ok=True)
    cells = make_plan(data, variants, counts, seeds)
    done = Store(results).done()
    todo = share_seeds(cell for cell in cells if cell.key not in done).run
    console = output.make_console(quiet=False)
    if todo:
        _tell_cost(variants, todo, data, plugins, console)
        if not yes and sys.stdin.isatty() and not typer.confirm("Start?", default=True, err=True):
            return 0
    settings = Settings(
        out=results,
        workers=values.count_workers(None),
        plugins=plugins,
        arguments=tuple(sys.argv[1:]),
    )
    status = run_cells(cells, data, settings, console) or (2 if broken else 0)
    if status not in (0, 2):
        return status
    try:
        output.draw(results)
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        return status or error.exit_status
    return status


def _tell_cost(
    variants: Sequence[Variant],
    todo: Sequence[Cell],
    data: Dataset,
    plugins: tuple[Path, ...],
    console: Console,
) -> None:
    """Measure what each method takes for an image, and print that and what all will take."""
    from functools import partial

    from rich.text import Text

    from bench.execution.cost import Timer, costs_by_count, count_cells, seconds_of

    image = data.load(todo[0].image).image
    workers = values.count_workers(None)
    costs: list[Mapping[int, Cost]] = []
    seconds: list[float] = []
    numbers = count_cells(todo, variants)
    variants = [variant for variant, _ in numbers]
    with Timer(image, todo[0].seed, plugins) as timer:
        for variant, cells in numbers:
            with console.status(Text(f"timing {variant.label} on one image")):
                costs.append(costs_by_count(sorted(cells), partial(timer.time, variant)))
            seconds.append(seconds_of(cells, costs[-1], workers))
    height, width = image.shape[:2]
    console.print(
        f"Time for an image of {width} x {height} by count, and for all cells:", highlight=False
    )
    _print_table(variants, costs, seconds, console)
    _print_reasons(variants, costs, console)
    _print_total(variants, todo, sum(seconds), console)


def _print_table(
    variants: Sequence[Variant],
    costs: Sequence[Mapping[int, Cost]],
    totals: Sequence[float],
    console: Console,
) -> None:
    from rich.table import Table
    from rich.text import Text

    counts = sorted({n for cost in costs for n in cost})
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for n in counts:
        table.add_column(str(n), justify="right", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True)
    for variant, cost, total in zip(variants, costs, totals, strict=True):
        cells = [_duration(cost[n].seconds) if n in cost else "" for n in counts]
        table.add_row(Text(variant.label), *cells, _duration(total))
    console.print(table)


def _print_reasons(
    variants: Sequence[Variant], costs: Sequence[Mapping[int, Cost]], console: Console
) -> None:
    """Say why a method returns no labels, once for each reason."""
    for variant, cost in zip(variants, costs, strict=True):
        for reason in dict.fromkeys(each.reason for each in cost.values() if each.reason):
            at = ", ".join(str(n) for n, each in cost.items() if each.reason == reason)
            console.print(f"{variant.label}, n = {at}: {reason}", highlight=False, markup=False)


def _print_total(
    variants: Sequence[Variant], todo: Sequence[Cell], seconds: float, console: Console
) -> None:
    """Say what all takes, and how to have less."""
    images = len({cell.image for cell in todo})
    hours = seconds / HOUR
    total = f"{hours:.1f} hours" if hours >= 1 else f"{seconds / 60:.1f} minutes"
    days = f" ({hours / 24:.1f} days)" if hours >= 24 else ""
    ways = [f"--limit K (each image takes {_duration(seconds / images)})"] if images > 1 else []
    if any(variant.given.get("preset") == options.Preset.PAPER for variant in variants):
        ways.append("--preset quick (not the published settings)")
    ways.append("fewer --n or --methods")
    console.print(
        f"About {total}{days} for {counted(len(todo), 'label map')} of {counted(images, 'image')}"
        "; reading and scoring come on top. To scale it down:"
        f" {', '.join(ways)}.",
        highlight=False,
    )


def _duration(seconds: float | None) -> str:
    """Write a duration in at most five characters."""
    if seconds is None:
        return "-"
    if seconds < 0.05:
        return "<0.1s"
    value, unit = (
        (seconds, "s")
        if seconds < 99.5
        else (seconds / 60, "min")
        if seconds < 99.5 * 60
        else (seconds / HOUR, "h")
    )
    return f"{value:.1f}{unit}" if value < 9.95 and unit != "min" else f"{value:.0f}{unit}"
