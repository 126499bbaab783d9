"""The data sets by name, listed without importing any, and the one way to open them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.datasets.base import Dataset, DatasetError, expand
from bench.errors import hint


@dataclass(frozen=True)
class Entry:
    """Where a data set is implemented, and what ``bench list datasets`` says about it."""

    target: str
    title: str


DATASETS: Mapping[str, Entry] = MappingProxyType(
    {
        "sample": Entry(
            "bench.datasets.sample.dataset:SampleDataset",
            "10 embedded composites of natural texture with exactly known regions (default)",
        ),
        "bsds500": Entry(
            "bench.datasets.bsds500:Bsds500",
            "Berkeley Segmentation Dataset 500, every annotator ('bench data bsds500' fetches it)",
        ),
        "folder": Entry(
            "bench.datasets.folder:Folder",
            "your own images and label maps (--root DIR)",
        ),
    }
)


def open_dataset(
    name: str,
    root: str | Path | None = None,
    split: str | None = None,
    limit: int | None = None,
) -> Dataset:
    """Open a data set by name.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    root : path, optional
        Folder with the files; for ``bsds500`` the environment and the download cache are tried
        without it, ``folder`` needs it, ``sample`` has none.
    split : str, optional
        Split of the data set; its default where it has one.
    limit : int, optional
        Keep only the first `limit` images of the sorted list.

    Raises
    ------
    DatasetError
        If the name or split is unknown, the folder is missing or has no images, or `limit` < 1.
    """
    if name not in DATASETS:
        raise DatasetError(
            f"unknown data set '{name}'{hint(name, DATASETS)} (known: {', '.join(DATASETS)})"
        )
    if limit is not None and limit < 1:
        raise DatasetError(f"limit is {limit}, which leaves no image; give 1 or more")
    module, _, attribute = DATASETS[name].target.partition(":")
    dataset: Dataset = getattr(importlib.import_module(module), attribute)(
        root=None if root is None else expand(Path(root)), split=split
    )
    dataset.names = dataset.names[:limit]
    return dataset
