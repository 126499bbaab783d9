"""Metrics from the boundaries of superpixels S and of an annotator's segments G.

Boundary pixels are `thick`: a pixel one of whose 4 neighbours has another label, so both sides of
an edge; only `br` takes what its protocol says. The image border and the border of void make no
boundary.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.labelmap import RADII, LabelMap, count_common, pack_windows
from metrics.matching import count_matches
from metrics.protocols import PROTOCOLS, Protocol
from metrics.references import STUTZ

MARTIN = "Martin, Fowlkes, Malik, TPAMI 2004, doi 10.1109/TPAMI.2004.1273918; square window"
NAN = float("nan")


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of both partitions; what lies near what is counted at first use.

    Attributes
    ----------
    labels, truth : LabelMap
        S and G.
    """

    labels: LabelMap
    truth: LabelMap
    needs: ClassVar[frozenset[str]] = frozenset({"truth"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Keep both; their boundaries are measured when a formula asks."""
        assert case.truth is not None
        return cls(case.labels, case.truth)

    @cached_property
    def recalled(self) -> tuple[int, ...]:
        """Boundary pixels of G with one of S within r, for each r of `RADII`."""
        return count_common(self.truth.windows[0], self.labels.windows)

    @cached_property
    def confirmed(self) -> tuple[int, ...]:
        """Boundary pixels of S with one of G within r, for each r of `RADII`."""
        return count_common(self.labels.windows[0], self.truth.windows)

    @cached_property
    def squared_distances(self) -> npt.NDArray[np.int32]:
        """(B,) px^2 from each boundary pixel of G to the nearest of S; empty if either has none."""
        if not self.labels.boundary_length:
            return np.empty(0, np.int32)
        return self.labels.squared_distance.ravel()[self.truth.boundary_pixels]


def length(b: Boundaries) -> float:
    """Count the boundary pixels of G, of which recall is a share."""
    return b.truth.boundary_length


def recall(b: Boundaries, r: int) -> float:
    """Share of the boundary pixels of G with a boundary pixel of S within r."""
    total = b.truth.boundary_length
    return b.recalled[r] / total if total else NAN


def precision(b: Boundaries, r: int) -> float:
    """Share of the boundary pixels of S with a boundary pixel of G within r."""
    total = b.labels.boundary_length
    return b.confirmed[r] / total if total else NAN


for _r in RADII:
    metric(
        Boundaries,
        id=f"br_r{_r}",
        title=f"Boundary recall, r = {_r} px",
        direction="high",
        range=(0.0, 1.0),
        reference=MARTIN,
        undefined="G has no boundary; 0 if only S has none",
        limits="Superpixels with ragged or many boundaries recall by chance; says nothing about "
        "boundaries of S where G has none.",
        weight=length,
    )(partial(recall, r=_r))


@dataclass(frozen=True)
class Recalled:
    """What the protocol's recall is made of.

    Attributes
    ----------
    found, length : int
        Boundary pixels of G that are recalled, and all of them.
    without_boundary : float
        The value where G has none.
    """

    found: int
    length: int
    without_boundary: float
    needs: ClassVar[frozenset[str]] = frozenset({"truth"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Count them as the protocol says."""
        assert case.truth is not None
        labels, truth, protocol = case.labels, case.truth, case.protocol
        tolerance = protocol.tolerance_in(*labels.values.shape)
        without = protocol.recall_without_boundary
        if protocol.boundary == "matched":
            length, found = truth.thinned.size, count_matches(truth, labels, tolerance)
        else:
            r = int(tolerance)
            ours, theirs = _windows(labels, protocol, r), _windows(truth, protocol, 0)
            length, found = count_common(theirs[0], np.stack([theirs[0], ours[r]]))
        return cls(found, length, NAN if without is None else without)

    @property
    def share(self) -> float:
        """The recall."""
        return self.found / self.length if self.length else self.without_boundary


class Matched(Recalled):
    """The same under the rule of the Berkeley benchmark, whatever the protocol."""

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Count pairs of thinned boundary pixels."""
        return super().measure(replace(case, protocol=PROTOCOLS["bsds2011"]))


def _windows(labels: LabelMap, protocol: Protocol, r: int) -> npt.NDArray[np.uint64]:
    """Return the pixels within 0, 1, ... and at least r of the boundary that the protocol names."""
    thick = protocol.boundary == "thick"
    if r <= max(RADII):
        return labels.windows if thick else labels.thin_windows
    return pack_windows(labels.boundary if thick else labels.thin_boundary, r)


@metric(
    Recalled,
    id="br",
    title="Boundary recall",
    direction="high",
    range=(0.0, 1.0),
    reference=MARTIN + "; boundary, tolerance and annotators are the protocol's (bench list "
    "protocols)",
    undefined="G has no boundary, unless the protocol says otherwise; 0 if only S has none",
    limits="Comparable under one protocol only: another moves it by more than methods differ.",
    weight=lambda recalled: recalled.length,
    on_request=True,
)
def br(recalled: Recalled) -> float:
    """Share of the boundary pixels of G with one of S near, both as the protocol says."""
    return recalled.share


@metric(
    Matched,
    id="br_matched",
    title="Boundary recall, one-to-one",
    direction="high",
    range=(0.0, 1.0),
    reference="Martin, Fowlkes, Malik, TPAMI 2004, doi 10.1109/TPAMI.2004.1273918; largest "
    "matching instead of the one of least cost; thinning: Guo, Hall, Comm. ACM 1989, "
    "doi 10.1145/62065.62074",
    undefined="G has no boundary; 0 if only S has none",
    limits="Reaches 4 px on a 481 x 321 image, so dense superpixels still recall by chance; but a "
    "boundary that fills an area thins to its middle, so superpixels of 1 px recall next to "
    "nothing. Says nothing about boundaries of S where G has none.",
    weight=lambda matched: matched.length,
    on_request=True,
)
def br_matched(matched: Matched) -> float:
    """Share of the thinned boundary pixels of G that can be paired with one of S each.

    Before thinning a pixel is of the boundary if two neighbours of the 2 x 2 pixels right and below
    differ, as in BSDS500's own boundary maps: unlike for the other boundary metrics, a flipped
    image may score slightly differently.
    """
    return matched.share


@metric(
    Boundaries,
    id="bp_r2",
    title="Boundary precision, r = 2 px",
    direction="high",
    range=(0.0, 1.0),
    reference=MARTIN,
    undefined="S has no boundary; 0 if only G has none",
    limits="Superpixels must cut within segments, so it falls with their number; compare at equal "
    "counts only.",
)
def bp_r2(b: Boundaries) -> float:
    """Share of the boundary pixels of S with a boundary pixel of G within 2 px."""
    return precision(b, 2)


@metric(
    Boundaries,
    id="bf_r2",
    title="Boundary F-measure, r = 2 px",
    direction="high",
    range=(0.0, 1.0),
    reference=MARTIN,
    undefined="recall or precision is: S or G has no boundary; 0 if both are 0",
    limits="Dominated by precision, which superpixels are not made for.",
)
def bf_r2(b: Boundaries) -> float:
    """Harmonic mean of br_r2 and bp_r2."""
    r, p = recall(b, 2), precision(b, 2)
    return 2 * r * p / (r + p) if r + p != 0 else 0.0


@metric(
    Boundaries,
    id="mde",
    title="Mean distance to edge",
    direction="low",
    range=(0.0, float("inf")),
    unit="px",
    reference=STUTZ + "; exact distances: Meijster et al. 2000, doi 10.1007/0-306-47025-X_36",
    undefined="S or G has no boundary",
    limits="Blind to boundaries of S where G has none; a few far misses weigh as much as many "
    "near ones.",
)
def mde(b: Boundaries) -> float:
    """Mean Euclidean distance from the boundary pixels of G to the nearest of S."""
    squared = b.squared_distances
    return float(np.sqrt(squared).mean()) if squared.size else NAN


@metric(
    Boundaries,
    id="hd95",
    title="95th percentile of distance to edge",
    direction="low",
    range=(0.0, float("inf")),
    unit="px",
    reference="Huttenlocher, Klanderman, Rucklidge, TPAMI 1993, doi 10.1109/34.232073 (directed, "
    "from G to S)",
    undefined="S or G has no boundary",
    limits="One direction only: blind to boundaries of S where G has none.",
)
def hd95(b: Boundaries) -> float:
    """95th percentile of the same distances, linear between the two nearest ranks."""
    squared = b.squared_distances
    if not squared.size:
        return NAN
    # Rank 0.95 (B - 1) in whole numbers, so that no rounding moves it across a rank.
    low, twentieths = divmod(19 * (squared.size - 1), 20)
    high = min(low + 1, squared.size - 1)
    ranked = np.partition(squared, high)
    above = math.sqrt(ranked[high])
    below = math.sqrt(ranked[:high].max()) if low < high else above
    return below + (above - below) * twentieths / 20
