"""What a row says of an error: what and where, and what helps where memory was short."""

import pytest

from bench.execution.cell_errors import is_out_of_memory, one_line


class OutOfMemoryError(RuntimeError):
    """Called as PyTorch calls its own."""


class DerivedError(OutOfMemoryError):
    """Derived from it."""


class MuteError(Exception):
    def __str__(self):
        raise ZeroDivisionError


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return one_line(caught)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        DerivedError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory"),
        RuntimeError("unable to mmap: can't allocate memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_memory_that_was_short_is_said_with_what_helps(error):
    text = raised(error)
    assert text.startswith(f"out of memory: {type(error).__name__}: ")
    for cure in ("smaller images", "--preset quick", "fewer blocks"):
        assert cure in text


@pytest.mark.parametrize("error", [ValueError("n is out of range"), MuteError(), SystemExit(1)])
def test_no_other_error_is_taken_for_it(error):
    assert not is_out_of_memory(error)
    assert "out of memory" not in raised(error)


def test_pytorch_and_numpy_are_recognised():
    import numpy as np

    with pytest.raises(MemoryError) as caught:
        np.empty(2**56, np.uint8)
    assert is_out_of_memory(caught.value)
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**56, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_an_error_is_one_line_that_says_where():
    assert raised(ValueError("two\nlines")).startswith(
        "ValueError: two lines (test_cell_errors.py:"
    )
