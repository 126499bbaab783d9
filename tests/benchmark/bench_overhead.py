"""What a cell costs beside its method, and what two workers need in memory."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

from bench.datasets import open_dataset
from bench.execution.job import Job
from bench.execution.worker import initialise, load_sample, run_batch, warm_up_scoring
from bench.planning.cells import make_plan
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.scoring.score import DEFAULT_SCORING
from bench.storage.store import Store
from tests.benchmark.row import Row
from tests.shared import BSDS500

IMAGES = 40


def main():
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        rows = per_cell(Path(folder), open_dataset("sample"), 8.0)
        if BSDS500.is_dir():
            rows += per_cell(Path(folder), data_set(), 25.0)
        os.sched_setaffinity(0, cores)
        return [*rows, *memory(Path(folder))]


def data_set():
    """BSDS500 where it is, otherwise the smaller sample."""
    if BSDS500.is_dir():
        return open_dataset("bsds500", root=BSDS500, split="test", limit=IMAGES)
    return open_dataset("sample")


def per_cell(folder, dataset, target):
    """Time run_batch without the method, in processor time: an image's first cell, one after
    reading it anew, and one with the image at hand.
    """
    out = folder / f"{dataset.name}.parquet"
    variants = make_variants([Choice("grid")], preset="auto")
    cells = make_plan(dataset, variants, [100, 200, 300], [0])
    by_count = ([cell for cell in cells if cell.n == n] for n in (100, 200, 300))
    warm, *images = zip(*by_count, strict=True)
    store = Store(out)
    with store.locked():
        initialise(Job(dataset, out, pinned=True))  # one core, as the target says
        warm_up_scoring(DEFAULT_SCORING)
        list(run_batch(warm[:1]))
        first, fresh, repeated = [], [], []
        for a, b, c in images:
            first.append(_without_method(store, a))
            load_sample.cache_clear()
            fresh.append(_without_method(store, b))
            repeated.append(_without_method(store, c))
    note = f"{dataset.identity}, processor time, median of {len(fresh)} images"
    more = f"{note}; scores the annotators against each other, too"
    return [
        Row("beside the method, image read anew", statistics.median(fresh), "ms", target, note),
        Row("beside the method, same image again", statistics.median(repeated), "ms", None, note),
        Row("beside the method, first of an image", statistics.median(first), "ms", None, more),
    ]


def _without_method(store, cell):
    start = time.process_time()
    list(run_batch((cell,)))
    elapsed = time.process_time() - start
    return 1000 * (elapsed - store.read_row(cell.key)["cpu_s"])


def memory(folder):
    """Run two workers and watch the resident memory of all processes together."""
    dataset = data_set()
    out = folder / "memory.parquet"
    command = [sys.executable, "-m", "bench", "run", "--methods", "slic,seeds,fh,grid"]
    command += ["--n", "100,400", "--workers", "2", "--quiet", "--out", str(out)]
    command += ["--limit", str(IMAGES)]
    if BSDS500.is_dir():
        command += ["--dataset", "bsds500", "--root", str(BSDS500), "--split", "test"]
    process = subprocess.Popen(command)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _resident_mb(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"the run ended with status {process.returncode}")
    rows = pd.read_parquet(out)
    note = f"{dataset.identity}, {len(rows)} cells; sum over processes, shared pages in each"
    return [Row("memory, two workers", peak, "MB", 2000.0, note)]


def _resident_mb(pid):
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20
