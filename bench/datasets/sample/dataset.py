"""The embedded data set: composites of natural texture whose regions are known exactly."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import Dataset, DatasetError, Sample
from bench.datasets.sample.paint import paint
from bench.datasets.sample.scenes import SCENES


class SampleDataset(Dataset):
    """Ten scenes of 240 x 160 pixels, painted at run time from photographs in scikit-image's wheel.

    The first annotation outlines every region, thin parts too; the next ones merge regions into
    objects and objects into the main parts of the scene. Nothing is downloaded.
    """

    name: ClassVar[str] = "sample"
    title: ClassVar[str] = "Sample scenes"
    license: ClassVar[str] = "from photographs in scikit-image: CC0 or without known restrictions"

    def __init__(self, root: Path | None = None, split: str | None = None) -> None:
        for option, value, cure in (
            ("root", root, "use --dataset folder or bsds500 for files of your own"),
            ("split", split, "leave --split out"),
        ):
            if value is not None:
                raise DatasetError(
                    f"the data set 'sample' is embedded and has no {option} ('{value}'); {cure}"
                )
        self.names = tuple(sorted(SCENES))

    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W) of one scene."""
        return SCENES[name]().size

    def fingerprint(self, name: str) -> str:
        """Return the SHA-256 (hex) over pixels and annotations."""
        sample = _paint_sample(name)
        digest = hashlib.sha256(sample.image.tobytes())
        for truth in sample.truths:
            digest.update(truth.tobytes())
        return digest.hexdigest()

    def load(self, name: str) -> Sample:
        """Paint one scene; it is kept, so that the next call only copies it."""
        painted = _paint_sample(name)
        return Sample(name, painted.image.copy(), tuple(truth.copy() for truth in painted.truths))


@functools.lru_cache(maxsize=len(SCENES))
def _paint_sample(name: str) -> Sample:
    image, regions, paths = paint(SCENES[name](), seed=sorted(SCENES).index(name))
    return Sample(name, image, _annotations(regions, paths))


def _annotations(regions: NDArray[np.int32], paths: list[str]) -> tuple[NDArray[np.int32], ...]:
    """Return the regions merged by the first 3, 2 and 1 parts of their paths, without repeats."""
    depths = [["/".join(path.split("/")[:depth]) for path in paths] for depth in (3, 2, 1)]
    distinct = [merged for i, merged in enumerate(depths) if merged not in depths[:i]]
    return tuple(
        np.array([merged.index(name) for name in merged], dtype=np.int32)[regions]
        for merged in distinct
    )
