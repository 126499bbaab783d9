"""How a method looks in every figure: colour, marker and line, distinct in black and white too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl

from reports.figures.letters import more_fonts

COLUMN_WIDTH = 3.5  # inches: one column of a two-column paper
PAGE_WIDTH = 7.16  # inches: both columns
PAGE_HEIGHT = 9.2  # inches: what figures of rows of pictures fit into

BLACK, GREY = "#000000", "#7F7F7F"
FAINT = "#BDBDBD"  # lines that are there for comparison
BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILION, PINK, INDIGO, WINE, OLIVE = "#D55E00", "#CC79A7", "#332288", "#882255", "#8A8A1C"
FOREST, BROWN = "#117733", "#7A4A21"
TEAL, ROSE = "#44AA99", "#CC6677"
RED = "#A52A00"  # of errors, darker than the blue of what is right: told apart in grey, too
# Okabe & Ito's palette without its yellow (invisible on paper), with some of Tol's "muted" ones.
_FREE_COLOURS = (BLUE, VERMILION, GREEN, PINK, INDIGO, ORANGE, SKY, WINE, OLIVE, BROWN, FOREST)

Dash = str | tuple[int, tuple[float, ...]]
SOLID: Final = "-"
DASHED: Final = (0, (4.5, 1.5))
DASH_DOT: Final = (0, (4.5, 1.3, 1.0, 1.3))
DOTTED: Final = (0, (1.0, 1.2))
DASH_DOT_DOT: Final = (0, (6.0, 1.2, 1.0, 1.2, 1.0, 1.2))

# What is added to a label where a method stands in a figure several times.
_ADDED = re.compile(r" \((cpu|cuda|as-is|components8?|merge)\)$")
# A preset other than the published one stands behind the method's title.
_PRESET = " (quick)"

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", "p", ">", "h", "d")
_DASHES: tuple[Dash, ...] = (SOLID, DASHED, DASH_DOT, DOTTED, DASH_DOT_DOT)


# Sizes in points at which the markers look equally big.
_MARKER_SIZES = MappingProxyType(
    {"*": 7.4, "D": 4.2, "s": 4.4, "P": 5.6, "X": 5.6} | dict.fromkeys("^v<>", 5.5)
)


@dataclass(frozen=True)
class Style:
    """The look of one label. No two known methods share marker and dash, whatever the colour."""

    colour: str
    marker: str
    dash: Dash

    @property
    def size(self) -> float:
        """Size of the marker in points."""
        return points(_MARKER_SIZES.get(self.marker, 5.0))


GREY_STYLE: Final = Style(GREY, "o", SOLID)

# By the method's title in lower case, letters and digits only.
KNOWN = MappingProxyType(
    {
        "slic": Style(BLUE, "o", SOLID),
        "slico": Style(SKY, "o", DASHED),
        "fastslic": Style(ORANGE, "^", SOLID),
        "opencvslic": Style(INDIGO, "o", DASH_DOT),
        "mslic": Style(BROWN, "o", DOTTED),
        "seeds": Style(ORANGE, "s", DASHED),
        "lsc": Style(PINK, "D", DASHED),
        "scansegment": Style(OLIVE, "D", DOTTED),
        "fh": Style(GREEN, "^", DASH_DOT),
        "quickshift": Style(WINE, "p", DOTTED),
        "compactwatershed": Style(ROSE, "d", DASHED),
        "waterpixels": Style(TEAL, "d", SOLID),
        "etps": Style(VERMILION, "v", SOLID),
        "ers": Style(OLIVE, "<", DASHED),
        "snic": Style(INDIGO, "p", SOLID),
        "sh": Style(BROWN, ">", DASH_DOT),
        "disf": Style(FOREST, "h", SOLID),
        "crs": Style(TEAL, ">", SOLID),
        "crslab": Style(TEAL, "<", SOLID),
        "ergc": Style(ROSE, "<", DASH_DOT),
        "gmmsp": Style(WINE, "P", DASHED),
        "preslic": Style(SKY, "X", DOTTED),
        "presliccentres": Style(SKY, "D", SOLID),
        "rim": Style(SKY, "P", DASH_DOT),
        "ea": Style(WINE, "X", DASHED),
        "proposed": Style(BLACK, "*", SOLID),
        "grid": Style(GREY, "s", DOTTED),
        "hexagons": Style(GREY, "h", DOTTED),
        "voronoi": Style(GREY, "v", DOTTED),
    }
)


def assign(labels: Iterable[str]) -> dict[str, Style]:
    """Give every label a style.

    A known method keeps its own in every figure; with the preset quick or parameters in brackets
    too, if no other variant of it comes first. The others take, in alphabetical order, the free
    pair of marker and dash that is least used, so a figure's styles depend on its labels alone. No
    pair is given twice before all 65 are gone.

    Parameters
    ----------
    labels : iterable of str
        The labels of one figure.

    Returns
    -------
    dict of str to Style
    """
    chosen: dict[str, Style] = {}
    others = []
    taken = set()
    for label in sorted(set(labels)):
        title = _ADDED.sub("", label).partition("[")[0].removesuffix(_PRESET)
        known = "".join(filter(str.isalnum, title.casefold()))
        if known in KNOWN and known not in taken:
            chosen[label] = KNOWN[known]
            taken.add(known)
        else:
            others.append(label)
    for label in others:
        chosen[label] = _least_used(chosen.values())
    return chosen


def styles_for(labels: Set[str], coloured: Set[str] | None = None) -> dict[str, Style]:
    """Give the labels of a figure their styles; those in grey among others in colour are alike.

    Parameters
    ----------
    labels : set of str
        All labels.
    coloured : set of str, optional
        Those in colour, if not all: they share the colours among themselves alone.
    """
    if coloured is None or coloured >= labels:
        return assign(labels)
    return dict.fromkeys(labels, GREY_STYLE) | assign(coloured)


def _least_used(styles: Iterable[Style]) -> Style:
    """Return a free style, of the marker, dash and colour that occur least so far."""
    styles = list(styles)
    pairs = Counter((style.marker, style.dash) for style in styles)
    reserved = {(style.marker, style.dash) for style in KNOWN.values()}
    markers = Counter(style.marker for style in styles)
    dashes = Counter(style.dash for style in styles)
    colours = Counter(style.colour for style in styles)
    marker, dash = min(
        product(_MARKERS, _DASHES),
        key=lambda pair: (pairs[pair], pair in reserved, markers[pair[0]], dashes[pair[1]]),
    )
    return Style(min(_FREE_COLOURS, key=colours.__getitem__), marker, dash)


@dataclass(frozen=True)
class Look:
    """How large and in what letters figures are drawn, compared with print.

    Attributes
    ----------
    inches, points : float
        What an inch of the layout and a point of letters, lines and markers becomes.
    letters : float
        Width of its letters, compared with those of print at the same size.
    settings : mapping of str to object
        Of matplotlib, beside those of print.
    """

    inches: float = 1.0
    points: float = 1.0
    letters: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)


_SANS: Final = {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavusans"}
PAPER: Final = "paper"
LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        # For the columns of a two-column paper.
        PAPER: Look(),
        # For a slide of 13.3 x 7.5 inches: few words, thick lines.
        "talk": Look(1.4, 1.5, 1.22, {**_SANS, "lines.linewidth": 2.2, "savefig.dpi": 200}),
        # For a page that is read in a browser.
        "screen": Look(1.3, 1.25, 1.22, {**_SANS, "savefig.dpi": 144}),
    }
)
_look: ContextVar[Look] = ContextVar("look", default=LOOKS[PAPER])

_SETTINGS: Final[Any] = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "lines.linewidth": 1.0,
}
_FIXED: Final[Any] = {
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # TrueType: publishers refuse matplotlib's default Type 3
    "ps.fonttype": 42,
    "svg.hashsalt": "superpixel-bench",  # the same figure makes the same file
}


def inches(paper: float) -> float:
    """Return what a length in inches of print is in the figures being drawn."""
    return paper * _look.get().inches


def points(paper: float) -> float:
    """Return what a size in points of print is in the figures being drawn."""
    return paper * _look.get().points


def characters(paper: int) -> int:
    """Return how many letters fit where so many fit in print."""
    look = _look.get()
    return max(1, int(paper * look.inches / (look.points * look.letters)))


@contextmanager
def styled(name: str = PAPER) -> Iterator[None]:
    """Set fonts, sizes and lines for one of `LOOKS`; what was set before returns afterwards."""
    look = LOOKS[name]
    sizes = {
        setting: value * look.points if isinstance(value, int | float) else value
        for setting, value in _SETTINGS.items()
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(sizes | _FIXED | dict(look.settings))
        mpl.rcParams["font.family"] = [*mpl.rcParams["font.family"], *more_fonts()]
        before = _look.set(look)
        try:
            yield
        finally:
            _look.reset(before)
