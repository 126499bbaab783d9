"""The images and label maps that rows of a results file are of, as far as they are at hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from bench.datasets import Dataset, DatasetError, Sample, open_dataset
from bench.planning.stored_rows import Source
from bench.storage.label_paths import find_label_map
from methods.labelfiles import read_labels
from reports.data.results import load
from reports.data.schema import check_results, run_facts
from reports.page.gallery import Labels, NoPictureError, Pictures, Pixels


def pictures_of(results: Path, root: Path | None, most: int) -> Pictures:
    """Return where the pictures of a results file come from.

    Parameters
    ----------
    results : Path
        The results file.
    root : Path, optional
        Folder of the data set; where the runs found it unless given.
    most : int
        How many images to show.

    Raises
    ------
    ResultsError
        If the file cannot be used.
    """
    source = Source(results, [], run_facts(check_results(results)))
    columns = ["dataset", "split", "image", "content"]
    rows = load(results, columns).astype(object).drop_duplicates()
    contents = {tuple(where): content for *where, content in rows.itertuples(index=False)}
    former = source.facts.get("folders", ())

    @cache
    def dataset(name: str, split: str) -> Dataset:
        recorded = [run["root"] for run in source.facts.get("runs", ()) if run.get("root")]
        folder = root
        if folder is None and recorded and Path(recorded[-1]).is_dir():
            folder = Path(recorded[-1])
        try:
            return open_dataset(name, folder, split or None, reading=source.reading)
        except DatasetError as error:
            raise NoPictureError(f"{error} (--root of `bench report`)") from error

    def image(name: str, split: str, which: str) -> tuple[Pixels, tuple[Labels, ...]]:
        data = dataset(name, split)
        if which not in data.whole:
            raise NoPictureError(
                f"data set {data.identity} has no such image; --root gives another"
            )
        if data.fingerprint(which) != contents.get((name, split, which)):
            raise NoPictureError("image or annotations changed since they were scored")
        sample = _load(data, which)
        return sample.image, sample.truths

    def labels(labels_file: str) -> Labels:
        path = find_label_map(results.resolve(), labels_file, former)
        try:
            return np.asarray(read_labels(path))
        except (OSError, ValueError) as error:
            raise NoPictureError(str(error)) from error

    return Pictures(image, labels, most)


def _load(data: Dataset, name: str) -> Sample:
    try:
        return data.load(name)
    except DatasetError as error:
        raise NoPictureError(str(error)) from error
