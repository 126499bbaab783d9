"""Label maps from elsewhere as cells: ``[<n>/]<image>.<png|npy|csv|mat>`` in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from bench.datasets import Dataset
from bench.errors import UsageError
from bench.planning.cells import Cell, digest, image_size
from methods.labelfiles import SUFFIXES


def find_label_maps(folder: Path, dataset: Dataset, name: str) -> list[Cell]:
    """Make one cell of every count and image; an image without a label map ends as a failed row.

    Parameters
    ----------
    folder : Path
        Has the label maps, or subfolders named after the count that was asked for.
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
    counts = {int(sub.name): sub for sub in sorted(folder.iterdir()) if _is_count(sub)}
    groups: list[tuple[int | None, dict[str, Path]]] = [(None, _files(folder))]
    groups += [(n, _files(sub)) for n, sub in sorted(counts.items())]
    groups = [(n, files) for n, files in groups if not files.keys().isdisjoint(dataset.names)]
    if not groups:
        raise UsageError(
            f"'{folder}' has no label map of an image of '{dataset.identity}';"
            f" expected for example {folder / dataset.names[0]}.png, or with the count that was"
            f" asked for {folder}/100/{dataset.names[0]}.png"
        )
    return [cell for image in dataset.names for cell in _cells(dataset, image, name, groups)]


def _is_count(path: Path) -> bool:
    # "050" beside "50" would be two folders of one count, so only the plain form is one.
    if not path.is_dir() or not path.name.isascii() or not path.name.isdecimal():
        return False
    return str(int(path.name)) == path.name and 0 < int(path.name) < 2**31


def _files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            if path.stem in found:
                raise UsageError(
                    f"'{path.stem}' has two label maps, {found[path.stem].name} and {path.name},"
                    f" in {folder}; keep one"
                )
            found[path.stem] = path
    return found


def _cells(
    dataset: Dataset, image: str, name: str, groups: list[tuple[int | None, dict[str, Path]]]
) -> Iterator[Cell]:
    size = image_size(dataset, image)
    content = dataset.fingerprint(image)
    for n, files in groups:
        path = files.get(image)
        labels = hashlib.sha256(path.read_bytes()).hexdigest() if path else None
        expected = path or next(iter(files.values())).with_stem(image)
        yield Cell(
            key=digest([content, name, labels, n]),
            image=image,
            content=content,
            size=size,
            method=name,
            params="{}",
            label=name,
            folder=f"scored={name}",  # no method's folder of label maps
            n=n,
            seed=0,
            device="cpu",
            labels_path=str(expected.resolve()),
        )
