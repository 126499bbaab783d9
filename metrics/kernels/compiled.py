"""How loops are compiled, and the arrays that they are given."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile at the first call, and keep the result on disk where any folder can be written."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return cast(F, njit(nogil=True)(function))


VOID = -1


Bytes = npt.NDArray[np.uint8]


Shorts = npt.NDArray[np.int16]


Ints = npt.NDArray[np.int32]


Longs = npt.NDArray[np.int64]


Doubles = npt.NDArray[np.float64]


Words = npt.NDArray[np.uint64]
