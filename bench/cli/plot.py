"""``bench plot``: figures and tables from a results file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.errors import StorageError, UsageError


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
    formats: Annotated[str, typer.Option(help="png, pdf, or both.")] = "png,pdf",
    annotators: Annotated[
        bool, typer.Option(help="Show how annotators score against each other.")
    ] = True,
    quiet: options.Quiet = False,
) -> None:
    """Draw curves, runtimes and a summary table.

    Scores stand against the returned number of superpixels. Writes curves, runtime (from
    uncontended cells; `bench run --timing` makes them), summary.csv and summary.md.
    """
    from reports.output import OutputError
    from reports.plot import FORMATS, make_figures
    from reports.results import ResultsError

    wanted = [] if metrics is None else options.split_metrics("--metrics", metrics)
    kinds = options.split_names("--formats", formats)
    shown, hidden = options.split_patterns(only, without)
    for kind in kinds:
        if kind not in FORMATS:
            raise UsageError(f"--formats: unknown format {kind!r}; known are {', '.join(FORMATS)}")

    def note(remark: str) -> None:
        if not quiet:
            typer.echo(f"note: {remark}", err=True)

    try:
        written = make_figures(
            results,
            out,
            wanted,
            kinds,
            only=shown,
            without=hidden,
            annotators=annotators,
            on_note=note,
        )
    except ResultsError as error:
        raise UsageError(str(error)) from error
    except OutputError as error:
        raise StorageError(str(error)) from error
    if not quiet:
        typer.echo("\n".join(map(str, written)))
