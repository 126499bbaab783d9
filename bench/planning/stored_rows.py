"""Rows of a results file as cells again: their stored label maps, to be scored in another way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from bench.datasets import Dataset, DatasetError, open_dataset
from bench.datasets.perturbations import Perturbation, parse
from bench.datasets.reading import Reading
from bench.errors import UsageError
from bench.planning.cells import Cell, digest
from bench.storage.label_paths import find_label_map
from bench.storage.parts import read_part
from bench.storage.provenance import suite_version
from bench.storage.schema import CELL_FACTS
from metrics.protocols import Connectivity
from reports.data.choose import choose_labels
from reports.data.labels import VARIANT, tell_apart
from reports.data.mixture import together
from reports.data.perturbed import left_out
from reports.data.schema import ORIGINS, ResultsError, check_results, run_facts

FEW_CELLS = 100


@dataclass(frozen=True)
class Source:
    """A results file whose label maps are scored again.

    Attributes
    ----------
    path : Path
        The file.
    rows : list of dict
        What is known of each cell beside its scores.
    facts : dict
        What the file says of its runs.
    called : mapping of str to str
        What tables call the labels that are to be renamed.
    notes : tuple of str
        Which labels are not as they stand in the file, and what was kept apart.
    """

    path: Path
    rows: list[dict[str, Any]]
    facts: dict[str, Any]
    called: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read it.

        Raises
        ------
        UsageError
            If it is no results file, or has no rows, rows of several data sets, or several rows
            of one label map.
        """
        try:
            schema = check_results(path)
        except ResultsError as error:
            raise UsageError(str(error)) from error
        rows = read_part(path, CELL_FACTS).to_pylist()
        names = sorted({(row["dataset"], row["split"]) for row in rows})
        if len(names) != 1:
            found = ", ".join("/".join(filter(None, name)) for name in names) or "none"
            raise UsageError(
                f"{path} has rows of {len(names)} data sets ({found}); give a file with one"
            )
        facts = run_facts(schema)
        if facts.get("treatments"):
            raise UsageError(
                f"{path} has the scores of one label map several times (connectivity"
                f" {', '.join(facts['treatments'])}); give the file that it was made from"
            )
        return cls(path, rows, facts)

    def only(
        self,
        patterns: Sequence[str],
        without: Sequence[str],
        rename: Mapping[str, str] | None = None,
    ) -> Source:
        """Keep the rows whose label is chosen; see `reports.data.choose.choose_labels`.

        The rows keep their labels: what else they are to be called stands in `called`.

        Raises
        ------
        UsageError
            If none is, or labels cannot be renamed.
        """
        notes: list[str] = []
        frame = tell_apart(pd.DataFrame(self.rows, columns=[*VARIANT, "label"]), notes.append)
        try:
            kept = choose_labels(frame, patterns, without, rename, on_note=notes.append)
        except ResultsError as error:
            raise UsageError(str(error)) from error
        chosen, labels = kept["label"], frame["label"][kept.index]
        return replace(
            self,
            rows=self._labelled(labels),
            called={old: new for old, new in zip(labels, chosen, strict=True) if old != new},
            notes=(*self.notes, *notes),
        )

    def clean(self) -> Source:
        """Leave out the rows of perturbed images, and note how many they are.

        Raises
        ------
        UsageError
            If there are no others.
        """
        ways = [row["perturbation"] for row in self.rows if row.get("perturbation")]
        if not ways:
            return self
        if len(ways) == len(self.rows):
            raise UsageError(f"{self.path}: these labels have rows of perturbed images alone")
        rows = [row for row in self.rows if not row.get("perturbation")]
        return replace(self, rows=rows, notes=(*self.notes, left_out(ways)))

    def together(self, allow_mixed: bool) -> Source:
        """Refuse rows that do not belong together, or keep them apart; see `mixture.together`.

        Several versions of the suite are no hindrance: all rows are scored again by this one.

        Raises
        ------
        UsageError
            If rows do not belong together and that is not allowed.
        """
        names = ("dataset", "split", "image", "label", "status", *ORIGINS, *VARIANT)
        known = [name for name in dict.fromkeys(names) if name in CELL_FACTS and name != "suite"]
        told: list[str] = []
        frame = tell_apart(
            pd.DataFrame({name: [row[name] for row in self.rows] for name in known}), told.append
        )
        before = frame["label"]
        try:
            frame, apart = together(frame, allow_mixed)
        except ResultsError as error:
            raise UsageError(f"{self.path}: {error}") from error
        labels = frame["label"]
        pairs = dict(zip(labels, before[labels.index], strict=True))
        return replace(
            self,
            rows=self._labelled(labels),
            called={
                label: self.called[old] + label.removeprefix(old)
                for label, old in pairs.items()
                if old in self.called
            },
            notes=(*self.notes, *told, *apart),
        )

    def _labelled(self, labels: pd.Series[str]) -> list[dict[str, Any]]:
        """Return the rows of these numbers with these labels."""
        pairs = zip(labels.index.tolist(), labels.tolist(), strict=True)
        return [self.rows[i] | {"label": label} for i, label in pairs]

    def label_map(self, row: dict[str, Any]) -> Path:
        """Return where a row's label map is, or would be."""
        return find_label_map(
            self.path.resolve(), row["labels_file"], self.facts.get("folders", ())
        )

    def _is_condensed(self) -> bool:
        ended = [row for row in self.rows if row["status"] == "ok"]
        return bool(ended) and not any(row["labels_file"] for row in ended)

    @property
    def reading(self) -> Reading:
        """How the runs read the files of the data set."""
        read = [run["reading"] for run in self.facts.get("runs", ()) if run.get("reading")]
        # Where one run refused turned images and another read them, the rows are of the latter.
        exifs = [each["exif"] for each in read if each["exif"] != "refuse"]
        void = tuple(read[-1]["void"]) if read else ()
        return Reading(exifs[-1] if exifs else "refuse", void)

    def dataset(self, root: Path | None, reading: Reading | None = None) -> Dataset:
        """Open the data set that the rows are of, at `root` or where the run found it.

        It is read as the runs did, or as `reading` says.

        Raises
        ------
        UsageError
            If it is not there, or condensing has left out all label maps.
        """
        if self._is_condensed():
            raise UsageError(
                f"{self.path} has no label maps to score, since it was condensed, which leaves them"
                " out; give results as `bench run` wrote them"
            )
        recorded = [run["root"] for run in self.facts.get("runs", ()) if run.get("root")]
        if root is None and recorded and Path(recorded[-1]).is_dir():
            root = Path(recorded[-1])
        try:
            name, split = self.rows[0]["dataset"], self.rows[0]["split"] or None
            return open_dataset(name, root, split, reading=reading or self.reading)
        except DatasetError as error:
            raise UsageError(
                f"{error}; --root says where the data set of {self.path} is"
            ) from error


def make_cells(
    source: Source,
    dataset: Dataset,
    folder: Path,
    connectivities: Sequence[Connectivity | None] = (None,),
) -> list[Cell]:
    """Make a cell of every row and treatment of unconnected labels, all of one image together.

    A row without a label map, because its cell failed, stays as it is. One whose image is not, or
    not as it was, in the data set will fail with that reason.

    Parameters
    ----------
    source : Source
        The rows.
    dataset : Dataset
        Its images and annotations.
    folder : Path
        Of the results file to be, from which label maps are referred to.
    connectivities : sequence
        As in `Protocol`; None means what the protocol says. With several, the label says which.

    Raises
    ------
    UsageError
        If none of the label maps is there.
    """
    paths = [source.label_map(row) for row in source.rows if row["labels_file"]]
    if not any(path.is_file() for path in paths):
        where = f"such as {paths[0]}" if paths else "since no cell ended ok"
        raise UsageError(
            f"the label maps of {source.path} are not there, {where}; they lie in the .run folder"
            " beside the results, which must be kept together, and renamed together:"
            f" {source.path.with_suffix('.run').name} for {source.path.name}"
        )
    # A map fits the images of its run, whatever is void now.
    before = copy(dataset)
    before.reading = replace(dataset.reading, void=source.reading.void)
    contents = _Contents(cache(before.fingerprint), cache(dataset.fingerprint))
    suite = suite_version()
    rows = sorted(source.rows, key=lambda row: str(row["image"]))
    return [
        cell
        for row in rows
        for cell in _cells(source, row, dataset, contents, folder, connectivities, suite)
    ]


def backend_for(cells: Sequence[Cell]) -> str:
    """Choose where to score: to start workers takes longer than to score a few label maps."""
    return "sequential" if len(cells) <= FEW_CELLS else "loky"


@dataclass(frozen=True)
class _Contents:
    """Hashes by image of what the run read, and of what is read now, with other void values."""

    before: Callable[[str], str]
    now: Callable[[str], str]


def _cells(
    source: Source,
    row: dict[str, Any],
    dataset: Dataset,
    contents: _Contents,
    folder: Path,
    connectivities: Sequence[Connectivity | None],
    suite: str,
) -> Iterator[Cell]:
    own = ("key", "protocol", "connectivity", "n_returned", "suite")
    carried = {name: value for name, value in row.items() if name not in own}
    path, labels = None, None
    problem = _problem(row, dataset, contents)
    carried["content"] = row["content"] if problem else contents.now(row["image"])
    if row["status"] == "ok" and not row["labels_file"]:
        carried |= {"status": "failed", "error": "the row names no label map (labels_file)"}
    elif row["status"] == "ok":
        carried |= {"status": None, "error": None}
        path = source.label_map(row)
        labels = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        carried["labels_file"] = os.path.relpath(path, folder)
        if problem:
            carried |= {"status": "failed", "error": problem, "labels_file": None}
    for how in connectivities:
        mark = f" ({how})" if how is not None and len(connectivities) > 1 else ""
        carried["label"] = row["label"] + mark
        yield Cell(
            # Another version of the suite may score otherwise, so that it is another cell.
            key=digest([row["key"], carried, labels, how, suite]),
            image=row["image"],
            content=carried["content"],
            size=(row["height"], row["width"]) if row["height"] else None,
            method=row["method"],
            params=row["params"],
            label=row["label"] + mark,
            n=row["n"],
            seed=row["seed"],
            device=row["device"],
            labels_path=None if path is None else str(path),
            connectivity=how,
            perturbation=_perturbation(source, row),
            carried=dict(carried),
        )


def _perturbation(source: Source, row: dict[str, Any]) -> Perturbation | None:
    """Return how a row's image was perturbed."""
    text = row.get("perturbation")
    try:
        return parse(text) if text else None
    except UsageError as error:
        raise UsageError(
            f"{source.path} has rows of images perturbed by '{text}', which this version of the"
            " suite does not know; use the version that made them (column suite)"
        ) from error


def _problem(row: dict[str, Any], dataset: Dataset, contents: _Contents) -> str | None:
    """Say why a row's label map cannot be scored against this data set, or None if it can."""
    image = row["image"]
    if image not in dataset.names:
        return f"image '{image}' is not in data set '{dataset.identity}'; --root gives another"
    if contents.before(image) != row["content"]:
        return (
            f"image '{image}' or its annotations are not those of the run; --root gives the folder"
            " of the data set that it ran on"
        )
    return None
