"""``bench score``: score label maps that were made elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options, output, values


def score(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS_DIR",
            help="Folder with [<n>/]<image>.png, .pgm, .npy, .csv or .mat.",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", help="What to call the method.", show_default="the folder's name"),
    ] = None,
    dataset: options.DatasetName = "sample",
    root: options.Root = None,
    split: options.Split = None,
    limit: options.Limit = None,
    spread: options.Spread = False,
    partial: options.Partial = False,
    exif: options.ExifText = None,
    void: options.VoidText = None,
    out: options.Out = Path("scores.parquet"),
    protocol: options.ProtocolName = "default",
    protocol_file: options.ProtocolFile = None,
    connectivity: options.HowConnected = None,
    metrics: options.Metrics = "default",
    workers: options.Workers = None,
    plugin: options.Plugins = None,
    force: options.Force = False,
    retry_failed: options.RetryFailed = False,
    quiet: options.Quiet = False,
) -> int:
    """Score label maps that were made elsewhere.

    Same metrics, same kind of results file. A subfolder whose name is a number is the count that
    was asked for; without it n is null. An image of the data set without a label map ends as a
    failed row; the exit status is then 2. What is in the folder and not scored is told.
    """
    from bench.planning.label_maps import find_label_maps
    from bench.runner import run as run_cells
    from bench.settings import Settings

    settings = Settings(
        out=values.results_file(out),
        workers=values.count_workers(workers),
        force=force,
        retry_failed=retry_failed,
        plugins=values.load_plugins(plugin),
        scoring=values.make_scoring(protocol, protocol_file, connectivity, metrics),
        arguments=tuple(sys.argv[1:]),
    )
    reading = values.make_reading(exif, void)
    data = values.find_dataset(dataset, root, split, limit, partial, reading, spread)
    found = find_label_maps(labels, data, name or labels.resolve().name)
    for line in found.left_out:  # told even to who wants to hear nothing
        typer.echo(f"Warning: {line}", err=True)
    console = output.make_console(quiet)
    for line in data.remarks():
        console.print(line, highlight=False, markup=False)
    broken = values.warn_of_broken_metrics(metrics)
    return run_cells(found.cells, data, settings, console) or (2 if broken else 0)
