"""A simulated Dask cluster of 64 workers: how long they wait, and what the run itself needs."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil

from bench.storage.store import Store
from tests.benchmark.row import Row

WORKERS = 64
# Sleeping cells of one second: each worker has so many of them.
EACH = 40
IMAGES = 200
MANY = 2000
PLANNED = 1_000_000
RUN = 10_000

_IN_ALL = "processor time, with start and end"
_ONCE = "processor time, once it runs"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*waiting(folder), *memory(folder)]


def waiting(folder):
    """Let workers sleep for a second a cell, and add up when they did."""
    cells = WORKERS * EACH
    root = _data_set(folder / "few", IMAGES)
    with _cluster(folder / "slow", 1.0) as (file, tell):
        run = _run(folder / "slow" / "r.parquet", root, file, cells // IMAGES)
        spent = _processor_time(run)
        if run.returncode:
            raise RuntimeError(f"the run ended with status {run.returncode}")
        spans = tell()
    begin, end = min(start for start, _ in spans), max(end for _, end in spans)
    share = 1 - sum(end - start for start, end in spans) / (WORKERS * (end - begin))
    note = (
        f"{WORKERS} workers, {cells} cells that sleep 1 s, {end - begin:.1f} s from first to last"
    )
    return [
        Row("cluster: share of their time that workers wait", 100 * share, "%", 5.0, note),
        Row(
            "cluster: the run itself, a cell",
            1000 * spent / cells,
            "ms",
            None,
            "processor time, from its start",
        ),
    ]


def memory(folder):
    """Plan a million cells, run some of them, and see what the run's own process grows by."""
    out = folder / "many" / "r.parquet"
    root = _data_set(folder / "images", MANY)
    with _cluster(folder / "many", 0.0) as (file, _):
        run = _run(out, root, file, PLANNED // MANY)
        process = psutil.Process(run.pid)
        shards, peak, planned = Store(out).shards, 0.0, None
        while run.poll() is None:
            mb = process.memory_info().rss / 2**20
            peak = max(peak, mb)
            if planned is None and any(shards.glob("*.json")):
                planned, at_first, cpu = mb, time.monotonic(), _seconds(process)
            if len(list(shards.glob("part-*.parquet"))) * 2000 >= RUN:
                seconds, cpu = time.monotonic() - at_first, _seconds(process) - cpu
                run.send_signal(signal.SIGINT)
                break
            time.sleep(0.2)
        while run.poll() is None:
            time.sleep(0.2)
    note = f"{PLANNED} cells planned, {RUN} run"
    return [
        Row("cluster: peak memory of the run", peak, "MB", 1000.0, note),
        Row("cluster: of it beside the plan", peak - planned, "MB", None, note),
        Row("cluster: tiny cells", RUN / seconds, "a second", None, note),
        Row(
            "cluster: the run itself, a tiny cell",
            1000 * cpu / RUN,
            "ms",
            None,
            "processor time, once it runs",
        ),
    ]


def _data_set(root, images):
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for i in range(images):
        image = rng.integers(0, 256, (80, 80, 3), dtype=np.uint8)
        truth = np.repeat(np.arange(2, dtype=np.uint8), 3200).reshape(80, 80)
        cv2.imwrite(str(root / "images" / f"{i:04d}.png"), image)
        cv2.imwrite(str(root / "labels" / f"{i:04d}.png"), truth)
    return root


@contextmanager
def _cluster(folder, seconds):
    """Start a scheduler with sleeping workers; yields its file and what ends it."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.benchmark.simulated_workers"]
    process = subprocess.Popen(
        [*command, str(folder), str(WORKERS), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    file = folder / "scheduler.json"
    while not file.exists():
        if process.poll() is not None:
            raise RuntimeError("the simulated cluster did not start")
        time.sleep(0.1)

    def tell():
        said, _ = process.communicate("end\n")
        return json.loads(said.splitlines()[-1])

    try:
        yield str(file), tell
    finally:
        process.kill()
        process.wait()


def _run(out, root, file, counts):
    command = [sys.executable, "-m", "bench", "run", "--methods", "grid", "--quiet"]
    command += ["--n", ",".join(map(str, range(1, counts + 1))), "--out", str(out)]
    command += ["--dataset", "folder", "--root", str(root)]
    return subprocess.Popen([*command, "--backend", "dask", "--scheduler", file])


def _processor_time(run):
    """Wait for a run; return the seconds that it had a processor."""
    process, spent = psutil.Process(run.pid), 0.0
    while run.poll() is None:
        spent = _seconds(process)
        time.sleep(0.2)
    return spent


def _seconds(process):
    times = process.cpu_times()
    return times.user + times.system
