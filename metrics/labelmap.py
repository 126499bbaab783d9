"""One label map (superpixels or an annotator's segments) and what is computed from it only once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

RADII = (0, 1, 2, 3)
"""Tolerances of boundary recall, px: square windows |dy| <= r and |dx| <= r."""


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
class Parts:
    """The 4-connected components of labels, P of them, numbered by their first pixels.

    Attributes
    ----------
    of_run : (R,) int32
        0..P-1, -1 for void.
    size : (P,) int64
        Pixels of each.
    label : (P,) int32
        0..K-1, as in `Runs`.
    perimeter : (K,) int64
        Exposed 4-edges of each label: to another label, to void or to the outside of the image.
    """

    of_run: npt.NDArray[np.int32]
    size: npt.NDArray[np.int64]
    label: npt.NDArray[np.int32]
    perimeter: npt.NDArray[np.int64]


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
        from metrics.kernels import compiled as compiled_kernels
        from metrics.kernels import overlap as overlap_kernels

        height, _ = self.values.shape
        start = np.empty(self.values.size + 1, np.int32)
        label = np.empty(self.values.size, np.int32)
        first_of_row = np.empty(height + 1, np.int32)
        count = overlap_kernels.find_runs(self.values, start, label, first_of_row)
        start[count] = self.values.size
        label = label[:count]
        # Index -1, void, is the last element of the table.
        table = np.zeros(int(label.max()) + 2, np.int32)
        table[label] = 1
        table = np.cumsum(table, dtype=np.int32) - 1
        table[-1] = compiled_kernels.VOID
        return Runs(start[: count + 1].copy(), table[label], first_of_row)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(K,) pixels of each label."""
        return np.bincount(self.runs.label + 1, self.runs.length, 1)[1:].astype(np.int64)

    @cached_property
    def parts(self) -> Parts:
        """The 4-connected components and the perimeters."""
        from metrics.kernels import compiled as compiled_kernels
        from metrics.kernels import overlap as overlap_kernels

        runs = self.runs
        parent = np.empty(runs.label.size, np.int32)
        perimeter = np.zeros(self.sizes.size, np.int64)
        width = self.values.shape[1]
        count = overlap_kernels.trace_contacts(
            runs.start, runs.label, runs.first_of_row, width, parent, perimeter
        )
        of_run = np.full(runs.label.size, compiled_kernels.VOID, np.int32)
        size, label = np.zeros(count, np.int64), np.empty(count, np.int32)
        overlap_kernels.number_parts(runs.start, runs.label, parent, of_run, size, label)
        return Parts(of_run, size, label, perimeter)

    @cached_property
    def runs_by_label(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(K + 1,) where each label begins in the second array, which lists the runs by label."""
        from metrics.kernels import overlap as overlap_kernels

        label = self.runs.label
        first = np.zeros(self.sizes.size + 1, np.int32)
        order = np.empty(int(np.count_nonzero(label >= 0)), np.int32)
        overlap_kernels.order_by_label(label, first, order)
        return first, order

    @cached_property
    def boundary(self) -> npt.NDArray[np.uint8]:
        """(H, W) 1 at thick boundary pixels: a 4-neighbour that is not void has another label."""
        from metrics.kernels import boundaries as boundaries_kernels

        mask = np.empty(self.values.shape, np.uint8)
        boundaries_kernels.mark_boundary(self.values, mask)
        return mask

    @cached_property
    def boundary_pixels(self) -> npt.NDArray[np.intp]:
        """(B,) flat indices of the boundary pixels."""
        return np.flatnonzero(self.boundary.view(np.bool_))

    @cached_property
    def thin_boundary(self) -> npt.NDArray[np.uint8]:
        """(H, W) 1 where the right or lower neighbour, not void, has another label."""
        from metrics.kernels import boundaries as boundaries_kernels

        mask = np.empty(self.values.shape, np.uint8)
        boundaries_kernels.mark_thin_boundary(self.values, mask)
        return mask

    @cached_property
    def thinned(self) -> npt.NDArray[np.intp]:
        """(B,) flat indices of the boundary thinned to a line, ascending.

        Boundary pixels are those whose lower right corner lies on a boundary, as those of BSDS500's
        own boundary maps (seg2bdry, "imageSize"), which are these, thinned, pixel by pixel.
        """
        from metrics.kernels import boundaries as boundaries_kernels
        from metrics.kernels import matching as matching_kernels

        mask = np.empty(self.values.shape, np.uint8)
        boundaries_kernels.mark_corners(self.values, mask)
        pixels = np.flatnonzero(mask.view(np.bool_)).astype(np.int32)
        return pixels[: matching_kernels.thin(mask, pixels)].astype(np.intp)

    @cached_property
    def reach(self) -> npt.NDArray[np.uint8]:
        """(H, W) chessboard distance to the boundary, one more than the largest radius if more."""
        from metrics.kernels import boundaries as boundaries_kernels

        reach = np.empty(self.values.shape, np.uint8)
        boundaries_kernels.measure_reach(self.boundary, max(RADII), reach)
        return reach

    @cached_property
    def squared_distance(self) -> npt.NDArray[np.int32]:
        """(H, W) squared Euclidean distance to the boundary, px^2; meaningless if there is none."""
        from metrics.kernels import boundaries as boundaries_kernels

        squared = np.empty(self.values.shape, np.int32)
        boundaries_kernels.measure_squared_distance(self.boundary, squared)
        return squared
