"""Methods that harm whoever runs beside or after them, and what becomes of each; a plugin.

Each runs between two that behave and that tell of what they find, so that whatever it leaves
behind shows in their rows. `check` runs one and says what was lost.
"""

import ctypes
import gc
import json
import locale
import logging
import mmap
import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

from methods import Method, register
from methods.base import Skip

MIB = 2**20
C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p
C.memset.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t


def stripes(image, n):
    height, width = image.shape[:2]
    return np.tile(np.arange(width) * min(n, width) // width, (height, 1))


@register
class Witness(Method):
    """Behaves, and says what it finds; its label map is drawn from what all of a process shares."""

    name = "witness"
    turn: int = 0

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        umask = os.umask(0o22)
        os.umask(umask)
        self.facts = {
            "umask": umask,
            "folder": Path.cwd().name,
            "environment": [os.environ.get(name, "") for name in ("HOSTILE", "HOME")],
            "locale": locale.setlocale(locale.LC_ALL),
            "filters": len(warnings.filters),
            "errors": np.geterr(),
            "printed": repr(np.array([1 / 3])),
            "denormal": 5e-324 * float(n > 0) > 0,
            "third": (1.0 / float(2 + (n > 0))).hex(),
            "alarm": type(signal.getsignal(signal.SIGALRM)).__name__,
            "usr1": str(signal.getsignal(signal.SIGUSR1)),
            "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
            "logging": [logging.root.level, len(logging.root.handlers)],
            "disabled": logging.root.manager.disable,
            "path": len(sys.path),
            "streams": [type(sys.stdout).__name__, type(sys.stderr).__name__],
            "recursion": sys.getrecursionlimit(),
            "gc": gc.isenabled(),
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
            "nice": os.getpriority(os.PRIO_PROCESS, 0),
            "start": multiprocessing.get_start_method(allow_none=True) or "",
            "json": sys.modules["json"].__name__,
            "drawn": random.random(),
        }
        return np.random.randint(0, n, image.shape[:2])  # noqa: NPY002


@dataclass(frozen=True)
class Case:
    """What becomes of a hostile method: the status of its row, and a part of what this says.

    `options` are those of the command line without which it would never end.
    """

    status: str
    error: str = ""
    options: tuple[str, ...] = ()


#: What becomes of each, by the name of the method.
EXPECTED: dict[str, Case] = {}


def hostile(status="ok", error="", *options):
    """Make a method of a function of the image and the count; without a result it makes stripes."""

    def make(harm):
        def segment(self, image, n):
            labels = harm(image, n)
            return stripes(image, n) if labels is None else labels

        name = harm.__name__
        EXPECTED[name] = Case(status, error, tuple(map(str, options)))
        contents = {"name": name, "segment": segment, "warm_up": lambda *_: None}
        contents["__module__"] = __name__
        return register(type(name.title().replace("_", ""), (Method,), contents))

    return make


# --- ends its process ---------------------------------------------------------------------


@hostile("crashed", "ended by SIGSEGV")
def segfaults(image, n):
    ctypes.string_at(0)


@hostile("crashed", "exit status 0")
def exits_at_once(image, n):
    os._exit(0)


@hostile("crashed", "ended by SIGABRT; it said: bad news")
def aborts(image, n):
    print("\x1b[31mbad news\n\x1b[0m")
    os.abort()


@hostile("crashed", "ended by SIGKILL, as the system does for lack of memory")
def is_killed(image, n):
    os.kill(os.getpid(), signal.SIGKILL)


@hostile("crashed", "ended by SIGABRT")
def corrupts_the_heap(image, n):
    block = C.malloc(64)
    C.memset(block, 255, 4096)
    for size in range(16, 2048, 16):
        C.free(ctypes.c_void_p(C.malloc(size)))
    os.abort()  # whatever the allocator has noticed


@hostile("crashed", "exit status 3")
def leaves_a_thread_that_ends_the_process(image, n):
    threading.Thread(target=lambda: os._exit(3), daemon=True).start()
    time.sleep(1)


# --- never returns --------------------------------------------------------------------------


@hostile("timeout", "longer than 0.5 s", "--timeout", 0.5)
def holds_the_interpreter(image, n):
    ctypes.PyDLL(None).sleep(600)


@hostile("timeout", "longer than 0.5 s", "--timeout", 0.5)
def backtracks(image, n):
    re.match(r"(a+)+$", "a" * 64 + "b")


@hostile("timeout", "longer than 0.5 s", "--timeout", 0.5)
def stops_itself(image, n):
    os.kill(os.getpid(), signal.SIGSTOP)


@hostile("timeout", "longer than 0.5 s", "--timeout", 0.5)
def ignores_signals(image, n):
    for signum in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    while True:
        time.sleep(1)


@hostile("timeout", "longer than 0.5 s", "--timeout", 0.5)
def catches_everything(image, n):
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


# --- raises what ends programs ----------------------------------------------------------------


def _raises(error):
    def harm(image, n):
        raise error

    harm.__name__ = f"raises_{error.__name__.lower()}"
    expected = "out of memory" if error is MemoryError else error.__name__
    hostile("failed", expected)(harm)


for _error in (SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit, StopIteration):
    _raises(_error)


@hostile("failed", "RecursionError")
def recurses(image, n):
    return recurses.segment(None, image, n)


# --- fills memory -------------------------------------------------------------------------------

MEMORY = ("--memory", 1)
TOO_MUCH = "out of memory: the method's process held more than 1 GiB (--memory)"


@hostile("failed", TOO_MUCH, *MEMORY)
def fills_memory(image, n):
    kept = []
    while True:
        kept.append(np.ones(100 * MIB, np.uint8))


@hostile("failed", "out of memory", *MEMORY)
def asks_for_50_gb(image, n):
    return np.zeros((50, 2**30), np.uint8)[: image.shape[0], : image.shape[1]]


@hostile("failed", TOO_MUCH, *MEMORY)
def fills_memory_in_c(image, n):
    while True:
        C.memset(C.malloc(100 * MIB), 1, 100 * MIB)


@hostile("failed", TOO_MUCH, *MEMORY)
def fills_memory_by_mapping(image, n):
    shared = mmap.mmap(-1, 8 * 2**30)
    for at in range(0, len(shared), mmap.PAGESIZE):
        shared[at] = 1


@hostile("failed", TOO_MUCH, *MEMORY)
def fills_memory_in_children(image, n):
    for _ in range(4):
        if os.fork() == 0:
            kept = np.ones(400 * MIB, np.uint8)
            time.sleep(600)
            os._exit(int(kept[0]))
    time.sleep(600)


@hostile("failed", "out of memory", *MEMORY)
def fills_memory_of_torch(image, n):
    import torch

    kept = []
    while True:
        kept.append(torch.ones(100 * MIB, dtype=torch.uint8))


# --- leaves something behind: its own row is ok, and no other must show it ------------------


@hostile()
def changes_the_process(image, n):
    os.chdir("/")
    os.umask(0o777)
    os.environ["HOSTILE"] = "yes"
    os.environ.pop("HOME", None)
    locale.setlocale(locale.LC_ALL, "C")
    warnings.simplefilter("error")
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    logging.disable(logging.CRITICAL)
    logging.root.setLevel(1)
    logging.root.addHandler(logging.StreamHandler(sys.stdout))
    sys.path.insert(0, "/nowhere")
    sys.stdout = sys.stderr = None
    sys.setrecursionlimit(200)
    gc.disable()
    multiprocessing.set_start_method("spawn", force=True)
    sys.modules["json"] = sys.modules["re"]


@hostile()
def changes_what_the_system_keeps(image, n):
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_STACK, (2**20, resource.getrlimit(resource.RLIMIT_STACK)[1]))


@hostile()
def sets_timers(image, n):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.setitimer(signal.ITIMER_PROF, 0.05)


@hostile()
def flushes_denormal_numbers(image, n):
    import torch

    torch.set_flush_denormal(True)


@hostile()
def rounds_up(image, n):
    C.fesetround(0x800)


@hostile()
def changes_libraries(image, n):
    import cv2
    import torch

    cv2.setNumThreads(5)
    cv2.setUseOptimized(False)
    cv2.setRNGSeed(5)
    torch.set_num_threads(3)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.manual_seed(5)


@hostile()
def writes_into_the_image(image, n):
    labels = stripes(image, n)
    image[:] = 0
    if image.base is not None:
        image.base[:] = 0
    return labels


@hostile()
def closes_all_descriptors(image, n):
    os.closerange(0, 4096)


@hostile()
def puts_files_in_the_place_of_descriptors(image, n):
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(40):
        if number != nowhere:
            os.dup2(nowhere, number)


@hostile()
def leaves_files_open(image, n):
    changes = [os.open(os.devnull, os.O_RDONLY) for _ in range(600)]
    assert len(changes) == 600


@hostile()
def leaves_children(image, n):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@hostile()
def leaves_a_daemon(image, n):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()


@hostile()
def returns_from_a_fork(image, n):
    if os.fork() == 0:
        os.setsid()
    return stripes(image, n)


@hostile("failed", "ValueError")
def raises_in_a_fork(image, n):
    os.fork()
    raise ValueError


@hostile()
def leaves_threads(image, n):
    def work():
        while True:
            np.random.random(1000)  # noqa: NPY002

    threading.Thread(target=work, daemon=True).start()


@hostile()
def leaves_a_thread_that_acts_later(image, n):
    def act():
        time.sleep(0.1)
        os.chdir("/")
        os.environ["HOSTILE"] = "1"

    threading.Thread(target=act, daemon=True).start()


@hostile()
def prints_megabytes(image, n):
    for _ in range(64):
        print("x" * MIB)
    os.write(2, b"y" * 16 * MIB)


@hostile("skipped", "not today")
def declines_after_a_change(image, n):
    os.chdir("/")
    raise Skip("not today")


# --- what becomes of them -------------------------------------------------------------------------

# What differs between two rows of one image and method, whatever ran beside them.
OWN = ["key", "params", "label", "labels_file", "run", "contended"]
OWN += ["time_s", "time_spread_s", "cpu_s", "peak_mb", "warmup_s"]
MOST_PRINTED = 100_000


def groups():
    """Return the names of the methods that run under the same options, by these."""
    found = {}
    for name, case in EXPECTED.items():
        found.setdefault(case.options, []).append(name)
    return found


def check(folder, names, workers=1):
    """Run methods that share their options, each after and before one that behaves.

    Parameters
    ----------
    folder : Path
        An empty one.
    names : sequence of str
    workers : int

    Returns
    -------
    list of str
        What came out wrong, in words; empty if each method has cost its own row alone.
    """
    alone, _ = _run(folder / "alone.parquet", ["witness[turn=0]"], EXPECTED[names[0]].options, 1)
    terms = ["witness[turn=0]"]
    for turn, name in enumerate(names, start=1):
        terms += [name, f"witness[turn={turn}]"]
    rows, wrong = _run(folder / "among.parquet", terms, EXPECTED[names[0]].options, workers)
    own = {row["method"]: row for row in rows}
    for name in names:
        case, row = EXPECTED[name], own[name]
        if row["status"] != case.status or case.error not in (row["error"] or ""):
            wrong.append(f"{name} is {row['status']}: {row['error']}")
    witnesses = [row for row in rows if row["method"] == "witness"]
    if len(witnesses) != len(names) + 1:
        wrong.append(f"{len(witnesses)} rows of witnesses")
    for row in witnesses:
        before = ["nobody", *names][json.loads(row["params"])["turn"]]
        shared = row.keys() - set(OWN)
        differing = {column: row[column] for column in shared if row[column] != alone[0][column]}
        if differing:
            wrong.append(f"the row after {before} is another: {differing}")
    return wrong


def _run(out, terms, options, workers):
    """Return the rows of a run, and what is wrong with the run as a whole."""
    command = [sys.executable, "-m", "bench", "run", "--methods", ",".join(terms), "--n", "9"]
    command += ["--limit", "1", "--plugin", __file__, "--workers", str(workers), "--out", str(out)]
    with tempfile.TemporaryFile() as printed:
        run = subprocess.Popen([*command, *options], stdout=printed, stderr=subprocess.STDOUT)
        run.wait()
        size = printed.seek(0, os.SEEK_END)
        printed.seek(0)
        text = printed.read(MOST_PRINTED).decode()
    rows = pq.read_table(out).to_pylist()
    wrong = []
    if run.returncode != (0 if {row["status"] for row in rows} <= {"ok", "skipped"} else 2):
        wrong.append(f"exit status {run.returncode}: {text}")
    if size > MOST_PRINTED or "Traceback" in text:
        wrong.append(f"{size} bytes were printed: {text}")
    wrong += [f"{left} is left" for left in _left_by(run.pid)]
    return rows, wrong


def _left_by(run):
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("SUPERPIXEL_BENCH_RUN") == str(run):
                yield process


def main(folder):
    """Run them all; return lines of what was done, how often, and what was wrong."""
    lines = []
    for i, (options, names) in enumerate(groups().items()):
        for workers in (1, 2):
            place = folder / f"{i}-{workers}"
            place.mkdir()
            what = f"{', '.join(names)} with --workers {workers} {' '.join(options)}".strip()
            lines.append((what, len(names), check(place, names, workers)))
    return lines
