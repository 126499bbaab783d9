"""Quality of the networks against their seconds, at several budgets, and of what is instant.

``python -m tests.benchmark.bench_quick --images 4`` on BSDS500 val, n = 100: the preset quick with
other iterations and working resolutions, and SLIC and OpenCV's SLIC, at the count that
each network with that preset returned. Every run goes into a file, so that an
interrupted measurement goes on; remove it to measure the times again. Means go to a CSV file beside
it, and the curves to docs/figures.
"""

import argparse
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.datasets import open_dataset
from bench.execution.method_calls import call, call_matched
from methods import get_method
from methods.canonical import canonicalise
from methods.registry import get_class, method_version
from metrics import evaluate, get_metric
from reports.data.words import ARROWS
from reports.figures.panel import legend_below, scale
from reports.figures.style import PAGE_WIDTH, assign, styled
from reports.output import save_figure
from tests.benchmark.row import Row
from tests.benchmark.runs import Runs
from tests.shared import BSDS500

N = 100
NETWORKS = ("rim", "ea", "proposed")
INSTANT = ("slic", "cvslic")
SCORES = ("asa", "br_r2")

#: Iterations and scale of each budget, besides the preset's own.
BUDGETS = ((20, 0.25), (40, 0.25), (120, 0.25), (60, 0.5))
TOLERANCE = 0.02  # within which the others' counts are those of the networks
LINE = 0.25  # the scale whose budgets are joined by a line

IMAGES = 4
FILE = Path("benchmark/quick.jsonl")
FIGURE = Path("docs/figures/quality-seconds.png")


def main(images: int = IMAGES, file: Path = FILE) -> list[Row]:
    """Run what the file lacks; return the times of the presets. Needs BSDS500."""
    if not BSDS500.is_dir():
        return []
    table = means(collect(Runs(file), images))
    table.to_csv(file.with_suffix(".csv"), index=False, float_format="%.5g")
    draw(table, FIGURE)
    chosen = table[table["budget"] == "preset"]
    return [
        Row(
            f"{row.label}, BSDS500 val",
            row.seconds,
            "s",
            None,
            f"ASA {row.asa:.4f}, BR {row.br_r2:.4f}, {row.count:.0f} returned; {images} images",
        )
        for row in chosen.itertuples(index=False)
    ]


def collect(runs, images):
    """Return a row for each method, budget and image."""
    dataset = open_dataset("bsds500", root=BSDS500, split="val", limit=images)
    rows = []
    for image in dataset.names:
        sample = dataset.load(image)
        for name in NETWORKS:
            found = {}
            for budget, params in budgets().items():
                found[budget] = measured(runs, name, params, sample, N)
                rows.append(described(f"{title_of(name)} (quick)", budget, image, found[budget]))
            count = found["preset"]["count"]
            for instant in INSTANT:
                result = measured(runs, instant, {}, sample, count)
                rows.append(described(title_of(instant), f"count of {name}", image, result))
    return pd.DataFrame(rows)


def budgets():
    """Return the parameters of each budget by its name."""
    changed = {
        f"{iterations} x {size:g}": {"iterations": iterations, "scale": size}
        for iterations, size in BUDGETS
    }
    return {"preset": {}} | changed


def described(label, budget, image, result):
    """Return a result with what it is of."""
    return {"label": label, "budget": budget, "image": image, **result}


def title_of(name):
    """Return what plots call a method."""
    return get_class(name).title


def measured(runs, name, params, sample, n):
    """Return scores, count and seconds of a method on an image, from the file if it is there."""
    given = {"preset": "quick", "device": "cpu"} | params if name in NETWORKS else params
    method = get_method(name, **given)
    key = {
        "method": name,
        "params": method.params(),
        "version": method_version(type(method)),
        "image": sample.name,
        "n": n,
        "tolerance": None if name in NETWORKS else TOLERANCE,
    }
    return runs.get(key, partial(run, method, sample, n))


_warm = set()


def run(method, sample, n):
    """Segment warm, at the count that is wanted if it is no network, and score."""
    if method.name not in _warm:
        method.warm_up(sample.image.copy(), n)
        _warm.add(method.name)
    if method.name in NETWORKS:
        made = call(method, sample.image, n).measured
    else:
        made = call_matched(method, sample.image, n, TOLERANCE).measured
    labels = canonicalise(made.value)
    found = evaluate(labels, list(sample.truths), metrics=list(SCORES))
    return {score: found[score] for score in SCORES} | {
        "count": int(labels.max()) + 1,
        "seconds": made.time_s,
    }


def means(rows):
    """Average over the images, budgets in the order in which they are listed."""
    values = [*SCORES, "count", "seconds"]
    return rows.groupby(["label", "budget"], sort=False)[values].mean().reset_index()


# The figure


PANELS = (*SCORES, "count")


def draw(table, path: Path) -> None:
    """Draw scores and count against seconds; the networks' budgets at one scale are joined."""
    styles = assign(table["label"])
    with styled():
        figure = Figure(figsize=(PAGE_WIDTH, 2.4), layout="constrained")
        lines = {}
        for axes, what in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            for label, part in table.groupby("label", sort=True):
                lines[label] = draw_method(axes, part, what, styles[label])
            scale(axes, "x", table["seconds"].to_numpy())
            axes.set_xlabel("Time per image (s) ↓")
            axes.set_ylabel(title(what))
        legend_below(figure, list(lines.values()), list(lines), explanation(), hollow=False)
        save_figure(figure, path, dpi=200)


def title(what):
    """Return what an axis is called."""
    if what == "count":
        return "Superpixels returned (mean)"
    metric = get_metric(what)
    return f"{metric.title}{ARROWS[metric.direction]}"


def explanation():
    """Say what the markers are."""
    lengths = ", ".join(str(iterations) for iterations, size in BUDGETS if size == LINE)
    others = ", ".join(f"{iterations} at {size:g}" for iterations, size in BUDGETS if size != LINE)
    return (
        f"Networks (n = {N}): {lengths} iterations at scale {LINE:g}; hollow: {others}; ringed: the"
        " preset quick. Others: at each network's count"
    )


def draw_method(axes, part, what, style):
    """Draw the points of a method; return what stands for it in the legend."""
    look = {"color": style.colour, "marker": style.marker, "markersize": style.size}
    groups = part["budget"].map(group_of)
    joined = part[groups == "line"]
    (line,) = axes.plot(
        joined["seconds"], joined[what], linestyle=style.dash, markeredgecolor="white",
        markeredgewidth=0.4, **look,
    )  # fmt: skip
    for group, extra in (
        ("hollow", {"markerfacecolor": "white"}),
        ("alone", {"markeredgecolor": "white", "markeredgewidth": 0.4}),
        ("preset", {"markeredgecolor": "white", "markeredgewidth": 0.4}),
    ):
        shown = part[groups == group]
        axes.plot(shown["seconds"], shown[what], linestyle="none", **(look | extra))
    preset = part[groups == "preset"]
    axes.plot(
        preset["seconds"], preset[what], linestyle="none", marker="o", markersize=10,
        markerfacecolor="none", markeredgecolor=style.colour,
    )  # fmt: skip
    return line


def group_of(budget):
    """Return how the point of a budget is drawn."""
    if budget == "preset":
        return "preset"
    sizes = {f"{iterations} x {size:g}": size for iterations, size in BUDGETS}
    if budget not in sizes:
        return "alone"
    return "line" if sizes[budget] == LINE else "hollow"


def print_table(table) -> None:
    """Print the means."""
    print("| method | budget | ASA ↑ | BR ↑ | count | s |")
    print("|---|---|---:|---:|---:|---:|")
    for row in table.itertuples(index=False):
        print(
            f"| {row.label} | {row.budget} | {row.asa:.4f} | {row.br_r2:.4f} | {row.count:.1f} |"
            f" {row.seconds:.3g} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--out", type=Path, default=FILE)
    given = parser.parse_args()
    if given.images < 1 or not BSDS500.is_dir():
        parser.error(f"--images at least 1, and BSDS500 in {BSDS500}")
    main(given.images, given.out)
    print_table(pd.read_csv(given.out.with_suffix(".csv")))
