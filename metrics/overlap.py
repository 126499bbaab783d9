"""Metrics from the overlap of superpixels and an annotator's segments.

Notation of the comments: superpixels S_j, segments G_i, n_ij = |S_j n G_i|, N scored pixels. All
sums over pixels are integers, so they are exact; one division at the end rounds.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.references import NEVER, STUTZ

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """The pairs of a superpixel and a segment that share pixels, E of them.

    Attributes
    ----------
    superpixel, segment : (E,) int
        j and i of each pair.
    count : (E,) int
        n_ij > 0.
    superpixel_size : (K,) int
        |S_j|.
    segment_size : (M,) int
        |G_i|.
    """

    superpixel: Integers
    segment: Integers
    count: Integers
    superpixel_size: Integers
    segment_size: Integers
    needs: ClassVar[frozenset[str]] = frozenset({"truth"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Count the pixels of every pair, without a K x M table, which is mostly 0."""
        from metrics.kernels import overlap as overlap_kernels

        assert case.truth is not None
        a, b = case.labels.runs, case.truth.runs
        size_a, size_b = case.labels.sizes, case.truth.sizes
        pieces = np.empty((a.label.size + b.label.size, 3), np.int32)
        first = np.zeros(size_a.size + 1, np.int32)
        count = overlap_kernels.join_runs(a.start, a.label, b.start, b.label, pieces, first)
        pieces = pieces[:count]
        pairs = np.empty_like(pieces)
        order = np.empty(count, np.int32)
        place = np.full(size_b.size, -1, np.int32)
        count = overlap_kernels.count_pairs(pieces, first, order, place, pairs)
        superpixel, segment, shared = pairs[:count].astype(np.int64).T
        return cls(superpixel, segment, shared, size_a, size_b)

    @cached_property
    def pixels(self) -> int:
        """N."""
        return int(self.superpixel_size.sum())

    @cached_property
    def size_of_superpixel(self) -> Integers:
        """(E,) |S_j| of each pair."""
        return self.superpixel_size[self.superpixel]

    @cached_property
    def size_of_segment(self) -> Integers:
        """(E,) |G_i| of each pair."""
        return self.segment_size[self.segment]

    @cached_property
    def majority(self) -> int:
        """sum_j max_i n_ij."""
        largest = np.zeros_like(self.superpixel_size)
        np.maximum.at(largest, self.superpixel, self.count)
        return int(largest.sum())


@metric(
    Overlap,
    id="asa",
    title="Achievable segmentation accuracy",
    direction="high",
    range=(0.0, 1.0),
    reference="Liu, Tuzel, Ramalingam, Chellappa, Entropy rate superpixel segmentation, CVPR 2011, "
    "doi 10.1109/CVPR.2011.5995323",
    undefined=NEVER,
    limits="Rises with the number of superpixels whatever they follow; blind to their shape and to "
    "where inside a segment they are cut.",
)
def asa(o: Overlap) -> float:
    """(1/N) sum_j max_i n_ij."""
    return o.majority / o.pixels


@metric(
    Overlap,
    id="ue_bergh",
    title="Undersegmentation error (van den Bergh)",
    direction="low",
    range=(0.0, 1.0),
    reference="van den Bergh, Boix, Roig, de Capitani, Van Gool, SEEDS, ECCV 2012, "
    "doi 10.1007/978-3-642-33786-4_2",
    undefined=NEVER,
    limits="Says the same as ASA, of which it is the complement; also called corrected "
    "undersegmentation error.",
)
def ue_bergh(o: Overlap) -> float:
    """(1/N) sum_j (|S_j| - max_i n_ij) = 1 - asa."""
    return (o.pixels - o.majority) / o.pixels


@metric(
    Overlap,
    id="ue_np",
    title="Undersegmentation error (Neubert and Protzel)",
    direction="low",
    range=(0.0, 1.0),
    reference="Neubert, Protzel, Superpixel benchmark and comparison, Forum Bildverarbeitung 2012",
    undefined=NEVER,
    limits="Counts a leak twice, on either side; twice ue_bergh wherever every superpixel has a "
    "majority segment.",
)
def ue_np(o: Overlap) -> float:
    """(1/N) sum_i sum_j min(n_ij, |S_j| - n_ij)."""
    return int(np.minimum(o.count, o.size_of_superpixel - o.count).sum()) / o.pixels


@metric(
    Overlap,
    id="ue_levin",
    title="Undersegmentation error (Levinshtein)",
    direction="low",
    range=(0.0, float("inf")),
    reference="Levinshtein, Stere, Kutulakos, Fleet, Dickinson, Siddiqi, TurboPixels, TPAMI 2009, "
    "doi 10.1109/TPAMI.2009.96",
    undefined=NEVER,
    limits="A superpixel that touches a segment by one pixel counts whole, so one tiny segment can "
    "decide the mean; not bounded.",
)
def ue_levin(o: Overlap) -> float:
    """(1/#G) sum_i (sum_{j: n_ij > 0} |S_j| - |G_i|) / |G_i|."""
    touched = np.bincount(o.segment, o.size_of_superpixel)
    return float(np.mean((touched - o.segment_size) / o.segment_size))


@metric(
    Overlap,
    id="ue_slic",
    title="Undersegmentation error (Achanta)",
    direction="low",
    range=(-1.0, 18.0),
    reference="Achanta, Shaji, Smith, Lucchi, Fua, Susstrunk, SLIC superpixels, TPAMI 2012, "
    "doi 10.1109/TPAMI.2012.120",
    undefined=NEVER,
    limits="Ignores leaks of up to 5 % of a superpixel, and jumps at 5 %; negative where a "
    "superpixel has no segment of more than 5 %.",
)
def ue_slic(o: Overlap) -> float:
    """(1/N) (sum_i sum_{j: n_ij > B |S_j|} |S_j| - N), B = 0.05 = 1/20."""
    covering = o.size_of_superpixel[20 * o.count > o.size_of_superpixel]
    return (int(covering.sum()) - o.pixels) / o.pixels


@metric(
    Overlap,
    id="oe",
    title="Oversegmentation error",
    direction=None,
    range=(0.0, 1.0),
    reference=STUTZ,
    undefined=NEVER,
    limits="Measures how finely segments are cut, which is what superpixels are for: near 1 for "
    "good and bad ones alike.",
)
def oe(o: Overlap) -> float:
    """(1/N) sum_i (|G_i| - max_j n_ij)."""
    largest = np.zeros_like(o.segment_size)
    np.maximum.at(largest, o.segment, o.count)
    return (o.pixels - int(largest.sum())) / o.pixels


@metric(
    Overlap,
    id="pri",
    title="Rand index",
    direction="high",
    range=(0.0, 1.0),
    reference="Rand, JASA 1971, doi 10.1080/01621459.1971.10482356; its mean over annotators is "
    "the probabilistic index of Unnikrishnan, Pantofaru, Hebert, TPAMI 2007, "
    "doi 10.1109/TPAMI.2007.1046",
    undefined="a single scored pixel makes no pair",
    limits="Most pairs lie in different segments and different superpixels, so it is near the same "
    "value for all fine partitions.",
)
def pri(o: Overlap) -> float:
    """Share of unordered pairs of pixels that are together in both, or apart in both."""
    together = [int(np.square(n).sum()) for n in (o.count, o.superpixel_size, o.segment_size)]
    # Ordered pairs: those together in exactly one of the two partitions disagree.
    disagreeing = together[1] + together[2] - 2 * together[0]
    pairs = o.pixels * (o.pixels - 1)
    return (pairs - disagreeing) / pairs if pairs else float("nan")


@metric(
    Overlap,
    id="vi",
    title="Variation of information",
    direction="low",
    range=(0.0, float("inf")),
    unit="nats",
    reference="Meila, Comparing clusterings, J. Multivariate Analysis 2007, "
    "doi 10.1016/j.jmva.2006.11.013",
    undefined=NEVER,
    limits="Mostly the entropy that the superpixels add within segments, so it grows with their "
    "number; at most log N.",
)
def vi(o: Overlap) -> float:
    """H(S|G) + H(G|S) = sum_ij (n_ij/N) (log(|S_j| / n_ij) + log(|G_i| / n_ij))."""
    surprise = np.log(o.size_of_superpixel / o.count) + np.log(o.size_of_segment / o.count)
    return float((o.count * surprise).sum()) / o.pixels


@metric(
    Overlap,
    id="sc",
    title="Segmentation covering",
    direction="high",
    range=(0.0, 1.0),
    reference="Arbelaez, Maire, Fowlkes, Malik, TPAMI 2011, doi 10.1109/TPAMI.2010.161",
    undefined=NEVER,
    limits="Wants one superpixel per segment, so it falls as superpixels become finer.",
)
def sc(o: Overlap) -> float:
    """(1/N) sum_i |G_i| max_j |S_j n G_i| / |S_j u G_i|."""
    best = np.zeros(o.segment_size.size)
    np.maximum.at(best, o.segment, o.count / (o.size_of_superpixel + o.size_of_segment - o.count))
    return float((o.segment_size * best).sum()) / o.pixels
