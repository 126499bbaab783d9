"""One label map (superpixels or an annotator's segments) and what is computed from it only once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from metrics.base import RADII


@dataclass(frozen=True)
class Runs:
    """Stretches of equal labels within a row, in raster order, R of them.

    Attributes
    ----------
    start : (R + 1,) int32
        Flat index of each first pixel, then the number of pixels.
    label : (R,) int32
        0..K-1 with none missing, -1 for void.
    first_of_row : (H + 1,) int32
        Index of the first run of each row, then R.
    """

    start: npt.NDArray[np.int32]
    label: npt.NDArray[np.int32]
    first_of_row: npt.NDArray[np.int32]

    @property
    def length(self) -> npt.NDArray[np.int32]:
        """(R,) pixels of each run."""
        return np.diff(self.start)


@dataclass(frozen=True)
class LabelMap:
    """A partition of the scored pixels; every property is computed at its first use and kept.

    Attributes
    ----------
    values : (H, W) int32, C-contiguous and writeable
        Any labels from 0 to a small multiple of the number of pixels, -1 for void.
    """

    values: npt.NDArray[np.int32]

    @cached_property
    def runs(self) -> Runs:
        """The runs, with labels renumbered in increasing order."""
        from metrics import kernels

        height, _ = self.values.shape
        start = np.empty(self.values.size + 1, np.int32)
        label = np.empty(self.values.size, np.int32)
        first_of_row = np.empty(height + 1, np.int32)
        count = kernels.find_runs(self.values, start, label, first_of_row)
        start[count] = self.values.size
        label = label[:count]
        # Index -1, void, is the last element of the table.
        table = np.zeros(int(label.max()) + 2, np.int32)
        table[label] = 1
        table = np.cumsum(table, dtype=np.int32) - 1
        table[-1] = kernels.VOID
        return Runs(start[: count + 1].copy(), table[label], first_of_row)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(K,) pixels of each label."""
        return np.bincount(self.runs.label + 1, self.runs.length, 1)[1:].astype(np.int64)

    @cached_property
    def boundary(self) -> npt.NDArray[np.uint8]:
        """(H, W) 1 at thick boundary pixels: a 4-neighbour that is not void has another label."""
        from metrics import kernels

        mask = np.empty(self.values.shape, np.uint8)
        kernels.mark_boundary(self.values, mask)
        return mask

    @cached_property
    def boundary_pixels(self) -> npt.NDArray[np.intp]:
        """(B,) flat indices of the boundary pixels."""
        return np.flatnonzero(self.boundary.view(np.bool_))

    @cached_property
    def reach(self) -> npt.NDArray[np.uint8]:
        """(H, W) chessboard distance to the boundary, one more than the largest radius if more."""
        from metrics import kernels

        reach = np.empty(self.values.shape, np.uint8)
        kernels.measure_reach(self.boundary, max(RADII), reach)
        return reach

    @cached_property
    def squared_distance(self) -> npt.NDArray[np.int32]:
        """(H, W) squared Euclidean distance to the boundary, px^2; meaningless if there is none."""
        from metrics import kernels

        squared = np.empty(self.values.shape, np.int32)
        kernels.measure_squared_distance(self.boundary, squared)
        return squared
