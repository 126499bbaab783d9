"""The data sets by name, listed without importing any, plugins, and the one way to open them."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from bench.datasets.base import Dataset, DatasetError, expand
from bench.datasets.reading import Reading
from bench.errors import hint

ENTRY_POINT_GROUP = "superpixel_bench.datasets"

D = TypeVar("D", bound=type[Dataset])


@dataclass(frozen=True)
class Entry:
    """Where a data set is implemented, and what ``bench list datasets`` says about it.

    Attributes
    ----------
    target : str
        ``module:Class``.
    title, license : str
    error : str or None
        Why an installed plugin cannot be used.
    """

    target: str
    title: str
    license: str = ""
    error: str | None = None


DATASETS: Mapping[str, Entry] = MappingProxyType(
    {
        "sample": Entry(
            "bench.datasets.sample.dataset:SampleDataset",
            "10 embedded composites of natural texture with exactly known regions (default)",
            "from photographs in scikit-image: CC0 or without known restrictions",
        ),
        "bsds500": Entry(
            "bench.datasets.bsds500:Bsds500",
            "Berkeley Segmentation Dataset 500, every annotator ('bench data bsds500' fetches it)",
            "non-commercial research and education; cite Arbelaez et al. 2011",
        ),
        "folder": Entry(
            "bench.datasets.folder:Folder",
            "your own images and label maps (--root DIR)",
            "that of your data",
        ),
    }
)

_registered: dict[str, type[Dataset]] = {}
_broken: dict[str, Entry] | None = None  # entry points that failed; None until they are imported


def register(cls: D) -> D:
    """Make a `Dataset` subclass known under its `name`; used as a decorator.

    Raises
    ------
    DatasetError
        If the class is no data set, or its name is none or that of another data set.
    """
    if not (isinstance(cls, type) and issubclass(cls, Dataset)):
        raise DatasetError(f"{cls!r} is no data set: derive the class from bench.datasets.Dataset")
    name = getattr(cls, "name", None)
    plain = isinstance(name, str) and name.replace("_", "").replace("-", "").isalnum()
    if not isinstance(name, str) or not plain:
        raise DatasetError(
            f"{_place(cls)} has name={name!r}: the name of a data set is made of letters, digits,"
            " - and _"
        )
    lacking = sorted(cls.__abstractmethods__)
    if lacking:
        raise DatasetError(f"{_place(cls)} defines no {', '.join(lacking)}")
    if name in DATASETS:
        if DATASETS[name].target == _place(cls):
            return cls
        holder = f"built-in {DATASETS[name].target}"
    else:
        other = _registered.get(name)
        holder = _place(other) if other not in (None, cls) and _is_live(other) else ""
    if holder:
        raise DatasetError(
            f"the data set name {name!r} of {_place(cls)} is taken by {holder}: give one of them"
            " another `name`"
        )
    _registered[name] = cls
    return cls


def registered_from(module_name: str) -> list[str]:
    """Return the names of the data sets that a module registered, a plugin file say."""
    return [name for name, cls in _registered.items() if cls.__module__ == module_name]


def forget(module_name: str) -> None:
    """Drop the data sets that a module registered."""
    for name in registered_from(module_name):
        del _registered[name]


def entries() -> dict[str, Entry]:
    """Return every known data set and every plugin that could not be loaded, by name.

    Built-in data sets are named without being imported; installed plugins are imported.
    """
    broken = _load_entry_points()
    own = {
        name: Entry(_place(cls), getattr(cls, "title", name), getattr(cls, "license", ""))
        for name, cls in _registered.items()
    }
    return {**DATASETS, **dict(sorted({**broken, **own}.items()))}


def open_dataset(
    name: str,
    root: str | Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    reading: Reading | None = None,
    spread: bool = False,
) -> Dataset:
    """Open a data set by name.

    Parameters
    ----------
    name : str
        A key of `DATASETS`, or the name of a registered class.
    root : path, optional
        Folder with the files; for ``bsds500`` the environment and the download cache are tried
        without it, ``folder`` needs it, ``sample`` has none.
    split : str, optional
        Split of the data set; its default where it has one.
    limit : int, optional
        Keep only the first `limit` images of the sorted list.
    reading : Reading, optional
        What to do about turned images, and which values of annotations are void.
    spread : bool
        Keep images from all over the list (`spread_over`) instead of its first ones.

    Raises
    ------
    DatasetError
        If the name or split is unknown, the folder is missing or has no images, `limit` < 1, or
        the data set has no files to read in another way.
    """
    cls: Any = get_class(name)  # each class has options of its own, these two among them
    if limit is not None and limit < 1:
        raise DatasetError(f"limit is {limit}, which leaves no image; give 1 or more")
    dataset: Dataset = cls(root=None if root is None else expand(Path(root)), split=split)
    if reading not in (None, Reading()) and not dataset.has_reading:
        raise DatasetError(
            f"the data set '{name}' has neither turned images nor void values; leave --exif and"
            " --void out"
        )
    _check_names(dataset)
    dataset.reading = reading or Reading()
    dataset.whole = tuple(dataset.names)
    dataset.names = spread_over(dataset.whole, limit) if spread else dataset.whole[:limit]
    return dataset


def _check_names(dataset: Dataset) -> None:
    """Refuse names that would lead out of the folder of label maps, which are named after them."""
    for name in dataset.names:
        whole = isinstance(name, str) and name.isprintable() and name not in ("", ".")
        if not whole or Path(name).is_absolute() or ".." in Path(name).parts:
            raise DatasetError(
                f"the data set '{dataset.name}' calls an image {name!r}, which cannot be that of a"
                " file below a folder; give it another name"
            )


def spread_over(names: Sequence[str], limit: int | None) -> tuple[str, ...]:
    """Return so many names from all over a list, in its order; more of them contain fewer.

    They are taken at the places of van der Corput's sequence: the first one, that in the middle,
    those at a quarter and three quarters, and so on.

    Parameters
    ----------
    names : sequence of str
        Each of them once.
    limit : int or None
        How many; None and more than there are stand for all.
    """
    bits = len(names).bit_length()
    places = (int(f"{i:0{bits}b}"[::-1], 2) * len(names) >> bits for i in range(1 << bits))
    kept = set(list(dict.fromkeys(places))[:limit])
    return tuple(name for place, name in enumerate(names) if place in kept)


def get_class(name: str) -> type[Dataset]:
    """Return the class of the data set called `name`.

    Raises
    ------
    DatasetError
        If there is none, or an installed plugin announces it but cannot be loaded.
    """
    if name in DATASETS:
        module, _, attribute = DATASETS[name].target.partition(":")
        found: type[Dataset] = getattr(importlib.import_module(module), attribute)
        return found
    if name not in _registered:
        known = entries()  # imports the installed plugins
        broken = known.get(name)
        if broken is not None and broken.error:
            raise DatasetError(f"data set '{name}' of {broken.target} is broken: {broken.error}")
        if broken is None:
            raise DatasetError(
                f"unknown data set '{name}'{hint(name, known)} (known: {', '.join(known)});"
                " one of your own needs --plugin FILE"
            )
    return _registered[name]


def _load_entry_points() -> dict[str, Entry]:
    """Import the installed plugins, once, and return an entry for each that failed."""
    global _broken
    if _broken is None:
        _broken = {}
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            owner = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
            try:
                loaded = point.load()
                if isinstance(loaded, type):
                    register(loaded)
            except (Exception, SystemExit) as problem:
                why = f"{type(problem).__name__}: {problem}"
                _broken[point.name] = Entry(f"{owner} ({point.value})", "", error=why)
    return _broken


def _is_live(cls: type) -> bool:
    """Tell whether a class is still that of its module, which may have been loaded again."""
    within = "<locals>" in cls.__qualname__
    return within or getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def _place(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"
