"""``bench check``: the contract tests on one method, built in or of a plugin."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options, values
from bench.errors import UsageError
from reports.data.words import counted


def check(
    method: Annotated[
        str,
        typer.Argument(
            autocompletion=options.complete_methods,
            help="A method, with parameters where wanted: slic[compactness=1]",
        ),
    ],
    plugin: options.Plugins = None,
) -> int:
    """Run the contract tests on a method. Exit status: 0 all hold, 2 some do not."""
    from bench.execution.checking import run_checks_safely
    from bench.planning.selection import choose, parse_terms
    from bench.planning.variants import default_methods, make_variants
    from methods import list_methods

    plugins = values.load_plugins(plugin)
    try:
        choices = choose(parse_terms(method), list_methods(), default_methods)
        variants = make_variants(choices, preset="quick")
    except UsageError as error:
        raise UsageError(str(error).removeprefix("--methods: ")) from error
    failed = 0
    for variant in variants:
        typer.echo(variant.label)
        for result in run_checks_safely(variant, plugins):
            message = f": {result.message}" if result.message else ""
            typer.echo(f"  {result.status:<8} {result.name}{message}")
            failed += not result.ok
    typer.echo("all checks hold" if not failed else f"{counted(failed, 'check')} failed")
    return 2 if failed else 0
