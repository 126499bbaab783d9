"""What compiled methods share: compiling where nothing can be kept and in threads, and colours."""

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import filelock
import numba
import numpy as np
import pytest
from filelock import FileLock
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


def loaded(path, source=SOURCE):
    """Import the source anew, as another process would, and return its module."""
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A file of kernels; what is compiled of it goes beside it."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(methods.kernels.compiled, "_locks_work", True)
    return tmp_path / "some_kernels.py"


def test_what_is_on_disk_is_taken_though_another_process_compiles(kept, monkeypatch):
    assert loaded(kept).outer(3) == 7
    (path,) = kept.parent.rglob("*.lock")
    monkeypatch.setattr(methods.kernels.compiled, "LONGEST_WAIT_S", 0.2)
    with FileLock(path):
        module = loaded(kept)
        assert module.outer(3) == 7
        assert sum(module.outer.dispatcher.stats.cache_hits.values()) == 1
        assert methods.kernels.compiled._locks_work  # nobody tried to have it
        assert module.outer(3.5) == 8
        assert not methods.kernels.compiled._locks_work


def test_what_another_process_compiled_meanwhile_is_taken_from_disk(kept, monkeypatch):
    path, held = kept.parent / "other.lock", []
    real = methods.kernels.compiled._held

    def held_after_another_compiled(lock, until):
        if not held:
            held.append(path)
            assert loaded(kept).outer(3) == 7
        return real(lock, until)

    monkeypatch.setattr(methods.kernels.compiled, "_held", held_after_another_compiled)
    module = loaded(kept)
    assert module.outer(3) == 7
    assert not sum(module.outer.dispatcher.stats.cache_misses.values())


@pytest.mark.parametrize(
    "problem", [NotImplementedError("no flock"), OSError("no locks"), filelock.Timeout("a.lock")]
)
def test_kernels_compile_and_are_kept_where_files_cannot_be_locked(kept, monkeypatch, problem):
    tried = []

    def acquire(self, *_, **__):
        tried.append(self.lock_file)
        raise problem

    monkeypatch.setattr(FileLock, "acquire", acquire)
    module = loaded(kept)
    assert module.outer(3) == 7
    assert module.outer(0.5) == 2
    assert len(tried) == 1  # not once more for each loop, which may be 600 s each
    again = loaded(kept)
    assert again.outer(3) == 7
    assert not sum(again.outer.dispatcher.stats.cache_misses.values())


def test_a_lock_ends_with_an_error_while_compiling(kept):
    module = loaded(kept)
    with pytest.raises(numba.TypingError):
        module.outer("text")
    (path,) = kept.parent.rglob("*.lock")
    with FileLock(path, timeout=0):
        assert path.exists()


def test_older_code_is_never_left_under_a_name_that_a_new_index_gives(kept, monkeypatch):
    """Numba writes the index first; what it numbers then must not be there yet."""
    module = loaded(kept)
    assert (module.outer(3), module.outer(0.5)) == (7, 2)
    assert len(list(kept.parent.rglob("*.nbc"))) == 2
    module = loaded(kept, SOURCE.replace("+ 1", "+ 2"))
    file = module.outer.dispatcher._cache._cache_file
    real, there = file._save_data, []

    def save_data(name, data):
        there.extend(kept.parent.rglob("*.nbc"))
        real(name, data)

    monkeypatch.setattr(file, "_save_data", save_data)
    assert module.outer(0.5) == 3
    assert there == []


SHARED = """
from metrics.kernels.compiled import VOID, compiled

@compiled
def mark():
    return VOID
"""


def test_metrics_forget_what_contains_the_constants_of_an_older_file(tmp_path):
    own = Path(metrics.kernels.compiled.__file__).parents[1]
    site = tmp_path / "site"
    shutil.copytree(own, site / "metrics", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "loops.py").write_text(SHARED)
    environment = os.environ | {"PYTHONPATH": str(site), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", "import loops; print(loops.mark())"]

    def marked():
        done = subprocess.run(
            command, env=environment, cwd=site, capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert marked() == -1
    constants = site / "metrics" / "kernels" / "compiled.py"
    constants.write_text(constants.read_text().replace("VOID = -1", "VOID = -5"))
    assert marked() == -5


def test_colours_are_those_of_the_exact_formula():
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    image = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(len(steps), -1, 3)
    assert np.abs(to_lab(image) - rgb2lab(image)).max() < 0.5
