"""What a TIFF file says of its pixels: how they are turned, and what its bands mean."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

_ORIENTATION, _SHORT = 274, 3
# Colour bands by photometric interpretation: white is zero, black is zero, RGB, palette, YCbCr.
_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 6: 3}
_OPACITY = ((1,), (2,))  # the extra sample is opacity, multiplied into the colours or not
_PREMULTIPLIED = (1,)
_FLOAT = 3


def upright(content: bytes) -> tuple[bytes, int]:
    """Return a TIFF file without its orientation, and the orientation (1 to 8, 1 if none).

    Decoders turn TIFF files, each in its own way and some not for every pixel format; a file that
    says 1 is read as it is stored by all of them.
    """
    order = "<" if content[:2] == b"II" else ">"
    big = content[2:4] in (b"+\0", b"\0+")
    start, counts, size = (8, "Q", 20) if big else (4, "H", 12)
    offsets = "Q" if big else "I"
    try:
        (at,) = struct.unpack_from(order + offsets, content, start)
        (entries,) = struct.unpack_from(order + counts, content, at)
        first = at + struct.calcsize(order + counts)
        for entry in range(first, first + size * min(entries, 4096), size):
            tag, kind = struct.unpack_from(order + "HH", content, entry)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                value = entry + size - struct.calcsize(offsets)
                (orientation,) = struct.unpack_from(order + "H", content, value)
                one = struct.pack(order + "H", 1)
                return content[:value] + one + content[value + 2 :], orientation
    except struct.error:  # cut short: the decoder will say so
        pass
    return content, 1


def check_bands(tags: Mapping[int, Any]) -> None:
    """Refuse what no decoder can show as colours without a guess.

    Parameters
    ----------
    tags : mapping
        The TIFF tags by number.

    Raises
    ------
    ValueError
        If the colours are no RGB, grey or palette, a band has no known meaning, values are signed,
        or the way they are stored is known to be read wrongly.
    """
    photometric, bands = tags.get(262, 1), tags.get(277, 1)
    if photometric not in _COLOURS:
        raise ValueError(f"its colours are of another kind (photometric {photometric}) than RGB")
    extra = bands - _COLOURS[photometric]
    kinds = tuple(tags.get(338, ()))
    if extra and kinds not in _OPACITY:
        raise ValueError(
            f"it has {bands} bands, of which {extra} beyond the colours, and does not say that "
            f"this is opacity (near infrared?); keep the colour bands alone"
        )
    formats = tags.get(339, (1,))
    if not set(formats) <= {1, _FLOAT}:
        raise ValueError("it holds signed values, which have no known range; save 8 or 16 bits")
    if is_deep(tags) and photometric != 2 and extra:
        raise ValueError("grey of 16 bits with opacity is not supported; save it without opacity")
    if is_deep(tags) and photometric == 2 and (tags.get(284, 1) != 1 or kinds == _PREMULTIPLIED):
        raise ValueError(
            "colours of 16 bits in separate planes, or multiplied by their opacity, are not "
            "supported; save it as PNG"
        )


def is_deep(tags: Mapping[int, Any]) -> bool:
    """Return whether values have more than 8 bits."""
    return largest_grey(tags) > 255


def largest_grey(tags: Mapping[int, Any]) -> int:
    """Return the largest value that fits the bits of a grey image."""
    return int(2 ** max(tags.get(258, (1,))) - 1)


def white_is_zero(tags: Mapping[int, Any]) -> bool:
    """Return whether grey values run from white to black."""
    return tags.get(262) == 0
