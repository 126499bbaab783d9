"""The hint that follows an unknown name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, known: Iterable[str], most: int = 1) -> str:
    """Return ``did you mean 'x' or 'y'?`` with at most so many of the nearest names, or nothing."""
    near = difflib.get_close_matches(str(name), list(known), n=most)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""
