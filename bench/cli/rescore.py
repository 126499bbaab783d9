"""``bench rescore``: score the stored label maps of a run again, in another way."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import opened, options, output, values

if TYPE_CHECKING:
    from metrics.protocols import Connectivity


def rescore(
    results: Annotated[Path, typer.Argument(help="What `bench run` or `bench score` wrote.")],
    protocol: options.ProtocolName = "default",
    protocol_file: options.ProtocolFile = None,
    connectivity: Annotated[
        str | None,
        typer.Option(
            "--connectivity",
            help=options.CONNECTIVITY_HELP + " Several, such as as-is,merge, stand side by side.",
            show_default="what the protocol says",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics", help=options.METRICS_HELP, show_default="those that the file has"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Results file to write.",
            show_default="RESULTS-PROTOCOL[-CONNECTIVITY].parquet",
        ),
    ] = None,
    allow_mixed: options.AllowMixed = False,
    root: options.Root = None,
    exif: options.ExifText = None,
    void: options.VoidText = None,
    workers: options.Workers = None,
    plugin: options.Plugins = None,
    force: options.Force = False,
    retry_failed: options.RetryFailed = False,
    quiet: options.Quiet = False,
) -> int:
    """Score stored label maps again, in another way.

    No method is run. Another protocol, other metrics, or unconnected labels treated otherwise.
    Everything else in the rows stays, times above all; rows without a label map stay as they are.
    """
    from bench.errors import UsageError
    from bench.planning.stored_rows import Source, backend_for, make_cells
    from bench.runner import run as run_cells
    from bench.settings import Settings

    treatments = _treatments(connectivity)
    plugins = values.load_plugins(plugin)
    opened.recover(results, quiet)
    source = Source.read(results).together(allow_mixed)
    chosen = metrics or ",".join(source.facts.get("metrics", ["default"]))
    scoring = values.make_scoring(protocol, protocol_file, None, chosen)
    if len(treatments) == 1:
        scoring = scoring.connected(treatments[0])
    named = "-".join([results.stem, scoring.protocol.name, *filter(None, treatments)])
    target = values.results_file(out or results.with_name(f"{named}.parquet"))
    if target == results.resolve():
        raise UsageError(f"--out: '{target}' is what is to be scored again; give another name")
    data = source.dataset(root, values.reread(source.reading, exif, void))
    several = [how for how in treatments if how is not None] if len(treatments) > 1 else []
    cells = make_cells(source, data, target.parent, several or [None])
    settings = Settings(
        out=target,
        workers=values.count_workers(workers),
        backend=backend_for(cells),
        force=force,
        retry_failed=retry_failed,
        plugins=plugins,
        scoring=scoring,
        treatments=tuple(several),
        match_n=source.facts.get("match_n"),
        arguments=tuple(sys.argv[1:]),
        made=source.facts,
    )
    console = output.make_console(quiet)
    for note in source.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    broken = values.warn_of_broken_metrics(chosen)
    return run_cells(cells, data, settings, console) or (2 if broken else 0)


def _treatments(text: str | None) -> list[Connectivity | None]:
    if text is None:
        return [None]
    names = values.split_names("--connectivity", text)
    return [values.choose_connectivity(name) for name in dict.fromkeys(names)]
