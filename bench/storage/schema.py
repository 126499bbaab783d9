"""The columns of a results file, in one place: their names, types and order."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from metrics import METRICS
from reports.data.schema import RUN_KEY, SCHEMA_VERSION, VERSION_KEY

FAILURES = ("failed", "timeout", "crashed", "invalid")

# What makes two rows measurements of the same thing; of such rows only the newest is kept.
IDENTITY = (
    *("dataset", "split", "image", "method", "params", "n", "seed", "device"),
    *("connectivity", "perturbation"),
)

# A fact that is added here needs another SCHEMA_VERSION, and a place in LATER beside it; a metric
# needs neither: rows that were made before have null.
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
    ("perturbation", pa.string()),
    ("match_trials", pa.int32()),
    ("match_reached", pa.bool_()),
    ("protocol", pa.string()),
    ("connectivity", pa.string()),
    ("n_returned", pa.int32()),
    ("n_labels", pa.int32()),
    ("n_components", pa.int32()),
    ("stability", pa.float64()),
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
    ("temporary", pa.bool_()),
)
_FACT_NAMES = frozenset(name for name, _ in _FACTS)

# What is known of a cell beside its scores.
CELL_FACTS = tuple(name for name, _ in _FACTS if name not in METRICS)


def results_schema() -> pa.Schema:
    """Return the schema of a results file: facts of the cell, then one column per metric.

    A metric that compares with annotators has a second column ``<id>_by_annotator``. Metrics that
    a plugin has added since the last call are in it.
    """
    return _schema_of(tuple(METRICS))


@cache
def _schema_of(metrics: tuple[str, ...]) -> pa.Schema:
    scores = [pa.field(m, pa.float64()) for m in metrics if m not in _FACT_NAMES]
    lists = [
        pa.field(f"{m}_by_annotator", pa.list_(pa.float64()))
        for m in metrics
        if "truth" in METRICS[m].needs
    ]
    facts = [pa.field(name, kind) for name, kind in _FACTS]
    return pa.schema(facts + scores + lists, metadata={VERSION_KEY: SCHEMA_VERSION.encode()})


def to_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Make a table of rows; a column that a row lacks is null there.

    What rows know beyond the schema, say of a metric that only a plugin has, is kept behind it.
    """
    schema = results_schema()
    table = pa.Table.from_pylist(rows, schema=schema)
    known = frozenset(schema.names)
    for name in dict.fromkeys(name for row in rows for name in row if name not in known):
        table = table.append_column(name, pa.array([row.get(name) for row in rows]))
    return table


def missing_facts(names: Collection[str], may_lack: Collection[str]) -> list[str]:
    """Name the facts of a cell that are not among the columns, but for those it may lack."""
    return [name for name, _ in _FACTS if name not in names and name not in may_lack]


def promoted(table: pa.Table, columns: Iterable[str] | None = None) -> pa.Table:
    """Return rows of this or an earlier schema with the columns of this one.

    What the table lacks is null; what it has beyond the schema is kept, behind it.

    Parameters
    ----------
    table : Table
    columns : iterable of str, optional
        Only these, all of them in the schema.

    Raises
    ------
    ValueError
        If a column does not hold what it should; the message names it.
    """
    schema = results_schema()
    wanted = schema.names if columns is None else list(columns)
    arrays = {name: _as(table, schema.field(name)) for name in wanted}
    if columns is None:
        arrays |= {name: table[name] for name in table.column_names if name not in arrays}
    return pa.table(arrays).replace_schema_metadata(schema.metadata)


def _as(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in table.column_names:
        return pa.nulls(len(table), field.type)
    column = table[field.name]
    try:
        return column if column.type == field.type else column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"column '{field.name}' holds {column.type} where {field.type} belongs"
        ) from error


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Return the table with other values (a sequence or an array) in a column that it has."""
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pa.array(values, field.type)
    return table.set_column(place, field, values)


def with_run_facts(table: pa.Table, facts: dict[str, Any]) -> pa.Table:
    """Attach what is true of the whole file (arguments, versions, hardware, ...)."""
    return table.replace_schema_metadata(
        {VERSION_KEY: SCHEMA_VERSION.encode(), RUN_KEY: json.dumps(facts).encode()}
    )
