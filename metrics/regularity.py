"""Regularity of the shapes of superpixels: convex, balanced, smooth and alike.

After Giraud, Ta, Papadakis (J. Electronic Imaging 2017). The authors' published programs disagree
in details and the article leaves some open; what is chosen here stands with each formula.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.moments import squared_error
from metrics.references import NEVER

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
GIRAUD = (
    "Giraud, Ta, Papadakis, Evaluation framework of superpixel methods with a global regularity "
    "measure, J. Electronic Imaging 2017, doi 10.1117/1.JEI.26.6.061603"
)


@dataclass(frozen=True)
class Regularity:
    """The shape of each superpixel, of its hull, and how far it is from the mean shape.

    Attributes
    ----------
    size, perimeter : (K,) int
        Pixels of S_k and its exposed 4-edges.
    hull_size, hull_perimeter : (K,) int
        The same of H_k, the pixels whose centres lie in the convex hull of those of S_k.
    spread : (K, 2) float
        Summed squared deviations of rows and of columns from their means.
    mismatch : (K,) float
        |S* - S_k*|_1 / 2 in [0, 1]: S_k* the shape about its barycentre with mass 1, S* the mean
        of all of them, each counted once.
    """

    size: Integers
    perimeter: Integers
    hull_size: Integers
    hull_perimeter: Integers
    spread: Floats
    mismatch: Floats
    needs: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Go superpixel by superpixel through the runs."""
        from metrics.kernels import regularity as kernels
        from metrics.kernels.moments import sum_positions

        labels, size = case.labels, case.labels.sizes
        runs, (first, order), shape = labels.runs, labels.runs_by_label, labels.values.shape
        total, squares = np.zeros((2, size.size, 2), np.int64)
        sum_positions(runs.start, runs.label, runs.first_of_row, shape[1], total, squares)
        hull_size, hull_perimeter = np.zeros((2, size.size), np.int64)
        kernels.measure_hulls(runs.start, first, order, shape, hull_size, hull_perimeter)
        spread = [
            squared_error(size, total[:, axis].copy()[:, None], squares[:, axis].copy())
            for axis in range(2)
        ]
        mismatch = np.empty(size.size)
        centre, extent = _frame(labels.runs.start, order, runs.label, total // size[:, None], shape)
        mean, frame = np.zeros((2, *extent))
        kernels.measure_mismatch(
            runs.start, first, order, shape[1], total, size, mean, frame, centre, mismatch
        )
        return cls(
            size,
            labels.parts.perimeter,
            hull_size,
            hull_perimeter,
            np.stack(spread, axis=1),
            mismatch.clip(0, 1),
        )


def _frame(
    start: npt.NDArray[np.int32],
    order: npt.NDArray[np.int32],
    label: npt.NDArray[np.int32],
    barycentre: Integers,
    shape: tuple[int, ...],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the cell of all barycentres (rounded down) in the smallest frame, and its extent.

    A row and a column before the first are needed for what the fractions spread.
    """
    of = barycentre[label[order]]
    row, column = np.divmod(start[order], shape[1])
    last = column + start[order + 1] - start[order] - 1
    low = np.array([(row - of[:, 0]).min(), (column - of[:, 1]).min()]) - 1
    high = np.array([(row - of[:, 0]).max(), (last - of[:, 1]).max()])
    return (-low).astype(np.int32), high - low + 1


@metric(
    Regularity,
    id="src",
    title="Shape regularity criterion",
    direction="high",
    range=(0.0, 1.0),
    reference=GIRAUD,
    undefined=NEVER,
    limits="Of the pixel grid: a staircase of any slope is as long as its box, so every digitally "
    "convex shape is as good as a square; a regular grid that follows nothing has the best.",
    on_request=True,
)
def src(r: Regularity) -> float:
    """sum_k (|S_k| / N) CR_k V_k.

    CR_k = CC(H_k) / CC(S_k), CC = perimeter / size, perimeters in exposed 4-edges as in `co`, of
    the hull as of the shape. At most 1 for a 4-connected shape; more than 1, which only a shape in
    several parts can have, counts as 1. V_k = sqrt(min(sx, sy) / max(sx, sy)), s the standard
    deviations of columns and rows: 1 for a single pixel, which is a square, and 0 for a line. No
    factor 0.925.
    """
    convexity = (r.hull_perimeter * r.size) / (r.hull_size * r.perimeter)
    low, high = r.spread.min(axis=1), r.spread.max(axis=1)
    # The fourth root, because these are squares of the standard deviations.
    balance = np.where(high > 0, low / np.where(high > 0, high, 1), 1) ** 0.25
    return float((r.size * np.minimum(convexity, 1) * balance).sum() / r.size.sum())


@metric(
    Regularity,
    id="smf",
    title="Smooth matching factor",
    direction="high",
    range=(0.0, 1.0),
    reference=GIRAUD,
    undefined=NEVER,
    limits="Says that shapes are alike, not that they are good: equal spirals have the best, and "
    "so has a single superpixel. Turned or scaled copies count as different.",
    on_request=True,
)
def smf(r: Regularity) -> float:
    """1 - sum_k (|S_k| / N) |S* - S_k*|_1 / 2.

    S_k* is moved by the exact barycentre: a pixel is spread bilinearly over four cells, so nothing
    jumps by rounding, and flips change nothing. S* is the mean of all S_k*, not weighted by size.
    """
    return float(1 - (r.size * r.mismatch).sum() / r.size.sum())


@metric(
    Regularity,
    id="gr",
    title="Global regularity",
    direction="high",
    range=(0.0, 1.0),
    reference=GIRAUD,
    undefined=NEVER,
    limits="A regular grid that follows nothing has the best; weigh it against an accuracy.",
    on_request=True,
)
def gr(r: Regularity) -> float:
    """Multiply src and smf."""
    return src(r) * smf(r)
