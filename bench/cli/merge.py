"""``bench merge``: several results files become one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench.cli import opened, options, output, values
from reports.data.words import counted


class Labels(StrEnum):
    """What becomes of the label maps."""

    LEAVE = "leave"
    COPY = "copy"
    LINK = "link"


def merge(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="A.parquet B.parquet ...", help="What `bench run` wrote."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Results file to write.")],
    labels: Annotated[
        Labels,
        typer.Option(
            help="Label maps: leave them where they are, copy them beside the new file, or link"
            " them there (no space taken, same file system)."
        ),
    ] = Labels.LEAVE,
    quiet: options.Quiet = False,
) -> int:
    """Merge results files of one data set and protocol, say of two machines.

    Of two rows of one cell the one that ended ok stays; then the one with repeated times
    (--timing); then that of the newer run. What does not go together is refused.
    """
    from bench.storage.merging import merge as merge_files

    target = values.results_file(out)
    for path in results:
        if not path.exists():
            opened.recover(path, quiet)
    done = merge_files(results, target, labels.value)
    if quiet:
        return 0
    console = output.make_console(quiet)
    for path, rows in zip(results, done.given, strict=True):
        console.print(f"{path}: {counted(rows, 'row')}", highlight=False, markup=False)
    lines = [
        f"{out}: {counted(done.rows, 'row')}, {done.duplicates} left out as duplicates of a cell"
    ]
    if done.label_maps:
        verb = "copied" if labels is Labels.COPY else "linked"
        lines.append(f"{counted(done.label_maps, 'label map')} {verb}")
    if done.absent:
        are = "is" if done.absent == 1 else "are"
        absent = counted(done.absent, "label map")
        lines.append(f"{absent} {are} not there; `bench rescore` will miss what is not there")
    for line in lines:
        console.print(line, highlight=False, markup=False)
    for mixture in done.mixtures:
        console.print(f"Warning: {mixture}", style="yellow", highlight=False, markup=False)
    return 0
