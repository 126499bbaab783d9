"""Compiled code: compiled in the warm-up and nowhere else, and by many processes at once."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from methods import get_method, segment
from methods.kernels.compiled import Kernel
from methods.registry import BUILTIN, get_class


def kernels_of(name):
    """Return the compiled functions in the file of a method."""
    module = sys.modules[get_class(name).__module__]
    found = [value for value in vars(module).values() if isinstance(value, Kernel | Dispatcher)]
    made = [value.dispatcher if isinstance(value, Kernel) else value for value in found]
    return [kernel for kernel in made if kernel.__module__ == module.__name__]


COMPILED = [name for name in BUILTIN if kernels_of(name)]

LABELS = """
import hashlib
import numpy as np
from methods import segment
image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
print(hashlib.sha256(segment(image, 30, "snic").tobytes()).hexdigest())
"""


def image(height, width, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", COMPILED)
def test_the_warm_up_compiles_all_that_any_image_needs(name):
    method = get_method(name)
    method.warm_up(image(150, 200, 0), 30)
    compiled = {kernel: list(kernel.signatures) for kernel in kernels_of(name)}
    assert any(compiled.values())
    for height, width, n in ((200, 140, 400), (1, 1, 1), (1, 90, 7), (33, 20, 660)):
        method.segment(image(height, width, 1), n)
    now = {kernel: list(kernel.signatures) for kernel in kernels_of(name)}
    assert now == compiled


@pytest.mark.parametrize("name", COMPILED)
def test_a_kernel_is_called_with_one_combination_of_types(name):
    method = get_method(name)
    for seed, n in enumerate((1, 30, 120)):
        method.segment(image(40, 50, seed), n)
    from_python = [kernel for kernel in kernels_of(name) if kernel.stats.cache_path]
    assert from_python
    assert all(len(kernel.signatures) <= 1 for kernel in from_python)


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    start = [sys.executable, "-c", LABELS]
    processes = [
        subprocess.Popen(start, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert any(tmp_path.rglob("*.nbc"))
    again = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    own = hashlib.sha256(segment(image(40, 50, 0), 30, "snic").tobytes()).hexdigest()
    assert outputs == {again.stdout} == {own + "\n"}
