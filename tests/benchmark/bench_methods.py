"""Quality and time of the compiled methods against the figures of their authors' code.

Every method on five BSDS500 train images (sorted, every 40th) with n = 200; ETPS and ERS, and SNIC,
SH and DISF beside LSC, at several counts on twenty val images (sorted, every fifth, from the
fifth). Means over images; warm, one core. Times on val are ratios to ``slic`` with sigma 0 in the
same run, where the authors' code ran 0.10 s each.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        return named(self.method, self.params)


def named(method, params) -> str:
    """Write a method with its parameters."""
    given = ",".join(f"{k}={v:g}" for k, v in params.items())
    return f"{method}[{given}]" if given else method


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


@dataclass(frozen=True)
class Published:
    """What the authors' program reached on the train images; nothing where it was not run."""

    method: str
    params: Mapping[str, int] = field(default_factory=dict)
    asa: float | None = None
    br: float | None = None
    ms: float | None = None

    @property
    def name(self) -> str:
        """The method with its parameters."""
        return named(self.method, self.params)

    @property
    def scores(self) -> dict[str, float]:
        """What is known of it, by metric."""
        known = {"asa": self.asa, "br_r2": self.br}
        return {metric: score for metric, score in known.items() if score is not None}


TRAIN_COUNT = 200
TRAIN_METRICS = ("asa", "br_r2", "ue_np", "ev", "co")
PUBLISHED = (
    Published("etps", ms=26),  # its scores are compared on val
    Published("ers", asa=0.9458, br=0.8726, ms=452),
    Published("snic", asa=0.9497, br=0.8626, ms=73),
    Published("sh"),
    Published("disf", asa=0.9552, br=0.9253, ms=816),
    Published("crs", asa=0.9296, br=0.6125, ms=177),
    Published("crs_lab"),
    Published("ergc", asa=0.9504, br=0.8635, ms=100),
    Published("gmmsp", asa=0.9548, br=0.9066, ms=738),
    Published("gmmsp", {"connectivity": 8}, asa=0.9548, br=0.9066, ms=738),
    Published("preslic", asa=0.9246, br=0.7862, ms=46),
    Published("preslic_centres"),
    Published("fastslic"),
    Published("fh"),
)
TRAIN_MARGIN = {"asa": 0.005, "br_r2": 0.02}  # means of five images

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


@dataclass(frozen=True)
class OnTrain:
    """Means of a method over the train images."""

    published: Published
    means: Mapping[str, float]

    def rows(self) -> list[Row]:
        """Return how far from each score of the authors' program it is, on either side."""
        name = f"{self.published.name}, train, n = {TRAIN_COUNT}"
        return [
            Row(f"{name}: {m}, apart", abs(self.means[m] - there), "", TRAIN_MARGIN[m], f"{there}")
            for m, there in self.published.scores.items()
        ]

    def line(self) -> str:
        """Return a line of the table in docs/benchmarks.md: ours / theirs."""
        cells = [f"`{self.published.name}`", f"{self.means['count']:.1f}"]
        for metric in TRAIN_METRICS:
            ours, there = f"{self.means[metric]:.4f}", self.published.scores.get(metric)
            cells.append(f"{ours} / {there:.4f}" if there else ours)
        ours, ms = f"{1e3 * self.means['seconds']:.0f}", self.published.ms
        cells.append(f"{ours} / not compared" if ms is None else f"{ours} / {ms:g}")
        return f"| {' | '.join(cells)} |"


def main() -> list[Row]:
    """Measure all; without BSDS500 there is nothing to compare with."""
    if not BSDS500.is_dir():
        return []
    on_train, results, cut = measure_all()
    return [*(row for result in (*on_train, *results) for row in result.rows()), cut]


def measure_all() -> tuple[list[OnTrain], list[Result], Row]:
    """Compare with the authors' code and with LSC, and time a further count of SH."""
    with one_core():
        train, val = images("train", slice(0, None, 40)), images("val", slice(4, None, 5))
        warm_up(val[0].image)
        results = [*against_authors(val), *against_lsc(val)]
        return against_programs(train), results, further_count(val)


def images(split, chosen):
    """Return some images of BSDS500 with their annotations."""
    dataset = open_dataset("bsds500", root=BSDS500, split=split)
    return [dataset.load(name) for name in sorted(dataset.names)[chosen]]


def warm_up(image):
    """Compile and import everything."""
    for name in ("slic", "lsc", *dict.fromkeys(each.method for each in PUBLISHED)):
        method = get_method(name)
        method.warm_up(image, 100)
        method.segment(image, 100)


def against_programs(samples) -> list[OnTrain]:
    """Measure every method on the train images."""
    found = []
    for published in PUBLISHED:
        method = get_method(published.method, **published.params)
        found.append(
            OnTrain(
                published,
                mean([on_train(method, each) for each in samples]),
            )
        )
    return found


def on_train(method, sample):
    """Return what the table of the train images shows of one image."""
    seconds = least_seconds(method.segment, sample.image, TRAIN_COUNT)[0]
    return score(method, sample, TRAIN_COUNT) | {"seconds": seconds}


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
    slic = least_seconds(get_method("slic").segment, sample.image, n)[0]
    return scored(raw, sample, MARGIN) | {"seconds": seconds, "slic": slic}


def score(method, sample, n):
    """Return the count and the scores of a method on one image."""
    return scored(method.segment(sample.image, n), sample, TRAIN_METRICS)


def scored(raw, sample, metrics):
    """Return the count and the scores of a label map."""
    labels = canonicalise(raw)
    scores = evaluate(labels, list(sample.truths), image=sample.image, metrics=list(metrics))
    return {"count": float(labels.max() + 1)} | {metric: scores[metric] for metric in metrics}


def least_seconds(function, *arguments):
    """Return the least seconds of several calls, and what the last one returned."""
    best = np.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        value = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return best, value


if __name__ == "__main__":
    on_train, results, cut = measure_all()
    print("| method | count | ASA ↑ | BR ↑ | UE_NP ↓ | EV ↑ | CO ↑ | ms |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for each in on_train:
        print(each.line())
    print()
    print("| method | n | count | ASA ↑ | BR ↑ | UE_NP ↓ | time / slic |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for result in results:
        print(result.line())
    print(f"{cut.name}: {cut.measured:.4f} ({cut.note})")
    for row in (row for result in (*on_train, *results) for row in result.rows()):
        if row.verdict != "ok":
            print(f"{row.verdict}: {row.name} is {row.measured:.4f}, target {row.target:.4f}")
