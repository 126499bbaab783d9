"""Label maps from elsewhere as cells: ``[<n>/]<image>.<png|npy|csv|mat>`` in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.datasets import Dataset
from bench.datasets.images import EXTENSIONS
from bench.errors import UsageError
from bench.planning.cells import Cell, digest, image_size
from methods.labelfiles import SUFFIXES
from reports.data.words import counted, few


@dataclass(frozen=True)
class LabelMaps:
    """What a folder of label maps is for a data set.

    Attributes
    ----------
    cells : list of Cell
        One of every count and image; an image without a label map ends as a failed row.
    left_out : tuple of str
        What is not scored, a line for each kind: label maps of no image, folders, formats.
    """

    cells: list[Cell]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Group:
    """The label maps of one count."""

    n: int | None
    folder: Path
    files: Mapping[str, Path]


def find_label_maps(folder: Path, dataset: Dataset, name: str) -> LabelMaps:
    """Make one cell of every count and image, and name what is left out.

    Parameters
    ----------
    folder : Path
        Has the label maps, or subfolders named after the count that was asked for. A subfolder
        whose label maps are of no image of the data set is a count without any: all its cells fail.
    dataset : Dataset
        Its images; files are matched by the image's name.
    name : str
        The method column and label of the rows.

    Raises
    ------
    UsageError
        If the folder does not exist, or has no label map of any image of the data set, or has
        two label maps of one image.
    """
    if not folder.is_dir():
        raise UsageError(f"'{folder}' is not a folder; give the folder that holds the label maps")
    counts = sorted((int(sub.name), sub) for sub in folder.iterdir() if _is_count(sub))
    groups = [_Group(n, sub, _files(sub)) for n, sub in [(None, folder), *counts]]
    known = frozenset(dataset.whole or dataset.names)
    left_out = tuple(_left_out(groups, known))
    if not any(group.files.keys() & set(dataset.names) for group in groups):
        found = f" ({'; '.join(left_out)})" if left_out else ""
        raise UsageError(
            f"'{folder}' has no label map of an image of '{dataset.identity}'{found};"
            f" expected for example {folder / dataset.names[0]}.png, or with the count that was"
            f" asked for {folder}/100/{dataset.names[0]}.png"
        )
    without_count, *with_count = groups
    scored = [group for group in with_count if group.files]
    if not known.isdisjoint(without_count.files):
        scored = [without_count, *scored]
    cells = [cell for image in dataset.names for cell in _cells(dataset, image, name, scored)]
    return LabelMaps(cells, left_out)


def _is_count(path: Path) -> bool:
    # "050" beside "50" would be two folders of one count, so only the plain form is one.
    if not path.is_dir() or not path.name.isascii() or not path.name.isdecimal():
        return False
    return str(int(path.name)) == path.name and 0 < int(path.name) < 2**31


def _files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in _listed(folder):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            if path.stem in found:
                raise UsageError(
                    f"'{path.stem}' has two label maps, {found[path.stem].name} and {path.name},"
                    f" in {folder}; keep one"
                )
            found[path.stem] = path
    return found


def _left_out(groups: list[_Group], images: Collection[str]) -> Iterator[str]:
    """Name and count what will not be scored, a line for each kind."""
    top = groups[0].folder
    unmatched, formats, folders, empty = [], [], [], []
    for group in groups:
        own = [path for stem, path in group.files.items() if stem not in images]
        if own and len(own) == len(group.files) and group.n is not None:
            yield (
                f"none of the {counted(len(own), 'label map')} in {group.folder} is of an image of"
                f" the data set, so that every image lacks its label map for n = {group.n}:"
                f" {few(sorted(path.name for path in own))}"
            )
        else:
            unmatched += own
        for path in _listed(group.folder):
            if path.is_dir() and not (group.n is None and _is_count(path)):
                folders.append(path)
            elif path.is_file() and _looks_like_a_label_map(path, images):
                formats.append(path)
        if group.n is not None and not group.files:
            empty.append(group.folder)
    kinds = (
        (unmatched, "label map", "of no image of the data set"),
        (formats, "file", f"not in a format that is read ({' '.join(SUFFIXES)})"),
        (empty, "folder of a count", "without any label map"),
        (folders, "folder", "not named by a count (100, not n100 or 0100)"),
    )
    for paths, what, why in kinds:
        if paths:
            names = few(sorted(str(path.relative_to(top)) for path in paths))
            yield f"{counted(len(paths), what)} left out, {why}: {names}"


def _looks_like_a_label_map(path: Path, images: Collection[str]) -> bool:
    """Tell whether a file that is not read might have been meant to be."""
    suffix = path.suffix.lower()
    return suffix not in SUFFIXES and (path.stem in images or suffix in EXTENSIONS)


def _listed(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _cells(dataset: Dataset, image: str, name: str, groups: list[_Group]) -> Iterator[Cell]:
    size = image_size(dataset, image)
    content = dataset.fingerprint(image)
    for group in groups:
        path = group.files.get(image)
        labels = hashlib.sha256(path.read_bytes()).hexdigest() if path else None
        expected = path or next(iter(group.files.values())).with_stem(image)
        yield Cell(
            key=digest([content, name, labels, group.n]),
            image=image,
            content=content,
            size=size,
            method=name,
            params="{}",
            label=name,
            folder=f"scored={name}",  # no method's folder of label maps
            n=group.n,
            seed=0,
            device="cpu",
            labels_path=str(expected.resolve()),
        )
