"""``bench protocols``: the same label maps under every protocol, side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import opened, options, output, values


def protocols(
    results: Annotated[Path, typer.Argument(help="What `bench run` or `bench score` wrote.")],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            help="Those to compare, with commas between; all unless given.",
            show_default=False,
        ),
    ] = "",
    protocol_file: options.ProtocolFile = None,
    metrics: Annotated[str, typer.Option("--metrics", help="One table each.")] = "br,asa,ue_np",
    only: options.OnlyLabels = "*",
    without: options.WithoutLabels = "",
    rename: options.RenamedLabels = None,
    allow_mixed: options.AllowMixed = False,
    out: options.ReportFile = None,
    root: options.Root = None,
    exif: options.ExifText = None,
    void: options.VoidText = None,
    workers: options.Workers = None,
    plugin: options.Plugins = None,
    how: options.ReportFormatName = options.ReportFormat.TEXT,
    quiet: options.Quiet = False,
) -> int:
    """Print what the same label maps score under every protocol.

    Nothing is segmented: the stored label maps are scored again, once per protocol, and the scores
    kept in the .run folder, so that a second call is quick.
    """
    from bench.errors import UsageError
    from bench.planning.cells import digest
    from bench.planning.stored_rows import Source, backend_for, make_cells
    from bench.runner import INTERRUPTED
    from bench.runner import run as run_cells
    from bench.scoring.score import Scoring
    from bench.settings import Settings
    from bench.storage.store import Store
    from reports.data.schema import ResultsError
    from reports.tables.protocols import side_by_side

    output.check_report(out)
    plugins = values.load_plugins(plugin)
    shown = values.choose_metrics(metrics)
    names = values.split_names("--protocol", protocol) if protocol else []
    chosen = values.choose_protocols(names, protocol_file)
    patterns = values.split_patterns(only, without)
    opened.recover(results, quiet)
    renames = values.read_renames(rename)
    source = Source.read(results).only(*patterns, rename=renames).clean().together(allow_mixed)
    data = source.dataset(root, values.reread(source.reading, exif, void))
    folder = Store(results.resolve()).folder / "protocols"
    console = output.make_console(quiet)
    cells = make_cells(source, data, folder)  # the same for all: they differ in the scoring
    files, statuses = {}, []
    for one in chosen:
        scoring = Scoring(one, shown)
        way = [scoring.facts, data.reading.mark] if data.reading.mark else scoring.facts
        target = folder / f"{one.name}-{digest(way)[:6]}.parquet"
        console.print(f"Protocol {one.name}: {one.title}", highlight=False)
        settings = Settings(
            out=target,
            workers=values.count_workers(workers),
            backend=backend_for(cells),
            scoring=scoring,
            plugins=plugins,
            match_n=source.facts.get("match_n"),
            arguments=tuple(sys.argv[1:]),
            made=source.facts,
        )
        status = run_cells(cells, data, settings, console)
        if status == INTERRUPTED:
            return status
        statuses.append(status)
        files[one.name] = target
    try:
        keys = {cell.key for cell in cells}
        text, numbers = side_by_side(
            files, shown, keys=keys, notes=source.notes, rename=source.called
        )
    except ResultsError as error:
        raise UsageError(str(error)) from error
    if out is not None:
        output.write_report(text, numbers, out, how)
    if not quiet:
        output.print_report(text, numbers, how)
    return max(statuses)
