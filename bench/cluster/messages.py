"""What goes between the run and a Dask worker, as bytes: the scheduler reads none of it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.execution.job import Job
from bench.planning.cells import Batch
from methods.plugins import file_of, source_files


@dataclass(frozen=True)
class PluginFile:
    """A plugin and what it imports from its folder: the sources by path below that folder."""

    name: str
    sources: Mapping[str, bytes]


@dataclass(frozen=True)
class Orders:
    """What a worker knows of a run before its first cell.

    Attributes
    ----------
    job : Job
        Without its data set and plugins.
    dataset : bytes or None
        The data set, pickled, which may find its files at the same place there. None for one of a
        plugin, whose code a Dask worker does not load: all of its images are sent.
    name, split : str
        Those of the data set.
    """

    job: Job
    dataset: bytes | None
    name: str
    split: str
    plugins: tuple[PluginFile, ...] = ()


@dataclass(frozen=True)
class Request:
    """Cells of one image to run.

    Attributes
    ----------
    batches : tuple of batches
        All of one lane.
    sample : bytes or None
        The image with its annotations, if the worker has said that it lacks it.
    clean : mapping of str to bytes
        For perturbed cells the label maps of the image as it is, by path below the folder of
        label maps.
    """

    batches: tuple[Batch, ...]
    sample: bytes | None = None
    clean: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Lacking:
    """A worker has run nothing, for it lacks the image."""


@dataclass(frozen=True)
class Unprepared:
    """The worker of this address has run nothing, for it knows nothing of the run."""

    worker: str


@dataclass(frozen=True)
class Unable:
    """The worker of this address cannot run cells, and why: its disk is full, its folder gone."""

    worker: str
    why: str


@dataclass(frozen=True)
class Result:
    """A cell that has ended: its row, its label map (suffix and content), and what it took."""

    row: dict[str, Any]
    labels: tuple[str, bytes] | None
    took_s: float | None
    compiled_s: float


@dataclass(frozen=True)
class Delivery:
    """What came of a request: a result for each cell, and how the annotators score.

    Attributes
    ----------
    results : mapping of str to Result
        By the key of the cell.
    annotators : bytes or None
        The scores of the image's annotators against each other, as they are stored.
    """

    results: Mapping[str, Result]
    annotators: bytes | None


# Stands in a job for a data set that is sent apart.
_NOTHING: Any = None


def orders_of(job: Job) -> bytes:
    """Return the orders of a run, pickled."""
    dataset = job.dataset
    of_plugin = file_of(type(dataset).__module__) is not None
    orders = Orders(
        job=replace(job, dataset=_NOTHING, plugins=()),
        dataset=None if of_plugin else pickle.dumps(dataset),
        name=dataset.name,
        split=dataset.split,
        plugins=tuple(map(plugin_file, job.plugins)),
    )
    return pickle.dumps(orders)


def plugin_file(path: Path) -> PluginFile:
    """Read a plugin with all that it imports from its folder."""
    files = source_files(path, path.parent)
    return PluginFile(
        path.name, {str(each.relative_to(path.parent)): each.read_bytes() for each in files}
    )
