"""BSDS500: the Berkeley images with the segmentations of all their annotators, from the .mat files.

P. Arbelaez, M. Maire, C. Fowlkes, J. Malik, "Contour Detection and Hierarchical Image
Segmentation", TPAMI 33(5), 2011, doi 10.1109/TPAMI.2010.161.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.datasets import download
from bench.datasets.base import Dataset, DatasetError, Sample, check_sizes, expand, hash_files
from bench.datasets.images import applied_orientation, image_size, read_image
from bench.errors import hint
from methods.labelfiles import LabelFileError, check_labels
from methods.matfiles import MatFileError, load_mat
from methods.plainfiles import read_plain
from reports.data.words import counted, few

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
    has_reading: ClassVar[bool] = True

    root: Path
    _unread: tuple[str, ...] = ()

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
        published = published_names(self.split)
        if published.isdisjoint(self.names):
            self._unread = (
                f"none of the {counted(len(self.names), 'image')} in {folder} is one of BSDS500's"
                f" {len(published)}: they are run as they are, though called {self.identity}",
            )
        else:
            self.published = len(published)
            self.lacking = self._compare(published)

    def unread(self) -> list[str]:
        """Say if the images are others than those that were published."""
        return list(self._unread)

    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W) of one image from the header of its JPEG file."""
        return image_size(self._image(name), self.reading.exif)

    def fingerprint(self, name: str) -> str:
        """Return the SHA-256 (hex) over the bytes of the JPEG and of the .mat file."""
        content = hash_files([("image", self._image(name)), ("truths", self._truths(name))])
        turned = applied_orientation(self._image(name), self.reading.exif)
        return self.reading.content(content, turned)

    def load(self, name: str) -> Sample:
        """Read one image and the segmentations of all its annotators."""
        path, truths_path = self._image(name), self._truths(name)
        image = read_image(path, exif=self.reading.exif)
        maps = [(truths_path, values) for values in _read_segmentations(truths_path)]
        check_sizes(path, image, maps)
        return Sample(name, image, *self.reading.truths(maps))

    def _compare(self, published: frozenset[str]) -> str:
        """Say what distinguishes the folder from the split as published, by names of files."""
        whole = [name for name in self.names if self._truths(name).is_file()]
        lost, foreign = published.difference(whole), set(self.names) - published
        parts = []
        if lost:
            parts.append(
                f"{len(published) - len(lost)} of {len(published)} images are there with their"
                f" annotations, without {few(sorted(lost))}"
            )
        if foreign:
            parts.append(
                f"{counted(len(foreign), 'image')} not of this split: {few(sorted(foreign))}"
            )
        return "; ".join(parts)

    def _image(self, name: str) -> Path:
        return self.root / "images" / self.split / f"{name}.jpg"

    def _truths(self, name: str) -> Path:
        return self.root / "groundTruth" / self.split / f"{name}.mat"


def published_names(split: str) -> frozenset[str]:
    """Return the images that a split has as published."""
    hashes = download.of_splits(download.read_hashes(), [split])
    return frozenset(Path(path).stem for path in hashes if path.startswith("images/"))


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


def _read_segmentations(path: Path) -> list[NDArray[Any]]:
    """Read ``groundTruth{1..k}.Segmentation`` of a .mat file, one label map per annotator."""
    if not path.is_file():
        raise DatasetError(f"the annotation {path} is missing; fetch it with 'bench data bsds500'")
    try:
        found = load_mat(read_plain(path), ("groundTruth",))["groundTruth"]
        cells = found if isinstance(found, list) else [found]
        truths = [_segmentation(cell, f"{path}, annotator {k}") for k, cell in enumerate(cells, 1)]
    except LabelFileError as error:
        raise DatasetError(f"annotation {error}") from error
    except KeyError as error:
        raise DatasetError(
            f"the annotation {path} has no variable 'groundTruth'; it is not of BSDS500, whose"
            " files 'bench data bsds500' fetches"
        ) from error
    except (MatFileError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(
            f"cannot read the annotation {path}: {reason}; fetch it again with 'bench data bsds500'"
        ) from error
    if not truths:
        raise DatasetError(
            f"{path} holds no segmentation; fetch it again with 'bench data bsds500'"
        )
    return truths


def _segmentation(cell: Any, source: str) -> NDArray[Any]:
    """Return the label map in a cell of ``groundTruth``, or in an element of a struct array.

    Raises
    ------
    LabelFileError
        If there is none.
    """
    if isinstance(cell, list) and len(cell) == 1:  # a structure in a cell
        cell = cell[0]
    fields = list(cell) if isinstance(cell, dict) else []
    if "Segmentation" not in fields:
        raise LabelFileError(
            f"{source}: has no field 'Segmentation' (fields: {', '.join(fields) or 'none'}); save"
            " groundTruth{k}.Segmentation as BSDS500 does"
        )
    return check_labels(np.asarray(cell["Segmentation"]), source)
