"""Metrics of the label map alone: compactness, contour density, counts and sizes."""

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.labelmap import LabelMap
from metrics.references import NEVER, STUTZ

Integers = npt.NDArray[np.int64]
OWN = "defined by this suite"


@dataclass(frozen=True)
class Contacts:
    """What shows where neighbouring pixels are compared.

    Attributes
    ----------
    size : (K,) int
        |S_j|.
    perimeter : (K,) int
        P_j, exposed 4-edges: to another superpixel, to void or to the outside of the image.
    components : int
        Number of 4-connected components.
    largest : (K,) int
        Pixels of the largest component of S_j.
    """

    size: Integers
    perimeter: Integers
    components: int
    largest: Integers
    needs: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Take them from the label map."""
        size, parts = case.labels.sizes, case.labels.parts
        largest = np.zeros_like(size)
        np.maximum.at(largest, parts.label, parts.size)
        return cls(size, parts.perimeter, parts.size.size, largest)


@dataclass(frozen=True)
class Density:
    """The superpixels' boundary.

    Attributes
    ----------
    labels : LabelMap
        S.
    """

    labels: LabelMap
    needs: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Keep the label map, which knows its boundary."""
        return cls(case.labels)


@dataclass(frozen=True)
class Sizes:
    """The sizes of the superpixels.

    Attributes
    ----------
    size : (K,) int
        |S_j|.
    """

    size: Integers
    needs: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Take them from the label map."""
        return cls(case.labels.sizes)


@dataclass(frozen=True)
class Counts:
    """Counts returned and asked for.

    Attributes
    ----------
    returned : int
        K.
    asked : int
        n.
    """

    returned: int
    asked: int
    needs: ClassVar[frozenset[str]] = frozenset({"n"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Take K from the label map and n as given."""
        assert case.n is not None
        return cls(case.labels.sizes.size, case.n)


@metric(
    Contacts,
    id="co",
    title="Compactness",
    direction="high",
    range=(0.0, math.pi / 4),
    reference="Schick, Fischer, Stiefelhagen, Measuring and evaluating the compactness of "
    "superpixels, ICPR 2012",
    undefined=NEVER,
    limits="Counts edges of the pixel grid, so a square (pi/4) beats a disc; a regular grid that "
    "follows nothing has the best.",
)
def co(c: Contacts) -> float:
    """sum_j (|S_j| / N) 4 pi |S_j| / P_j^2."""
    quotient = np.square(c.size / c.perimeter)
    return 4 * math.pi * float(quotient.sum()) / int(c.size.sum())


@metric(
    Density,
    id="cd",
    title="Contour density",
    direction=None,
    range=(0.0, 1.0),
    reference="Machairas et al., Waterpixels, TIP 2015, doi 10.1109/TIP.2015.2451011",
    undefined=NEVER,
    limits="Low for smooth boundaries and for few superpixels alike; not an accuracy.",
)
def cd(d: Density) -> float:
    """Thick boundary pixels / N."""
    return d.labels.boundary_length / int(d.labels.sizes.sum())


@metric(
    Sizes,
    id="n_labels",
    title="Superpixels returned",
    direction=None,
    range=(1.0, float("inf")),
    reference=OWN,
    undefined=NEVER,
    limits="A superpixel in several pieces counts once; see n_components.",
)
def n_labels(s: Sizes) -> float:
    """Count the labels on scored pixels."""
    return float(s.size.size)


@metric(
    Contacts,
    id="n_components",
    title="4-connected components",
    direction=None,
    range=(1.0, float("inf")),
    reference=OWN,
    undefined=NEVER,
    limits="Does not tell large pieces from stray pixels.",
)
def n_components(c: Contacts) -> float:
    """Count the 4-connected components of equal labels among scored pixels."""
    return float(c.components)


@metric(
    Contacts,
    id="stray",
    title="Stray pixels",
    direction="low",
    range=(0.0, 1.0),
    reference=OWN,
    undefined=NEVER,
    limits="Weighs pixels, not parts: a method that leaves many single pixels behind may score as "
    "one that splits a few superpixels.",
)
def stray(c: Contacts) -> float:
    """(1/N) sum_j pixels of S_j outside its largest 4-connected part; less than 1."""
    n = int(c.size.sum())
    return (n - int(c.largest.sum())) / n


@metric(
    Sizes,
    id="size_cv",
    title="Coefficient of variation of size",
    direction=None,
    range=(0.0, float("inf")),
    reference=STUTZ + " (there: superpixel size variation)",
    undefined=NEVER,
    limits="Methods that adapt to content vary more, and may be right to.",
)
def size_cv(s: Sizes) -> float:
    """Divide the population standard deviation by the mean: sqrt(K sum_j |S_j|^2 - N^2) / N."""
    n = int(s.size.sum())
    return math.sqrt(s.size.size * int(np.square(s.size).sum()) - n * n) / n


@metric(
    Sizes,
    id="size_gini",
    title="Gini coefficient of size",
    direction=None,
    range=(0.0, 1.0),
    reference="Gini, Variabilita e mutabilita, 1912, of superpixel sizes",
    undefined=NEVER,
    limits="Methods that adapt to content are less equal, and may be right to be.",
)
def size_gini(s: Sizes) -> float:
    """sum_jk ||S_j| - |S_k|| / (2 K N) = sum_j (2 j - K - 1) |S_(j)| / (K N), sizes ascending."""
    k = s.size.size
    rank = np.arange(1, k + 1)
    return int(((2 * rank - k - 1) * np.sort(s.size)).sum()) / (k * int(s.size.sum()))


@metric(
    Counts,
    id="count_error",
    title="Relative error of the count",
    direction="low",
    range=(0.0, float("inf")),
    reference=OWN,
    undefined="no count was asked for",
    limits="Does not tell too many from too few.",
)
def count_error(c: Counts) -> float:
    """|n_labels - n| / n, n the count that was asked for."""
    return abs(c.returned - c.asked) / c.asked
