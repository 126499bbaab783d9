"""What ``bench plot`` and ``bench compare`` take for a large results file, as whole processes."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.storage.schema import with_column
from tests.benchmark.process import Process
from tests.benchmark.row import Row
from tests.fake_results import METHODS, Fake, table

RUN = Fake(
    labels=(*METHODS, *(f"SLIC[compactness={c}]" for c in (1, 2, 5, 9, *range(20, 100, 10)))),
    ns=(25, 50, 75, 100, 150, 200, 300, 400, 600, 800),
    images=200,
    seeds=4,
    failing=0.01,
    contended=False,
    lists=True,
)
# How often images are there, repeats, and what either command may take in seconds and MB.
SIZES = ((1, 3, 20.0, None), (10, 1, 60.0, 4096.0))


def main():
    return [row for size in SIZES for row in measure(*size)]


def measure(times, repeats, seconds, megabytes):
    """Plot and compare so many times the images of `RUN`."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.parquet"
        rows = write(results, times)
        size = results.stat().st_size / 2**20
        taken = {
            command: [Process(_command(command, results)).ended() for _ in range(repeats)]
            for command in ("plot", "compare")
        }
    note = f"whole process, median of {repeats}; {len(RUN.labels)} methods, file of {size:.0f} MB"
    return [
        row
        for command, each in taken.items()
        for row in (
            Row(
                f"bench {command}, {rows:,} rows",
                median(one.seconds for one in each),
                "s",
                seconds,
                note,
            ),
            Row(
                f"bench {command}, {rows:,} rows, processor",
                median(one.processor for one in each),
                "s",
                None,
                "of all threads",
            ),
            Row(
                f"bench {command}, {rows:,} rows, memory",
                max(one.megabytes for one in each),
                "MB",
                megabytes,
                "peak, one process",
            ),
        )
    ]


def write(path, times):
    """Write the rows, those of one share of the images after the other; return how many."""
    shares = (table(replace(RUN, random=i)) for i in range(times))
    rows = 0
    first = next(shares)
    with pq.ParquetWriter(path, first.schema) as writer:
        for i, share in enumerate((first, *shares)):
            writer.write_table(_renamed(share, i), row_group_size=20_000)
            rows += len(share)
    return rows


def _renamed(rows, share):
    """Give the images of a share names of their own."""
    names = pc.binary_join_element_wise(rows["image"], str(share), "-")
    return with_column(rows, "image", names)


def _command(command, results):
    start = [sys.executable, "-m", "bench", command, str(results), "--quiet"]
    return start if command == "plot" else [*start, "--out", str(results.with_suffix(".md"))]
