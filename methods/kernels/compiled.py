"""How loops are compiled: when first called, kept on disk, and never taken from an older source."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

# What LLVM may do with floats: no assumption about infinities and NaN is among it.
SUMS = {"reassoc", "contract", "nsz"}

_making = threading.RLock()


def compiled(function: F) -> F:
    """Compile a loop that Python calls, at the first call, and keep it on disk where possible.

    Call it with one combination of types only: processes that compile it at the same time then
    write the same file, and a warm-up on a small image compiles all that a large one needs.
    """
    return cast(F, Kernel(function, kept=True))


def vectorised(function: F) -> F:
    """Compile a loop over floats that threads call side by side, each with a part of the data.

    It may take the terms of a sum in another order, as vector instructions need it. Unlike those of
    `compiled`, its types may vary: lanes of the runner never compile it in two processes at once.
    """
    return cast(F, Kernel(function, kept=True, nogil=True, error_model="numpy", fastmath=SUMS))


def inner(function: F) -> F:
    """Compile a function that only compiled loops call, as a part of each of them."""
    return cast(F, Kernel(function, kept=False))


class Kernel:
    """A function that will be compiled; until it is called, numba is not even imported."""

    def __init__(self, function: Callable[..., Any], kept: bool, **options: Any) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._kept = kept
        self._options = options
        self._made: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        return self.dispatcher(*arguments)

    @property
    def dispatcher(self) -> Any:
        """What numba makes of the function, which takes its place in its module.

        Threads wait here for the first one, and a module's names change all at once: no thread
        compiles a function while others that it calls are not known to numba yet.
        """
        with _making:
            if self._made is None:
                made = _kept_on_disk if self._kept else _made_by_numba
                # found where functions call each other
                self._made = made(self._function, **self._options)
                names = self._function.__globals__
                kernels = {k: v for k, v in list(names.items()) if isinstance(v, Kernel)}
                names.update({name: kernel.dispatcher for name, kernel in kernels.items()})
            return self._made


def _kept_on_disk(function: Callable[..., Any], **options: Any) -> Any:
    # numba compiles inner functions into their callers, but looks only at the caller's own file to
    # see whether what is on disk is outdated. A name of its own for each state of the shared
    # kernels keeps the states apart.
    function.__qualname__ += f"_{_shared_sources()}"
    try:
        return _made_by_numba(function, cache=True, **options)
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return _made_by_numba(function, **options)


def _made_by_numba(function: Callable[..., Any], **options: Any) -> Any:
    import numba

    return numba.njit(**options)(function)


@functools.cache
def _shared_sources() -> str:
    """Return a name for the present state of the kernels that others contain."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
