"""What a device can do, asked once before a network is built for it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
import threading
from collections.abc import Iterator

import torch

from methods.memory import available

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # names of glibc's mallopt
MIB = 2**20

#: What oneDNN calls the instruction sets of x86 that know no bfloat16.
WITHOUT_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"}


_counting, _inside, _before = threading.Lock(), list[bool](), 1


def has_bf16_units(device: str) -> bool:
    """Return whether the device multiplies bfloat16 numbers faster than float32 ones."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    can = torch.cpu.get_capabilities()
    units = any(can.get(unit, False) for unit in ("avx512_bf16", "amx_bf16", "sve_bf16", "bf16"))
    return units and not _libraries_are_held_back()


def instructions() -> str:
    """Return the instruction set that PyTorch's own loops use on this processor, such as AVX2."""
    return torch.backends.cpu.get_cpu_capability()


def _libraries_are_held_back() -> bool:
    """Return whether the user keeps libraries from the instructions that multiply bfloat16."""
    most = os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", "")).upper()
    return (
        instructions() in ("DEFAULT", "AVX2") or most in WITHOUT_BF16
    ) and platform.machine() in ("x86_64", "AMD64")


def available_memory(device: str) -> int:
    """Return how many bytes can still be allocated: on the device, or in this container."""
    if device.startswith("cuda"):
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + kept)  # PyTorch's own, free to be used
    return available()


@contextlib.contextmanager
def threads(shared: bool) -> Iterator[None]:
    """Let PyTorch, and our own passes beside it, use one thread meanwhile, unless work is shared.

    Threads that share little wait for each other longer than they compute. The number is that of
    the whole process: of several calls at the same time the last one to end puts it back.
    """
    global _before
    if shared:
        yield
        return
    with _counting:
        _inside.append(True)
        if len(_inside) == 1:
            _before = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _counting:
            _inside.pop()
            if not _inside:
                torch.set_num_threads(_before)


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Let glibc keep freed memory meanwhile, and hand it back to the system in the end.

    Otherwise each large tensor is memory that the system has to clear anew, page by page, which
    takes longer than the arithmetic between two convolutions.

    A process that sets thresholds loses glibc's adjustment of them for good. So they end where that
    takes them once large arrays have been freed; the values that it starts with would make whatever
    the process computes next slower.
    """
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "mallopt"):
        yield  # another C library
        return
    libc.mallopt(MMAP_THRESHOLD, 1024 * MIB)
    libc.mallopt(TRIM_THRESHOLD, 2048 * MIB - 1)
    try:
        yield
    finally:
        libc.mallopt(MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(TRIM_THRESHOLD, 64 * MIB)
        libc.malloc_trim(0)


def reproducible(device: str) -> contextlib.AbstractContextManager[None]:
    """Let cuDNN give the same bits every time, and multiply float32 numbers with all their digits.

    By default it may choose sums in an order of chance, and round float32 to the 10 bits of TF32.
    """
    if not device.startswith("cuda"):
        return contextlib.nullcontext()
    flags: contextlib.AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return flags
