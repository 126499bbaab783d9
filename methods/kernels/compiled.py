"""How loops are compiled: when first called, kept on disk, and never taken from an older source."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

# What LLVM may do with floats: no assumption about infinities and NaN is among it.
SUMS = {"reassoc", "contract", "nsz"}

# Far longer than any loop takes to compile.
LONGEST_WAIT_S = 600

_making = threading.RLock()
_locks_work = True


def compiled(function: F) -> F:
    """Compile a loop that Python calls, at the first call, and keep it on disk where possible.

    Call it with one combination of types only: a warm-up on a small image then compiles all that a
    large one needs. Give it arrays to fill, not to make, and assign values, not slices: what numpy
    does in one line, from `np.zeros` to a column, numba compiles anew, for up to two seconds.
    """
    return cast(F, Kernel(function, kept=True, no_cfunc_wrapper=True))


def vectorised(function: F) -> F:
    """Compile a loop over floats that threads call side by side, each with a part of the data.

    It may take the terms of a sum in another order, as vector instructions need it. Unlike those of
    `compiled`, its types may vary.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": SUMS}
    return cast(F, Kernel(function, kept=True, no_cfunc_wrapper=True, **options))


def inner(function: F) -> F:
    """Compile a function that only compiled loops call, as a part of each of them."""
    return cast(F, Inner(function, kept=False))


def inlined(function: F) -> F:
    """Compile an inner function certainly into each loop that calls it.

    For sums that several `vectorised` loops have in common: each would have its own version, with
    terms in another order, and all in a process call whichever was compiled or loaded first.
    """
    return cast(F, Inner(function, kept=False, forceinline=True))


def shared(function: F) -> F:
    """Compile an inner function that several methods have in common only once: keep it on disk."""
    return cast(F, Inner(function, kept=True))


class Kernel:
    """A function that will be compiled; until it is called, numba is not even imported."""

    def __init__(self, function: Callable[..., Any], kept: bool, **options: Any) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._kept = kept
        self._options = options

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        return self.dispatcher(*arguments)

    @functools.cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function; threads wait here for the first one."""
        with _making:
            if "dispatcher" not in vars(self):
                made = _kept_on_disk if self._kept else _made_by_numba
                vars(self)["dispatcher"] = made(self._function, **self._options)
            return vars(self)["dispatcher"]

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for where a compiled function names it."""
        from numba.core.registry import cpu_target

        return cpu_target.typing_context.resolve_value_type(self.dispatcher)


class Inner(Kernel):
    """A function without what it takes to be called by Python, which is more than a small loop.

    Where Python calls it nevertheless, as tests do, it calls one that is compiled for that.
    """

    def __init__(self, function: Callable[..., Any], kept: bool, **options: Any) -> None:
        super().__init__(function, kept, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)

    def __call__(self, *arguments: Any) -> Any:
        """Call the function compiled for Python."""
        return self._for_python(*arguments)

    @functools.cached_property
    def _for_python(self) -> Any:
        return _made_by_numba(self._function)


def _kept_on_disk(function: Callable[..., Any], **options: Any) -> Any:
    # numba compiles inner functions into their callers, but looks only at the caller's own file to
    # see whether what is on disk is outdated. A name of its own for each state of the shared
    # kernels keeps the states apart.
    function.__qualname__ += f"_{_shared_sources()}"
    try:
        made = _made_by_numba(function, cache=True, **options)
    except RuntimeError:  # numba has no folder for it: a read-only installation without a home
        return _made_by_numba(function, **options)
    _compile_alone(made)
    return made


def _compile_alone(made: Any) -> None:
    """Let a function be compiled while no other process does; a later one finds it on disk.

    Files then hold what their index says, also where types vary. What is on disk is taken without a
    lock. Locks are taken from callers to what they call, and after numba's own, so that nobody
    waits in a circle.
    """
    from filelock import FileLock
    from numba.core import caching
    from numba.core.compiler_lock import global_compiler_lock

    numbas: Any = caching.FunctionCache
    folder = Path(made.stats.cache_path)
    name = f"{made.py_func.__module__}.{made.py_func.__qualname__}.lock"
    lock = FileLock(folder / name, timeout=LONGEST_WAIT_S)

    class Cache(numbas):  # type: ignore[misc]
        """Numba's own, which holds the lock from a miss to the end of compiling."""

        held: ExitStack  # of the present call of `compile_alone`

        def load_overload(self, types: Any, context: Any) -> Any:
            found = super().load_overload(types, context)
            if found is None and _held(lock, self.held):
                found = super().load_overload(types, context)  # compiled while this one waited
            return found

        def save_overload(self, types: Any, result: Any) -> None:
            # The index is written before the code. Whoever reads it in between must not find older
            # code under the same name, as is left where an outdated index was begun anew.
            named = set(self._cache_file._load_index().values())
            for file in folder.glob(f"{self._impl.filename_base}.*.nbc"):
                if file.name not in named:
                    file.unlink(missing_ok=True)
            super().save_overload(types, result)

    cache, compile_it = Cache(made.py_func), made.compile

    def compile_alone(types: Any) -> Any:
        with global_compiler_lock, ExitStack() as cache.held:
            return compile_it(types)

    made._cache, made.compile = cache, compile_alone


def _held(lock: Any, held: ExitStack) -> bool:
    """Take a lock until `held` ends; tell whether it was to be had.

    Where it was not, several processes compile the same: a file system has no locks (OSError or
    NotImplementedError), or a lock that is a mere file stayed behind when a process was killed
    (Timeout, which is an OSError). No other lock is tried in this process then.
    """
    global _locks_work
    if _locks_work:
        try:
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(lock)
        except (OSError, NotImplementedError):
            _locks_work = False
    return _locks_work


def _made_by_numba(function: Callable[..., Any], **options: Any) -> Any:
    import numba

    made = numba.njit(**options)(function)
    template = made.get_call_template

    def template_for_any_number(arguments: Any, named: Any) -> Any:
        """Compile what is called with a constant for all numbers: numba would do so twice."""
        named = {name: numba.types.unliteral(each) for name, each in named.items()}
        return template([numba.types.unliteral(each) for each in arguments], named)

    made.get_call_template = template_for_any_number
    return made


@functools.cache
def _shared_sources() -> str:
    """Return a name for the present state of the kernels that others contain."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
