"""The results file made of all parts: which rows, in which order, so many at a time.

A million rows with their scores would be gigabytes of memory. So first only the columns are read
that decide which rows stay and where they go, and then the rows, those of one row group at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.storage.parts import newest, part_schema, read_facts, read_part
from bench.storage.schema import IDENTITY, results_schema, with_column, with_run_facts

ROWS_AT_A_TIME = 50_000
ORDER = ("image", "label", "n", "seed")


class Whole:
    """What a results file is made of.

    Parameters
    ----------
    parts : sequence of Path
        All parts, oldest first.

    Attributes
    ----------
    facts : Table
        Of its rows, in their order, the columns that say of what they are.
    outdated : int
        How many rows are left out because a newer one is of the same cell.
    """

    def __init__(self, parts: Sequence[Path]) -> None:
        self.parts = parts
        every = read_facts(parts, (), (*IDENTITY, "label", "content", "labels_file"))
        kept = np.flatnonzero(newest(every).to_numpy(zero_copy_only=False))
        self.outdated = len(every) - len(kept)
        order = every.select(ORDER).cast(pa.schema([results_schema().field(o) for o in ORDER]))
        place = order.take(kept).append_column("row", pa.array(kept))
        self._rows = place.sort_by([(name, "ascending") for name in ORDER])["row"].to_numpy()
        self.facts = every.take(self._rows)

    def write(self, path: Path, facts: Mapping[str, Any], labels: pa.ChunkedArray) -> None:
        """Write the file.

        Parameters
        ----------
        path : Path
        facts : mapping
            What is true of the whole file.
        labels : array
            What each row has in the column labels_file.
        """
        schemas = [part_schema(part) for part in self.parts]
        none = pa.unify_schemas(schemas, promote_options="permissive").empty_table()
        none = with_run_facts(none, dict(facts))
        start = 0
        with pq.ParquetWriter(path, none.schema, compression="zstd") as writer:
            for rows in self._tables(none):
                its = labels.slice(start, len(rows))
                writer.write_table(with_column(rows, "labels_file", its), ROWS_AT_A_TIME)
                start += len(rows)

    def _tables(self, none: pa.Table) -> Iterator[pa.Table]:
        """Yield the rows with the columns of a table that has none."""
        ends = np.cumsum([pq.read_metadata(part).num_rows for part in self.parts])
        for start in range(0, len(self._rows), ROWS_AT_A_TIME):
            rows = self._rows[start : start + ROWS_AT_A_TIME]
            part = np.searchsorted(ends, rows, side="right")
            by_part = np.argsort(part, kind="stable")
            pieces = [none]
            for its in np.split(by_part, np.flatnonzero(np.diff(part[by_part])) + 1):
                number = part[its[0]]
                first = ends[number - 1] if number else 0
                pieces.append(read_part(self.parts[number]).take(rows[its] - first))
            together = pa.concat_tables(pieces, promote_options="permissive")
            yield together.take(np.argsort(by_part)).replace_schema_metadata(none.schema.metadata)
