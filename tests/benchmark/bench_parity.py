"""Whether the fast networks end where plain float32 PyTorch ends, from the same weights.

``python -m tests.benchmark.bench_parity --methods rim --images 10 --seeds 2`` on BSDS500 val: the
published settings but for a quarter of the resolution and 200 iterations, n = 100. Every run's
loss, scores and count go into a file, so that an interrupted comparison goes on. Labels are
post-processed as published at that resolution, and enlarged to the image's by nearest neighbour
before they are scored against every annotator.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from bench.datasets import open_dataset
from methods import get_method
from methods.canonical import canonicalise
from methods.neural.machine import kept_memory
from methods.neural.optimise import initialise, optimise, predict
from methods.neural.postprocess import postprocess
from methods.neural.scene import make_scene
from methods.registry import get_class, method_version
from metrics import evaluate
from reports.statistics.intervals import mean_interval
from tests.benchmark.plain import plain_network, plain_objective
from tests.benchmark.row import Row
from tests.benchmark.runs import Runs
from tests.oracle import oracle_networks
from tests.shared import BSDS500

N, SCALE, ITERATIONS = 100, 0.25, 200
SCORES = ("asa", "br_r2", "ue_np")
MEASURED = ("loss", *SCORES, "count")
PLAIN, BF16 = "plain fp32", "bf16"
WAYS = (PLAIN, "fp32", BF16)
FILE = Path("benchmark/parity.jsonl")


@dataclass(frozen=True)
class Compared:
    """A network and how many images of BSDS500 val it is compared on."""

    method: str
    images: int
    params: tuple = ()


DEFAULT = (
    Compared("rim", 10),
    Compared("ea", 4),
    Compared("proposed", 4, (("blocks", 2),)),
)
SEEDS = 2


def main(chosen: Sequence[Compared] = DEFAULT, seeds: int = SEEDS, file: Path = FILE) -> list[Row]:
    """Run what the file lacks and compare; without BSDS500 there is nothing to run on."""
    if not BSDS500.is_dir():
        return []
    runs = Runs(file)
    return [row for each in chosen for row in rows_of(each, collect(runs, each, seeds))]


def collect(runs, chosen, seeds):
    """Return what was measured, (ways, images, seeds, MEASURED)."""
    dataset = open_dataset("bsds500", root=BSDS500, split="val", limit=chosen.images)
    values = []
    for image in dataset.names:
        sample = dataset.load(image)
        for seed in range(seeds):
            for way in WAYS:
                result = runs.get(
                    key_of(chosen, image, seed, way), partial(run, chosen, sample, seed, way)
                )
                values.append([result[what] for what in MEASURED])
    shape = (len(dataset.names), seeds, len(WAYS), len(MEASURED))
    return np.moveaxis(np.array(values, float).reshape(shape), 2, 0)


def key_of(chosen, image, seed, way):
    """Return what makes a run the same as another."""
    return {
        "method": chosen.method,
        "params": dict(chosen.params),
        "version": method_version(get_class(chosen.method)),
        "torch": torch.__version__,
        "settings": [N, SCALE, ITERATIONS],
        "image": image,
        "seed": seed,
        "way": way,
    }


def run(chosen, sample, seed, way):
    """Optimise one network on one image in one way; return loss, scores, count and seconds."""
    settings = {"preset": "paper", "scale": SCALE, "iterations": ITERATIONS, "device": "cpu"}
    method = get_method(chosen.method, **settings, **dict(chosen.params), seed=seed)
    network = method.layers(N, *sample.image.shape[:2])
    initialise(network, getattr(nn.init, method.start), seed)
    start = time.perf_counter()
    optimise_it = by_plain if way == PLAIN else by_ours
    loss, logits = optimise_it(method, network, sample.image, way)
    seconds = time.perf_counter() - start
    return {"loss": loss, "seconds": seconds} | scores(method, logits, sample)


def by_plain(method, network, image, _):
    """Return the last loss and the logits of plain PyTorch."""
    pixels = make_scene(image, SCALE, "cpu").pixels
    plain = plain_network(method, network, N, *image.shape[:2])
    objective = plain_objective(method, pixels)
    found = oracle_networks.optimise(plain, objective, pixels, ITERATIONS, method.learning_rate)
    return found.losses[-1], found.logits.permute(1, 2, 0)


def by_ours(method, network, image, precision):
    """Return the last loss and the logits of the suite's networks."""
    dtype = {"fp32": torch.float32, BF16: torch.bfloat16}[precision]
    scene = make_scene(image, SCALE, "cpu", dtype)
    rate, decay = method.learning_rate, method.decay
    with kept_memory():
        losses = optimise(network, scene, method.objective(scene), ITERATIONS, rate, decay)
    with torch.no_grad():
        logits = predict(network, make_scene(image, SCALE, "cpu"))[0].logits
    return float(losses[-1]), logits


def scores(method, logits, sample):
    """Return scores and count of what a network says at the working resolution."""
    labels = canonicalise(postprocess(logits, N, method.postprocess))
    height, width = sample.image.shape[:2]
    large = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
    found = evaluate(canonicalise(large), list(sample.truths), metrics=list(SCORES))
    return {name: found[name] for name in SCORES} | {"count": int(labels.max()) + 1}


# What it comes to


@dataclass(frozen=True)
class Difference:
    """A way against plain float32, paired over images and seeds.

    Attributes
    ----------
    mean, low, high : float
        Of the differences, with the 95 % bootstrap interval of their mean.
    noise : float
        What another seed does to plain float32: mean over images of the absolute difference of the
        first two seeds; NaN with one seed.
    """

    mean: float
    low: float
    high: float
    noise: float

    @property
    def beyond_chance(self):
        """The size of the difference, 0 where its interval contains 0."""
        return 0.0 if self.low <= 0 <= self.high else abs(self.mean)

    @property
    def agrees(self):
        """Whether chance or another seed explains the difference."""
        return self.beyond_chance == 0 or abs(self.mean) <= self.noise


def differ(plain, other):
    """Compare the values of two ways, (images, seeds) each."""
    paired = (other - plain).reshape(-1, 1)
    low, high = mean_interval(paired)
    noise = np.abs(plain[:, 1] - plain[:, 0]).mean() if plain.shape[1] > 1 else np.nan
    return Difference(float(paired.mean()), float(low[0]), float(high[0]), float(noise))


def rows_of(chosen, values):
    """Return a row for each measured quantity: how far bf16 is from plain float32."""
    rows = []
    for k, what in enumerate(MEASURED):
        by_way = {way: values[i, ..., k] for i, way in enumerate(WAYS)}
        bf16, fp32 = (differ(by_way[PLAIN], by_way[way]) for way in (BF16, "fp32"))
        note = (
            f"bf16 {by_way[BF16].mean():.4f}, plain {by_way[PLAIN].mean():.4f}, difference"
            f" {bf16.mean:+.4f} ({bf16.low:+.4f} to {bf16.high:+.4f}); fp32 {fp32.mean:+.4f};"
            f" {values[0, ..., 0].size} pairs; target: what another seed does"
        )
        name = f"{chosen.method}, bf16 against plain fp32 beyond chance: {what}"
        rows.append(Row(name, bf16.beyond_chance, "", bf16.noise, note))
    return rows


def print_table(chosen, values):
    """Print means of the three ways, and the differences to plain float32."""
    print(f"\n{chosen.method} {dict(chosen.params) or ''}: {values.shape[1]} images")
    print("| | " + " | ".join(WAYS) + " | bf16 - plain | fp32 - plain | another seed | |")
    print("|---|" + "---:|" * 6 + "---|")
    for k, what in enumerate(MEASURED):
        ways = [values[i, ..., k] for i in range(len(WAYS))]
        bf16, fp32 = differ(ways[0], ways[2]), differ(ways[0], ways[1])
        cells = [what, *(f"{each.mean():.4f}" for each in ways)]
        cells += [f"{d.mean:+.4f} ({d.low:+.4f}, {d.high:+.4f})" for d in (bf16, fp32)]
        cells += [f"{bf16.noise:.4f}", "agrees" if bf16.agrees else "DIFFERS"]
        print(f"| {' | '.join(cells)} |")


def command_line():
    """Read the options, run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default=",".join(each.method for each in DEFAULT))
    parser.add_argument("--images", type=int, help="the first so many; by default 10 for rim, 4")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=FILE)
    given = parser.parse_args()
    names = given.methods.split(",")
    known = {each.method: each for each in DEFAULT}
    if not set(names) <= known.keys() or min(given.images or 1, given.seeds) < 1:
        parser.error(f"--methods are of {', '.join(known)}; --images and --seeds at least 1")
    if not BSDS500.is_dir():
        parser.error(f"there is no BSDS500 in {BSDS500}")
    runs = Runs(given.out)
    for each in (known[name] for name in names):
        chosen = Compared(each.method, given.images or each.images, each.params)
        print_table(chosen, collect(runs, chosen, given.seeds))


if __name__ == "__main__":
    command_line()
