"""Metrics from the overlap of superpixels and an annotator's segments.

Notation of the comments: superpixels S_j, segments G_i, n_ij = |S_j n G_i|, N scored pixels. All
sums over pixels are integers, so they are exact; one division at the end rounds.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.references import NEVER, STUTZ

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """The pairs of a superpixel and a segment that share pixels, E of them, and sums over them.

    Attributes
    ----------
    superpixel, segment : (E,) int
        j and i of each pair, in raster order of their first pixels.
    count : (E,) int
        n_ij > 0.
    superpixel_size : (K,) int
        |S_j|.
    segment_size : (M,) int
        |G_i|.
    pixels : int
        N.
    majority : int
        sum_j max_i n_ij.
    minority : int
        sum_ij min(n_ij, |S_j| - n_ij).
    covering : int
        sum_ij |S_j| where n_ij > |S_j| / 20.
    squares : int
        sum_ij n_ij^2.
    largest : (M,) int
        max_j n_ij.
    touched : (M,) int
        sum_{j: n_ij > 0} |S_j|.
    best : (M,) float
        max_j |S_j n G_i| / |S_j u G_i|.
    """

    superpixel: Integers
    segment: Integers
    count: Integers
    superpixel_size: Integers
    segment_size: Integers
    pixels: int
    majority: int
    minority: int
    covering: int
    squares: int
    largest: Integers
    touched: Integers
    best: npt.NDArray[np.float64]
    needs: ClassVar[frozenset[str]] = frozenset({"truth"})

    @property
    def size_of_superpixel(self) -> Integers:
        """(E,) |S_j| of each pair."""
        return self.superpixel_size[self.superpixel]

    @property
    def size_of_segment(self) -> Integers:
        """(E,) |G_i| of each pair."""
        return self.segment_size[self.segment]

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Count the pixels of every pair, without a K x M table, which is mostly 0."""
        from metrics.kernels import overlap as overlap_kernels

        assert case.truth is not None
        a, b = case.labels.runs, case.truth.runs
        size_a, size_b = case.labels.sizes, case.truth.sizes
        most = min(a.label.size + b.label.size, size_a.size * size_b.size)
        slots = np.full(1 << (2 * most).bit_length(), -1, np.int32)
        room = np.empty((3, most), np.int64)
        number = overlap_kernels.count_pairs(
            a.start, a.label, b.start, b.label, size_b.size, slots, room
        )
        pairs = room[:, :number].copy()
        majority, (largest, touched) = (
            np.zeros(size_a.size, np.int64),
            np.zeros((2, size_b.size), np.int64),
        )
        best = np.zeros(size_b.size)
        sums = overlap_kernels.tally_pairs(pairs, size_a, size_b, majority, largest, touched, best)
        return cls(pairs[0], pairs[1], pairs[2], size_a, size_b, *sums, largest, touched, best)


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
    return o.minority / o.pixels


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
    return float(np.mean((o.touched - o.segment_size) / o.segment_size))


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
    return (o.covering - o.pixels) / o.pixels


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
    return (o.pixels - int(o.largest.sum())) / o.pixels


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
    together = sum(int(np.dot(n, n)) for n in (o.superpixel_size, o.segment_size))
    # Ordered pairs: those together in exactly one of the two partitions disagree.
    disagreeing = together - 2 * o.squares
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
    return float((o.segment_size * o.best).sum()) / o.pixels
