"""What a results file holds: its runs, machines, labels, and what is missing from it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.data.align import labels_by_device, timed_alone
from reports.data.facts import file_facts
from reports.data.labels import tell_apart
from reports.data.mixture import UNKNOWN, find_mixtures, origin, suites_note, time_mixture
from reports.data.perturbed import PERTURBATION
from reports.data.results import dataset_name, load
from reports.data.schema import COLUMNS, STATUSES, check_results, run_facts
from reports.data.words import counted, few, number

_GROUP = ["dataset", "split"]


@dataclass(frozen=True, eq=False)
class Contents:
    """What a results file holds.

    Attributes
    ----------
    path : Path
        The file.
    rows : int
        How many rows it has.
    datasets : mapping of str to int
        By data set and split, such as ``bsds500/test``, the number of images.
    protocol : str
        Name of the protocol.
    statuses : mapping of str to int
        How many rows ended so; those that none did are not in it.
    runs : DataFrame
        One row per run, first those whose label maps were scored again. Columns: id; started;
        rows, how many the file still has of it; cells, how many it was to run; suite; revision;
        machine; arguments.
    machines : mapping of str to mapping
        By id, what is known of a machine.
    labels : DataFrame
        One row per label: label; method; version and suite, several with commas; n, the asked
        counts; perturbations, with commas; rows; ok; other, the other statuses in words.
    missing : tuple of str
        Cells that others have, by label and n.
    mixed : tuple of str
        What does not belong together in one mean; see `mixture`.
    """

    path: Path
    rows: int
    datasets: Mapping[str, int]
    protocol: str
    statuses: Mapping[str, int]
    runs: pd.DataFrame
    machines: Mapping[str, Mapping[str, Any]]
    labels: pd.DataFrame
    missing: tuple[str, ...]
    mixed: tuple[str, ...]


def read_contents(path: Path) -> Contents:
    """Read what a results file holds.

    Raises
    ------
    ResultsError
        If the file cannot be used (see `results.check_results`).
    """
    schema = check_results(path)
    facts = run_facts(schema)
    frame = tell_apart(load(path, [*COLUMNS, *(["run"] if "run" in schema.names else [])]))
    frame["label"] = frame["label"].astype(str)
    groups = frame.groupby(_GROUP, observed=True, sort=True)
    return Contents(
        path=path,
        rows=len(frame),
        datasets={
            dataset_name(str(dataset), str(split)): its["image"].nunique()
            for (dataset, split), its in groups
        },
        protocol=file_facts(path).protocol.name,
        statuses=_statuses(frame),
        runs=_runs(facts, frame),
        machines=facts.get("machines", {}),
        labels=_labels(frame),
        missing=tuple(note for _, its in groups for note in _missing(its)),
        mixed=(
            *map(str, find_mixtures(frame)),
            *suites_note(frame),
            *filter(None, (_times(its) for _, its in groups)),
        ),
    )


def _statuses(frame: pd.DataFrame) -> dict[str, int]:
    counts = frame["status"].astype(object).value_counts()
    return {status: int(counts[status]) for status in STATUSES if status in counts}


def _runs(facts: Mapping[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    present = origin(frame, "run").value_counts() if "run" in frame else pd.Series(dtype=int)
    rows = [
        {
            "id": run.get("id", UNKNOWN),
            "started": run.get("started") or UNKNOWN,
            "rows": int(present.get(run.get("id"), 0)),
            "cells": run.get("cells", UNKNOWN),
            "suite": run.get("versions", {}).get("superpixel-bench", UNKNOWN),
            "revision": run.get("git_revision") or UNKNOWN,
            "machine": run.get("machine", UNKNOWN),
            "arguments": shlex.join(map(str, run.get("arguments", ()))),
        }
        for run in [*facts.get("made_by", ()), *facts.get("runs", ())]
    ]
    columns = ("id", "started", "rows", "cells", "suite", "revision", "machine", "arguments")
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _labels(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for label, its in frame.groupby("label", observed=True, sort=True):
        statuses = _statuses(its)
        rows.append(
            {
                "label": str(label),
                "method": ", ".join(sorted(origin(its, "method").unique())),
                "version": ", ".join(sorted(origin(its, "version").unique())),
                "suite": ", ".join(sorted(origin(its, "suite").unique())),
                "n": ", ".join(map(number, np.unique(its["n"]))),
                "perturbations": ", ".join(sorted(its[PERTURBATION].dropna().astype(str).unique())),
                "rows": len(its),
                "ok": statuses.pop("ok", 0),
                "other": ", ".join(f"{rows} {status}" for status, rows in statuses.items()),
            }
        )
    columns = ("label", "method", "version", "suite", "n", "perturbations", "rows", "ok", "other")
    return pd.DataFrame(rows, columns=columns)


def _missing(its: pd.DataFrame) -> Iterator[str]:
    """Say which images a label lacks at an n that any label has; label maps may have no n."""
    images = set(its["image"].astype(str))
    asked = np.unique(its["n"].dropna())
    name = dataset_name(*map(str, its[_GROUP].iloc[0]))
    for label, rows in its.groupby("label", observed=True, sort=True):
        if rows["n"].isna().all():
            places = [("", rows)]
        else:
            places = [(f" at n = {number(n)}", rows[rows["n"] == n]) for n in asked]
        for where, here in places:
            lost = sorted(images - set(here["image"].astype(str)))
            if lost:
                count = f"{len(lost)} of {counted(len(images), 'image')}"
                yield f"{label}{where}: {count} of {name} ({few(lost)})"


def _times(its: pd.DataFrame) -> str:
    """Say why the times of a data set split do not compare; empty if they do."""
    return time_mixture(its.assign(label=labels_by_device(its))[timed_alone(its)])
