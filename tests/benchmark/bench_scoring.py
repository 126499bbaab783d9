"""How long it takes to score one image against five annotators, and how much memory.

Run as ``python -m tests.benchmark.bench_scoring``.
"""

import cProfile
import pstats
import time
import tracemalloc

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree
from skimage.morphology import thin
from threadpoolctl import threadpool_limits

from metrics import evaluate, prepare
from metrics.connectivity import connect
from metrics.kernels.boundaries import mark_corners
from metrics.labelmap import LabelMap
from tests.benchmark.row import Row
from tests.oracle.oracle_metrics import oracle
from tests.oracle.oracle_on_request import reconstruction, regularity
from tests.shared import BSDS500

HEIGHT, WIDTH, SUPERPIXELS, REPEATS = 321, 481, 200, 50


def plain_regularity(labels, **_):
    """Compute src, smf and gr once more."""
    return regularity(labels, np.zeros(labels.shape, bool))


def plain_reconstruction(labels, image, **_):
    """Compute sirs once more."""
    return reconstruction(labels, image, np.zeros(labels.shape, bool))


def corners(labels):
    """Mark the pixels of which two neighbours right and below differ."""
    mask = np.empty(labels.shape, np.uint8)
    mark_corners(labels.astype(np.int32), mask)
    return mask


def library_matching(labels, truths, **_):
    """Match by way of scikit-image's thinning and a k-d tree; must give the same recall."""
    ours, theirs = (np.argwhere(thin(corners(m))) for m in (labels, truths[0]))
    near = cKDTree(ours).query_ball_point(theirs, 0.0075 * np.hypot(HEIGHT, WIDTH))
    first = np.cumsum([0, *map(len, near)])
    found = np.concatenate([np.array(each, int) for each in near])
    graph = csr_array((np.ones(found.size), found, first), (len(theirs), len(ours)))
    matched = maximum_bipartite_matching(graph, perm_type="column") >= 0
    recall = evaluate(labels, truths, metrics=["br_matched"])["br_matched"]
    assert recall == np.count_nonzero(matched) / len(theirs)


# Metrics, target in ms, what to compare with, and what that is.
ON_REQUEST = {
    "src, smf, gr together": (["src", "smf", "gr"], 60.0, plain_regularity, "the plain version"),
    "sirs": (["sirs"], 60.0, plain_reconstruction, "the plain version"),
    "br_matched, per annotator": (
        ["br_matched"],
        150.0,
        library_matching,
        "scikit-image, k-d tree",
    ),
}


def main() -> list[Row]:
    """Time `evaluate` (warm, one thread, least of many), and the plain version once, too.

    Processor time; the baseline is SciPy's distance transform of the same image in the same run.
    """
    image, truths, what = bsds500() if BSDS500.is_dir() else synthetic()
    labels = partition(SUPERPIXELS, seed=0)
    case = {"labels": labels, "truths": truths, "image": image, "n": SUPERPIXELS}
    with threadpool_limits(1):
        fast = least(evaluate, case)
        without = {"input": LabelMap(labels).boundary == 0}
        transform = least(distance_transform_edt, without)
        void = least(evaluate, case | {"void": some_void()})
        again = least(evaluate, case | {"truths": prepare(truths)})
        slow = seconds(oracle, case)
        one = case | {"truths": truths[:1]}
        each = {
            name: least(evaluate, one | {"metrics": ids}) for name, (ids, *_) in ON_REQUEST.items()
        }
        plain = {name: seconds(slowly, one) for name, (_, _, slowly, _) in ON_REQUEST.items()}
        ragged = with_stray_pixels(labels)
        merging = [seconds(merge, {"labels": ragged}) for _ in range(REPEATS + 1)][1:]
    profile = cProfile.Profile()
    profile.runcall(evaluate, **case)
    calls = pstats.Stats(profile).total_calls
    tracemalloc.start()
    evaluate(**case)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    note = f"{what}, {len(truths)} annotators, {labels.max() + 1} superpixels, all but slow metrics"
    return [
        Row("evaluate", 1e3 * fast, "ms", 10.0, f"{note}, least of {REPEATS}"),
        Row(
            "evaluate / distance transform",
            fast / transform,
            "",
            0.5,
            f"to {1e3 * transform:.1f} ms of scipy.ndimage.distance_transform_edt",
        ),
        Row("the same, with void pixels", void / transform, "", 0.5, "a margin and a rectangle"),
        Row("the same, annotators prepared", again / transform, "", None, "as for a further cell"),
        Row("evaluate, function calls", calls, "", None, "as cProfile counts them"),
        Row("plain version", 1e3 * slow, "ms", None, f"{note}, once"),
        Row("evaluate / plain version", fast / slow, "", None, f"{slow / fast:.0f} times faster"),
        Row("evaluate, peak memory", peak / 2**20, "MiB", None, note),
        *(
            Row(
                name,
                1e3 * took,
                "ms",
                ON_REQUEST[name][1],
                f"on request; least of {REPEATS}; {plain[name] / took:.0f} times faster than"
                f" {1e3 * plain[name]:.0f} ms of {ON_REQUEST[name][3]}",
            )
            for name, took in each.items()
        ),
        Row("merge", 1e3 * float(np.median(merging)), "ms", 3.0, "2 % stray pixels, runs included"),
    ]


def merge(labels):
    """Mend labels that nothing is known about."""
    return connect(LabelMap(labels), "merge")


def with_stray_pixels(labels):
    """Give every fiftieth pixel or so another label."""
    rng = np.random.default_rng(0)
    chosen = rng.random(labels.shape) < 0.02
    return np.where(chosen, rng.integers(0, SUPERPIXELS, labels.shape), labels).astype(np.int32)


def some_void():
    """Mark a margin and a rectangle."""
    void = np.zeros((HEIGHT, WIDTH), bool)
    void[:, :12] = void[100:140, 200:260] = True
    return void


def least(function, case):
    """Time calls, warm."""
    function(**case)
    return min(seconds(function, case) for _ in range(REPEATS))


def seconds(function, case):
    """Time one call, in processor time."""
    start = time.thread_time()
    function(**case)
    return time.thread_time() - start


def partition(count, seed):
    """Wobbly cells around `count` random points, an (H, W) int32 array."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    y, x = y + 4 * np.sin(x / 9 + seed), x + 4 * np.sin(y / 7 + seed)
    points = rng.random((count, 2)) * (HEIGHT, WIDTH)
    nearest, labels = np.full(y.shape, np.inf), np.zeros(y.shape, np.int32)
    for label, (v, u) in enumerate(points):
        distance = (y - v) ** 2 + (x - u) ** 2
        labels[distance < nearest] = label
        np.minimum(nearest, distance, out=nearest)
    return labels


def synthetic():
    """An image and five annotators of 8 to 40 segments, the same every time."""
    truths = [partition(count, seed) for seed, count in enumerate((8, 12, 20, 30, 40), start=1)]
    rng = np.random.default_rng(9)
    colours = rng.integers(0, 200, (8, 3))[truths[0]] + rng.integers(0, 56, (HEIGHT, WIDTH, 3))
    return colours.astype(np.uint8), truths, "synthetic 481 x 321"


def bsds500():
    """A real image of that size with its first five annotators."""
    import cv2
    from scipy.io import loadmat

    name = "42049"
    image = cv2.imread(str(BSDS500 / "images" / "val" / f"{name}.jpg"))
    found = loadmat(BSDS500 / "groundTruth" / "val" / f"{name}.mat")["groundTruth"][0, :5]
    truths = [np.array(one["Segmentation"][0, 0], np.int32, order="C") for one in found]
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB), truths, f"BSDS500 {name}"


if __name__ == "__main__":
    for row in main():
        target = "" if row.target is None else f" (target {row.target:g})"
        print(f"{row.name:28} {row.measured:10.4g} {row.unit}{target}  {row.note}")
