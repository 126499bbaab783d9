"""The same label maps under several protocols, as a page shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics import METRICS
from reports.data.facts import file_facts
from reports.data.results import dataset_name
from reports.data.schema import check_results, run_facts
from reports.page.encode import codes, numbers
from reports.tables.protocols import side_by_side


def protocol_numbers(
    files: Mapping[str, Path],
    keys: Collection[str] | None,
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None,
) -> dict[str, dict[str, Any]]:
    """Return the scores under each protocol, by the name of the data set split.

    Parameters
    ----------
    files, keys, only, without, rename
        As for `tables.protocols.side_by_side`.

    Raises
    ------
    ResultsError
        If a file cannot be used, or no label is left.
    """
    metrics = _in_all(files)
    if not metrics:
        return {}
    _, table = side_by_side(files, metrics, only, without, keys, rename=rename)
    names = list(files)
    titles = [file_facts(path).protocol.title for path in files.values()]
    found = {}
    for (dataset, split), group in table.groupby(["dataset", "split"], sort=True):
        labels = list(dict.fromkeys(map(str, group["label"])))
        found[dataset_name(str(dataset), str(split))] = {
            "protocols": names,
            "titles": titles,
            "labels": labels,
            "metrics": {
                str(metric): {
                    "label": codes(map(str, its["label"]), labels),
                    "protocol": codes(map(str, its["protocol"]), names),
                    **{
                        name: numbers(its[name])
                        for name in ("n", "value", "low", "high", "count", "missing")
                    },
                }
                for metric, its in group.groupby("metric", sort=False)
            },
        }
    return found


def _in_all(files: Mapping[str, Path]) -> list[str]:
    """Name the metrics that all files have been scored by."""
    scored = [set(run_facts(check_results(path)).get("metrics", ())) for path in files.values()]
    return [metric for metric in METRICS if scored and all(metric in its for its in scored)]
