"""Protocols: a name for every choice that decides what a score is, beside the labels themselves.

Published numbers of the same label maps differ by ten points because evaluators choose another
boundary, tolerance or annotator. Here these choices are data: to add a protocol, add an entry.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from metrics.names import did_you_mean
from metrics.references import STUTZ

Boundary = Literal["thick", "thin", "matched"]
Annotators = Literal["mean", "worst", "best", "pairs", "pooled"]
Connectivity = Literal["as-is", "components", "components8", "merge"]

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
ANNOTATORS: tuple[Annotators, ...] = get_args(Annotators)
CONNECTIVITIES: tuple[Connectivity, ...] = get_args(Connectivity)
LARGEST_TOLERANCE = 250
"""Pixels; distances up to it fit into a byte."""


class ProtocolError(ValueError):
    """A protocol that is unknown, or whose definition is not valid; says what to write instead."""


@dataclass(frozen=True)
class Protocol:
    """How a label map is scored.

    Attributes
    ----------
    name, title, reference : str
        What it is called, what it is in a line, and who uses it.
    boundary : {"thick", "thin", "matched"}
        Boundary pixels of `br`. Thick: one of the 4 neighbours has another label. Thin: the right
        or the lower one has. Matched: where two neighbours of the 2 x 2 pixels right and below
        differ, thinned to a line and matched one to one.
    tolerance : float, optional
        Half the side of the square window in whole pixels; for "matched" the distance in pixels.
    tolerance_of_diagonal : float, optional
        The same as a share of the image's diagonal, rounded to whole pixels but for "matched".
        Exactly one of the two is given.
    recall_without_boundary : float, optional
        `br` where the annotator has no boundary; undefined (NaN) unless given.
    annotators : {"mean", "worst", "best", "pairs", "pooled"}
        An image's value from those of its annotators: their mean; the worst or the best in the
        metric's direction (the mean where it has none); the mean, but each (image, annotator)
        pair weighs the same when images are averaged; pooled: shares of boundary pixels are added
        up over annotators before they are divided, other metrics averaged.
    first : int, optional
        Only so many annotators of an image count; all unless given.
    connectivity : {"as-is", "components", "components8", "merge"}
        What is done to the labels before scoring: nothing; every 4-connected, or every
        8-connected, part becomes a superpixel; all parts but each superpixel's largest are merged
        into their neighbours.
    """

    name: str
    title: str = ""
    boundary: Boundary = "thick"
    tolerance: float | None = None
    tolerance_of_diagonal: float | None = None
    recall_without_boundary: float | None = None
    annotators: Annotators = "mean"
    first: int | None = None
    connectivity: Connectivity = "as-is"
    reference: str = ""

    def __post_init__(self) -> None:
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise self._error(name, f"of the wrong type; write {_EXPECTED[name]}")
        if not re.fullmatch(r"\w[\w.-]*", self.name):
            raise self._error("name", "no name for files; write letters, digits, '-', '_' and '.'")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise self._error(name, f"unknown{_suggestion(getattr(self, name), known)}")
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise self._error(name, f"out of range; write {_EXPECTED[name]}")
        if (self.tolerance is None) == (self.tolerance_of_diagonal is None):
            raise ProtocolError(
                f"protocol '{self.name}' needs either tolerance (pixels) or tolerance_of_diagonal"
                " (a share of the image's diagonal), one of the two"
            )
        if self.boundary != "matched" and self.tolerance is not None and self.tolerance % 1:
            raise self._error("tolerance", "no whole number, which a square window needs")

    def _error(self, name: str, problem: str) -> ProtocolError:
        return ProtocolError(
            f"protocol '{self.name}': {name} = {getattr(self, name)!r} is {problem}"
        )

    def tolerance_in(self, height: int, width: int) -> float:
        """Return the tolerance in pixels in an image of that size; whole unless "matched".

        A half is rounded up.

        Raises
        ------
        ProtocolError
            If it is beyond the largest tolerance, 250 px.
        """
        tolerance = self.tolerance
        if tolerance is None:
            assert self.tolerance_of_diagonal is not None
            exact = self.tolerance_of_diagonal * math.hypot(height, width)
            tolerance = exact if self.boundary == "matched" else math.floor(exact + 0.5)
        if tolerance > LARGEST_TOLERANCE:
            raise self._error(
                "tolerance_of_diagonal",
                f"{tolerance:g} px in an image of {height} x {width}, above the largest tolerance,"
                f" {LARGEST_TOLERANCE} px; write a smaller share",
            )
        return tolerance

    def definition(self) -> dict[str, Any]:
        """Return what is given of it, in the form that `from_definition` reads."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "")}

    def differences(self, other: Self) -> list[str]:
        """Say in what another protocol scores otherwise: ``tolerance (2 and none)``."""
        names = [field.name for field in fields(self) if field.name not in _DESCRIPTION]
        values = {name: (getattr(self, name), getattr(other, name)) for name in names}
        return [
            f"{name} ({' and '.join('none' if value is None else str(value) for value in pair)})"
            for name, pair in values.items()
            if pair[0] != pair[1]
        ]


#: No score depends on it.
_DESCRIPTION = ("name", "title", "reference")
_EXPECTED = {
    "name": "a text",
    "title": "a text",
    "reference": "a text",
    "boundary": " or ".join(BOUNDARIES),
    "annotators": " or ".join(ANNOTATORS),
    "connectivity": " or ".join(CONNECTIVITIES),
    "tolerance": f"pixels from 0 to {LARGEST_TOLERANCE}",
    "tolerance_of_diagonal": "a share of the diagonal from 0 to 0.2",
    "recall_without_boundary": "a number from 0 to 1",
    "first": "a whole number from 1",
}
_TEXT, _NUMBER, _WHOLE = (str,), (int, float, type(None)), (int, type(None))
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "title", "reference", "boundary", "annotators"), _TEXT),
    "connectivity": _TEXT,
    **dict.fromkeys(("tolerance", "tolerance_of_diagonal", "recall_without_boundary"), _NUMBER),
    "first": _WHOLE,
}
_CHOICES: Mapping[str, Sequence[str]] = {
    "boundary": BOUNDARIES,
    "annotators": ANNOTATORS,
    "connectivity": CONNECTIVITIES,
}
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "tolerance": (0, LARGEST_TOLERANCE),
    "tolerance_of_diagonal": (0, 0.2),
    "recall_without_boundary": (0, 1),
    "first": (1, math.inf),
}


def _suggestion(value: str, known: Sequence[str]) -> str:
    return "; " + (did_you_mean(value, known) or f"write {' or '.join(known)}")


DEFAULT_PROTOCOL = Protocol(
    name="default",
    title="thick boundary within 2 px, mean over all annotators",
    tolerance=2,
    reference="r as in Eliasof, Ben Zikri, Treister, ICIP 2022 (its averaging is not stated; this"
    " is ours)",
)

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        DEFAULT_PROTOCOL,
        Protocol(
            name="best",
            title="the default with the best annotator of each image",
            tolerance=2,
            annotators="best",
        ),
        Protocol(
            name="seal2018",
            title="thin boundary within 1 px, recall 1 where the annotator has none, every (image,"
            " annotator) pair one sample",
            boundary="thin",
            tolerance=1,
            recall_without_boundary=1.0,
            annotators="pairs",
            reference="the evaluation of many superpixel networks: Tu et al., Learning superpixels"
            " with segmentation-aware affinity loss, CVPR 2018; Jampani et al.,"
            " Superpixel sampling networks, ECCV 2018, doi 10.1007/978-3-030-01234-2_22",
        ),
        Protocol(
            name="stutz2018",
            title="4-connected components become superpixels; thick boundary within 0.0025 of the"
            " diagonal; worst of the first five annotators",
            tolerance_of_diagonal=0.0025,
            annotators="worst",
            first=5,
            connectivity="components",
            reference=STUTZ,
        ),
        Protocol(
            name="stutz2018-mean",
            title="stutz2018 with the mean over the first five annotators",
            tolerance_of_diagonal=0.0025,
            first=5,
            connectivity="components",
            reference=STUTZ,
        ),
        Protocol(
            name="barcelos2023",
            title="8-connected components become superpixels; thick boundary within 0.0025 of the"
            " diagonal; mean over all annotators",
            tolerance_of_diagonal=0.0025,
            connectivity="components8",
            reference="Barcelos, Belem, Joao, Patrocinio, Falcao, Guimaraes, ACM Computing Surveys"
            " 2024, doi 10.1145/3652509",
        ),
        Protocol(
            name="bsds2011",
            title="thinned boundaries matched one to one within 0.0075 of the diagonal, recall"
            " pooled over annotators",
            boundary="matched",
            tolerance_of_diagonal=0.0075,
            annotators="pooled",
            reference="Arbelaez, Maire, Fowlkes, Malik, TPAMI 2011, doi 10.1109/TPAMI.2010.161",
        ),
    )
}


def get_protocol(name: str, known: Mapping[str, Protocol] = PROTOCOLS) -> Protocol:
    """Return the protocol of that name.

    Raises
    ------
    ProtocolError
        If there is none; names the nearest.
    """
    if name not in known:
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise ProtocolError(f"unknown protocol '{name}'; {hint}")
    return known[name]


def from_definition(definition: Mapping[str, Any]) -> Protocol:
    """Return the protocol with these attributes.

    Raises
    ------
    ProtocolError
        If one is unknown, missing or not valid.
    """
    known = tuple(field.name for field in fields(Protocol))
    for key in definition:
        if key not in known:
            raise ProtocolError(
                f"protocol '{definition.get('name')}': unknown key '{key}'{_suggestion(key, known)}"
            )
    return Protocol(**definition)


def load_protocols(path: Path) -> dict[str, Protocol]:
    """Read protocols of one's own from a TOML file: one table each, named after the protocol.

    ::

        [strict]
        title = "thin, no tolerance"
        boundary = "thin"
        tolerance = 0
        annotators = "worst"

    Raises
    ------
    ProtocolError
        If the file cannot be read, is no TOML, has no table, or defines a protocol that is not
        valid or that the suite has already.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProtocolError(
            f"{path}: cannot be read ({error.strerror}); give a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"{path}: is no TOML file ({error})") from error
    found = {}
    for name, table in content.items():
        if not isinstance(table, dict):
            raise ProtocolError(
                f"{path}: '{name}' stands outside of a table; write the protocol's name above its"
                " keys, such as [strict]"
            )
        if name in PROTOCOLS:
            raise ProtocolError(f"{path}: protocol '{name}' exists already; give it another name")
        if "name" in table:
            raise ProtocolError(
                f"{path}: protocol '{name}': unknown key 'name'; its table names it"
            )
        try:
            found[name] = from_definition({"name": name} | table)
        except ProtocolError as error:
            raise ProtocolError(f"{path}: {error}") from error
    if not found:
        raise ProtocolError(
            f"{path}: has no protocol; write a table such as [strict] with its keys"
        )
    return found
