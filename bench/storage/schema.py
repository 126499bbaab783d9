"""The columns of a results file, in one place: their names, types and order."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pyarrow as pa

from metrics import METRICS
from reports.data.results import RUN_KEY, SCHEMA_VERSION, VERSION_KEY

FAILURES = ("failed", "timeout", "crashed", "invalid")

# What makes two rows measurements of the same thing; of such rows only the newest is kept.
IDENTITY = (
    *("dataset", "split", "image", "method", "params", "n", "seed", "device"),
    "connectivity",
)

_FACTS: tuple[tuple[str, pa.DataType], ...] = (
    ("key", pa.string()),
    ("dataset", pa.string()),
    ("split", pa.string()),
    ("image", pa.string()),
    ("content", pa.string()),
    ("height", pa.int32()),
    ("width", pa.int32()),
    ("method", pa.string()),
    ("params", pa.string()),
    ("label", pa.string()),
    ("version", pa.string()),
    ("n", pa.int32()),
    ("n_requested", pa.int32()),
    ("match_trials", pa.int32()),
    ("match_reached", pa.bool_()),
    ("protocol", pa.string()),
    ("connectivity", pa.string()),
    ("n_returned", pa.int32()),
    ("n_labels", pa.int32()),
    ("n_components", pa.int32()),
    ("seed", pa.int64()),
    ("status", pa.string()),
    ("error", pa.string()),
    ("time_s", pa.float64()),
    ("time_shared_s", pa.float64()),
    ("time_spread_s", pa.float64()),
    ("time_repeats", pa.int32()),
    ("cpu_s", pa.float64()),
    ("warmup_s", pa.float64()),
    ("peak_mb", pa.float64()),
    ("device", pa.string()),
    ("threads", pa.int32()),
    ("contended", pa.bool_()),
    ("labels_file", pa.string()),
    ("facts", pa.string()),
    ("run", pa.string()),
    ("machine", pa.string()),
    ("suite", pa.string()),
)
_FACT_NAMES = frozenset(name for name, _ in _FACTS)

# What is known of a cell beside its scores.
CELL_FACTS = tuple(name for name, _ in _FACTS if name not in METRICS)


@cache
def results_schema() -> pa.Schema:
    """Return the schema of a results file: facts of the cell, then one column per metric.

    A metric that compares with annotators has a second column ``<id>_by_annotator``.
    """
    scores = [pa.field(m, pa.float64()) for m in METRICS if m not in _FACT_NAMES]
    lists = [
        pa.field(f"{m}_by_annotator", pa.list_(pa.float64()))
        for m, metric in METRICS.items()
        if "truth" in metric.needs
    ]
    facts = [pa.field(name, kind) for name, kind in _FACTS]
    return pa.schema(facts + scores + lists, metadata={VERSION_KEY: SCHEMA_VERSION.encode()})


def to_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Make a table of rows; a column that a row lacks is null there."""
    return pa.Table.from_pylist(rows, schema=results_schema())


def with_run_facts(table: pa.Table, facts: dict[str, Any]) -> pa.Table:
    """Attach what is true of the whole file (arguments, versions, hardware, ...)."""
    return table.replace_schema_metadata(
        {VERSION_KEY: SCHEMA_VERSION.encode(), RUN_KEY: json.dumps(facts).encode()}
    )
