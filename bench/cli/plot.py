"""``bench plot``: figures and tables from a results file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options, output, values
from bench.errors import UsageError


def plot(
    results: Annotated[Path, typer.Argument(help="What `bench run` wrote.")] = Path(
        "results.parquet"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; beside the results by default.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="One panel each; `bench list metrics` names them all.",
            show_default="asa and boundary recall",
        ),
    ] = None,
    only: options.OnlyLabels = "*",
    without: options.WithoutLabels = "",
    rename: options.RenamedLabels = None,
    formats: Annotated[str, typer.Option(help="png, pdf, or both.")] = "png,pdf",
    annotators: Annotated[
        bool, typer.Option(help="Show how annotators score against each other.")
    ] = True,
    plugin: options.Plugins = None,
    allow_mixed: options.AllowMixed = False,
    quiet: options.Quiet = False,
) -> None:
    """Draw curves, runtimes and a summary table.

    Scores stand against the returned number of superpixels. Writes, for r.parquet,
    r-curves, r-runtime (from uncontended cells; `bench run --timing` makes them), r-summary.csv and
    r-summary.md, and removes what an earlier plot of that file made and this one does not.
    """
    from reports.plot import FORMATS

    values.load_plugins(plugin)
    wanted = [] if metrics is None else values.split_metrics("--metrics", metrics)
    kinds = values.split_names("--formats", formats)
    shown, hidden = values.split_patterns(only, without)
    names = values.read_renames(rename)
    for kind in kinds:
        if kind not in FORMATS:
            raise UsageError(f"--formats: unknown format {kind!r}; known are {', '.join(FORMATS)}")
    output.recover(results, quiet)
    output.draw(
        results,
        quiet=quiet,
        out=out,
        metrics=wanted,
        formats=kinds,
        only=shown,
        without=hidden,
        rename=names,
        annotators=annotators,
        allow_mixed=allow_mixed,
    )
