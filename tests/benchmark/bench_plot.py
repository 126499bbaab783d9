"""What ``bench plot`` takes for a large results file, as a whole process."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmark.row import Row
from tests.fake_results import METHODS, Fake, write

RUN = Fake(
    labels=(*METHODS, *(f"SLIC[compactness={c}]" for c in (1, 2, 5, 9, *range(20, 100, 10)))),
    ns=(25, 50, 75, 100, 150, 200, 300, 400, 600, 800),
    images=200,
    seeds=4,
    failing=0.01,
    contended=False,
    lists=True,
)
REPEATS = 3


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = write(Path(folder) / "results.parquet", RUN)
        size = results.stat().st_size / 2**20
        seconds, megabytes = zip(*(plot(results) for _ in range(REPEATS)), strict=True)
    rows = len(RUN.labels) * len(RUN.ns) * RUN.images * RUN.seeds
    note = f"whole process, median of {REPEATS}; {len(RUN.labels)} methods, file of {size:.0f} MB"
    return [
        Row(f"bench plot, {rows:,} rows", median(seconds), "s", 20.0, note),
        Row(f"bench plot, {rows:,} rows, memory", max(megabytes), "MB", None, "peak, one process"),
    ]


def plot(results):
    """Return the seconds and the peak MB of one ``bench plot``, from start to exit."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench", "plot", str(results), "--quiet"]
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - start, usage.ru_maxrss / 1024
