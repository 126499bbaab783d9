"""Label maps as text: one line per image row, whole numbers with commas between, read exactly."""

from __future__ import annotations

import codecs
import io
import warnings
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Beyond this a float has not every whole number.
_EXACT = 2**53
_LEAST = np.iinfo(np.int64).min
# Text takes many times its size while it is parsed; these are far beyond any image.
_MOST_BYTES, _MOST_COLUMNS = 2**28, 2**20
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class LabelTextError(ValueError):
    """Text that is no label map; the message names the line and the value."""


def parse_labels(content: bytes) -> NDArray[Any]:
    """Return the numbers in a CSV file.

    Parameters
    ----------
    content : bytes
        UTF-8 or UTF-16, with or without a byte order mark, lines ended in any way. Empty lines and
        what follows a ``#`` do not count. Whole numbers may be written as ``1.0`` or ``1e3``.

    Returns
    -------
    (H, W) ndarray of int64 or uint64
        Every value as it is written.

    Raises
    ------
    LabelTextError
        If it is no text, has other separators or lines of different lengths, or a value is no
        whole number that fits 64 bits.
    """
    if len(content) > _MOST_BYTES:
        raise LabelTextError(f"it has more than {_MOST_BYTES} bytes; save labels as PNG or NPY")
    lines = [(number, line) for number, line in _lines(content) if line]
    if not lines:
        raise LabelTextError("it is empty; write one line per image row")
    wide = max(lines, key=lambda line: line[1].count(","))
    if wide[1].count(",") >= _MOST_COLUMNS:
        raise LabelTextError(
            f"line {wide[0]} has more than {_MOST_COLUMNS} values; write one line per image row"
        )
    text = "\n".join(line for _, line in lines)
    _check_separators(text)
    try:
        return _quickly(text)
    except (ValueError, DeprecationWarning):
        return _one_by_one(lines)


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelTextError("it is no text; write numbers with commas between") from error
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line.partition("#")[0].strip(" \t")


def _check_separators(text: str) -> None:
    for character, name in _SEPARATORS.items():
        if character in text:
            raise LabelTextError(f"its values are separated by {name}; write commas instead")
    if "," not in text and " " in text:
        raise LabelTextError("its values are separated by spaces; write commas instead")


def _quickly(text: str) -> NDArray[Any]:
    """Parse integers, or floats that are surely exact; ValueError for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.loadtxt(io.StringIO(text), dtype=np.int64, delimiter=",", ndmin=2)
        except (ValueError, DeprecationWarning):
            values = np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2)
    # A fraction too small for a float is lost here, as in 1.00000000000000000001.
    if not (np.abs(values).max() < _EXACT and (np.trunc(values) == values).all()):
        raise ValueError("one by one")
    return values.astype(np.int64)


def _one_by_one(lines: list[tuple[int, str]]) -> NDArray[Any]:
    """Parse each value exactly, or say which cannot be."""
    rows: list[NDArray[Any]] = []
    lowest = highest = 0
    kind: type[np.int64 | np.uint64] = np.int64
    for number, line in lines:
        row = [_whole(word.strip(), number) for word in line.split(",")]
        if rows and len(row) != len(rows[0]):
            raise LabelTextError(
                f"line {number} has {len(row)} values, line {lines[0][0]} has {len(rows[0])}; "
                f"write one value per pixel"
            )
        lowest, highest = min(lowest, *row), max(highest, *row)
        if highest > np.iinfo(np.int64 if lowest < 0 else np.uint64).max or lowest < _LEAST:
            odd = lowest if lowest < _LEAST else highest
            raise LabelTextError(
                f"{odd} does not fit 64 bits beside {lowest}; number superpixels from 0"
            )
        kind = np.int64 if highest <= np.iinfo(np.int64).max else np.uint64
        rows.append(np.array(row, kind))
    return np.array(rows, kind)


def _whole(word: str, line: int) -> int:
    if not word:
        raise LabelTextError(f"line {line} has an empty value or ends in a comma; write all values")
    try:
        if "_" in word:
            raise InvalidOperation
        value = Decimal(word)
    except InvalidOperation:
        raise LabelTextError(
            f"line {line} has {word[:40]!r}, which is no number; write labels alone, without titles"
        ) from None
    if not value.is_finite() or value.adjusted() > 40 or value != value.to_integral_value():
        raise LabelTextError(f"line {line} has {word[:40]}; labels are integers of at most 64 bits")
    return int(value)
