"""MAT files up to version 7, of which only numbers, cells and structures are read.

SciPy's reader believes what a file says of itself: it makes arrays of the size that a header names,
unpacks whatever was packed, and a damaged file ends the process (a segmentation fault). Here a file
can say what it likes: nothing is larger than what it holds, unpacked to a bounded size.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

LARGEST = 2**30  # bytes of a part, unpacked
_MOST_ELEMENTS, _DEEPEST = 10**6, 32  # a file of labels has a few, and hardly any in each other
_MATRIX, _PACKED = 14, 15
_CELL, _STRUCT = 1, 2
_NUMBERS = range(6, 16)  # the classes double, single, and integers of 8 to 64 bits
_COMPLEX = 0x800
# Types of values; the byte order of the file is put before them.
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_V4_TYPES = {0: "f8", 1: "f4", 2: "i4", 3: "i2", 4: "u2", 5: "u1"}
_V4_HEADER = 20


class MatFileError(ValueError):
    """A MAT file that is damaged, or that says it is larger than it is."""


def load_mat(content: bytes, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the variables in a MAT file, or those of some names.

    Returns
    -------
    dict
        By name: arrays of real numbers as they are stored; a cell array as the list of what is in
        its cells, column by column; a structure array as a list of dicts; None for all else.

    Raises
    ------
    MatFileError
        If it is damaged, or of no such version.
    """
    read = _read_v4 if b"\0" in content[:4] else _read_v5
    return dict(read(content, names))


def _read_v4(content: bytes, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    at = 0
    while at < len(content):
        head = content[at : at + _V4_HEADER]
        if len(head) < _V4_HEADER:
            raise MatFileError("it is cut short")
        order = "<" if 0 <= struct.unpack_from("<i", head)[0] <= 5000 else ">"
        kind, rows, columns, complex_, length = struct.unpack(f"{order}5i", head)
        dtype = _V4_TYPES.get(kind // 10 % 10)
        if min(kind, rows, columns, length) < 0 or kind > 5000 or dtype is None:
            raise MatFileError("it is no MAT file, or a damaged one")
        start = at + _V4_HEADER + length
        size = rows * columns * np.dtype(dtype).itemsize
        at = start + size * (2 if complex_ else 1)
        if at > len(content):
            raise MatFileError("it is cut short")
        name = content[start - length : start].rstrip(b"\0").decode("latin1")
        if not names or name in names:
            whole = kind % 10 == 0 and not complex_
            values = np.frombuffer(content, order + dtype, rows * columns, start)
            yield name, values.reshape((rows, columns), order="F") if whole else None


def _read_v5(content: bytes, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise MatFileError("its header is cut short or damaged")
    reader = _Reader(order)
    at = 128
    while at < len(content):
        kind, size = reader.tag(content, at)
        part = content[at + 8 : at + 8 + size]
        if len(part) < size:
            raise MatFileError("it is cut short")
        if kind == _PACKED:
            part = reader.unpacked(part)
        if kind in (_MATRIX, _PACKED):
            name, body = reader.named(part)
            if name and (not names or name in names):
                yield name, reader.value(body)
        at += 8 + size


class _Element(NamedTuple):
    """A piece of a MAT file: its type and what is in it."""

    kind: int
    content: bytes


class _Reader:
    """Reads elements in one byte order, and counts them."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.elements = 0

    def tag(self, content: bytes, at: int) -> tuple[int, int]:
        """Return type and size of the element that starts there."""
        if at + 8 > len(content):
            raise MatFileError("it is cut short")
        kind, size = struct.unpack_from(f"{self.order}II", content, at)
        return kind, size

    def unpacked(self, packed: bytes) -> bytes:
        """Return what is in the one element that was packed, without its tag."""
        unpack = zlib.decompressobj()
        try:
            kind, size = self.tag(unpack.decompress(packed, 8), 0)
            if size > LARGEST:
                raise MatFileError(f"it unpacks to more than {LARGEST} bytes, the most read")
            content = unpack.decompress(unpack.unconsumed_tail, size or 1)
        except zlib.error as error:
            raise MatFileError(f"it is damaged: {error}") from error
        if len(content) < size or kind != _MATRIX:
            raise MatFileError("it is cut short or damaged")
        return content[:size]

    def named(self, matrix: bytes) -> tuple[str, list[_Element]]:
        """Return the name of an array and its elements; no name for what is no variable."""
        elements = list(self._split(matrix))
        name = elements[2].content if len(elements) > 2 else b""
        return name.rstrip(b"\0").decode("latin1"), elements

    def value(self, elements: list[_Element], depth: int = 0) -> Any:
        """Return what an array holds, as `load_mat` says."""
        if not elements:
            return np.empty((0, 0))
        if depth > _DEEPEST:
            raise MatFileError(f"it has arrays within arrays more than {_DEEPEST} deep")
        if len(elements) < 3 or len(elements[0].content) < 4:
            raise MatFileError("it is damaged: an array is not whole")
        flags = struct.unpack_from(f"{self.order}I", elements[0].content)[0]
        sizes, rest = self._integers(elements[1]), elements[3:]
        if flags & 0xFF in _NUMBERS:
            return self._numbers(rest, sizes) if not flags & _COMPLEX else None
        if flags & 0xFF == _CELL:
            return [self._inner(each, depth) for each in rest]
        if flags & 0xFF == _STRUCT:
            return self._structures(rest, depth)
        return None

    def _structures(self, rest: list[_Element], depth: int) -> list[dict[str, Any]]:
        longest = self._integers(rest[0])[0] if rest and len(rest[0].content) >= 4 else 0
        if longest < 1 or len(rest) < 2:
            raise MatFileError("it is damaged: a structure is not whole")
        names = [
            rest[1].content[i : i + longest].partition(b"\0")[0].decode("latin1")
            for i in range(0, len(rest[1].content), longest)
        ]
        values = [self._inner(each, depth) for each in rest[2:]] if names else []
        if names and len(values) % len(names):
            raise MatFileError("it is damaged: a structure is not whole")
        count = len(names) or 1
        rows = (values[i : i + count] for i in range(0, len(values), count))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _inner(self, element: _Element, depth: int) -> Any:
        if element.kind != _MATRIX:
            raise MatFileError("it is damaged: what is within an array is none")
        return self.value(list(self._split(element.content)), depth + 1)

    def _numbers(self, rest: list[_Element], sizes: tuple[int, ...]) -> Any:
        if not rest or rest[0].kind not in _TYPES or min(sizes, default=-1) < 0:
            raise MatFileError("it is damaged: an array has no numbers")
        dtype = np.dtype(self.order + _TYPES[rest[0].kind])
        if math.prod(sizes) * dtype.itemsize != len(rest[0].content):
            shown = " x ".join(map(str, sizes[:4]))
            raise MatFileError(f"it has an array of {shown} in {len(rest[0].content)} bytes")
        if len(sizes) > 32:
            raise MatFileError(f"it has an array of {len(sizes)} dimensions")
        return np.frombuffer(rest[0].content, dtype).reshape(sizes, order="F")

    def _integers(self, element: _Element) -> tuple[int, ...]:
        count = len(element.content) // 4
        return struct.unpack_from(f"{self.order}{count}i", element.content)

    def _split(self, content: bytes) -> Iterator[_Element]:
        """Go through the elements that stand one behind the other."""
        at = 0
        while at < len(content):
            self.elements += 1
            if self.elements > _MOST_ELEMENTS:
                raise MatFileError(f"it has more than {_MOST_ELEMENTS} elements, the most read")
            kind, size = self.tag(content, at)
            if kind >> 16:  # up to four bytes stand in the place of the size
                kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
            else:
                start = at + 8
                after = start + size + (-size % 8 if kind != _MATRIX else 0)
            if start + size > len(content) or (start == at + 4 and size > 4):
                raise MatFileError("it is damaged: a part is larger than the whole")
            yield _Element(kind, content[start : start + size])
            at = after
