"""What is the same for all of a process, and how each is read and put back: a table.

Functions of libraries that a method replaces by others are not among it.
"""

from __future__ import annotations

import ctypes
import decimal
import gc
import locale
import logging
import multiprocessing
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Those that can be handled, less those for real-time programs.
_SIGNALS = sorted(
    signum
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    if signum < getattr(signal, "SIGRTMIN", 32)
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})
_LISTS_OF_SYS = ("path", "argv", "meta_path", "path_hooks")
_VALUES_OF_SYS = ("stdin", "stdout", "stderr", "excepthook", "displayhook", "unraisablehook")
# A method may put other modules in the place of these, which scoring and other methods import.
_MODULES = ("numpy", "scipy", "numba", "cv2", "torch", "skimage", "PIL", "random", "os", "json")
_LOADED = [name for name in _MODULES if name in sys.modules]

_TINY, _HALF_STEP = 5e-324, 2.0**-53


@dataclass(frozen=True)
class Setting:
    """One thing that is the same for all of a process.

    Attributes
    ----------
    name : str
    read : callable
        Returns it, in a form that can be compared.
    put : callable
        Sets it to what `read` returned.
    library : str or None
        Whose it is; passed over while that is not loaded.
    usual : object
        What it is as long as the library was not loaded.
    lasting : bool
        Whether all is well once it is put back.
    """

    name: str
    read: Callable[[], Any]
    put: Callable[[Any], object]
    library: str | None = None
    usual: Any = None
    lasting: bool = True


def _each(put: Callable[[Any, Any], object], keys: Sequence[Any]) -> Callable[[Any], None]:
    """Return what puts several things of a kind."""

    def put_each(values: Any) -> None:
        for key, value in zip(keys, values, strict=True):
            put(key, value)

    return put_each


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def _put_environment(saved: dict[bytes, bytes]) -> None:
    for name in os.environb.keys() - saved.keys():
        del os.environb[name]
    os.environb.update(saved)


def _put_warnings(saved: list[Any]) -> None:
    warnings.filters[:] = saved  # type: ignore[index]


def _put_handler(signum: int, handler: Any) -> None:
    if handler is not None and signal.getsignal(signum) is not handler:
        signal.signal(signum, handler)


def _logging() -> tuple[Any, ...]:
    root = logging.root
    return root.level, root.manager.disable, list(root.handlers), list(root.filters)


def _put_logging(saved: tuple[Any, ...]) -> None:
    logging.root.level, logging.root.manager.disable = saved[:2]
    logging.root.handlers[:], logging.root.filters[:] = saved[2:]


def _put_list_of_sys(name: str, saved: list[Any]) -> None:
    setattr(sys, name, list(saved))


def _put_limit(limit: int, saved: tuple[int, int]) -> None:
    if resource.getrlimit(limit) != saved:
        resource.setrlimit(limit, saved)


def _put_module(name: str, module: Any) -> None:
    if module is not None:
        sys.modules[name] = module


def _arithmetic() -> tuple[bool, ...]:
    """Tell whether tiny numbers are kept, and whether results are rounded to the nearest."""
    return (
        _TINY * 1.0 > 0.0,
        1.0 + _HALF_STEP == 1.0 == 1.0 - _HALF_STEP / 2,
        -1.0 - _HALF_STEP == -1.0,
    )


def _put_arithmetic(_: object) -> None:
    """Set what this thread began with; those of libraries keep what they were told."""
    if sys.platform == "linux":
        ctypes.CDLL(None).fesetenv(ctypes.c_void_p(-1))


def _decimal() -> tuple[Any, ...]:
    now = decimal.getcontext()
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp


def _put_decimal(_: object) -> None:
    decimal.setcontext(decimal.DefaultContext.copy())


def _of(library: str, *names: str) -> Callable[..., Any]:
    """Return a function of a library that is loaded later, if at all."""

    def call(*arguments: Any) -> Any:
        value: Any = sys.modules[library]
        for name in names:
            value = getattr(value, name)
        return value(*arguments)

    return call


def _put_torch_type(name: str) -> None:
    torch = sys.modules["torch"]
    torch.set_default_dtype(getattr(torch, name.removeprefix("torch.")))


SETTINGS = [
    Setting("working directory", os.getcwd, os.chdir),
    Setting("umask", _umask, os.umask),
    Setting("environment", lambda: dict(os.environb), _put_environment),
    Setting(
        "locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda saved: locale.setlocale(locale.LC_ALL, saved),
    ),
    Setting("filters of warnings", lambda: list(warnings.filters), _put_warnings),
    Setting("NumPy's errors", np.geterr, lambda saved: np.seterr(**saved)),
    Setting("NumPy's printing", np.get_printoptions, lambda saved: np.set_printoptions(**saved)),
    Setting("decimal numbers", _decimal, _put_decimal),
    Setting(
        "handlers of signals",
        lambda: [signal.getsignal(signum) for signum in _SIGNALS],
        _each(_put_handler, _SIGNALS),
    ),
    Setting(
        "blocked signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda saved: signal.pthread_sigmask(signal.SIG_SETMASK, saved),
    ),
    Setting(
        "timers",
        lambda: [signal.getitimer(timer) == (0.0, 0.0) for timer in _TIMERS],
        lambda _: [signal.setitimer(timer, 0) for timer in _TIMERS],
    ),
    Setting("logging", _logging, _put_logging),
    Setting(
        "lists of sys",
        lambda: [list(getattr(sys, name)) for name in _LISTS_OF_SYS],
        _each(_put_list_of_sys, _LISTS_OF_SYS),
    ),
    Setting(
        "streams and hooks of sys",
        lambda: [getattr(sys, name) for name in _VALUES_OF_SYS],
        _each(lambda name, saved: setattr(sys, name, saved), _VALUES_OF_SYS),
    ),
    Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("switch interval", sys.getswitchinterval, sys.setswitchinterval),
    Setting("tracing", sys.gettrace, sys.settrace),
    Setting("profiling", sys.getprofile, sys.setprofile),
    Setting("garbage collection", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    Setting("its thresholds", gc.get_threshold, lambda saved: gc.set_threshold(*saved)),
    Setting("priority", lambda: os.getpriority(0, 0), lambda saved: os.setpriority(0, 0, saved)),
    Setting(
        "limits of the process",
        lambda: [resource.getrlimit(limit) for limit in _LIMITS],
        _each(_put_limit, _LIMITS),
    ),
    Setting(
        "how multiprocessing starts",
        lambda: multiprocessing.get_start_method(allow_none=True),
        lambda saved: multiprocessing.set_start_method(saved, force=True),
    ),
    Setting(
        "modules",
        lambda: [sys.modules.get(name) for name in _LOADED],
        _each(_put_module, _LOADED),
    ),
    Setting("arithmetic", _arithmetic, _put_arithmetic, lasting=False),
    Setting(
        "OpenCV's instructions",
        _of("cv2", "useOptimized"),
        _of("cv2", "setUseOptimized"),
        library="cv2",
        usual=True,
    ),
    Setting(
        "PyTorch's gradients",
        _of("torch", "is_grad_enabled"),
        _of("torch", "set_grad_enabled"),
        library="torch",
        usual=True,
    ),
    Setting(
        "PyTorch's default type",
        lambda: str(sys.modules["torch"].get_default_dtype()),
        _put_torch_type,
        library="torch",
        usual="torch.float32",
    ),
    Setting(
        "PyTorch's determinism",
        _of("torch", "are_deterministic_algorithms_enabled"),
        _of("torch", "use_deterministic_algorithms"),
        library="torch",
        usual=False,
    ),
]
if hasattr(os, "sched_setaffinity"):
    SETTINGS.append(
        Setting(
            "cores", lambda: os.sched_getaffinity(0), lambda saved: os.sched_setaffinity(0, saved)
        )
    )


def present() -> list[Setting]:
    """Return the settings of this process, with those of the libraries that are loaded."""
    return [each for each in SETTINGS if each.library is None or each.library in sys.modules]


def thread_pools() -> Iterator[Setting]:
    """Return the thread counts of the libraries that are loaded."""
    from threadpoolctl import ThreadpoolController

    for pool in ThreadpoolController().lib_controllers:
        yield Setting(f"threads of {pool.internal_api}", pool.get_num_threads, pool.set_num_threads)
    for library, get, put in (
        ("cv2", "getNumThreads", "setNumThreads"),
        ("torch", "get_num_threads", "set_num_threads"),
        # Reading the count of numba would start its threads.
        ("numba", "get_num_threads", "set_num_threads"),
    ):
        started = sys.modules.get("numba.np.ufunc.parallel")
        if library in sys.modules and (
            library != "numba" or getattr(started, "_is_initialized", False)
        ):
            yield Setting(f"threads of {library}", _of(library, get), _of(library, put))
