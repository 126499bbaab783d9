"""Markdown tables that read well as plain text, too, and the texts of their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import floor, log10

import numpy as np
import pandas as pd

NOTHING = "-"
_BAR = re.compile(r"(?<!\\)\|")
PARTIAL = " †"
PIECES = " ‡"
PIECES_LEGEND = (
    "‡ In pieces: over a tenth more 4-connected pieces than labels, which is no segmentation into "
    "so few superpixels; not bold beside connected ones, and without rank."
)


def table(columns: Mapping[str, Sequence[str]]) -> str:
    """Write a table whose columns are padded to equal width.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        By heading, the cells from top to bottom. The first column is set to the left, the others,
        mostly numbers, to the right. A vertical bar in a cell is escaped here.

    Returns
    -------
    str
        Lines without a line end after the last; no columns make an empty text.

    Raises
    ------
    ValueError
        If the columns are not equally long.
    """
    texts = [[_escape(cell) for cell in (head, *cells)] for head, cells in columns.items()]
    widths = [max(3, *map(len, column)) for column in texts]
    rows = [_align(row, widths) for row in zip(*texts, strict=True)]
    if rows:
        rule = [
            "-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)
        ]
        rows.insert(1, rule)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def read_table(text: str) -> tuple[list[str], list[bool], list[list[str]]]:
    """Read a table as `table` writes it.

    Returns
    -------
    head : list of str
    right : list of bool
        Which columns are set to the right.
    body : list of list of str
        The rows; bars are no more escaped.
    """
    head, rule, *body = (
        [cell.strip().replace("\\|", "|") for cell in _BAR.split(line)[1:-1]]
        for line in text.split("\n")
    )
    return head, [mark.endswith(":") for mark in rule], body


def mean_cells(points: pd.DataFrame, bold: np.ndarray | None = None, sign: str = "") -> list[str]:
    """Write means with half of their intervals, all to the same decimals.

    Parameters
    ----------
    points : DataFrame
        Columns value, low, high; missing, if values can lack images that others have.
    bold : (R,) bool array, optional
        Which means to print bold.
    sign : str
        ``+`` to show the sign of positive ones, too.

    Returns
    -------
    list of str
        One cell per row; a dash where there is no value, a dagger where images are missing.
    """
    half = ((points["high"] - points["low"]) / 2).to_numpy()
    values = points["value"].to_numpy()
    digits = decimals(half, values)
    strong = np.zeros(len(points), dtype=bool) if bold is None else bold
    missing = points["missing"] if "missing" in points else np.zeros(len(points))
    cells = []
    for value, width, marked, lacking in zip(values, half, strong, missing, strict=True):
        if np.isnan(value):
            cells.append(NOTHING)
            continue
        text = f"{value:{sign}.{digits}f}"
        text = f"**{text}**" if marked else text
        text += "" if np.isnan(width) else f" ± {width:.{digits}f}"
        cells.append(text + (PARTIAL if lacking else ""))
    return cells


def rank_cells(lows: Iterable[int], highs: Iterable[int]) -> list[str]:
    """Write intervals of ranks: ``1``, ``2-5``, a dash for who does not compete (0)."""
    pairs = zip(lows, highs, strict=True)
    return [
        (f"{low}" if low == high else f"{low}-{high}") if low else NOTHING for low, high in pairs
    ]


def marked(labels: Iterable[str], pieces: Iterable[bool]) -> list[str]:
    """Mark the labels that are in pieces."""
    return [
        label + (PIECES if broken else "") for label, broken in zip(labels, pieces, strict=True)
    ]


def best_first(
    columns: Mapping[str, list[str]], first: pd.DataFrame, direction: str | None
) -> dict[str, list[str]]:
    """Sort rows by the first score: the best on top, then incomplete ones, then those without."""
    ranked = first.assign(incomplete=first["missing"] > 0, nothing=first["value"].isna())
    order = ranked.sort_values(
        ["nothing", "incomplete", "value"], ascending=[True, True, direction == "low"]
    ).index
    return {head: [cells[row] for row in order] for head, cells in columns.items()}


def decimals(half_widths: np.ndarray, values: np.ndarray) -> int:
    """Return how many decimals show two digits of a typical interval, or four of the values."""
    for sizes, digits in ((half_widths, 2), (np.abs(values), 4)):
        sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
        if sizes.size:
            return decimals_of(float(np.median(sizes)), digits)
    return 3


def decimals_of(value: float, digits: int) -> int:
    """Return how many decimals show so many digits of a positive number."""
    return min(max(digits - 1 - floor(log10(value)), 0), 6)


def _align(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first = row[0].ljust(widths[0])
    return [first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")
