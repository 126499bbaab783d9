"""What an image costs each method of Fig. 5's classical part, all counts together.

``python -m tests.benchmark.bench_job OTHER`` compares with another checkout of this project, each
method here and there by turns, and prints the table in docs/benchmarks.md.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.benchmark.row import Row
from tests.shared import BSDS500

HERE = Path(__file__).resolve().parents[2]
FIGURE_5 = ("slic", "seeds", "lsc", "fh", "etps", "ers", "snic", "sh", "disf")
OTHERS = ("quickshift",)  # what shares work between counts, too
COUNTS = (25, 50, 100, 200, 400, 800)
TURNS = 2

# Processor time, as the clock of a shared machine is not to be trusted; the least of two calls.
CHILD = """
import json, sys, time
from bench.datasets import open_dataset
from methods import get_method
from tests.benchmark.core import one_core
name, root, *counts = sys.argv[1:]
counts = [int(n) for n in counts]
dataset, method = open_dataset("bsds500", root=root, split="val"), get_method(name)
images = [dataset.load(each).image for each in sorted(dataset.names)[4::40]]
def processor_time(image):
    start = time.process_time()
    for labels in method.segment_many(image, counts):
        pass
    return time.process_time() - start
with one_core():
    method.warm_up(images[0], 100)
    print(json.dumps([min(processor_time(image) for _ in range(2)) for image in images]))
"""


def main() -> list[Row]:
    """Measure here; without BSDS500 there is nothing to measure on."""
    if not BSDS500.is_dir():
        return []
    seconds = {name: in_own_process(name, HERE) for name in (*FIGURE_5, *OTHERS)}
    total = sum(seconds[name] for name in FIGURE_5)
    note = f"n = {', '.join(map(str, COUNTS))}; processor time"
    return [
        Row("classical methods of Fig. 5, an image at six counts", total, "s", None, note),
        *(Row(f"{name}, the same", 1e3 * each, "ms", None, "") for name, each in seconds.items()),
    ]


def in_own_process(name: str, checkout: Path) -> float:
    """Return the mean seconds of an image at all counts, by the code of a checkout."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name, str(BSDS500), *map(str, COUNTS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=checkout,
        env={"PYTHONPATH": str(checkout)},
    )
    return float(np.mean(json.loads(done.stdout)))


def line(name: str, before: float, after: float) -> str:
    """Return a line of the table."""
    return f"| {name} | {1e3 * before:.0f} | {1e3 * after:.0f} | {before / after:.1f} |"


def compare(other: Path) -> None:
    """Print both checkouts' milliseconds, the least of each one's turns."""
    print("| method | before, ms | after, ms | times faster |\n|---|---:|---:|---:|")
    total = np.zeros(2)
    for name in (*FIGURE_5, *OTHERS):
        turns = [[in_own_process(name, each) for each in (other, HERE)] for _ in range(TURNS)]
        seconds = np.min(turns, axis=0)
        total += seconds * (name in FIGURE_5)
        print(line(f"`{name}`", *seconds), flush=True)
    print(line("Fig. 5, without the last", *total))


if __name__ == "__main__":
    compare(Path(sys.argv[1]).resolve())
