"""Quality and time of the compiled methods against the figures of their authors' code.

Twenty BSDS500 val images (sorted, every fifth, from the fifth), means over images; warm, one core.
Times are ratios to ``slic`` with sigma 0 in the same run, where the authors' code ran 0.10 s each.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bench.datasets import open_dataset
from methods import get_method
from methods.canonical import canonicalise
from metrics import evaluate
from tests.benchmark.core import one_core
from tests.benchmark.row import Row
from tests.shared import BSDS500

COUNTS = (50, 100, 200, 400)
REPEATS = 3
SLIC_S = 0.10

# Lost against the authors' code at most: means of 20 images agree no better between two programs.
MARGIN = {"asa": 0.002, "br_r2": 0.01, "ue_np": 0.002}
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
LSC_MARGIN = {"asa": 0.01}
FURTHER_COUNT = 0.05


@dataclass(frozen=True)
class Result:
    """Means of a method over the images, and what they are compared with."""

    name: str
    n: int
    means: Mapping[str, float]
    there: Mapping[str, float]
    most_ratio: float
    margin: Mapping[str, float]
    exact: bool

    @property
    def ratio(self) -> float:
        """Time as a ratio to slic."""
        return self.means["seconds"] / self.means["slic"]

    def rows(self) -> list[Row]:
        """Return a row for every target."""
        name, there = f"{self.name}, n = {self.n}", self.there
        milliseconds = (1e3 * self.means[what] for what in ("seconds", "slic"))
        note = "{:.1f} ms, slic {:.0f} ms".format(*milliseconds)
        rows = [Row(f"{name}: time / slic", self.ratio, "", self.most_ratio, note)]
        if self.exact:
            off = abs(self.means["count"] - there["count"])
            rows.append(Row(f"{name}: count", off, "off", 0.0, f"{there['count']:g} there"))
        for metric, margin in self.margin.items():
            up = metric != "ue_np"
            least = there[metric] + (-margin if up else margin)
            note = f"{there[metric]:.4f} there"
            rows.append(Row(f"{name}: {metric}", self.means[metric], "", least, note, up))
        return rows

    def line(self) -> str:
        """Return a line of the table in docs/benchmarks.md: ours / theirs."""
        cells = [self.name, str(self.n), self._pair("count", "{:.4g}")]
        cells += [self._pair(metric, "{:.4f}") for metric in MARGIN]
        cells.append(f"{self.ratio:.2f} / {self.most_ratio:.2f}")
        return f"| {' | '.join(cells)} |"

    def _pair(self, what: str, form: str) -> str:
        ours, theirs = form.format(self.means[what]), self.there.get(what)
        return f"{ours} / {form.format(theirs)}" if theirs is not None else ours


def main() -> list[Row]:
    """Measure all; without BSDS500 there is nothing to compare with."""
    if not BSDS500.is_dir():
        return []
    results, cut = measure_all()
    return [*(row for result in results for row in result.rows()), cut]


def measure_all() -> tuple[list[Result], Row]:
    """Compare with the authors' code and with LSC, and time a further count of SH."""
    with one_core():
        samples = val_images()
        warm_up(samples[0].image)
        return [*against_authors(samples), *against_lsc(samples)], further_count(samples)


def val_images():
    """Return the twenty images with their annotations."""
    dataset = open_dataset("bsds500", root=BSDS500, split="val")
    return [dataset.load(name) for name in sorted(dataset.names)[4::5]]


def warm_up(image):
    """Compile and import everything."""
    for name in ("slic", "lsc", "ers", "etps", *AGAINST_LSC):
        method = get_method(name)
        method.warm_up(image, 100)
        method.segment(image, 100)


def against_authors(samples) -> list[Result]:
    """Compare with the authors' code at the counts asked for."""
    results = []
    for reference, (i, n) in product(REFERENCES, enumerate(COUNTS)):
        method = get_method(reference.method, **reference.params)
        means = mean([measure(method, sample, n) for sample in samples])
        there = {metric: values[i] for metric, values in reference.scores.items()}
        margin = {metric: MARGIN[metric] for metric in there}
        there |= {"count": reference.count[i]}
        results.append(
            Result(reference.name, n, means, there, reference.ratio[i], margin, exact=True)
        )
    return results


def against_lsc(samples) -> list[Result]:
    """Compare with LSC at the count that it returned for each image."""
    results = []
    for n in LSC_COUNTS:
        theirs = [measure(get_method("lsc"), sample, n) for sample in samples]
        for name, most_ratio in AGAINST_LSC.items():
            method = get_method(name)
            ours = [
                measure(method, sample, round(found["count"]))
                for sample, found in zip(samples, theirs, strict=True)
            ]
            results.append(
                Result(name, n, mean(ours), mean(theirs), most_ratio, LSC_MARGIN, exact=False)
            )
    return results


def further_count(samples) -> Row:
    """Time what one more count costs where the tree is there."""
    cuts, slic = [], []
    for sample in samples:
        maps = get_method("sh").segment_many(sample.image, COUNTS)
        cuts += [least_seconds(maps.__getitem__, i)[0] for i in range(len(COUNTS))]
        slic.append(least_seconds(get_method("slic").segment, sample.image, 200)[0])
    ratio = float(np.mean(cuts) / np.mean(slic))
    note = f"{1e3 * np.mean(cuts):.2f} ms, mean over n = {', '.join(map(str, COUNTS))}"
    return Row("sh, further count: time / slic", ratio, "", FURTHER_COUNT, note)


def mean(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average what was measured on the images."""
    return {what: float(np.mean([one[what] for one in found])) for what in found[0]}


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
    results, cut = measure_all()
    print("| method | n | count | ASA ↑ | BR ↑ | UE_NP ↓ | time / slic |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for result in results:
        print(result.line())
    print(f"{cut.name}: {cut.measured:.4f} ({cut.note})")
    for row in (row for result in results for row in result.rows()):
        if row.verdict != "ok":
            print(f"{row.verdict}: {row.name} is {row.measured:.4f}, target {row.target:.4f}")
