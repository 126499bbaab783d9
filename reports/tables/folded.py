"""Text and tables that fit the width of a terminal: nothing is dropped, all is folded."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

GAP = "  "
NARROWEST = 8  # characters of a column that is wrapped
_KEYS = ("label", "method", "n")  # columns that stand again before each part of a table
_BAR = re.compile(r"(?<!\\)\|")


def fold(markdown: str, width: int | None) -> str:
    """Fold Markdown to a width: tables into parts side by side before, prose into lines.

    Parameters
    ----------
    markdown : str
        Prose, and tables as `reports.tables.markdown.table` writes them.
    width : int, optional
        The most characters of a line; what is left of a table then follows below it, with its
        first columns again. None leaves all as it is.

    Returns
    -------
    str
        Markdown again. A line is longer only where a table's columns would be too narrow to read.
    """
    if width is None:
        return markdown
    parts = []
    for tabular, lines in groupby(markdown.split("\n"), key=lambda line: line.startswith("|")):
        if tabular:
            parts += list(_fold_table(list(lines), width))
        else:
            parts += [_wrap(line, width) for line in lines]
    return "\n".join(parts)


def align(rows: Sequence[Sequence[str]], width: int | None, heads: Sequence[str] = ()) -> str:
    """Set rows of text in columns, the widest one wrapped where a terminal is narrower.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells from left to right, as many in each row.
    width : int, optional
        The most characters of a line; None for no limit.
    heads : sequence of str
        Headings of the columns, if any.

    Returns
    -------
    str
        Lines without spaces at their ends.
    """
    all_rows = [list(heads), *rows] if heads else list(rows)
    if not all_rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*all_rows, strict=True)]
    if width is not None:
        widest = widths.index(max(widths))
        others = sum(widths) - widths[widest] + len(GAP) * (len(widths) - 1)
        widths[widest] = min(widths[widest], max(width - others, NARROWEST))
    lines = [
        GAP.join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)).rstrip()
        for row in all_rows
        for line in _lines_of(row, widths)
    ]
    return "\n".join(lines)


def wrap_fact(name: str, value: str, indent: int, width: int | None) -> str:
    """Write a fact as its name and value, the lines of the value below each other.

    Parameters
    ----------
    name : str
        What is told.
    value : str
        One line or several.
    indent : int
        Where the value begins, in characters.
    width : int, optional
        The most characters of a line; None for no limit.
    """
    room = None if width is None else max(width - indent, NARROWEST)
    lines = [part for line in value.split("\n") for part in _wrap(line, room).split("\n")]
    return f"{name:<{indent}}" + ("\n" + " " * indent).join(lines)


def _wrap(line: str, width: int | None) -> str:
    if width is None or len(line) <= width:
        return line
    hanging = "  " if line.startswith("- ") else ""
    return "\n".join(
        textwrap.wrap(line, width, subsequent_indent=hanging, break_on_hyphens=False) or [""]
    )


def _fold_table(lines: Sequence[str], width: int) -> Iterator[str]:
    """Yield a table as it is, or in parts with an empty line between."""
    if max(map(len, lines)) <= width:
        yield from lines
        return
    head, rule, *body = ([cell.strip() for cell in _BAR.split(line)[1:-1]] for line in lines)
    keys = next((i for i, name in enumerate(head) if name not in _KEYS), len(head)) or 1
    columns = list(zip(head, *body, strict=True))
    sizes = [max(3, *map(len, column)) for column in columns]
    sizes[0] = min(sizes[0], max(width // 3, NARROWEST))
    room = width - 1 - sum(size + 3 for size in sizes[:keys])
    sizes[keys:] = [min(size, max(room - 3, NARROWEST)) for size in sizes[keys:]]
    for i, part in enumerate(_parts(sizes[keys:], room)):
        if i:
            yield ""
        chosen = [*range(keys), *(keys + column for column in part)]
        yield from _draw(
            [columns[c] for c in chosen], [rule[c] for c in chosen], [sizes[c] for c in chosen]
        )


def _parts(sizes: Sequence[int], room: int) -> Iterator[list[int]]:
    """Divide columns into parts that have room; each has one column at least."""
    part: list[int] = []
    taken = 0
    for column, size in enumerate(sizes):
        if part and taken + size + 3 > room:
            yield part
            part, taken = [], 0
        part.append(column)
        taken += size + 3
    yield part


def _draw(
    columns: Sequence[Sequence[str]], rules: Sequence[str], sizes: Sequence[int]
) -> Iterator[str]:
    right = [rule.endswith(":") for rule in rules]
    for i, row in enumerate(zip(*columns, strict=True)):
        for line in _lines_of(row, sizes):
            cells = (
                cell.rjust(size) if numbers else cell.ljust(size)
                for cell, size, numbers in zip(line, sizes, right, strict=True)
            )
            yield f"| {' | '.join(cells)} |"
        if i == 0:
            marks = (
                "-" * (size - 1) + (":" if n else "-") for size, n in zip(sizes, right, strict=True)
            )
            yield f"| {' | '.join(marks)} |"


def _lines_of(row: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """Return the lines that a row takes when its cells are wrapped to the sizes of the columns."""
    cells = [
        textwrap.wrap(cell, size, break_on_hyphens=False) or [""]
        for cell, size in zip(row, sizes, strict=True)
    ]
    height = max(map(len, cells))
    filled = [[*lines, *[""] * (height - len(lines))] for lines in cells]
    return [list(line) for line in zip(*filled, strict=True)]
