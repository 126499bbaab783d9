"""``bench plot``: figures and tables from a results file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import opened, options, output, values
from bench.errors import UsageError, hint


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
    figures: Annotated[
        str | None,
        typer.Option(
            help="Which ones, with commas between: "
            "curves, runtime, pareto, compactness, ranks, counts, pixels, differences, scatter,"
            " robustness.",
            show_default="all that the results have what they show of",
        ),
    ] = None,
    highlight: options.Highlight = None,
    at: Annotated[
        float | None,
        typer.Option(
            help="Count of the figures that are of one count (pareto, compactness, ranks, pixels,"
            " differences, scatter, robustness).",
            show_default="the middle one of those asked for",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="Seconds an image may take: a line in the Pareto front."),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            "--pair",
            metavar="LABEL,LABEL",
            help="Set two labels against each other image by image (scatter); may be repeated.",
        ),
    ] = None,
    style: options.LookName = options.Look.PAPER,
    formats: Annotated[str, typer.Option(help="png, pdf, svg, or several.")] = "png,pdf",
    data: Annotated[
        bool, typer.Option("--data", help="Write the numbers behind each figure as CSV, too.")
    ] = False,
    with_: options.With = None,
    annotators: Annotated[
        bool, typer.Option(help="Show how annotators score against each other.")
    ] = True,
    plugin: options.Plugins = None,
    allow_mixed: options.AllowMixed = False,
    quiet: options.Quiet = False,
) -> None:
    """Draw curves, runtimes, other figures and a summary table.

    Scores stand against the returned number of superpixels. Writes, for r.parquet,
    r-curves, r-runtime (from uncontended cells; `bench run --timing` makes them), the other
    figures that the results have what they show of, r-summary.csv and r-summary.md, and removes
    what an earlier plot of that file made and this one does not.
    Of more than 12 labels the best by the first metric and those of --highlight are in colour;
    the figure differences is of those of --highlight.
    With --with reference the files are called r-with-reference-curves and so on.
    """
    from reports.plot import AT_ONE_COUNT, FIGURES, FORMATS, Choice

    values.load_plugins(plugin)
    wanted = [] if metrics is None else values.split_metrics("--metrics", metrics)
    kinds = values.split_names("--formats", formats)
    shown, hidden = values.split_patterns(only, without)
    names = values.read_renames(rename)
    _check_known("--formats", "format", kinds, FORMATS)
    drawn = [] if figures is None else values.split_names("--figures", figures)
    _check_known("--figures", "figure", drawn, tuple(FIGURES))
    if drawn and at is not None and not pair:
        _check_used("--at", drawn, AT_ONE_COUNT)
    if drawn and budget is not None:
        _check_used("--budget", drawn, ("pareto",))
    lit = values.read_patterns("--highlight", highlight)
    other = opened.read_with(with_)
    line = _positive("--at", at), _positive("--budget", budget)
    pairs = [_two_labels(text) for text in pair or ()]
    with opened.beside(results, other, allow_mixed, quiet) as file:
        output.draw(
            file,
            quiet=quiet,
            out=results.parent if out is None else out,
            metrics=wanted,
            formats=kinds,
            only=shown,
            without=hidden,
            rename=names,
            choice=Choice(drawn, lit, *line, pairs, style.value, data, annotators),
            allow_mixed=allow_mixed,
            source=results,
        )


def _check_known(option: str, what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UsageError(
                f"{option}: unknown {what} {name!r}{hint(name, known)}; known are"
                f" {', '.join(known)}"
            )


def _check_used(option: str, drawn: Sequence[str], users: Sequence[str]) -> None:
    if not set(drawn) & set(users):
        raise UsageError(
            f"{option}: --figures {','.join(drawn)} has no use for it; leave it out, or add"
            f" {' or '.join(users)}"
        )


def _positive(option: str, value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise UsageError(f"{option}: {value:g} is no number above 0")
    return value


def _two_labels(text: str) -> tuple[str, str]:
    names = values.split_names("--pair", text)
    if len(names) != 2:
        raise UsageError(f"--pair: {text!r} are not two labels; write SLIC,SNIC")
    return names[0], names[1]
