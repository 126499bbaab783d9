"""How loops are compiled, and the arrays that they are given."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile at the first call, and keep the result on disk where any folder can be written."""
    # numba compiles constants of other files into a loop, but looks only at the loop's own file to
    # see whether what is on disk is outdated. A name of its own for each state of all files keeps
    # the states apart.
    function.__qualname__ += f"_{_sources()}"
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return cast(F, njit(nogil=True)(function))


@functools.cache
def _sources() -> str:
    """Return a name for the present state of the kernels."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


VOID = -1


Bytes = npt.NDArray[np.uint8]


Shorts = npt.NDArray[np.int16]


Ints = npt.NDArray[np.int32]


Longs = npt.NDArray[np.int64]


Doubles = npt.NDArray[np.float64]


Words = npt.NDArray[np.uint64]
