"""What compiled methods share: compiling where nothing can be kept and in threads, and colours."""

import threading
from types import ModuleType

import numba
import numpy as np
import pytest
from skimage.color import rgb2lab

import methods.kernels.compiled
import metrics.kernels.compiled
from methods.classical.lab import to_lab


@pytest.mark.parametrize(
    ("module", "holder"),
    [(metrics.kernels.compiled, metrics.kernels.compiled), (methods.kernels.compiled, numba)],
)
def test_kernels_compile_also_where_nothing_can_be_kept(module, holder, monkeypatch):
    real, refused = numba.njit, []

    def njit(*arguments, **options):
        if options.pop("cache", False):
            refused.append(options)
            raise RuntimeError("cannot cache function: no locator available")
        return real(*arguments, **options)

    monkeypatch.setattr(holder, "njit", njit)
    assert module.compiled(lambda x: x + 1)(2) == 3
    assert len(refused) == 1


SOURCE = """
from methods.kernels.compiled import compiled, inner

@compiled
def outer(x):
    return helper(x) + 1

@inner
def helper(x):
    return 2 * x
"""


def test_threads_may_call_a_kernel_for_the_first_time_together(monkeypatch):
    real, results, others = methods.kernels.compiled._made_by_numba, [], []
    module = ModuleType("kernels")
    exec(SOURCE, vars(module))

    def made_slowly(function, **options):
        if function.__name__ == "helper":  # the other one is made, but cannot be compiled yet
            others.append(threading.Thread(target=lambda: results.append(module.outer(3))))
            others[0].start()
            others[0].join(0.5)
        return real(function, **options)

    monkeypatch.setattr(methods.kernels.compiled, "_made_by_numba", made_slowly)
    assert module.outer(3) == 7
    others[0].join()
    assert results == [7]


CONSTANTS = """
from methods.kernels.compiled import compiled, inner

@compiled
def outer(x):
    return helper(0) + helper(1) + helper(x)

@inner
def helper(x):
    return 2 * x
"""


def test_a_function_is_compiled_once_for_constants_and_for_other_numbers():
    module = ModuleType("kernels")
    exec(CONSTANTS, vars(module))
    assert module.outer(3) == 8
    assert len(module.helper.dispatcher.signatures) == 1


def test_python_may_call_what_is_compiled_for_other_loops():
    module = ModuleType("kernels")
    exec(CONSTANTS, vars(module))
    assert module.outer(3) == 8
    assert module.helper(3) == 6


def test_colours_are_those_of_the_exact_formula():
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    image = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(len(steps), -1, 3)
    assert np.abs(to_lab(image) - rgb2lab(image)).max() < 0.5
