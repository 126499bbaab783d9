"""Methods that note when, where and with how many threads they run; a plugin for tests."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np

from methods import Method, register
from methods.progress import report

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def stripes(image, n):
    height, width = image.shape[:2]
    return np.tile(np.arange(width) * min(n, width) // width, (height, 1))


class Noting(Method):
    """Writes a file for each call."""

    folder: str = ""
    takes_s: float = 0.03

    def warm_up(self, image, n):
        self.note("warm-up")

    def segment(self, image, n):
        self.note("segment")
        report(340, 1000)
        return stripes(image, n)

    def note(self, what):
        begin = time.monotonic()
        time.sleep(self.takes_s)
        note = {
            "method": self.name,
            "what": what,
            "process": os.getpid(),
            "begin": begin,
            "end": time.monotonic(),
            "threads": sorted({os.environ[name] for name in VARIABLES if name in os.environ}),
            "cores": len(os.sched_getaffinity(0)),
            "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        }
        path = Path(self.folder) / f"{self.name}-{os.getpid()}-{time.monotonic_ns()}.json"
        path.write_text(json.dumps(note))


@register
class OneCore(Noting):
    name = "one_core"


@register
class Foreseeing(Noting):
    """Needs all the memory that there is; for one superpixel it cannot tell."""

    name = "foreseeing"

    def memory_needed(self, height, width, n):
        return 2**60 // (n - 1)


@register
class AllCores(Noting):
    """Uses all cores, or says so."""

    name = "all_cores"
    all_cores = True
    crash_at: int = 0
    hang_at: int = 0

    def segment(self, image, n):
        if n == self.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if n == self.hang_at:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            time.sleep(600)
        return super().segment(image, n)


@register
class Meets(Method):
    """Ends only while another of its kind runs, whose file it waits for."""

    name = "meets"
    folder: str = ""
    me: str = ""
    other: str = ""

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        (Path(self.folder) / self.me).touch()
        wait_for(Path(self.folder) / self.other)
        return stripes(image, n)


@register
class Reports(Method):
    """Reports its iterations, and ends when they were seen."""

    name = "reports"
    folder: str = ""

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        report(340, 1000)
        wait_for(Path(self.folder) / "seen")
        return stripes(image, n)


@register
class Hungry(Method):
    """Asks for more memory than there is, in one of several ways, at some counts."""

    name = "hungry"
    way: str = "numpy"

    def segment(self, image, n):
        if n > 4:
            return stripes(image, n)
        if self.way == "torch":
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return np.empty((2**40, 2**16))


def wait_for(path):
    until = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"{path.name} does not come")
        time.sleep(0.01)
