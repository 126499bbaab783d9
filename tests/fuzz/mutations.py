"""Files that were damaged on purpose: bytes changed, moved and cut, and lengths made huge."""

import struct
import zlib
from contextlib import suppress

from hypothesis import strategies as st

_NUMBERS = (0, 1, 2, 255, 256, 1000, 65535, 2**16, 2**20, 2**31 - 1, 2**31, 2**32 - 1)


@st.composite
def mutated(draw, seeds, most=6):
    """One of some contents, after a few changes."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(("byte", "number", "cut", "drop", "repeat", "insert"))):
            case "byte":
                content[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "number":
                order = draw(st.sampled_from("<>"))
                number = draw(st.sampled_from(_NUMBERS) | st.integers(0, 2**32 - 1))
                content[at : at + 4] = struct.pack(f"{order}I", number)
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + draw(st.integers(1, 64))]
            case "repeat":
                content[at:at] = content[at : at + draw(st.integers(1, 64))]
            case "insert":
                content[at:at] = draw(st.binary(max_size=32))
    return bytes(content)


def png_chunks(content):
    """Return the chunks of a PNG as one text each, kind and data without sums."""
    chunks, at = [], 8
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        chunks.append(content[at + 4 : at + 8 + size])
        at += 12 + size
    return chunks


@st.composite
def mutated_png(draw, seeds):
    """A PNG with chunks changed, dropped and repeated, whose checksums are right again."""
    chunks = png_chunks(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(chunks) - 1))
        match draw(st.sampled_from(("change", "pixels", "drop", "repeat", "add"))):
            case "change":
                kind, data = chunks[at][:4], chunks[at][4:]
                chunks[at] = kind + draw(mutated([data], most=3))
            case "pixels" if chunks[at][:4] == b"IDAT":
                with suppress(zlib.error):  # one that was changed already
                    pixels = zlib.decompress(chunks[at][4:])
                    chunks[at] = b"IDAT" + zlib.compress(draw(mutated([pixels], most=3)))
            case "drop" if len(chunks) > 1:
                del chunks[at]
            case "repeat":
                chunks.insert(at, chunks[draw(st.integers(0, len(chunks) - 1))])
            case "add":
                kind = draw(st.sampled_from((b"tRNS", b"PLTE", b"eXIf", b"zTXt", b"acTL", b"iCCP")))
                chunks.insert(at, kind + draw(st.binary(max_size=40)))
    sums = (struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    sizes = (struct.pack(">I", len(chunk) - 4) for chunk in chunks)
    parts = (b"".join(part) for part in zip(sizes, chunks, sums, strict=True))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def mat_packed(content):
    """Return a MAT file of version 5 with each of its parts packed, as version 7 has it."""
    parts, at = [content[:128]], 128
    while at + 8 <= len(content):
        size = struct.unpack_from("<II", content, at)[1]
        packed = zlib.compress(content[at : at + 8 + size])
        parts.append(struct.pack("<II", 15, len(packed)) + packed)
        at += 8 + size
    return b"".join(parts)
