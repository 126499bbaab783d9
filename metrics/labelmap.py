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
    def given(self) -> tuple[Runs, int, int]:
        """The runs with labels as in `values`, the greatest, and how many pixels are negative."""
        from metrics.kernels import overlap as overlap_kernels

        height, width = self.values.shape
        start, label = np.empty((2, height * width + 1), np.int32)
        first_of_row = np.empty(height + 1, np.int32)
        changes = np.zeros((width + 7) // 8, np.uint64)
        count, high, negative = overlap_kernels.find_runs(
            self.values,
            self.values.ravel(),
            changes,
            changes.view(np.uint8),
            start,
            label,
            first_of_row,
        )
        return Runs(start[: count + 1].copy(), label[:count].copy(), first_of_row), high, negative

    @cached_property
    def _numbered(self) -> tuple[Runs, npt.NDArray[np.int64]]:
        """The runs, with labels renumbered in increasing order, and the pixels of each label."""
        from metrics.kernels import overlap as overlap_kernels

        given, high, _ = self.given
        label, rank = np.empty_like(given.label), np.zeros(high + 1, np.int32)
        size = np.zeros(high + 1, np.int64)
        number = overlap_kernels.number_runs(given.start, given.label, rank, size, label)
        return Runs(given.start, label, given.first_of_row), size[:number]

    @property
    def runs(self) -> Runs:
        """The runs, with labels renumbered in increasing order."""
        return self._numbered[0]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(K,) pixels of each label."""
        return self._numbered[1]

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
    def windows(self) -> npt.NDArray[np.uint64]:
        """(4, H, ceil(W / 64)) bits of the pixels within each of `RADII` of the boundary."""
        return pack_windows(self.boundary, max(RADII))

    @property
    def reach(self) -> npt.NDArray[np.uint8]:
        """(H, W) chessboard distance to the boundary, one more than the largest radius if more."""
        bits = np.unpackbits(self.windows.view(np.uint8), axis=-1, bitorder="little")
        reach: npt.NDArray[np.uint8] = np.full(self.values.shape, len(RADII), np.uint8)
        reach -= bits[..., : self.values.shape[1]].sum(axis=0, dtype=np.uint8)
        return reach

    @cached_property
    def boundary_length(self) -> int:
        """Number B of boundary pixels."""
        return int(np.count_nonzero(self.boundary.view(np.bool_)))

    @cached_property
    def boundary_pixels(self) -> npt.NDArray[np.int32]:
        """(B,) flat indices of the boundary pixels, ascending."""
        from metrics.kernels import boundaries as boundaries_kernels

        pixels = np.empty(self.boundary_length, np.int32)
        boundaries_kernels.list_pixels(self.windows[0], self.values.shape[1], pixels)
        return pixels

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
    def thin_windows(self) -> npt.NDArray[np.uint64]:
        """(4, H, ceil(W / 64)) the same as `windows`, of the thin boundary."""
        return pack_windows(self.thin_boundary, max(RADII))

    @cached_property
    def squared_distance(self) -> npt.NDArray[np.int32]:
        """(H, W) squared Euclidean distance to the boundary, px^2; meaningless if there is none."""
        from metrics.kernels import boundaries as boundaries_kernels

        height, width = self.values.shape
        squared, column = (
            np.empty_like(self.values),
            np.full((height, width), height + width, np.int16),
        )
        margin = min(width, boundaries_kernels.SEARCH_LIMIT) + 4
        padded = np.full(width + 2 * margin, boundaries_kernels.FAR_SQUARE, np.int16)
        short, rows = np.empty(width, np.int16), np.empty((2, width), np.int32)
        boundaries_kernels.measure_squared_distance(
            self.boundary, column, padded, short, rows, squared
        )
        return squared


def pack_windows(mask: npt.NDArray[np.uint8], largest: int) -> npt.NDArray[np.uint64]:
    """Return the pixels within 0, 1, ... of the mask, (largest + 1, H, ceil(W / 64)) in bits.

    Parameters
    ----------
    mask : (H, W) uint8
        0 or 1.
    largest : int
        The largest distance max(|dy|, |dx|), px.
    """
    from metrics.kernels import boundaries as boundaries_kernels

    height, width = mask.shape
    windows = np.empty((largest + 1, height, (width + 63) // 64), np.uint64)
    row = np.zeros(8 * windows.shape[2], np.uint64)
    boundaries_kernels.pack(mask, row.view(np.uint8), row, windows[0].view(np.uint8))
    for r in range(largest):
        boundaries_kernels.widen(windows[r], windows[r + 1])
    return windows


def count_common(bits: npt.NDArray[np.uint64], windows: npt.NDArray[np.uint64]) -> tuple[int, ...]:
    """Count the pixels that are set in `bits`, (H, ceil(W / 64)), and in each of the windows."""
    from metrics.kernels import boundaries as boundaries_kernels

    counts = np.empty(len(windows), np.int64)
    boundaries_kernels.count_common(bits, windows, counts)
    return tuple(counts.tolist())
