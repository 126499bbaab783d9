"""What every data set offers: names, sizes, content hashes, and images with their annotations."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.datasets.reading import Reading
from bench.errors import DatasetError as DatasetError
from methods.plainfiles import read_plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its annotations.

    Attributes
    ----------
    name : str
        Name of the image within its data set and split.
    image : ndarray of uint8, shape (H, W, 3)
        sRGB, C-contiguous.
    truths : tuple of ndarray of int32, each of shape (H, W)
        One label map per annotator, at least one; the label values have no meaning.
    void : ndarray of bool, shape (H, W), or None
        Pixels that no metric may count.
    """

    name: str
    image: NDArray[np.uint8]
    truths: tuple[NDArray[np.int32], ...]
    void: NDArray[np.bool_] | None = None


class Dataset(ABC):
    """A list of images with annotations; cheap to create and to pickle, pixels are read on demand.

    A problem of one image (unreadable, not annotated, annotated in another size) is a
    `DatasetError` from `load` or `size`, so that the other images stay usable.

    Attributes
    ----------
    names : tuple of str
        The images, sorted.
    split : str
        Name of the split, empty where the data set has none.
    root : Path or None
        The folder with the files, None where there is none.
    whole : tuple of str
        All images of the split, also those that a limit leaves out of `names`.
    published : int or None
        How many images the split has as published; None where there is no such number.
    lacking : str
        What is not here of the split as published, in words; empty if nothing is known to lack.
    reading : Reading
        How turned images and void values are read; only of classes with `has_reading`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    license: ClassVar[str]
    has_reading: ClassVar[bool] = False

    names: tuple[str, ...]
    split: str = ""
    root: Path | None = None
    whole: tuple[str, ...] = ()
    published: int | None = None
    lacking: str = ""
    reading: Reading = Reading()

    @property
    def identity(self) -> str:
        """What distinguishes this set of images from others, such as ``bsds500/test``."""
        name = f"{self.name}/{self.split}" if self.split else self.name
        return name + self.reading.mark

    def remarks(self) -> list[str]:
        """Return what the user should know of the images before anything runs, a line each."""
        return []

    def unread(self) -> list[str]:
        """Name the files that the data set leaves unread, one line for each kind of them."""
        return []

    @abstractmethod
    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W) of one image without decoding its pixels."""

    @abstractmethod
    def fingerprint(self, name: str) -> str:
        """Return the SHA-256 (hex) over the content of an image and of its annotations.

        Never fails on a broken or missing file: what is there is hashed.
        """

    @abstractmethod
    def load(self, name: str) -> Sample:
        """Read one image and all its annotations.

        Raises
        ------
        DatasetError
            If the image or an annotation cannot be read, an annotation is missing, or its size
            is not that of the image.
        """


def expand(folder: Path) -> Path:
    """Put the home folder in the place of ``~``; where there is none, a folder stays as it is."""
    return Path(os.path.expanduser(folder))  # noqa: PTH111 (that of Path ends in an error then)


def check_sizes(
    path: Path, image: NDArray[np.uint8], maps: Iterable[tuple[Path, NDArray[np.generic]]]
) -> None:
    """Raise DatasetError if a label map has another size than the image at `path`."""
    for map_path, labels in maps:
        if labels.shape != image.shape[:2]:
            cure = "annotate the image at its own size"
            if labels.shape[::-1] == image.shape[:2]:
                cure = "it is transposed, so swap its rows and columns"
            raise DatasetError(
                f"{map_path} is {_size(labels.shape)} but its image {path} is "
                f"{_size(image.shape)} (height x width); {cure}"
            )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def hash_files(files: Iterable[tuple[str, Path]]) -> str:
    """Return the SHA-256 (hex) over role and content of files; a missing file counts as absent.

    So does what is no plain file, such as a pipe, and a file of more than `LARGEST` bytes.
    """
    digest = hashlib.sha256()
    for role, path in files:
        try:
            content = read_plain(path)
        except OSError:
            digest.update(f"{role} absent\n".encode("utf-8", "surrogateescape"))
            continue
        digest.update(f"{role} {len(content)}\n".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()
