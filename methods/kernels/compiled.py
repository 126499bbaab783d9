"""How loops are compiled: once, kept on disk, and never taken from an older source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a loop that Python calls, at the first call, and keep it on disk where possible.

    Call it with one combination of types only: processes that compile it at the same time then
    write the same file, and a warm-up on a small image compiles all that a large one needs.
    """
    # numba compiles inner functions into their callers, but looks only at the caller's own file to
    # see whether what is on disk is outdated. A name of its own for each state of the shared
    # kernels keeps the states apart.
    function.__qualname__ += f"_{_shared_sources()}"
    try:
        return cast(F, njit(cache=True)(function))
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return cast(F, njit(function))


def inner(function: F) -> F:
    """Compile a function that only compiled loops call, as a part of each of them."""
    return cast(F, njit(function))


@cache
def _shared_sources() -> str:
    """Return a name for the present state of the kernels that others contain."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
