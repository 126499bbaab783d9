"""The hint that follows an unknown name. As `methods.names`, which metrics must not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: object, known: Iterable[str], most: int = 1) -> str:
    """Return ``did you mean 'x' or 'y'?`` with at most so many of the nearest names, or nothing.

    Case is ignored.
    """
    names = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(str(name).casefold(), names, n=most)
    near = [names[each] for each in found]
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""
