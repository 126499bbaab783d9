"""Quality and time of the compiled methods against the figures of their authors' code.

Twenty BSDS500 val images (sorted, every fifth, from the fifth), means over images; warm, one core.
Times are ratios to ``slic`` with sigma 0 in the same run, where the authors' code ran 0.10 s each.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

from bench.datasets import open_dataset
from methods import get_method
from methods.labels import canonicalise
from metrics import evaluate
from tests.benchmark.row import Row
from tests.shared import BSDS500

COUNTS = (50, 100, 200, 400)
REPEATS = 3
SLIC_S = 0.10

# Lost against the authors' code at most: means of 20 images agree no better between two programs.
MARGIN = {"asa": 0.002, "br_r2": 0.01, "ue_np": 0.002}
UP = {"asa": True, "br_r2": True, "ue_np": False}

GRID = (54, 117, 216, 425)


@dataclass(frozen=True)
class Reference:
    """What the authors' C++ reached at the four counts."""

    method: str
    params: Mapping[str, float]
    count: Sequence[int]
    scores: Mapping[str, Sequence[float]]
    ratio: Sequence[float]  # the most time, as a ratio to slic

    @property
    def name(self) -> str:
        """The method with its parameters."""
        given = ",".join(f"{k}={v:g}" for k, v in self.params.items())
        return f"{self.method}[{given}]" if given else self.method


def etps(weights, iterations, asa, br, ue, seconds):
    """Make the reference of one setting of ETPS."""
    regularization, length, size = weights
    params = {"regularization": regularization, "length": length, "size": size}
    return Reference(
        "etps",
        params | {"iterations": iterations},
        GRID,
        {"asa": asa, "br_r2": br, "ue_np": ue},
        [s / SLIC_S for s in seconds],
    )


REFERENCES = (
    etps(
        (0.0, 0.0, 0.0),
        1,
        (0.9106, 0.9342, 0.9505, 0.9644),
        (0.9045, 0.9353, 0.9671, 0.9836),
        (0.1708, 0.1265, 0.0968, 0.0702),
        (0.019, 0.023, 0.026, 0.029),
    ),
    etps(
        (0.01, 0.1, 1.0),
        25,
        (0.9153, 0.9371, 0.9542, 0.9652),
        (0.8811, 0.9294, 0.9600, 0.9814),
        (0.1622, 0.1221, 0.0897, 0.0687),
        (0.14, 0.19, 0.21, 0.31),
    ),
    etps(
        (1.0, 1.0, 1.0),
        1,
        (0.8924, 0.9292, 0.9500, 0.9631),
        (0.5198, 0.6865, 0.8057, 0.8972),
        (0.2080, 0.1384, 0.0985, 0.0732),
        (0.012, 0.015, 0.016, 0.020),
    ),
    Reference(
        "ers",
        {},
        COUNTS,
        {"asa": (0.9108, 0.9349, 0.9504, 0.9621), "br_r2": (0.7481, 0.8153, 0.8859, 0.9346)},
        (3.5, 3.5, 3.5, 3.5),
    ),
)

# Compared with LSC at the count that LSC returned; the most time as a ratio to slic.
AGAINST_LSC = {"snic": 0.6, "sh": 0.6, "disf": 4.0}
LSC_COUNTS = (200, 400)
LSC_MARGIN = 0.01
FURTHER_CUT = 0.05


@dataclass
class Means:
    """Sums over images of what is averaged."""

    images: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, **values):
        """Add one image."""
        self.images += 1
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def __getitem__(self, name):
        return self.sums[name] / self.images


def main() -> list[Row]:
    """Measure all; without BSDS500 there is nothing to compare with."""
    if not BSDS500.is_dir():
        return []
    with threadpool_limits(1):
        samples = val_images()
        warm_up(samples[0].image)
        return [*against_authors(samples), *against_lsc(samples), *cuts(samples)]


def val_images():
    """Return the twenty images with their annotations."""
    names = sorted(open_dataset("bsds500", root=BSDS500, split="val").names)[4::5]
    dataset = open_dataset("bsds500", root=BSDS500, split="val")
    return [dataset.load(name) for name in names]


def warm_up(image):
    """Compile and import everything."""
    for name in ("slic", "lsc", "ers", "etps", *AGAINST_LSC):
        method = get_method(name)
        method.warm_up(image, 100)
        method.segment(image, 100)


def against_authors(samples):
    """Compare with the authors' code at the counts asked for."""
    rows = []
    for reference, (i, n) in product(REFERENCES, enumerate(COUNTS)):
        method = get_method(reference.method, **reference.params)
        means = Means()
        for sample in samples:
            means.add(**measure(method, sample, n))
        name = f"{reference.name}, n = {n}"
        off = abs(means["count"] - reference.count[i])
        rows.append(Row(f"{name}: count", means["count"], "", None, f"{reference.count[i]} there"))
        rows.append(Row(f"{name}: count off by", off, "", 0.0, "mean of 20 images"))
        for metric, there in reference.scores.items():
            slack = -MARGIN[metric] if UP[metric] else MARGIN[metric]
            rows.append(
                Row(
                    f"{name}: {metric}",
                    means[metric],
                    "",
                    there[i] + slack,
                    f"{there[i]} there",
                    more_is_better=UP[metric],
                )
            )
        ratio = means["seconds"] / means["slic"]
        note = f"{1e3 * means['seconds']:.1f} ms; slic {1e3 * means['slic']:.0f} ms"
        rows.append(Row(f"{name}: time / slic", ratio, "", reference.ratio[i], note))
    return rows


def against_lsc(samples):
    """Compare with LSC at the count that it returned for each image."""
    lsc, rows = get_method("lsc"), []
    for n in LSC_COUNTS:
        theirs, ours = Means(), {name: Means() for name in AGAINST_LSC}
        for sample in samples:
            found = measure(lsc, sample, n)
            theirs.add(**found)
            for name, means in ours.items():
                means.add(**measure(get_method(name), sample, round(found["count"])))
        for name, means in ours.items():
            counts = f"{means['count']:.1f} superpixels, lsc {theirs['count']:.1f}"
            rows.append(
                Row(
                    f"{name} at lsc's count for {n}: asa",
                    means["asa"],
                    "",
                    theirs["asa"] - LSC_MARGIN,
                    f"lsc {theirs['asa']:.4f}; {counts}; br_r2 {means['br_r2']:.4f}, lsc"
                    f" {theirs['br_r2']:.4f}",
                    more_is_better=True,
                )
            )
            ratio = means["seconds"] / means["slic"]
            note = f"{1e3 * means['seconds']:.1f} ms; slic {1e3 * means['slic']:.0f} ms"
            rows.append(Row(f"{name}, n = {n}: time / slic", ratio, "", AGAINST_LSC[name], note))
    return rows


def cuts(samples):
    """Time what a further count costs where the tree is there."""
    tree, slic, means = get_method("sh"), get_method("slic"), Means()
    for sample in samples:
        maps = tree.segment_many(sample.image, COUNTS)
        seconds = [least_seconds(maps.__getitem__, i)[0] for i in range(len(COUNTS))]
        means.add(
            cut=float(np.mean(seconds)), slic=least_seconds(slic.segment, sample.image, 200)[0]
        )
    note = f"mean of n = {', '.join(map(str, COUNTS))}"
    return [
        Row("sh, further count: time / slic", means["cut"] / means["slic"], "", FURTHER_CUT, note)
    ]


def measure(method, sample, n):
    """Return the scores, the count and the seconds of a method on one image, and slic's beside."""
    seconds, raw = least_seconds(method.segment, sample.image, n)
    labels = canonicalise(raw)
    scores = evaluate(labels, list(sample.truths), metrics=list(MARGIN))
    return {metric: scores[metric] for metric in MARGIN} | {
        "count": float(labels.max() + 1),
        "seconds": seconds,
        "slic": least_seconds(get_method("slic").segment, sample.image, n)[0],
    }


def least_seconds(function, *arguments):
    """Return the least seconds of several calls, and what the last one returned."""
    best = np.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        value = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, value


if __name__ == "__main__":
    for row in main():
        target = "" if row.target is None else f" (target {row.target:.4g}: {row.verdict})"
        print(f"{row.name:70} {row.measured:8.4f} {row.unit}{target}  {row.note}")
