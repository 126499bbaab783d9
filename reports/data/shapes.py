"""What the metadata of a results file may say, and of which kind each thing in them must be."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from reports.data.words import printable

#: The types that a value may have; of a list, what its items are; of an object, what it has by
#: name: a name with "?" behind it may be lacking, "*" stands for all that are not named.
Shape: TypeAlias = "tuple[type, ...] | list[Shape] | Mapping[str, Shape]"

_TEXT: Final[Shape] = (str,)
_TEXT_OR_NULL: Final[Shape] = (str, type(None))
_WHOLE: Final[Shape] = (int,)
_TEXTS: Final[Shape] = [_TEXT]
_RUN: Final[Shape] = {
    **dict.fromkeys(("id?", "machine?", "dataset?"), _TEXT),
    **dict.fromkeys(("started?", "root?", "git_revision?"), _TEXT_OR_NULL),
    **dict.fromkeys(("arguments?", "metrics?"), _TEXTS),
    "cells?": _WHOLE,
    "images_of?": (int, type(None)),
    "reading?": {"exif": _TEXT, "void": [_WHOLE]},
    "versions?": {"*": _TEXT},
}
_RUNS: Final[Shape] = [_RUN]
FACTS: Final[Shape] = {
    **dict.fromkeys(("runs?", "made_by?"), _RUNS),
    **dict.fromkeys(("metrics?", "treatments?", "parts?", "folders?"), _TEXTS),
    **dict.fromkeys(("id?", "dataset?"), _TEXT),
    "unrenewed?": _WHOLE,
    "match_n?": (int, float, type(None)),
    "machines?": {"*": {"processor?": _TEXT, "system?": _TEXT}},
    "annotators?": {"*": {"images": _WHOLE, "metrics": {"*": [(int, float)]}}},
    "protocol?": {},
}

_WORDS: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def find_odd(value: Any, shape: Shape) -> str:
    """Say what in a value is not of its shape, and where; empty if all is."""
    return next(_odd(value, shape, ""), "")


def _odd(value: Any, shape: Shape, where: str) -> Iterator[str]:
    kinds = shape if isinstance(shape, tuple) else (list if isinstance(shape, list) else dict,)
    if type(value) not in kinds:  # a truth is a number to isinstance
        belongs = " or ".join(
            _WORDS[kind] for kind in kinds if kind is not int or float not in kinds
        )
        yield f"{reprlib.repr(value)} as {printable(where)}, where {belongs} belongs"
    elif isinstance(shape, list):
        for i, item in enumerate(value):
            yield from _odd(item, shape[0], f"{where}[{i}]")
    elif isinstance(shape, Mapping):
        yield from _odd_inside(value, shape, where)


def _odd_inside(value: Mapping[str, Any], shape: Mapping[str, Shape], where: str) -> Iterator[str]:
    for name in shape:
        if name[-1] not in "?*" and name not in value:
            yield f"no {name} in {printable(where)}"
    for name, item in value.items():
        its = shape.get(name, shape.get(f"{name}?", shape.get("*")))
        if its is not None:
            yield from _odd(item, its, f"{where}.{name}" if where else name)
