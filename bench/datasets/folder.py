"""Any folder of images and label maps as a data set."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from bench.datasets.base import Dataset, DatasetError, Sample, check_sizes, hash_files
from bench.datasets.images import (
    EXTENSIONS,
    TIFF,
    applied_orientation,
    image_size,
    read_image,
    turned_by_some,
)
from bench.datasets.unread import Unread, check_owners, describe, find_unread, owner_of
from bench.errors import hint
from methods.labelfiles import SUFFIXES, read_labels

ANNOTATION_FOLDERS = ("labels", "annotations", "groundTruth")
VOID_FOLDER = "void"


class Folder(Dataset):
    """Images and label maps in a folder, found by their names.

    The form of the folder, with parts in brackets where they are wanted::

        ROOT/images/[SPLIT/]IMAGE.png                   .png .jpg .jpeg .bmp .tif .tiff .ppm .pgm
                                                        .webp; may also lie directly in ROOT
        ROOT/labels/[SPLIT/]IMAGE.png                   .png .pgm (8 or 16 bit) .npy .csv .mat;
        ROOT/labels/[SPLIT/]IMAGE_ANNOTATOR.png         annotators by suffix after _ - or .
        ROOT/labels/[SPLIT/]ANNOTATOR/IMAGE.png         annotators by subfolder
        ROOT/void/[SPLIT/]IMAGE.png                     optional: pixels not 0 count in no metric

    The folder of label maps is called ``labels``, ``annotations`` or ``groundTruth``. A label
    map whose name fits several images belongs to the one with the longest name: with images ``a``
    and ``a_1``, ``a_1.png`` annotates ``a_1`` only. Every image needs one annotation at least.
    Annotations may also mark pixels that count in no metric by a value, such as 255 or -1, which
    `reading` names.
    """

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "folder of images and label maps"
    license: ClassVar[str] = "that of your data"
    has_reading: ClassVar[bool] = True

    root: Path

    def __init__(self, root: Path | None = None, split: str | None = None) -> None:
        if root is None:
            raise DatasetError("the data set 'folder' needs the folder of your data: --root DIR")
        if not root.is_dir():
            raise DatasetError(f"{root} is no folder; give --root the folder of your data")
        self.root = root.resolve()
        self.split = split or ""
        _scan.cache_clear()  # the folder may have changed since it was last opened
        files = self._files
        self.names = tuple(sorted(files.images))
        has_maps, has_voids = any(files.maps.values()), any(files.voids.values())
        check_owners(files.unread, files.images, has_maps, has_voids)

    def unread(self) -> list[str]:
        """Name the annotations and voids of no image, and what is in no format that is read."""
        return describe(self._files.unread)

    @property
    def identity(self) -> str:
        """The folder and the split, since two folders have nothing in common."""
        parts = (self.name, str(self.root), self.split)
        return ":".join(part for part in parts if part) + self.reading.mark

    def remarks(self) -> list[str]:
        """Say which images other programs may have turned."""
        if self.reading.exif != "refuse":
            return []
        tiffs = [self._files.images[name] for name in self.names]
        tiffs = [path for path in tiffs if path.suffix.lower() in TIFF and turned_by_some(path)]
        if not tiffs:
            return []
        some = ", ".join(path.name for path in tiffs[:3]) + (", ..." if len(tiffs) > 3 else "")
        return [
            f"{len(tiffs)} of {len(self.names)} images are TIFF files with an orientation ({some}):"
            " they are read as stored; --exif apply turns them, --exif ignore says so for good"
        ]

    @property
    def annotations(self) -> int:
        """How many label maps belong to the images."""
        return sum(map(len, self._files.maps.values()))

    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W) of one image from its header."""
        return image_size(self._files.images[name], self.reading.exif)

    def fingerprint(self, name: str) -> str:
        """Return the SHA-256 (hex) over the bytes of the image, its label maps and its void.

        What `reading` makes of them counts too, where it changes anything.
        """
        files = self._files
        maps = [(str(path.relative_to(files.maps_folder)), path) for path in files.maps[name]]
        voids = [("void", path) for path in files.voids[name]]
        content = hash_files([("image", files.images[name]), *maps, *voids])
        turned = applied_orientation(files.images[name], self.reading.exif)
        return self.reading.content(content, turned)

    def load(self, name: str) -> Sample:
        """Read one image, all its label maps, and its void pixels if there are any."""
        path = self._files.images[name]
        image = read_image(path, exif=self.reading.exif)
        maps = [(file, _read(file)) for file in self._files.maps[name]]
        if not maps:
            raise DatasetError(
                f"the image {path} has no annotation: expected {name}.*, {name}_ANNOTATOR.* or "
                f"ANNOTATOR/{name}.* ({' '.join(SUFFIXES)}) in {self._files.maps_folder}; "
                "add one, or take the image out"
            )
        _check_unique([file for file, _ in maps])
        voids = [(file, _read(file)) for file in self._files.voids[name]]
        check_sizes(path, image, [*maps, *voids])
        truths, void = self.reading.truths(maps)
        for _, mask in voids:
            void = mask != 0 if void is None else void | (mask != 0)
        return Sample(name, image, truths, void)

    @property
    def _files(self) -> _Files:
        """The files found, looked up once per process instead of travelling in every pickle."""
        return _scan(self.root, self.split)


@dataclass(frozen=True)
class _Files:
    images: dict[str, Path]
    maps_folder: Path
    maps: dict[str, list[Path]]
    voids: dict[str, list[Path]]
    unread: Unread


@functools.lru_cache(maxsize=4)
def _scan(root: Path, split: str) -> _Files:
    images = _find_images(_image_folder(root, split))
    maps_folder = _maps_folder(root, split)
    voids_folder = root / VOID_FOLDER / split
    annotators = [maps_folder / name for name in _subfolders(maps_folder)]
    maps: dict[str, list[Path]] = {name: [] for name in images}
    voids: dict[str, list[Path]] = {name: [] for name in images}
    for path in _list(maps_folder, SUFFIXES):
        owner = owner_of(path.stem, images)
        if owner is not None:
            maps[owner].append(path)
    for folder, found in [*((folder, maps) for folder in annotators), (voids_folder, voids)]:
        for path in _list(folder, SUFFIXES) if folder.is_dir() else ():
            if path.stem in images:
                found[path.stem].append(path)
    read = {path for found in (maps, voids) for paths in found.values() for path in paths}
    unread = find_unread(root, maps_folder, voids_folder, images, read)
    return _Files(images, maps_folder, maps, voids, unread)


def _image_folder(root: Path, split: str) -> Path:
    base = root / "images" if (root / "images").is_dir() else root
    if not (base / split).is_dir():
        splits = _subfolders(base)
        raise DatasetError(
            f"{base} has no split '{split}'{hint(split, splits)} "
            f"(there: {', '.join(splits) or 'no folder at all'})"
        )
    return base / split


def _find_images(folder: Path) -> dict[str, Path]:
    images: dict[str, Path] = {}
    for path in _list(folder, EXTENSIONS):
        if not path.name.isprintable():
            raise DatasetError(
                f"{folder} has an image called {path.name!r}, which results cannot name; rename it"
            )
        other = images.setdefault(path.stem, path)
        if other != path:
            raise DatasetError(
                f"{folder} has {other.name} and {path.name}: which one is the image "
                f"'{path.stem}'? keep one"
            )
    if not images:
        splits = [name for name in _subfolders(folder) if _list(folder / name, EXTENSIONS)]
        cure = f"choose a split: --split {' or '.join(splits)}" if splits else "add images"
        raise DatasetError(f"{folder} has no image ({' '.join(EXTENSIONS)}); {cure}")
    return images


def _maps_folder(root: Path, split: str) -> Path:
    found = [name for name in ANNOTATION_FOLDERS if (root / name / split).is_dir()]
    if len(found) != 1:
        problem = f"has {' and '.join(found)}" if found else "has no folder of label maps"
        inside = f", with '{split}' inside" if split else ""
        raise DatasetError(
            f"{root} {problem}; keep them in one folder called "
            f"{' or '.join(ANNOTATION_FOLDERS)}{inside}"
        )
    return root / found[0] / split


def _list(folder: Path, extensions: tuple[str, ...]) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in extensions and not path.name.startswith(".")
    )


def _subfolders(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _check_unique(maps: list[Path]) -> None:
    """Refuse one annotator's map in two formats, which would count twice."""
    seen: dict[Path, Path] = {}
    for path in maps:
        other = seen.setdefault(path.with_suffix(""), path)
        if other != path:
            raise DatasetError(f"{other} and {path} are one annotation in two formats; keep one")


def _read(path: Path) -> NDArray[Any]:
    try:
        return read_labels(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"annotation {error}") from error
