"""How the annotators of each data set score against each other, as a results file says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.scoring.annotators import summarise
from reports.data.results import dataset_name


def agreement(table: pa.Table, folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Summarise the annotators of each data set split; what is known of more images stays.

    Parameters
    ----------
    table : Table
        What the rows of the results file are of.
    folder : Path
        Where what is known of each image's annotators lies, by the image's content.
    manifest : mapping
        Says how the protocol weighs annotators, and what was known of them before.

    Returns
    -------
    dict
        By name of a data set split, as of `bench.scoring.annotators.summarise`.
    """
    before = manifest.get("annotators", {})
    pairs = manifest.get("protocol", {}).get("annotators") == "pairs"
    images = (
        table.group_by(["dataset", "split", "content"], use_threads=False).aggregate([]).to_pandas()
    )
    found = {}
    for (dataset, split), contents in images.groupby(["dataset", "split"])["content"]:
        name = dataset_name(dataset, split)
        new = summarise([folder / f"{content}.json" for content in contents], pairs)
        old = before.get(name, {"images": 0})
        found[name] = new if new["images"] >= old["images"] else old
    return {name: facts for name, facts in found.items() if facts["images"]}
