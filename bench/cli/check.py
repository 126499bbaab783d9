"""``bench check``: the contract tests on a method, a metric or a data set of ours or a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options, values
from bench.errors import UsageError
from reports.data.words import counted

if TYPE_CHECKING:
    from bench.execution.checking import Result


def check(
    name: Annotated[
        str,
        typer.Argument(
            autocompletion=options.complete_methods,
            help="A method, perhaps with parameters, slic[compactness=1]; a metric; a data set.",
        ),
    ],
    root: options.Root = None,
    split: options.Split = None,
    plugin: options.Plugins = None,
) -> int:
    """Run the contract tests on a method, a metric or a data set.

    Exit status: 0 all hold, 2 some do not.
    """
    from bench.datasets.registry import entries
    from bench.execution.checking import check_dataset, check_metric
    from methods import list_methods
    from metrics import METRICS

    plugins = values.load_plugins(plugin)
    checked = []
    if name in METRICS:
        checked.append((f"metric {name}", check_metric(name, plugins)))
    if name in entries():
        values.find_dataset(name, root, split, None, partial=True)  # says what it lacks
        checked.append((f"data set {name}", check_dataset(name, root, split, plugins)))
    elif root is not None or split is not None:
        raise UsageError(f"--root and --split are for data sets, and {name!r} is none; leave them")
    if name in list_methods() or not checked:
        checked += _methods(name, plugins)
    failed = sum(_tell(label, results) for label, results in checked)
    typer.echo("all checks hold" if not failed else f"{counted(failed, 'check')} failed")
    return 2 if failed else 0


def _methods(text: str, plugins: tuple[Path, ...]) -> Iterator[tuple[str, Iterator[Result]]]:
    from bench.errors import hint
    from bench.execution.checking import check_method
    from bench.planning.selection import choose, parse_terms
    from bench.planning.variants import default_methods, make_variants
    from methods import list_methods
    from metrics import METRICS

    try:
        choices = choose(parse_terms(text), list_methods(), default_methods)
        variants = make_variants(choices, preset="quick")
    except UsageError as error:
        reason = str(error).removeprefix("--methods: ")
        near = "" if "did you mean" in reason else hint(text, METRICS)
        raise UsageError(f"{reason}; among metrics{near}" if near else reason) from error
    for variant in variants:
        yield variant.label, check_method(variant, plugins)


def _tell(label: str, results: Iterable[Result]) -> int:
    """Print how the checks ended; return how many failed."""
    failed = 0
    typer.echo(label)
    for result in results:
        message = f": {result.message}" if result.message else ""
        typer.echo(f"  {result.status:<8} {result.name}{message}")
        failed += not result.ok
    return failed
