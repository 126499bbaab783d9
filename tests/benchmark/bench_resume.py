"""How soon a run of 100,000 finished cells and a few missing ones starts working again."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from bench.datasets import open_dataset
from bench.execution.job import Job, blank_row
from bench.planning.cells import make_plan
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.storage.store import Store
from metrics import METRICS
from tests.benchmark.row import Row

IMAGES, COUNTS, MISSING = 200, 501, 200


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = _data_set(folder / "data")
        out = folder / "results.parquet"
        finished = _finished_run(root, out)
        command = [sys.executable, "-m", "bench", "run", "--methods", "grid", "--n", _counts()]
        command += ["--dataset", "folder", "--root", str(root), "--workers", "2", "--quiet"]
        command += ["--out", str(out)]
        started, total = _resume(command, out)
        start = time.perf_counter()
        subprocess.run(command, check=True)
        nothing = time.perf_counter() - start
    note = f"{finished} cells finished, {MISSING} to do"
    return [
        Row("resume: first new cell finished after", started, "s", 10.0, note),
        Row("resume: all done and written after", total, "s", None, note),
        Row(
            "finished run again (nothing to do)", nothing, "s", 10.0, f"{finished + MISSING} cells"
        ),
    ]


def _data_set(root):
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for i in range(IMAGES):
        image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        truth = np.repeat(np.arange(2, dtype=np.uint8), 1200).reshape(40, 60)
        cv2.imwrite(str(root / "images" / f"{i:04d}.png"), image)
        cv2.imwrite(str(root / "labels" / f"{i:04d}.png"), truth)
    return root


def _counts():
    return ",".join(map(str, range(1, COUNTS + 1)))


def _finished_run(root, out):
    """Write the shards of a run that has all but the last count, with plausible scores."""
    dataset = open_dataset("folder", root=root)
    variants = make_variants([Choice("grid")], preset="auto")
    cells = make_plan(dataset, variants, range(1, COUNTS + 1), [0])
    done = [cell for cell in cells if cell.n <= COUNTS - MISSING // IMAGES]
    store, job = Store(out), Job(dataset, out)
    rng = np.random.default_rng(0)
    scores = {m: float(rng.random()) for m in METRICS}
    lists = {f"{m}_by_annotator": [s] for m, s in scores.items() if "truth" in METRICS[m].needs}
    with store.locked():
        for start in range(0, len(done), 10_000):
            rows = [
                blank_row(job, cell)
                | scores
                | lists
                | {"status": "ok", "n_labels": cell.n, "n_components": cell.n, "time_s": 0.01}
                for cell in done[start : start + 10_000]
            ]
            store.write_part(rows)
        store.write_manifest({"dataset": dataset.identity, "runs": []})
    return len(done)


def _resume(command, out):
    shards = Store(out).shards
    start = time.perf_counter()
    process = subprocess.Popen(command)
    started = None
    while process.poll() is None:
        if started is None and any(shards.glob("*.json")):
            started = time.perf_counter() - start
        time.sleep(0.02)
    total = time.perf_counter() - start
    if process.returncode or started is None:
        raise RuntimeError(f"the resumed run ended with status {process.returncode}")
    return started, total
