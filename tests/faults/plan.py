"""A small run that faults are done to, and what must hold of its files whatever happens."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq

from bench.storage.damage import is_whole
from bench.storage.schema import IDENTITY
from tests.conftest import PLUGIN, write_tiny

INJECTIONS = Path(__file__).parent / "injections.py"

# Two that draw or not, one that does several counts at once, one that takes its time, one of ours.
METHODS = "noisy,stripes,shares[divide_s=0.05],dawdles,grid"
COUNTS, SEEDS, WORKERS = "4,9,16", "0,1", 2

# What may differ between a run that was resumed and one that was not.
VOLATILE = (
    *("time_s", "time_shared_s", "time_spread_s", "cpu_s", "warmup_s", "peak_mb"),
    *("contended", "run", "machine"),
)


@dataclass(frozen=True)
class Plan:
    """One way to run the methods on three images.

    Attributes
    ----------
    name : str
    options : tuple of str
        Of ``bench run``, beside what to run.
    renews : bool
        Whether it runs finished cells again.
    """

    name: str
    options: tuple[str, ...] = ()
    renews: bool = False


PLAIN = Plan("plain")
PLANS = (
    PLAIN,
    Plan("timing", ("--timing", "--seed", "0", "--n", "4,16")),
    Plan("force", ("--force",), renews=True),
    Plan("sequential", ("--backend", "sequential")),
)


class Place:
    """A folder with a data set, and with what each plan makes of it undisturbed.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        write_tiny(self.data)
        self._references = {}
        self._made = 0

    def fresh(self):
        """Return a folder that is new and empty."""
        self._made += 1
        path = self.folder / f"fresh-{self._made}"
        path.mkdir()
        return path

    def reference(self, plan=PLAIN):
        """Return the results file of an undisturbed run, and the seconds that it took."""
        if plan.name not in self._references:
            out = self.folder / f"undisturbed-{plan.name}" / "r.parquet"
            out.parent.mkdir()
            begin = time.monotonic()
            finish(self.start(out, plan))
            self._references[plan.name] = out, time.monotonic() - begin
        return self._references[plan.name]

    def begin(self, plan, folder):
        """Return the results file to be of a plan in a folder; finished, if the plan renews it."""
        if plan.renews:
            shutil.copytree(self.reference()[0].parent, folder, dirs_exist_ok=True)
        return folder / "r.parquet"

    def arguments(self, out, plan=PLAIN):
        """Return the command line of a run."""
        what = ["--methods", METHODS, "--n", COUNTS, "--seed", SEEDS, "--workers", str(WORKERS)]
        data = ["--dataset", "folder", "--root", str(self.data)]
        plugins = ["--plugin", str(PLUGIN), "--plugin", str(INJECTIONS)]
        return ["run", *what, *data, *plugins, "--out", str(out), *plan.options]

    def start(self, out, plan=PLAIN, *options, **environment):
        """Start a run in a process group of its own."""
        return Run(*self.arguments(out, plan), *options, **environment)


class Run:
    """A ``bench ...`` that was started, in a process group of its own."""

    def __init__(self, *arguments, **environment):
        self._said, path = tempfile.mkstemp()
        Path(path).unlink()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench", *map(str, arguments)],
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | environment,
        )

    def __del__(self):
        os.close(self._said)

    @property
    def ended(self):
        return self.process.poll() is not None

    def below(self):
        """Return the processes that it started; loky's helper is none that runs methods."""
        try:
            every = psutil.Process(self.process.pid).children(recursive=True)
            return [each for each in every if "resource_tracker" not in " ".join(each.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def kill_group(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, timeout=300):
        """Wait for its end; return exit status and what it said."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill_group()
            status = "hangs"
        return status, os.pread(self._said, 1 << 20, 0).decode()


def finish(run):
    """Wait for a run that is to end well."""
    status, said = run.wait()
    if status:
        raise RuntimeError(f"the run ended with {status}: {said}")


# --- what must hold of files -----------------------------------------------------------------


def damaged(folder):
    """Name the files below a folder that are not whole; temporary ones are nobody's."""
    return [str(path.relative_to(folder)) for path in files_in(folder) if not _opens(path)]


def files_in(folder):
    return [path for path in sorted(folder.rglob("*")) if path.suffix != ".tmp" and path.is_file()]


def _opens(path):
    try:
        if path.suffix == ".parquet":
            pq.read_table(path)
        elif path.suffix == ".json" or path.name.isdecimal():
            json.loads(path.read_text())
        elif path.suffix == ".png":
            return is_whole(path, None)
    except FileNotFoundError:  # of a worker that has gone on meanwhile
        return True
    except Exception:
        return False
    return True


def keys(out, loose=True):
    """Return the keys of all rows that are there, in parts and, if so asked, loose."""
    shards = out.with_suffix(".run") / "shards"
    found = {path.stem for path in shards.glob("*.json") if loose and _opens(path)}
    for part in sorted(shards.glob("part-*.parquet")):
        found |= set(pq.read_table(part, columns=["key"])["key"].to_pylist())
    return found


def in_flight(out):
    """Return how many cells were being computed when a run was killed."""
    return len(list((out.with_suffix(".run") / "inflight").glob("[0-9]*[0-9]")))


def differences(out, reference):
    """Say in what a results file and its label maps are not what an undisturbed run makes."""
    if not out.exists():
        return [f"there is no {out.name}"]
    ours, theirs = (pd.read_parquet(path).sort_values(list(IDENTITY)) for path in (out, reference))
    if ours["key"].tolist() != theirs["key"].tolist():
        return [f"{len(ours)} rows for {len(theirs)}, or of other cells"]
    wrong = [
        f"column {name} differs: {next((a, b) for a, b in both if a != b)}"
        for name in ours
        if name not in VOLATILE
        and (both := list(zip(ours[name].map(repr), theirs[name].map(repr), strict=True)))
        and any(a != b for a, b in both)
    ]
    pairs = zip(ours["labels_file"], theirs["labels_file"], strict=True)
    for mine, its in pairs:
        if mine and (out.parent / mine).read_bytes() != (reference.parent / its).read_bytes():
            wrong.append(f"label map {mine} differs")
    return wrong
