"""Compiled code: compiled in the warm-up and nowhere else, and by many processes at once."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import methods
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
import hashlib, sys
import numpy as np
from methods import segment
from methods.kernels.compiled import Kernel
image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
labels = segment(image, 30, "snic")
modules = [value for name, value in sys.modules.items() if name.startswith("methods.")]
kernels = {id(v): v for m in modules for v in vars(m).values() if isinstance(v, Kernel)}
made = [kernel.dispatcher for kernel in kernels.values() if "dispatcher" in vars(kernel)]
stats = [each.stats for each in made if hasattr(each, "stats")]
misses = sum(sum(each.cache_misses.values()) for each in stats if each.cache_path)
print(hashlib.sha256(labels.tobytes()).hexdigest(), misses)
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
    before = {kernel: set(kernel.signatures) for kernel in kernels_of(name)}  # by other tests
    for seed, n in enumerate((1, 30, 120)):
        method.segment(image(40, 50, seed), n)
    from_python = [kernel for kernel in kernels_of(name) if kernel.stats.cache_path]
    assert from_python
    assert all(len(set(kernel.signatures) - before[kernel]) <= 1 for kernel in from_python)


def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    start = [sys.executable, "-c", LABELS]
    processes = [
        subprocess.Popen(start, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert any(tmp_path.rglob("*.nbc"))
    again = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    own = hashlib.sha256(segment(image(40, 50, 0), 30, "snic").tobytes()).hexdigest()
    assert {labels for labels, _ in outputs} == {own}
    assert again.stdout.split() == [own, "0"]
    # each function once, whoever came first
    kept = len({path.name.split("-")[0] for path in tmp_path.rglob("*.nbi")})
    assert sum(int(misses) for _, misses in outputs) == kept > 10


def segmented(environment):
    """Segment in a process that has nothing of this one; return what it printed."""
    command = [sys.executable, "-c", LABELS]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout.split()


def test_what_is_compiled_is_kept_where_the_installation_cannot_be_written(tmp_path):
    """Not in site-packages then, but in the user's cache."""
    site, home = tmp_path / "site-packages", tmp_path / "home"
    home.mkdir()
    own = Path(methods.__file__).parent
    shutil.copytree(own, site / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [site / "methods", *(p for p in site.rglob("*") if p.is_dir())]:
        (folder / "__pycache__").write_text("a file where a folder would be, even for root")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(site)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    first, second = segmented(environment), segmented(environment)
    assert first[0] == second[0]
    assert int(first[1]) > 10
    assert second[1] == "0"
    assert any(home.rglob("*.nbc"))
    assert not any(site.rglob("*.nbc"))
    with (site / "methods" / "kernels" / "heap.py").open("a") as source:
        source.write("# another state of what others contain\n")
    assert segmented(environment) == first


def test_what_is_compiled_is_kept_where_the_user_says(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(methods.__file__).parents[1])
    assert int(segmented(environment)[1]) > 10
    assert any(tmp_path.rglob("*.nbc"))
    assert segmented(environment)[1] == "0"


SUMS = """
import hashlib
import numpy as np
from methods.neural import kernels
random = np.random.default_rng(0)
logits = (3 * random.normal(size=(6, 7, 100))).astype(np.float32)
colours = random.normal(size=(6, 7, 3)).astype(np.float32)
soft, logs = np.empty_like(logits), np.empty((6, 7), np.float32)
sums, entropy = np.zeros((4, 100), np.float32), np.zeros(1)
kernels.soften(logits, colours, 0, 6, soft, logs, sums, entropy)
parts = np.zeros((1, 100))
kernels.add_assignments(logits, np.zeros((6, 7), np.int32), parts)
print(hashlib.sha256(b"".join(a.tobytes() for a in (soft, logs, sums, entropy, parts))).hexdigest())
"""


def test_sums_of_floats_are_the_same_compiled_here_and_taken_from_disk(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    start = [sys.executable, "-c", SUMS]
    first, again = (
        subprocess.run(start, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert first == again
