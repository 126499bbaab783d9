"""``bench report``: a results file as one page, to explore, to send and to print."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import opened, options, output, values
from bench.errors import StorageError, UsageError

if TYPE_CHECKING:
    from reports.page.report import Spread


def report(
    results: Annotated[Path, typer.Argument(help="What `bench run` or `bench score` wrote.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Page to write.", show_default="RESULTS.html beside the file"),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Metrics, the one that is shown first first.",
            show_default="all that the file has",
        ),
    ] = None,
    only: options.OnlyLabels = "*",
    without: options.WithoutLabels = "",
    rename: options.RenamedLabels = None,
    highlight: options.Highlight = None,
    gallery: Annotated[
        int, typer.Option(min=0, help="Images to show with the superpixels on them; 0 for none.")
    ] = 12,
    title: Annotated[
        str, typer.Option(help="Heading of the page.", show_default="the data set")
    ] = "",
    root: options.Root = None,
    with_: options.With = None,
    plugin: options.Plugins = None,
    allow_mixed: options.AllowMixed = False,
    quiet: options.Quiet = False,
) -> None:
    """Write one HTML page that needs no network: curves, leaderboard, images, failures, origin.

    Its numbers are those of `bench plot` and `bench compare`. Scores under other protocols are in
    it after `bench protocols`. The gallery copies images of the data set into the page: see its
    licence before you publish it, or give --gallery 0.
    """
    from bench.planning.pictures import pictures_of
    from reports.data.schema import ResultsError
    from reports.output import OutputError
    from reports.page.report import Page, make_report

    other = opened.read_with(with_)
    target = _page_file(out or opened.with_name(results, other).with_suffix(".html"))
    values.load_plugins(plugin)
    shown, hidden = values.split_patterns(only, without)
    wanted = [] if metrics is None else values.split_metrics("--metrics", metrics)
    names = values.read_renames(rename)
    lit = values.read_patterns("--highlight", highlight)
    note = partial(output.note, quiet=quiet)
    try:
        with opened.beside(results, other, allow_mixed, quiet) as file:
            page = Page(
                wanted,
                shown,
                hidden,
                names,
                lit,
                allow_mixed,
                title,
                pictures_of(file, root, gallery),
                _spread(results, root, allow_mixed),
                results.name if other is None else f"{results.name} --with {other}",
            )
            written = make_report(file, target, page, note)
    except ResultsError as error:
        raise UsageError(str(error)) from error
    except OutputError as error:
        raise StorageError(str(error)) from error
    if not quiet:
        typer.echo(str(written))


def _page_file(out: Path) -> Path:
    """Refuse a name that a browser would not open."""
    if out.suffix not in (".html", ".htm") or out.is_dir():
        raise UsageError(f"--out: '{out}' is no name for a page; end it in .html")
    return out


def _spread(results: Path, root: Path | None, allow_mixed: bool) -> Spread:
    """Find the scores under other protocols, or say why there are none."""
    from bench.planning.protocol_files import protocol_files
    from reports.page.report import Spread

    try:
        files, keys = protocol_files(results, root, allow_mixed)
    except UsageError as error:
        return Spread(reason=str(error))
    return Spread(files, keys, "")
