"""What the user says of the files of a data set: how images are turned, which values are void."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bench.errors import DatasetError

Exif = Literal["refuse", "apply", "ignore"]
EXIFS: tuple[Exif, ...] = get_args(Exif)


@dataclass(frozen=True)
class Reading:
    """How the files of a data set are read.

    Attributes
    ----------
    exif : {"refuse", "apply", "ignore"}
        What to do about an image that asks to be turned; see `bench.datasets.images.read_image`.
    void : tuple of int
        Values of annotations that mark pixels which count in no metric. A pixel that one annotator
        marks counts for none of them.
    """

    exif: Exif = "refuse"
    void: tuple[int, ...] = ()

    @property
    def mark(self) -> str:
        """What it adds to the identity of a data set; empty for the default."""
        return f" (void {','.join(map(str, sorted(self.void)))})" if self.void else ""

    def content(self, files: str, orientation: int) -> str:
        """Return the SHA-256 (hex) of what is read from an image and its annotations.

        Parameters
        ----------
        files : str
            The hash over the bytes of all files; it is returned where nothing is read otherwise.
        orientation : int
            By how the image is turned, 1 (not) to 8.
        """
        facts: dict[str, Any] = {}
        if self.void:
            facts["void"] = sorted(self.void)
        if orientation != 1:
            facts["orientation"] = orientation
        if not facts:
            return files
        return hashlib.sha256(json.dumps([files, facts], sort_keys=True).encode()).hexdigest()

    def truths(
        self, maps: Sequence[tuple[Path, NDArray[Any]]]
    ) -> tuple[tuple[NDArray[np.int32], ...], NDArray[np.bool_] | None]:
        """Return annotations of one image, and the mask of pixels that one of them marks as void.

        Parameters
        ----------
        maps : sequence of (Path, (H, W) ndarray of integers)
            The file and the values of each annotator, all of one shape.

        Returns
        -------
        truths : tuple of (H, W) ndarray of int32
            Values beyond 32 bits are renumbered.
        void : (H, W) ndarray of bool, or None
            None if no pixel is void.

        Raises
        ------
        DatasetError
            If an annotation has a negative value that is not void.
        """
        void: NDArray[np.bool_] | None = None
        for path, values in maps:
            marked = np.zeros(values.shape, bool)
            for value in self.void:
                marked |= values == value
            counted = values[~marked]
            if counted.size and counted.min() < 0:
                raise DatasetError(_negative(path, counted))
            if marked.any():
                void = marked if void is None else void | marked
        return tuple(_as_int32(values) for _, values in maps), void


def _negative(path: Path, values: NDArray[Any]) -> str:
    lowest = values.min()
    return (
        f"the annotation {path} has the value {lowest} at {(values == lowest).sum()} pixels, and "
        f"segments are numbered from 0; if it marks pixels that do not count, say so by "
        f"--void {lowest}"
    )


def _as_int32(values: NDArray[Any]) -> NDArray[np.int32]:
    limits = np.iinfo(np.int32)
    if values.min() < limits.min or values.max() > limits.max:
        values = np.unique(values, return_inverse=True)[1].reshape(values.shape)
    return np.ascontiguousarray(values, np.int32)
