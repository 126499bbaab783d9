"""BSDS500: the Berkeley images with the segmentations of all their annotators, from the .mat files.

P. Arbelaez, M. Maire, C. Fowlkes, J. Malik, "Contour Detection and Hierarchical Image
Segmentation", TPAMI 33(5), 2011, doi 10.1109/TPAMI.2010.161.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.io
from numpy.typing import NDArray

from bench.datasets.base import Dataset, DatasetError, Sample, check_sizes, expand, hash_files
from bench.datasets.images import image_size, read_image
from bench.errors import hint

SPLITS = ("train", "val", "test")
ROOT_VARIABLE = "SUPERPIXEL_BENCH_BSDS500"

# Where the folder with images/ and groundTruth/ lies in the usual copies of the data set.
_INSIDE = (".", "data", "BSDS500/data", "BSR/BSDS500/data")


class Bsds500(Dataset):
    """Images of one split (train 200, val 100, test 200; default test), 4 to 9 annotators each.

    The folder with ``images/<split>/*.jpg`` and ``groundTruth/<split>/*.mat``, or a parent of it,
    is `root`, else the environment variable SUPERPIXEL_BENCH_BSDS500, else the download cache.
    """

    name: ClassVar[str] = "bsds500"
    title: ClassVar[str] = "BSDS500"
    license: ClassVar[str] = "non-commercial research and education; cite Arbelaez et al. 2011"

    root: Path

    def __init__(self, root: Path | None = None, split: str | None = None) -> None:
        self.split = split or "test"
        if self.split not in SPLITS:
            raise DatasetError(
                f"bsds500 has no split '{self.split}'{hint(self.split, SPLITS)} "
                f"(known: {', '.join(SPLITS)})"
            )
        self.root = _find_root(root)
        folder = self.root / "images" / self.split
        self.names = tuple(
            sorted(path.stem for path in folder.glob("*.jpg") if not path.name.startswith("."))
        )
        if not self.names:
            raise DatasetError(
                f"{folder} has no .jpg image; fetch the split with "
                f"'bench data bsds500 --split {self.split} --root {self.root}'"
            )

    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W) of one image from the header of its JPEG file."""
        return image_size(self._image(name))

    def fingerprint(self, name: str) -> str:
        """Return the SHA-256 (hex) over the bytes of the JPEG and of the .mat file."""
        return hash_files([("image", self._image(name)), ("truths", self._truths(name))])

    def load(self, name: str) -> Sample:
        """Read one image and the segmentations of all its annotators."""
        path, truths_path = self._image(name), self._truths(name)
        image = read_image(path)
        truths = _read_segmentations(truths_path)
        check_sizes(path, image, ((truths_path, truth) for truth in truths))
        return Sample(name, image, truths)

    def _image(self, name: str) -> Path:
        return self.root / "images" / self.split / f"{name}.jpg"

    def _truths(self, name: str) -> Path:
        return self.root / "groundTruth" / self.split / f"{name}.mat"


def download_folder(root: Path | None) -> Path:
    """Return the folder that the files belong in: where `Bsds500` looks for them first."""
    folder = _wanted_folder(root)[0]
    return (_look_inside(folder) or folder).resolve()


def _wanted_folder(root: Path | None) -> tuple[Path, str]:
    """Return the folder to look in, and who asked for it."""
    if root is not None:
        return root, "--root"
    variable = os.environ.get(ROOT_VARIABLE)
    if variable:
        return expand(Path(variable)), f"the environment variable {ROOT_VARIABLE}"
    import pooch

    try:
        return Path(pooch.os_cache("superpixel-bench")) / "bsds500", "the download cache"
    except RuntimeError as error:
        raise DatasetError(
            f"there is no home folder to keep BSDS500 in; give --root DIR, or set {ROOT_VARIABLE}"
        ) from error


def _look_inside(folder: Path) -> Path | None:
    for inside in _INSIDE:
        if all((folder / inside / part).is_dir() for part in ("images", "groundTruth")):
            return folder / inside
    return None


def _find_root(root: Path | None) -> Path:
    folder, source = _wanted_folder(root)
    found = _look_inside(folder)
    if found is None:
        reason = "has no images/ and groundTruth/" if folder.is_dir() else "is no folder"
        raise DatasetError(
            f"BSDS500 is not in {folder} ({source}), which {reason}; fetch it with "
            f"'bench data bsds500', or point --root DIR or {ROOT_VARIABLE} at a copy"
        )
    return found.resolve()


def _read_segmentations(path: Path) -> tuple[NDArray[np.int32], ...]:
    """Read ``groundTruth{1..k}.Segmentation`` of a .mat file, one label map per annotator."""
    if not path.is_file():
        raise DatasetError(f"the annotation {path} is missing; fetch it with 'bench data bsds500'")
    try:
        # The hash list vouches for the content; checking the checksum again costs a sixth.
        content = scipy.io.loadmat(
            str(path), variable_names=["groundTruth"], verify_compressed_data_integrity=False
        )
        truths = tuple(
            np.ascontiguousarray(cell["Segmentation"][0, 0], np.int32)
            for cell in content["groundTruth"].ravel()
        )
    # A broken file makes the reader fail in many ways (zlib, struct, key, type errors).
    except Exception as error:
        raise DatasetError(
            f"cannot read the annotation {path}: {type(error).__name__}: {error}; "
            "fetch it again with 'bench data bsds500'"
        ) from error
    if not truths:
        raise DatasetError(
            f"{path} holds no segmentation; fetch it again with 'bench data bsds500'"
        )
    return truths
