"""``bench plot``: figures and tables from a results file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import Quiet
from bench.errors import StorageError, UsageError


def plot(
    results: Annotated[Path, typer.Argument(help="What `bench run` wrote.")] = Path(
        "results.parquet"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; beside the results by default.")
    ] = None,
    metrics: Annotated[
        str, typer.Option(help="One panel each; `bench list metrics` names them all.")
    ] = "asa,br_r2",
    only: Annotated[str, typer.Option(help="Labels to draw, as patterns: 'SLIC*,FH'.")] = "*",
    without: Annotated[str, typer.Option(help="Labels to leave out, as patterns.")] = "",
    formats: Annotated[str, typer.Option(help="png, pdf, or both.")] = "png,pdf",
    quiet: Quiet = False,
) -> None:
    """Draw curves, runtimes and a summary table.

    Scores stand against the returned number of superpixels. Writes curves, runtime (from
    uncontended cells; `bench run --timing` makes them), summary.csv and summary.md.
    """
    from metrics import get_metric
    from reports.frame import ResultsError
    from reports.output import OutputError
    from reports.plot import FORMATS, make_figures

    wanted, kinds = _split("--metrics", metrics), _split("--formats", formats)
    try:
        for metric in wanted:
            get_metric(metric)
    except ValueError as error:
        raise UsageError(f"--metrics: {error}") from error
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
            only=_split("--only", only),
            without=_split("--without", without) if without else (),
            on_note=note,
        )
    except ResultsError as error:
        raise UsageError(str(error)) from error
    except OutputError as error:
        raise StorageError(str(error)) from error
    if not quiet:
        typer.echo("\n".join(map(str, written)))


def _split(option: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise UsageError(f"{option} {text!r} names nothing; give names with commas between")
    return parts
