"""Numbers and text as JSON inside a page: short, and with nothing in it that could end a script."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

# Within a script element only "<" can begin something else; the others end lines or entities.
_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def script_json(value: Any) -> Markup:
    """Write a value as JSON that may stand inside a script element, whatever text is in it.

    Raises
    ------
    ValueError
        If there is a number in it that JSON does not have (NaN, infinity).
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Halves of surrogate pairs, as file names may have, cannot be written as UTF-8.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return Markup(text.translate(_ESCAPES))


def numbers(values: npt.ArrayLike) -> list[float | int | None]:
    """Return numbers with six significant digits, as the CSV files have; None for what is none."""
    return [_short(value) for value in np.asarray(values, dtype=float).ravel().tolist()]


def _short(value: float) -> float | int | None:
    if not np.isfinite(value):
        return None
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def integers(values: Iterable[Any]) -> list[int]:
    """Return whole numbers and truths (0 or 1)."""
    return [int(value) for value in values]


def codes(values: Iterable[str], names: list[str]) -> list[int]:
    """Return the place of each text among the names."""
    places = {name: place for place, name in enumerate(names)}
    return [places[value] for value in values]
