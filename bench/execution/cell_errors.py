"""What went wrong in a cell, in the one line that its row keeps."""

from __future__ import annotations

import gc
import signal
import sys
from typing import Any

from methods.messages import beginning, message_of, raised

_KILLED_BY_THE_SYSTEM = (
    ", as the system does for lack of memory, where smaller images, fewer --workers, or --preset"
    " quick help"
)
# What C++ says before it ends a process for which there is no memory.
_NO_MEMORY_IN_C = "bad_alloc"
MOST_WORDS = 200

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


def too_much_memory(limit: int) -> dict[str, Any]:
    """Return the columns that say so."""
    text = f"{OUT_OF_MEMORY}: the method's process held more than {limit / 2**30:g} GiB (--memory)"
    return {"status": "failed", "error": f"{text}; {_LESS_MEMORY}"}


def crashed(status: int, last_words: str) -> dict[str, Any]:
    """Return the columns that say how a process ended that a method took along, twice.

    Parameters
    ----------
    status : int
        Its exit status; negative if a signal ended it.
    last_words : str
        The last line that it printed.
    """
    if status >= 0:
        how = f"it was ended by the method (exit status {status})"
    else:
        how = f"ended by {_signal_name(-status)}"
        if -status == signal.SIGKILL:
            how += _KILLED_BY_THE_SYSTEM
    text = f"the method's process died, and again when it was alone: {how}"
    if last_words:
        text += f"; it said: {beginning(last_words, MOST_WORDS)}"
    return {
        "status": "crashed",
        "error": f"{OUT_OF_MEMORY}: {text}" if _NO_MEMORY_IN_C in last_words else text,
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def one_line(error: BaseException) -> str:
    """Say what was raised, and where; and, where memory was short, what needs less."""
    text = raised(error)
    return f"{OUT_OF_MEMORY}: {text}; {_LESS_MEMORY}" if is_out_of_memory(error) else text


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was short, Python's, PyTorch's or OpenCV's, without importing them."""
    names = {each.__name__ for each in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, Exception) and any(sign in message_of(error) for sign in _NO_MEMORY)


def release_memory() -> None:
    """Give back what a method that failed has left behind, here and on a CUDA device."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
