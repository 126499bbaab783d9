"""Processor time that compiling takes on first use, from an empty cache.

Each method runs its warm-up twice in a process of its own, on one core; what the first takes longer
is compiling (numba itself is imported and has compiled something before). For the total the methods
follow each other with one cache, as in a run: what they share is compiled once.
"""

import os
import subprocess
import sys
import tempfile
from inspect import getmodule

from methods.registry import BUILTIN, get_class
from tests.benchmark.row import Row

TARGETS = {"gmmsp": 5.0, "rim": 10.0, "ea": 10.0, "proposed": 10.0}
ALL_CLASSICAL_S = 25.0
LEAST_S = 0.15  # a method without compiled loops spends less on imports
LARGEST = 4  # functions named

CHILD = """
import sys, time
import numpy as np
import methods.neural
import numba
from numba.core import event
from methods import get_method
from methods.registry import get_class

@numba.njit
def first(values):
    return values.sum()

first(np.zeros(3))
settings = {"device": "cpu"} if hasattr(get_class(sys.argv[1]), "preset") else {}
if settings:
    import torch
    torch.set_num_threads(1)
method = get_method(sys.argv[1], **settings)
image = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
stack, own = [], {}

class Listener(event.Listener):
    def on_start(self, heard):
        name = heard.data["dispatcher"].py_func.__name__
        stack.append([name, time.thread_time(), 0.0])

    def on_end(self, _):
        name, began, within = stack.pop()
        took = time.thread_time() - began
        own[name] = own.get(name, 0.0) + took - within
        if stack:
            stack[-1][2] += took

def warm_up():
    began = time.process_time()
    method.warm_up(image, 50)
    return time.process_time() - began

with event.install_listener("numba:compile", Listener()):
    once = warm_up()
print(once - min(warm_up() for _ in range(2)))
for name in sorted(own, key=own.get, reverse=True):
    print(name, own[name])
"""


def main() -> list[Row]:
    """Measure all built-in methods that run without further settings."""
    alone = {name: _measure(name) for name in BUILTIN if get_class(name).runnable_by_default()}
    alone = {name: found for name, found in alone.items() if found[0] > LEAST_S}
    classical = [name for name in alone if "neural" not in str(getmodule(get_class(name)))]
    rows = [
        Row(f"compile {name}", seconds, "s", TARGETS.get(name), f"of it {largest}")
        for name, (seconds, largest) in alone.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        total = sum(_measure(name, folder)[0] for name in classical)
    note = f"{len(classical)} methods, one after the other, one cache"
    return [*rows, Row("compile all classical methods", total, "s", ALL_CLASSICAL_S, note)]


def _measure(name: str, folder: str | None = None) -> tuple[float, str]:
    """Return the seconds, and the functions that took most of them."""
    if folder is None:
        with tempfile.TemporaryDirectory() as empty:
            return _measure(name, empty)
    environment = os.environ | {"NUMBA_CACHE_DIR": folder, "NUMBA_NUM_THREADS": "1"}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, *functions = done.stdout.splitlines()
    named = [line.split() for line in functions[:LARGEST]]
    return float(seconds), ", ".join(f"{name} {float(took):.1f}" for name, took in named)
