"""How much of two cores a run with two workers uses, and what it costs beside tiny cells."""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from bench.datasets import open_dataset
from bench.execution.worker import warm_up_scoring
from bench.scoring.score import DEFAULT_SCORING, score
from bench.storage.parts import find_parts
from bench.storage.store import Store
from tests.benchmark.bench_overhead import IMAGES, data_set
from tests.benchmark.bench_resume import write_images
from tests.benchmark.process import Process
from tests.benchmark.row import Row
from tests.shared import BSDS500

METHODS, COUNTS = "slic,seeds,etps,ers,snic,sh,crs,ergc,gmmsp,preslic", "100,200,400"
TURNS = 3
TINY_IMAGES, TINY_COUNTS, TINY_MS = 500, 200, 3.0
# A method that takes next to nothing.
FLAT = """
import numpy as np

from methods import Method, register


@register
class Flat(Method):
    name, title = "flat", "Flat"

    def segment(self, image, n):
        return np.zeros(image.shape[:2], np.int32)
"""


def main():
    return [*two_workers(), *tiny_cells()]


def two_workers():
    """Run the same cells with one worker and with two by turns, after a run that compiles."""
    with tempfile.TemporaryDirectory() as folder:
        run = _command(Path(folder) / "first.parquet", METHODS, COUNTS, *_images())
        Process([*run, "--limit", "2"]).ended()
        seconds, processor = {1: [], 2: []}, {1: [], 2: []}
        for turn in range(TURNS):
            for workers in (1, 2):
                out = Path(folder) / f"{turn}-{workers}.parquet"
                run = _command(out, METHODS, COUNTS, *_images(), "--workers", str(workers))
                seconds[workers].append(Process(run).ended().seconds)
                processor[workers].append(pd.read_parquet(out, columns=["cpu_s"])["cpu_s"].sum())
        cells = len(pd.read_parquet(out, columns=["n"]))
    one, two = median(seconds[1]), median(seconds[2])
    slower = median(processor[2]) / median(processor[1])
    note = f"{data_set().identity}, {cells} cells, whole process: {one:.1f} and {two:.1f} s"
    share = Row("two workers: share of twice the throughput", one / two / 2, "", 0.9, note, True)
    why = "what the machine loses, by memory and clock rate, when both cores work"
    return [
        share,
        Row("two workers: processor time of the methods / with one", slower, "", None, why),
    ]


def tiny_cells(images=TINY_IMAGES, counts=TINY_COUNTS):
    """Run many cells of 16 x 16 pixels, of which nearly all the time is the suite's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, plugin = write_images(folder / "data", images, 16, 16), folder / "flat.py"
        plugin.write_text(FLAT)
        out = folder / "results.parquet"
        asked = ",".join(map(str, range(1, counts + 1)))
        run = _command(out, "flat", asked, "--dataset", "folder", "--root", str(root))
        ended = Process([*run, "--plugin", str(plugin), "--workers", "2"]).ended()
        rows = pd.read_parquet(out, columns=["cpu_s", "status"])
        assert (rows["status"] == "ok").all()
        own_s = ended.processor - rows["cpu_s"].sum() - len(rows) * _scoring_s(root)
        parts = [part.stat().st_mtime for part in find_parts(Store(out).shards)]
    cells = len(rows)
    fifth = len(parts) // 5
    growth = (parts[-1] - parts[-1 - fifth]) / (parts[fifth] - parts[0])
    note = f"{cells:,} cells of 16 x 16 pixels, two workers"
    without = f"{note}; all processes together, without method and scores, starting included"
    return [
        Row("tiny cells: processor time of each", 1000 * own_s / cells, "ms", TINY_MS, without),
        Row("tiny cells: seconds of the whole", ended.seconds, "s", TINY_MS * cells / 1000, note),
        Row("tiny cells: time of the last fifth / of the first", growth, "", None, note),
        Row("tiny cells: memory of the largest process", ended.megabytes, "MB", None, note),
    ]


def _command(out, methods, counts, *more):
    command = [sys.executable, "-m", "bench", "run", "--methods", methods, "--n", counts]
    return [*command, "--out", str(out), "--quiet", *more]


def _images():
    limit = ("--limit", str(IMAGES))
    if not BSDS500.is_dir():
        return limit
    return (*limit, "--dataset", "bsds500", "--root", str(BSDS500), "--split", "test")


def _scoring_s(root):
    """Return the processor seconds of scoring one label map, as the cells of an image do it."""
    dataset = open_dataset("folder", root=root)
    sample, labels = dataset.load(dataset.names[0]), np.zeros((16, 16), np.int32)
    warm_up_scoring(DEFAULT_SCORING)
    score(labels, sample, 1, DEFAULT_SCORING)
    start = time.process_time()
    for _ in range(200):
        score(labels, sample, 1, DEFAULT_SCORING)
    return (time.process_time() - start) / 200
