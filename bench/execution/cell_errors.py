"""What went wrong in a cell, in the one line that its row keeps."""

from __future__ import annotations

import gc
import sys
import traceback
from pathlib import Path
from typing import Any

CRASHED = {
    "status": "crashed",
    "error": "the worker process died while it ran the method: a crash, or the system killed it for"
    " lack of memory, where smaller images, fewer --workers, or --preset quick help",
}

# PyTorch raises a plain RuntimeError for the CPU, and OpenCV an error of its own.
_NO_MEMORY = (
    "DefaultCPUAllocator",
    "can't allocate memory",
    "CUDA out of memory",
    "ALLOC_FAILED",
    "Insufficient memory",
)
OUT_OF_MEMORY = "out of memory"
_LESS_MEMORY = (
    "take smaller images or fewer --workers; a network needs less with --preset quick, fewer"
    " blocks, a smaller width or scale"
)


def time_is_up(seconds: float, what: str = "the method") -> dict[str, Any]:
    """Return the columns that say so."""
    return {"status": "timeout", "error": f"{what} took longer than {seconds:g} s (--timeout)"}


def one_line(error: BaseException) -> str:
    """Say what was raised, and where; and, where memory was short, what needs less."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__}: {_message(error)} ({Path(where.filename).name}:{where.lineno})"
    return f"{OUT_OF_MEMORY}: {text}; {_LESS_MEMORY}" if is_out_of_memory(error) else text


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was short, Python's, PyTorch's or OpenCV's, without importing them."""
    names = {each.__name__ for each in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, Exception) and any(sign in _message(error) for sign in _NO_MEMORY)


def release_memory() -> None:
    """Give back what a method that failed has left behind, here and on a CUDA device."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _message(error: BaseException) -> str:
    try:
        return " ".join(str(error).split()) or "no message"
    except Exception:
        return "its message cannot be shown"
