"""What several commands show and write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def make_console(quiet: bool) -> Console:
    """Return the console that progress goes to: standard error, so that pipes do not end a run."""
    from rich.console import Console

    return Console(quiet=quiet, soft_wrap=True, stderr=True)


def write_report(text: str, numbers: pd.DataFrame, out: Path) -> None:
    """Write a comparison: ``.md`` as it is printed, ``.csv`` with all its numbers, unrounded.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    from bench.errors import StorageError
    from reports.output import OutputError, write_whole

    content = text.rstrip() + "\n" if out.suffix == ".md" else numbers.to_csv(index=False)

    def write(path: Path) -> None:
        path.write_text(content, encoding="utf-8")

    try:
        write_whole(out, write)
    except OutputError as error:
        raise StorageError(str(error)) from error


def draw(results: Path, quiet: bool = False, **how: Any) -> None:
    """Draw figures and tables of a results file, and say what was written.

    Parameters
    ----------
    results : Path
    quiet : bool
        Whether to say nothing.
    **how
        As for `reports.plot.make_figures`.

    Raises
    ------
    UsageError
        If the file cannot be used.
    StorageError
        If a figure or table cannot be written.
    """
    from bench.errors import StorageError, UsageError
    from reports.data.results import ResultsError
    from reports.output import OutputError
    from reports.plot import make_figures

    def note(remark: str) -> None:
        if not quiet:
            typer.echo(f"note: {remark}", err=True)

    try:
        written = make_figures(results, **how, on_note=note)
    except ResultsError as error:
        raise UsageError(str(error)) from error
    except OutputError as error:
        raise StorageError(str(error)) from error
    if not quiet:
        typer.echo("\n".join(map(str, written)))
