"""Words in figures: shortened, and what no font of this machine can draw is written as a code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from reports.data.words import few

_OWN: Final = ("STIXGeneral", "DejaVu Sans")  # come with matplotlib
# Fonts with Chinese, Japanese and Korean letters, in the order in which they are looked for.
_MORE: Final = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC"),
    *("Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Arial Unicode MS", "Unifont"),
)
LONGEST: Final = 48  # characters of a label
NAME: Final = 26  # of one that stands beside its curve


@cache
def more_fonts() -> tuple[str, ...]:
    """Name the fonts of this machine that have letters which matplotlib's own lack; at most one."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in _MORE if name in installed)[:1]


@cache
def _known() -> frozenset[int]:
    """Return the code points that some font can draw."""
    found: set[int] = set()
    for name in (*_OWN, *more_fonts()):
        found |= (
            FT2Font(font_manager.findfont(name, fallback_to_default=False)).get_charmap().keys()
        )
    return frozenset(found)


def undrawable(text: str) -> list[str]:
    """Return the characters that no font can draw, each once."""
    return [letter for letter in dict.fromkeys(text) if not _drawable(letter)]


def _drawable(letter: str) -> bool:
    return " " <= letter <= "~" or ord(letter) in _known()


def shown(label: str, longest: int = LONGEST) -> str:
    """Return a label as a figure writes it: no longer than so many characters, its ends kept.

    A character that no font has is written as its code point, ``<65B9>``: an empty box would look
    the same for all of them.
    """
    if not label.isascii() or not label.isprintable():
        label = "".join(c if _drawable(c) else f"<{ord(c):X}>" for c in label)
    if len(label) <= longest:
        return label
    tail = (longest - 1) // 2
    return f"{label[: longest - 1 - tail]}…{label[len(label) - tail :]}"


def alike_note(labels: Iterable[str], longest: int) -> str:
    """Say which labels are the same where figures shorten them, and the cure; nothing if none."""
    cut: dict[str, list[str]] = {}
    for label in labels:
        cut.setdefault(shown(label, longest), []).append(label)
    alike = [few(its) for its in cut.values() if len(its) > 1]
    if not alike:
        return ""
    return (
        f"some figures cut long labels, which makes {'; '.join(alike)} look the same; give them"
        " shorter names with --rename"
    )


def undrawable_note(labels: Iterable[str]) -> str:
    """Say which characters of labels figures write as codes, and the cure; nothing if none."""
    lacking = {label: undrawable(label) for label in labels}
    letters = list(dict.fromkeys(letter for its in lacking.values() for letter in its))
    if not letters:
        return ""
    of = few(label for label, its in lacking.items() if its)
    return (
        f"no font here can draw {few(letters, 8)} of {of}: figures write code points instead, such "
        f"as {shown(letters[0])}; install a font with these letters (Noto Sans CJK), or give other "
        "names with --rename"
    )
