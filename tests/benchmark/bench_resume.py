"""How soon a run of 100,000 or a million finished cells and a few missing ones works again."""

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from bench.datasets import open_dataset
from bench.execution.job import Job, blank_row
from bench.planning.cells import make_plan
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.storage.keeping import GATHER_EVERY_CELLS
from bench.storage.parts import write_part
from bench.storage.schema import to_table, with_column
from bench.storage.store import Store
from metrics import METRICS
from tests.benchmark.process import Process
from tests.benchmark.row import Row

COUNTS = 501  # of which the last is missing
# Images, and what resuming may take in seconds and the run's own process in MB.
SIZES = ((200, 10.0, None), (2000, 30.0, 1024.0))
# What one finished cell differs in from another.
OWN = ("key", "image", "content", "n", "seed")


def main():
    return [row for size in SIZES for row in resume(*size)]


def resume(images, seconds, megabytes):
    """Measure a run of many finished cells, first with some missing, and then with none."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = write_images(folder / "data", images)
        out = folder / "results.parquet"
        finished = _finished_run(root, out)
        command = [sys.executable, "-m", "bench", "run", "--methods", "grid", "--n", _counts()]
        command += ["--dataset", "folder", "--root", str(root), "--workers", "2", "--quiet"]
        command += ["--out", str(out)]
        started, resumed = _resume(command, out)
        again = Process(command).ended()
    note = f"{finished:,} cells finished, {images} to do"
    every = f"{finished + images:,} cells"
    return [
        Row("resume: first new cell finished after", started, "s", seconds, note),
        Row("resume: all done and written after", resumed.seconds, "s", None, note),
        Row("resume: memory of the run's process", resumed.megabytes, "MB", megabytes, note),
        Row("finished run again (nothing to do)", again.seconds, "s", seconds, every),
        Row("the same, memory", again.megabytes, "MB", megabytes, every),
    ]


def write_images(root, images, height=40, width=60):
    """Write a data set of noise, whose one annotator cuts each image in halves; return its root."""
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    truth = np.repeat(np.arange(2, dtype=np.uint8), height * width // 2).reshape(height, width)
    for i in range(images):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        cv2.imwrite(str(root / "images" / f"{i:04d}.png"), image)
        cv2.imwrite(str(root / "labels" / f"{i:04d}.png"), truth)
    return root


def _counts():
    return ",".join(map(str, range(1, COUNTS + 1)))


def _finished_run(root, out):
    """Write the parts of a run that has all but the last count, with plausible scores."""
    dataset = open_dataset("folder", root=root)
    variants = make_variants([Choice("grid")], preset="auto")
    cells = make_plan(dataset, variants, range(1, COUNTS + 1), [0])
    done = [cell for cell in cells if cell.n < COUNTS]
    store, job = Store(out), Job(dataset, out)
    rng = np.random.default_rng(0)
    scores = {m: float(rng.random()) for m in METRICS}
    lists = {f"{m}_by_annotator": [s] for m, s in scores.items() if "truth" in METRICS[m].needs}
    ended = {"status": "ok", "n_labels": 9, "n_components": 9, "time_s": 0.01}
    one = blank_row(job, done[0]) | scores | lists | ended
    with store.locked():
        for start in range(0, len(done), GATHER_EVERY_CELLS):
            some = done[start : start + GATHER_EVERY_CELLS]
            table = to_table([one]).take(pa.array([0] * len(some)))
            for name in OWN:
                table = with_column(table, name, [getattr(cell, name) for cell in some])
            write_part(store.shards, table)
        store.write_manifest({"dataset": dataset.identity, "runs": []})
    return len(done)


def _resume(command, out):
    """Return when the first row is there, and the process once it has ended."""
    shards = Store(out).shards
    process = Process(command)
    started = None
    while process.running:
        if started is None and any(shards.glob("*.json")):
            started = process.age
        time.sleep(0.02)
    assert started is not None
    return started, process.ended()
