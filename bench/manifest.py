"""What a results file is made of: its data set, its scoring, and the runs that filled it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from bench.datasets import Dataset
from bench.errors import UsageError
from bench.planning.cells import Cell, digest
from bench.planning.same_dataset import check_dataset
from bench.settings import Settings
from bench.storage.provenance import machine, machine_id, now, software
from bench.storage.store import Store


def contents_digest(cells: Iterable[Cell]) -> str:
    """Return the digest of the images of a run and their contents."""
    return digest(sorted({(cell.image, cell.content) for cell in cells}))


def open_manifest(
    store: Store,
    dataset: Dataset,
    settings: Settings,
    cells: Sequence[Cell],
    columns: Collection[str],
) -> dict[str, Any]:
    """Return the manifest, after making sure that the results are of this data set and scoring.

    The suite may have grown: metrics that are not among the `columns` of the rows are null there.

    Raises
    ------
    UsageError
        If the rows of the file are of another data set (see `check_dataset`), or scored otherwise.
    """
    manifest = store.manifest()
    for what, asked in settings.kept.items():
        before = manifest.setdefault(what, asked)
        if not _go_together(what, before, asked, columns):
            raise UsageError(
                f"{store.out} was made with {_shown(what, before, asked)}, and this run is with"
                f" {_shown(what, asked, before)}; give another --out{_CURES.get(what, '')}"
            )
    before = manifest.get("dataset", dataset.identity)
    same_place = before == dataset.identity
    last = manifest["runs"][-1] if manifest["runs"] else {}
    void = last.get("reading", {}).get("void", dataset.reading.void)
    if tuple(void) != dataset.reading.void:
        raise UsageError(
            f"{store.out} holds results of data set '{before}', and this run is on"
            f" '{dataset.identity}'; give another --out"
        )
    mended_in_place = same_place and last.get("root") == _root(dataset)
    # The last run may have been one with --force that was interrupted.
    continued = last.get("dataset_sha256") == contents_digest(cells)
    may_change = mended_in_place or settings.force or continued
    check_dataset(store, dataset, cells, same_place, may_change)
    manifest["dataset"] = dataset.identity
    return manifest


def _root(dataset: Dataset) -> str | None:
    return str(dataset.root) if dataset.root else None


def add_origin(manifest: dict[str, Any], settings: Settings) -> None:
    """Note the runs and machines that rows come from which are scored again."""
    manifest.setdefault("machines", {}).update(settings.made.get("machines", {}))
    earlier = {run.get("id"): run for run in manifest.get("made_by", ())}
    for key in ("made_by", "runs"):
        earlier |= {run.get("id"): run for run in settings.made.get(key, ())}
    if earlier:
        manifest["made_by"] = list(earlier.values())


def add_metrics(manifest: dict[str, Any], settings: Settings) -> list[str]:
    """Note the metrics that are computed from now on; return those that no row has yet."""
    new = [id for id in settings.kept["metrics"] if id not in manifest["metrics"]]
    manifest["metrics"] = settings.kept["metrics"]
    return new


def scored_by(manifest: dict[str, Any], settings: Settings) -> set[str]:
    """Return the runs whose rows have all metrics that are asked for, by id."""
    asked = set(settings.kept["metrics"])
    return {run["id"] for run in manifest["runs"] if asked <= set(run.get("metrics", ()))}


def _go_together(what: str, before: Any, asked: Any, columns: Collection[str]) -> bool:
    """Tell whether rows of both may be in one file; words and the order of metrics may differ."""
    if what == "metrics":
        new = set(asked) - set(before)
        return set(before) <= set(asked) and new.isdisjoint(columns)
    if what == "protocol":
        return _without_words(before) == _without_words(asked)
    return bool(before == asked)


def _without_words(definition: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in ("title", "reference")}


_RESCORE = ", or score the label maps again: bench rescore RESULTS"


_CURES = {
    "protocol": f"{_RESCORE} --protocol NAME",
    "metrics": f"{_RESCORE} --metrics default,...",
}


def _shown(what: str, value: Any, other: Any) -> str:
    """Say in the words of the command line what all rows of a file share, and another has not."""
    if what == "protocol":
        said = {"name", "title", "reference"}
        differing = [k for k in {**value, **other} if value.get(k) != other.get(k)]
        parts = [f"{k} {value.get(k, 'not given')}" for k in differing if k not in said]
        return f"--protocol {value['name']} ({', '.join(parts)})"
    if what == "metrics":
        more = [id for id in value if id not in other]
        return f"the metrics {', '.join(more)} besides" if more else "fewer metrics"
    if what == "treatments":
        return f"--connectivity {','.join(value)}" if value else "labels treated in one way"
    return "no --match-n" if value is None else f"--match-n {value:g}"


def run_facts(cells: Sequence[Cell], dataset: Dataset, settings: Settings) -> dict[str, Any]:
    """Return what is kept of a run: what was asked, how, when, and on which machine."""
    return {
        "id": uuid.uuid4().hex[:12],
        "machine": machine_id(machine()),
        "arguments": list(settings.arguments),
        "started": now(),
        "finished": None,
        "cells": len(cells),
        "workers": settings.workers_for(len(cells)),
        "backend": settings.backend,
        **({"shard": settings.shard} if settings.shard else {}),
        "timeout": settings.timeout,
        "memory": settings.memory,
        "timing": settings.timing,
        "metrics": settings.kept["metrics"],
        "force": settings.force,
        "dataset": dataset.identity,
        "root": _root(dataset),
        "reading": asdict(dataset.reading),
        "images": len(dataset.names),
        "images_of": dataset.published,
        "lacking": dataset.lacking,
        "dataset_sha256": contents_digest(cells),
        **software(),
    }
