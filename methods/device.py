"""Which device a method runs on, and whether there is a CUDA device, found without PyTorch."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from methods.parameters import ParameterError


class DeviceError(ParameterError):
    """A device that is not there, or that the method cannot use."""


def resolve_device(asked: str, devices: Collection[str], method: str) -> str:
    """Return where a method runs.

    Parameters
    ----------
    asked : str
        ``"auto"``, which is CUDA where that is and the method can use it, one of `devices`, or
        ``"cuda:1"`` for the second of several.
    devices : collection of str
        What the method can run on.
    method : str
        Its name, for the error.

    Raises
    ------
    DeviceError
        If the method cannot use it, or CUDA is not there.
    """
    if asked == "auto":
        here = cuda_available() and not _ELSEWHERE.get()
        wants_cuda = "cuda" in devices and ("cpu" not in devices or here)
        asked = "cuda" if wants_cuda else "cpu"
    kind = asked.partition(":")[0]
    if kind not in devices:
        raise DeviceError(
            f"device={asked!r}: method {method!r} runs on {' and '.join(devices)};"
            " use device 'auto', or one of these"
        )
    if _ELSEWHERE.get():
        return asked
    if kind == "cuda" and not cuda_available():
        raise DeviceError(
            f"device={asked!r}: no CUDA device was found (no driver, no GPU, or a PyTorch without"
            " CUDA); use device 'auto' or 'cpu'"
        )
    if ":" in asked and asked not in [f"cuda:{i}" for i in range(cuda_devices())]:
        raise DeviceError(
            f"device={asked!r} is not among {cuda_devices()} CUDA devices, of which the first is"
            " 'cuda:0'; use that, or 'auto'"
        )
    return asked


# Whether methods are only planned here, for machines of which this one does not know.
_ELSEWHERE = ContextVar("elsewhere", default=False)


@contextmanager
def planned_for_elsewhere() -> Iterator[None]:
    """Take a device that is named to be there, since it is another machine's; "auto" is the CPU."""
    token = _ELSEWHERE.set(True)
    try:
        yield
    finally:
        _ELSEWHERE.reset(token)


def auto_preset(device: str) -> str:
    """Return the preset that "auto" stands for: the published settings take hours on a CPU."""
    return "paper" if device.partition(":")[0] == "cuda" else "quick"


def cuda_available() -> bool:
    """Tell whether there is a CUDA device that can be used."""
    return cuda_devices() > 0


@functools.cache
def cuda_devices() -> int:
    """Return how many CUDA devices there are.

    The driver is asked first; PyTorch is imported only if it is installed and the driver has a
    device, since a PyTorch built for the CPU cannot use it.
    """
    count = _devices_of_driver()
    if count and importlib.util.find_spec("torch"):
        import torch

        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    return count


def cuda_names() -> list[str]:
    """Return what the CUDA devices are called, in their order, as their driver says."""
    driver = _driver()
    names = []
    for ordinal in range(_devices_of_driver()):
        device, name = ctypes.c_int(0), ctypes.create_string_buffer(256)
        driver.cuDeviceGet(ctypes.byref(device), ordinal)
        driver.cuDeviceGetName(name, len(name), device)
        names.append(name.value.decode(errors="replace"))
    return names


def _devices_of_driver() -> int:
    """Return how many devices the CUDA driver has, 0 without driver (CUDA driver API)."""
    driver = _driver()
    count = ctypes.c_int(0)
    if driver is None or driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value


def _driver() -> Any:
    """Return the library of the CUDA driver, None without."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
