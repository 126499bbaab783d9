"""Metrics from the mean and the squared deviations of each superpixel: colour and position."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.references import NEVER, STUTZ

Integers = npt.NDArray[np.int64]


def squared_error(size: Integers, total: Integers, squares: Integers) -> npt.NDArray[np.float64]:
    """Return the sum of squared deviations from the mean of each of K groups.

    Parameters
    ----------
    size : (K,) int
        Number n of elements.
    total : (K, C) int
        Sum of the elements, per channel.
    squares : (K,) int
        Sum of their squares over elements and channels.

    Notes
    -----
    With q the mean rounded to an integer and r = total - q n, so that |r| <= n / 2,
    sum (v - mean)^2 = (squares - 2 q total + q^2 n) - r^2 / n.
    The bracket is an exact integer and at most half of it cancels: no digits are lost.
    """
    from metrics.kernels import moments as moments_kernels

    error = np.empty(size.size)
    moments_kernels.measure_error(size, total, squares, error)
    return error


@dataclass(frozen=True)
class Colours:
    """Squared deviations of colour, 0..255, summed over the three channels.

    Attributes
    ----------
    size : (K,) int
        |S_j|.
    within : (K,) float
        SSE_j = sum_{p in S_j} |I_p - mu_j|^2.
    total : float
        sum_p |I_p - mu|^2, 0 exactly if the image is constant.
    """

    size: Integers
    within: npt.NDArray[np.float64]
    total: float
    needs: ClassVar[frozenset[str]] = frozenset({"image"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Sum colours and their squares in integers, one pass over the image."""
        from metrics.kernels import moments as moments_kernels

        assert case.image is not None
        runs, size = case.labels.runs, case.labels.sizes
        total = np.zeros((size.size, 3), np.int64)
        squares = np.zeros(size.size, np.int64)
        moments_kernels.sum_colours(
            runs.start, runs.label, case.image.reshape(-1, 3), total, squares
        )
        whole = squared_error(
            size.sum(keepdims=True), total.sum(axis=0, keepdims=True), squares.sum(keepdims=True)
        )
        return cls(size, squared_error(size, total, squares), float(whole[0]))


@dataclass(frozen=True)
class Positions:
    """Squared deviations of pixel positions, (row, column), px^2.

    Attributes
    ----------
    size : (K,) int
        |S_j|.
    within : (K,) float
        Sum over the pixels of S_j of the squared distance to their mean position.
    """

    size: Integers
    within: npt.NDArray[np.float64]
    needs: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Sum rows and columns and their squares in integers, run by run."""
        from metrics.kernels import moments as moments_kernels

        runs, size = case.labels.runs, case.labels.sizes
        total, squares = np.zeros((2, size.size, 2), np.int64)
        width = case.labels.values.shape[1]
        moments_kernels.sum_positions(
            runs.start, runs.label, runs.first_of_row, width, total, squares
        )
        return cls(size, squared_error(size, total, squares.sum(axis=1)))


@metric(
    Colours,
    id="ev",
    title="Explained variation",
    direction="high",
    range=(0.0, 1.0),
    reference="Moore, Prince, Warrell, Mohammed, Jones, Superpixel lattices, CVPR 2008, "
    "doi 10.1109/CVPR.2008.4587471",
    undefined="the image is constant over the scored pixels",
    limits="Rewards following texture and noise as much as objects; RGB is not perceptual.",
)
def ev(c: Colours) -> float:
    """sum_j |S_j| |mu_j - mu|^2 / sum_p |I_p - mu|^2.

    Computed as 1 - sum_j SSE_j / total, equal by the law of total variance, which is exactly 0 for
    one superpixel and exactly 1 for one per pixel.
    """
    if c.total == 0:
        return float("nan")
    # Where superpixels explain nothing, rounding alone could make it negative.
    return max(0.0, 1.0 - float(c.within.sum()) / c.total)


@metric(
    Colours,
    id="icv",
    title="Intra-cluster variation",
    direction="low",
    range=(0.0, 127.5 * 3**0.5),
    unit="grey levels",
    reference=STUTZ,
    undefined=NEVER,
    limits="Every superpixel counts the same whatever its size, so tiny ones pull it down; not "
    "relative to the contrast of the image.",
)
def icv(c: Colours) -> float:
    """Mean over j of sqrt(SSE_j / |S_j|)."""
    return float(np.sqrt(c.within / c.size).mean())


@metric(
    Colours,
    id="sse_rgb",
    title="Colour error",
    direction="low",
    range=(0.0, 3 * 127.5**2),
    unit="grey levels²",
    reference=STUTZ,
    undefined=NEVER,
    limits="Depends on the contrast of the image: compare methods on the same images only.",
)
def sse_rgb(c: Colours) -> float:
    """(1/N) sum_j SSE_j."""
    return float(c.within.sum() / c.size.sum())


@metric(
    Positions,
    id="sse_xy",
    title="Position error",
    direction="low",
    range=(0.0, float("inf")),
    unit="px²",
    reference=STUTZ,
    undefined=NEVER,
    limits="Depends on the size of the image and falls with the count; compact superpixels have a "
    "low one whether or not they follow objects.",
)
def sse_xy(p: Positions) -> float:
    """(1/N) sum_j sum_{p in S_j} squared distance of p to the mean position of S_j."""
    return float(p.within.sum() / p.size.sum())
