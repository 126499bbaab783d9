"""How time and memory of the classical methods grow with the image, up to 12 megapixels.

Times are processor time on one core.

``python -m tests.benchmark.bench_scaling FIGURE.png`` draws the line as well.
"""

import json
import math
import subprocess
import sys

import numpy as np
from matplotlib.figure import Figure

from bench.datasets import open_dataset
from methods import get_method
from reports.figures.style import COLUMN_WIDTH, assign, styled
from tests.benchmark.row import Row
from tests.shared import BSDS500

COMPILED = (
    "etps",
    "ers",
    "snic",
    "sh",
    "disf",
    "crs",
    "crs_lab",
    "ergc",
    "gmmsp",
    "preslic",
    "preslic_centres",
    "fastslic",
)
NAMES = (*COMPILED, "fh", "slic", "seeds", "lsc")  # those of libraries to compare with
SIZES = ((321, 481), (750, 1000), (1500, 2000), (3000, 4000))
N = 200
REPEATS = (9, 5, 3, 2)
BYTES_PER_PIXEL = 200.0

# Measured in a process of its own, so that no memory in reserve hides what a method needs.
CHILD = """
import json, sys
import numpy as np
from bench.execution.measure import measure
from methods import get_method
from tests.benchmark.bench_scaling import N, picture
from tests.benchmark.core import one_core
name, height, width, repeats = sys.argv[1], *map(int, sys.argv[2:])
image, method = picture(height, width), get_method(name)
with one_core():
    method.warm_up(image, N)
    calls = [measure(lambda: method.segment(image, N)) for _ in range(repeats)]
print(json.dumps([min(c.cpu_s for c in calls), max(c.peak_mb for c in calls)]))
"""


def main() -> list[Row]:
    """Measure every method at every size."""
    return rows_of(measure_all())


def rows_of(measured) -> list[Row]:
    """Say how time and memory of each method grow."""
    rows = []
    for name, values in measured.items():
        (first, _), *_, (last, peak) = values
        smallest, largest = (height * width for height, width in (SIZES[0], SIZES[-1]))
        growth = last / largest / (first / smallest)
        exponent = math.log(last / first) / math.log(largest / smallest)
        per_pixel = [1e9 * s / (h * w) for (s, _), (h, w) in zip(values, SIZES, strict=True)]
        rows += [
            Row(f"{name}, 12 MP: time", last, "s", None, f"n = {N}"),
            Row(
                f"{name}, time per pixel at 12 MP / at 0.15 MP",
                growth,
                "",
                None,
                f"as pixels to the power {exponent:.2f}; ns at 0.15, 0.75, 3, 12 MP:"
                f" {', '.join(f'{ns:.0f}' for ns in per_pixel)}",
            ),
            Row(
                f"{name}, 12 MP: peak memory per pixel",
                peak * 2**20 / largest,
                "bytes",
                BYTES_PER_PIXEL if name in COMPILED else None,
                "labels included, image not",
            ),
        ]
    return rows


def measure_all():
    """Return (seconds, peak MB) by method and size."""
    return {
        name: [
            in_own_process(name, size, repeats)
            for size, repeats in zip(SIZES, REPEATS, strict=True)
        ]
        for name in NAMES
    }


def in_own_process(name, size, repeats):
    """Measure one method at one size."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name, *map(str, size), str(repeats)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def picture(height, width):
    """Mirror an image until it is large enough: the same content at every size."""
    dataset = (
        open_dataset("bsds500", root=BSDS500, split="val", limit=1)
        if BSDS500.is_dir()
        else open_dataset("sample", limit=1)
    )
    tile = dataset.load(dataset.names[0]).image
    missing = np.maximum(0, np.subtract((height, width, 3), tile.shape))
    mirrored = np.pad(tile, [(0, more) for more in missing], "symmetric")
    return np.ascontiguousarray(mirrored[:height, :width])


def draw(values, path):
    """Draw seconds against megapixels, and the slope of a cost linear in pixels."""
    titles = {name: get_method(name).title for name in values}
    styles = assign(titles.values())
    megapixels = np.array([height * width for height, width in SIZES]) / 1e6
    with styled():
        figure = Figure(figsize=(COLUMN_WIDTH, 2.8), layout="constrained")
        axes = figure.subplots()
        for name, measured in values.items():
            style = styles[titles[name]]
            axes.loglog(
                megapixels,
                [seconds for seconds, _ in measured],
                color=style.colour,
                marker=style.marker,
                markersize=style.size,
                markeredgecolor="white",
                markeredgewidth=0.5,
                linestyle=style.dash,
                label=titles[name],
            )
        axes.plot(megapixels, 0.04 * megapixels, color="0.6", linewidth=0.8, label="linear")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set(xlabel="Image size (megapixels)", ylabel=f"Time (s), n = {N}")
        figure.legend(loc="outside lower center", ncols=4)
        figure.savefig(path, dpi=200)


if __name__ == "__main__":
    measured = measure_all()
    for row in rows_of(measured):
        print(f"{row.name:60} {row.measured:10.4g} {row.unit} {row.verdict}  {row.note}")
    if sys.argv[1:]:
        draw(measured, sys.argv[1])
