"""What of a folder data set belongs to no image: found, named, and refused where it matters.

A mask of void pixels that is left out changes every score of its image, and an annotation that is
left out changes the means over annotators, so neither may happen without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.base import DatasetError
from bench.datasets.images import EXTENSIONS
from methods.labelfiles import SUFFIXES
from reports.data.words import counted, few

_SEPARATORS = "_-."
# What people also keep label maps in; other files (notes, scripts) are nobody's annotation.
_OTHER_FORMATS = frozenset(EXTENSIONS).union((".txt", ".npz", ".tsv", ".json", ".gif", ".h5"))


@dataclass(frozen=True)
class Unread:
    """Files that are left unread, relative to the root of the data set.

    Attributes
    ----------
    maps, voids : tuple of str
        Annotations, and masks of void pixels, whose name is that of no image.
    formats : tuple of str
        Files named after an image in a format that is not read, below either folder.
    deep : tuple of str
        Files in folders that lie too deep, below either folder.
    void_trouble : tuple of str
        Those of all the above, and of those beside the folder of the split, that look like the
        void of an image of the data set.
    void_place : str
        The folder of voids, from the root of the data set.
    """

    maps: tuple[str, ...] = ()
    voids: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    deep: tuple[str, ...] = ()
    void_trouble: tuple[str, ...] = ()
    void_place: str = "void"


def owner_of(stem: str, images: Collection[str]) -> str | None:
    """Return the image with the longest name that a label map's name starts with."""
    ends = [len(stem)] + [i for i in range(len(stem) - 1, 0, -1) if stem[i] in _SEPARATORS]
    return next((stem[:end] for end in ends if stem[:end] in images), None)


def find_unread(
    root: Path,
    maps_folder: Path,
    voids_folder: Path,
    images: Collection[str],
    read: Collection[Path],
) -> Unread:
    """Look through both folders for what is not in `read` though it looks like a label map."""
    found: dict[str, list[str]] = {"maps": [], "voids": [], "formats": [], "deep": []}
    # Voids that lie beside the folder of the split are those of its images, if they are named so.
    beside = sorted(voids_folder.parent.glob("*.*")) if voids_folder.parent != root else []
    trouble = [path for path in beside if path.stem in images and path.suffix.lower() in SUFFIXES]
    for folder, kind, depth in ((maps_folder, "maps", 2), (voids_folder, "voids", 1)):
        for path in _files_below(folder):
            if path in read:
                continue
            suffix, name = path.suffix.lower(), str(path.relative_to(root))
            if suffix in SUFFIXES:
                deep = len(path.relative_to(folder).parts) > depth
                found["deep" if deep else kind].append(name)
            elif suffix in _OTHER_FORMATS and _resembles(path.stem, images):
                found["formats"].append(name)
            else:
                continue
            if kind == "voids" and _resembles(path.stem, images):
                trouble.append(path)
    return Unread(
        **{kind: tuple(names) for kind, names in found.items()},
        void_trouble=tuple(str(path.relative_to(root)) for path in trouble),
        void_place=str(voids_folder.relative_to(root)),
    )


def check_owners(unread: Unread, images: Collection[str], has_maps: bool, has_voids: bool) -> None:
    """Refuse what would change every score: no annotation at all, or a void that is not applied.

    Raises
    ------
    DatasetError
        If there are annotations but none is of an image, likewise for voids, or if a void looks
        like that of an image and is not read.
    """
    example = min(images)
    if unread.maps and not has_maps:
        raise DatasetError(
            f"none of the {len(unread.maps)} annotations ({few(sorted(unread.maps))}) is of one of"
            f" the {len(images)} images ({few(sorted(images))}); name each after its image, such as"
            f" {example}.png or {example}_ANNOTATOR.png"
        )
    wrong = unread.voids if unread.voids and not has_voids else unread.void_trouble
    if wrong:
        raise DatasetError(
            f"{counted(len(wrong), 'mask')} of void pixels would not be applied, so that pixels"
            f" which no metric may count were scored: {few(sorted(wrong))}; name each exactly after"
            f" its image, {unread.void_place}/{example}.png ({' '.join(SUFFIXES)}), or take it out"
        )


def describe(unread: Unread) -> list[str]:
    """Say what is left unread, a line for each kind."""
    kinds = (
        (unread.maps, "annotation", "of no image of the data set"),
        (unread.voids, "mask", "of void pixels, of no image of the data set"),
        (unread.formats, "file", f"not in a format that is read ({' '.join(SUFFIXES)})"),
        (unread.deep, "label map", "in a folder too deep to be read (ANNOTATOR/IMAGE.png)"),
    )
    return [
        f"{counted(len(names), what)} {'is' if len(names) == 1 else 'are'} left out, {why}:"
        f" {few(sorted(names))}"
        for names, what, why in kinds
        if names
    ]


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted; what begins with a dot is hidden."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _resembles(stem: str, images: Collection[str]) -> bool:
    """Tell whether a name is about that of an image: the same in other letters, or around it."""
    if owner_of(stem, images) is not None:
        return True
    plain = stem.casefold()
    return any(_stands_in(image.casefold(), plain) for image in images)


def _stands_in(image: str, stem: str) -> bool:
    """Tell whether a name holds an image's name as a word: ``void_x`` for ``x``, not ``box``."""
    start = stem.find(image)
    while start >= 0:
        end = start + len(image)
        before = start == 0 or not stem[start - 1].isalnum()
        after = end == len(stem) or not stem[end].isalnum()
        if before and after:
            return True
        start = stem.find(image, start + 1)
    return False
