"""Tables as LaTeX: booktabs, what stands in the Markdown and nothing else, escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from reports.tables.markdown import read_table

_ESCAPES = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "→": r"$\rightarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\textsection{}",
}
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_NUMBERS = re.compile(r"\*\*([+-]?[\d.]+)\*\*")
_LATIN = 0x250  # the first character that pdfLaTeX's usual fonts lack, but for those above


def latex(markdown: str) -> str:
    r"""Write the Markdown of a report as LaTeX: each table a float, its heading the caption.

    Parameters
    ----------
    markdown : str
        Prose, bullets, and tables as `reports.tables.markdown.table` writes them.

    Returns
    -------
    str
        To be read by ``\input``; needs the package booktabs, and XeLaTeX or LuaLaTeX where it says
        so. What is bold here is bold there.
    """
    blocks = [block for block in re.split(r"\n{2,}", markdown.strip()) if block]
    lines = ["% Needs \\usepackage{booktabs}."]
    if any(ord(mark) >= _LATIN for mark in markdown if mark not in _ESCAPES):
        lines.append("% Needs XeLaTeX or LuaLaTeX, and a font with all characters of the labels.")
    caption = ""
    for block, following in zip(blocks, [*blocks[1:], ""], strict=True):
        if block.startswith("|"):
            lines += ["", *_float(block, caption)]
            caption = ""
        elif following.startswith("|"):
            caption = block
        else:
            lines += ["", *_prose(block)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it stands."""
    return "".join(_ESCAPES.get(mark, mark) for mark in text).replace("--", "-{}-")


def _float(block: str, caption: str) -> Iterator[str]:
    head, right, body = read_table(block)
    yield r"\begin{table}"
    yield r"\centering"
    if caption:
        yield rf"\caption{{{_inline(' '.join(caption.split()))}}}"
    yield rf"\begin{{tabular}}{{{''.join('r' if numbers else 'l' for numbers in right)}}}"
    yield r"\toprule"
    yield _row([escaped(cell) for cell in head])
    yield r"\midrule"
    for first, *others in body:
        yield _row([escaped(first), *map(_number, others)])
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield r"\end{table}"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _number(cell: str) -> str:
    """Write a cell of numbers, bold where it is, with the minus of mathematics."""
    bold = _NUMBERS.match(cell)
    if bold:
        return rf"\textbf{{{_minus(bold[1])}}}{escaped(cell[bold.end() :])}"
    return _minus(escaped(cell))


def _minus(text: str) -> str:
    if text == "-":
        return "--"
    return re.sub(r"(?<![\w-])-(?=[\d.])", "$-$", re.sub(r"^(\d+)-(\d+)$", r"\1--\2", text))


def _prose(block: str) -> Iterator[str]:
    for bullets, lines in groupby(block.split("\n"), key=lambda line: line.startswith("- ")):
        if bullets:
            yield r"\begin{itemize}"
            yield from (rf"\item {_inline(line[2:])}" for line in lines)
            yield r"\end{itemize}"
        else:
            yield from (_inline(line) for line in lines)


def _inline(line: str) -> str:
    parts = _BOLD.split(line)
    return "".join(
        rf"\textbf{{{escaped(part)}}}" if i % 2 else escaped(part).replace("`", "")
        for i, part in enumerate(parts)
    )
