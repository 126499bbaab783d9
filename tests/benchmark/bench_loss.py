"""How fast the objective falls: by the published steps, and by those of the preset quick.

``python -m tests.benchmark loss`` on BSDS500 val, n = 100. Quick also starts with gain 1, and goes
on for half as long as the published steps. Everything is at a quarter of the sides, the proposed
network with 2 blocks, so that only steps and start differ. Every run goes into a file, so that an
interrupted measurement goes on; the curves go to docs/figures.
"""

from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bench.datasets import open_dataset
from methods import get_method
from methods.registry import get_class, method_version
from reports.figures.panel import scale
from reports.figures.style import BLUE, GREEN, GREY, PAGE_WIDTH, VERMILION, styled
from reports.output import save_figure
from tests.benchmark.row import Row
from tests.benchmark.runs import Runs
from tests.shared import BSDS500

N, SCALE, IMAGES = 100, 0.25, 2
NETWORKS = {"rim": {}, "ea": {}, "proposed": {"blocks": 2}}
PUBLISHED, UNDECIDED, QUICK, LONGER = (
    "published steps",
    "quick, gain 1",
    "quick",
    "quick, longer",
)
COLOURS = {PUBLISHED: GREY, UNDECIDED: BLUE, QUICK: VERMILION, LONGER: GREEN}
LONGEST = 500  # iterations with the published steps
HALF = LONGEST // 2  # with those of quick when they go on
SHOWN = 10  # first iteration in the figure; by then all have come down from how they started
FILE = Path("benchmark/loss.jsonl")
FIGURE = Path("docs/figures/loss.png")


def main(images: int = IMAGES, file: Path = FILE) -> list[Row]:
    """Run what the file lacks and draw it. Needs BSDS500."""
    if not BSDS500.is_dir():
        return []
    dataset = open_dataset("bsds500", root=BSDS500, split="val", limit=images)
    samples = [dataset.load(name) for name in dataset.names]
    runs = Runs(file)
    curves = {
        name: {
            setting: np.mean([collect(runs, method, sample) for sample in samples], axis=0)
            for setting, method in settings(name).items()
        }
        for name in NETWORKS
    }
    draw(curves, FIGURE)
    return [row for name in NETWORKS for row in rows_of(name, curves[name])]


def settings(name):
    """Return the methods to compare by what legends call them."""
    given = {"scale": SCALE, "width": 32, "device": "cpu"} | NETWORKS[name]
    published = get_method(name, preset="paper", iterations=LONGEST, **given)
    quick = partial(get_method, name, preset="quick", **given)
    found = {PUBLISHED: published, QUICK: quick(), LONGER: quick(iterations=HALF)}
    if quick().gain != 1:
        found[UNDECIDED] = quick(gain=1.0)
    return found


def collect(runs, method, sample):
    """Return the losses of a run, from the file if it is there."""
    key = {
        "method": method.name,
        "params": method.params(),
        "version": method_version(type(method)),
        "image": sample.name,
        "n": N,
    }
    return runs.get(key, lambda: method.solve(sample.image, N).losses.tolist())


def rows_of(name, curves):
    """Return the last loss of each setting, and when others reach it or it reaches theirs."""
    rows = []
    for setting, losses in curves.items():
        theirs, its = when(curves[PUBLISHED], losses[-1]), when(losses, curves[PUBLISHED][-1])
        note = (
            f"in iteration {len(losses)}, the last; the published steps reach it {theirs}, and it "
            f"reaches their last {its}"
        )
        rows.append(Row(f"{name}, {setting}: loss", losses[-1], "", None, note))
    return rows


def when(losses, value):
    """Say in which iteration a loss is reached."""
    reached = np.flatnonzero(losses <= value)
    return f"in iteration {reached[0] + 1}" if len(reached) else f"not within {len(losses)}"


def draw(curves, path: Path) -> None:
    """Draw the objective against the iterations, a panel for each network."""
    with styled():
        figure = Figure(figsize=(PAGE_WIDTH, 2.3), layout="constrained")
        lines = {}
        for axes, (name, found) in zip(
            figure.subplots(1, len(curves)), curves.items(), strict=True
        ):
            for setting, losses in found.items():
                (lines[setting],) = axes.plot(
                    range(1, len(losses) + 1), losses, color=COLOURS[setting], linewidth=1
                )
            axes.set_title(get_class(name).title)
            scale(axes, "x", np.array([SHOWN, LONGEST]))
            axes.set_xlim(left=SHOWN)
            shown = np.concatenate([losses[SHOWN - 1 :] for losses in found.values()])
            axes.set_ylim(shown.min() - 0.05 * np.ptp(shown), shown.max())
            axes.set_xlabel("Iteration")
        figure.axes[0].set_ylabel("Objective ↓")
        figure.legend(
            [lines[each] for each in COLOURS if each in lines],
            [each for each in COLOURS if each in lines],
            loc="outside lower center",
            ncols=len(COLOURS),
            frameon=False,
        )
        save_figure(figure, path, dpi=200)
