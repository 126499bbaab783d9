"""``bench condense``: the scores of a results file, small enough to publish."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import opened, options, output, values


def condense(
    results: Annotated[Path, typer.Argument(help="What `bench run` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Results file to write.")],
    times: Annotated[
        Path | None,
        typer.Option(
            "--times",
            metavar="TIMED.parquet",
            help="What `bench run --timing` made of some of the same cells; times come along.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> int:
    """Write the scores of a results file as a small one, say for others to compare with.

    Every score to the last digit, of metrics of plugins, too, with versions, machines and what the
    annotators score against each other; no label maps, no values by annotator, no times but those
    of --times that were taken alone (`--timing`), beside the same scores. Paths from the root on
    lose their folders, those of programs in commands, too. A file that is there is replaced only if
    it is a condensed one and has nothing that the new one lacks. Every command reads the new file,
    and --with sets it beside another.
    """
    from bench.storage.condensing import condense as condense_file

    target = values.results_file(out)
    for path in filter(None, (results, times)):
        opened.recover(path, quiet)
    size = condense_file(results, target, times, partial(output.note, quiet=quiet))
    if not quiet:
        typer.echo(f"{out}: {size / 1000:,.0f} kB")
    return 0
