"""A plugin that does what a night does to a run, when the environment asks for it.

``FAULT_AT`` is a pattern of paths: when a file that it matches is about to be written, for the
first time, ``FAULT`` happens. ``FAULTY`` names what is wrong all the time. ``FAULT_FOLDER`` is that
of the results. Parts are small, so that there are many moments between two of them.
"""

import errno
import fcntl
import os
import resource
import shutil
import signal
import subprocess
import time
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import numpy as np

import bench.storage.keeping
from methods import Method, register

bench.storage.keeping.GATHER_EVERY_CELLS = 10


@register
class Dawdles(Method):
    """Takes its time; behaves."""

    name = "dawdles"

    def segment(self, image, n):
        time.sleep(0.1)
        height, width = image.shape[:2]
        return np.tile(np.arange(width) * n // width, (height, 1))


def _fill(folder):
    """Leave no byte on a file system."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue


def _remove(folder):
    """Remove all at once; bit by bit, workers would write between what is still there."""
    (folder / "r.run").rename(folder.parent / "removed")
    shutil.rmtree(folder.parent / "removed", ignore_errors=True)


def _move(folder):
    (folder / "r.run").rename(folder / "elsewhere")


def _fix(folder):
    """Have no file made in any folder of the run, not even by root."""
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    subprocess.run(["chattr", "+i", *map(str, folders)], check=True)


def _abort(folder):
    """Have the kernel find the disk faulty, and make the file system read-only for that."""
    subprocess.run(["mount", "-o", "remount,abort", str(folder)], check=False)


def _kill(folder):
    """Kill the whole group of the run, as if by ``kill -9 -PID``."""
    os.killpg(0, signal.SIGKILL)


def _delete_results(folder):
    (folder / "r.parquet").unlink(missing_ok=True)


def _replace_results(folder):
    (folder / "r.parquet").write_bytes(b"someone else's")


HAPPENS = {
    "fill": _fill,
    "remove": _remove,
    "move": _move,
    "kill": _kill,
    "fix": _fix,
    "abort": _abort,
    "delete-results": _delete_results,
    "replace-results": _replace_results,
}


def _arm(what, pattern, folder):
    """Have something happen when a file is put for the first time whose path fits a pattern.

    Temporary files are opened before they are put, so that is the moment.
    """
    # All processes of a run write through this one function.
    import bench.storage.files as files
    import bench.storage.store as store

    put, mark = files.put, folder.parent / "happened"

    def faulty(path, write, **how):
        if fnmatch(str(path), pattern) and _first(mark):
            HAPPENS[what](folder)
        put(path, write, **how)

    files.put = store.put = faulty


def _first(mark):
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _clock_runs_back():
    """Have the time of day go back a second in each."""
    real, begin = time.time, time.time()
    time.time = lambda: 2 * begin - real()


def _no_locks(number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    fcntl.flock = refuse


def _no_links():
    def refuse(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    os.link = os.symlink = refuse


def _no_semaphores():
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    # Not by "from ... import", which finds the module of multiprocessing of that name.
    import_module("joblib.externals.loky.backend.synchronize")._SemLock = refuse


def _small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))


FAULTY = {
    "semaphores": _no_semaphores,
    "small-files": _small_files,
    "clock": _clock_runs_back,
    "ENOLCK": lambda: _no_locks(errno.ENOLCK),
    "EOPNOTSUPP": lambda: _no_locks(errno.EOPNOTSUPP),
    "ESTALE": lambda: _no_locks(errno.ESTALE),
    "ENOSYS": lambda: _no_locks(errno.ENOSYS),
    "links": _no_links,
}

if "FAULT" in os.environ:
    _arm(os.environ["FAULT"], os.environ["FAULT_AT"], Path(os.environ["FAULT_FOLDER"]))
if "FAULTY" in os.environ:
    FAULTY[os.environ["FAULTY"]]()
