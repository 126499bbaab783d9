"""What several commands show and write."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bench.cli.options import Format, ReportFormat
from reports.data.words import printable

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def make_console(quiet: bool) -> Console:
    """Return the console that progress goes to: standard error, so that pipes do not end a run.

    What it prints is meant as it stands: names of files and labels have brackets and colons.
    """
    from rich.console import Console

    class Plain(Console):
        def print(self, *objects: Any, **how: Any) -> None:
            """Print; a text of a stranger's file does not reach the terminal as a command."""
            super().print(*(shown(it) if isinstance(it, str) else it for it in objects), **how)

    return Plain(
        quiet=quiet, soft_wrap=True, stderr=True, markup=False, emoji=False, highlight=False
    )


def shown(message: str) -> str:
    """Return a message of several lines as a terminal may show it."""
    return "\n".join(map(printable, message.split("\n")))


def note(remark: str, quiet: bool = False) -> None:
    """Say on standard error what a user should know of what was printed, unless to be quiet."""
    if not quiet:
        typer.echo(f"note: {shown(remark)}", err=True)


def terminal_width() -> int | None:
    """Return how many characters a line may have: of the terminal, or as COLUMNS says.

    A file or another program gets whole lines: None.
    """
    try:
        asked = int(os.environ.get("COLUMNS", "0"))
    except ValueError:
        asked = 0
    if asked > 0 or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return None


def wrapped(line: str) -> str:
    """Return a line as several that fit the terminal, the later ones indented."""
    width = terminal_width()
    if width is None or len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def print_rows(
    rows: Sequence[Mapping[str, Any]], how: Format = Format.TEXT, heads: bool = True
) -> None:
    """Print what is known of several things, one row each.

    Parameters
    ----------
    rows : sequence of mapping
        By heading; what one of them lacks is empty there.
    how : Format
        Text in columns that fit the terminal, or for a program.
    heads : bool
        Whether text has headings.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if how is Format.JSON:
        typer.echo(_json(rows), nl=False)
        return
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    if how is Format.CSV:
        typer.echo(_csv([names, *cells]), nl=False)
        return
    if how is Format.MARKDOWN:
        from reports.tables.markdown import table

        lines = [[" ".join(cell.split()) for cell in row] for row in cells]
        columns = zip(*lines, strict=True) if lines else [[] for _ in names]
        typer.echo(table({n: list(column) for n, column in zip(names, columns, strict=True)}))
        return
    from reports.tables.folded import align

    typer.echo(align(cells, terminal_width(), names if heads else ()))


def print_report(text: str, numbers: pd.DataFrame, how: ReportFormat) -> None:
    """Print a comparison: its tables, which fit the terminal as text, or all of its numbers."""
    if how is ReportFormat.TEXT:
        from reports.tables.folded import fold

        typer.echo(fold(text.rstrip(), terminal_width()))
    else:
        typer.echo(_written(text, numbers, how), nl=False)


def _written(text: str, numbers: pd.DataFrame, how: ReportFormat) -> str:
    """Return a comparison as a file has it."""
    if how is ReportFormat.LATEX:
        from reports.tables.latex import latex

        return latex(text)
    if how is ReportFormat.MACROS:
        from reports.tables.macros import macros

        return macros(numbers)
    if how is ReportFormat.CSV:
        return numbers.map(_for_spreadsheet).to_csv(index=False)
    if how is ReportFormat.JSON:
        names = [str(name) for name in numbers]
        rows = numbers.astype(object).itertuples(index=False)
        return _json([dict(zip(names, row, strict=True)) for row in rows])
    return text.rstrip() + "\n"


def _for_spreadsheet(value: Any) -> Any:
    """Keep a text from being taken for a formula, which spreadsheets compute when they open it."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
    )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: null for what is missing, words for what is infinite."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _cell(value: Any) -> str:
    """Write a value in full; nothing for what is missing."""
    plain = _plain(value)
    return "" if plain is None else str(plain)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    import csv
    import io

    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    return sink.getvalue()


_FILES = {
    ".md": ReportFormat.MARKDOWN,
    ".csv": ReportFormat.CSV,
    ".tex": ReportFormat.LATEX,
    ".json": ReportFormat.JSON,
}


def check_report(out: Path | None) -> None:
    """Refuse a name for a comparison that says no format, before anything is computed.

    Raises
    ------
    UsageError
        If it ends in none of `_FILES`.
    """
    from bench.errors import UsageError

    if out is not None and out.suffix not in _FILES:
        raise UsageError(f"--out: '{out}' ends in none of {', '.join(_FILES)}; choose one of them")


def write_report(text: str, numbers: pd.DataFrame, out: Path, how: ReportFormat) -> None:
    """Write a comparison as the name of the file says.

    ``.md`` and ``.tex`` have its tables, ``.csv`` and ``.json`` all numbers, unrounded; a ``.tex``
    has macros if these are the format that is printed.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    from bench.errors import StorageError
    from reports.output import OutputError, write_whole

    kind = how if out.suffix == ".tex" and how is ReportFormat.MACROS else _FILES[out.suffix]
    content = _written(text, numbers, kind)

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
    from reports.data.schema import ResultsError
    from reports.output import OutputError
    from reports.plot import make_figures

    try:
        written = make_figures(results, **how, on_note=partial(note, quiet=quiet))
    except ResultsError as error:
        raise UsageError(str(error)) from error
    except OutputError as error:
        raise StorageError(str(error)) from error
    if not quiet:
        typer.echo("\n".join(map(str, written)))
