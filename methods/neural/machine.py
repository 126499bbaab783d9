"""What a device can do, asked once before a network is built for it."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

import psutil
import torch

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # names of glibc's mallopt
DEFAULT_THRESHOLD = 128 * 1024


def has_bf16_units(device: str) -> bool:
    """Return whether the device multiplies bfloat16 numbers faster than float32 ones."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    can = torch.cpu.get_capabilities()
    return any(can.get(unit, False) for unit in ("avx512_bf16", "amx_bf16", "sve_bf16", "bf16"))


def available_memory(device: str) -> int:
    """Return how many bytes can still be allocated."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Let glibc keep freed memory meanwhile, and hand it back to the system in the end.

    Otherwise each large tensor is memory that the system has to clear anew, page by page, which
    takes longer than the arithmetic between two convolutions.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # another C library
        yield
        return
    libc.mallopt(MMAP_THRESHOLD, 2**30)
    libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(MMAP_THRESHOLD, DEFAULT_THRESHOLD)
        libc.mallopt(TRIM_THRESHOLD, DEFAULT_THRESHOLD)
        libc.malloc_trim(0)
