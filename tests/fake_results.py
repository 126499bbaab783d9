"""Make results files with the real schema and plausible, invented numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.storage.schema import results_schema, with_run_facts
from metrics import DEFAULT_PROTOCOL, METRICS, Protocol

METHODS = (
    *("SLIC", "SEEDS", "FH", "LSC", "ETPS", "RIM", "EA", "Proposed", "ERS", "SNIC", "SH", "DISF"),
    *("Grid", "Quickshift"),
)


@dataclass(frozen=True)
class Fake:
    """What an invented run asked for, and how it went.

    Attributes
    ----------
    failing : float
        Share of cells that end in a status other than ok.
    contended : bool
        Whether cells shared the machine.
    lists : bool
        Whether the lists by annotator are filled: images have 3 to 6 annotators, and their
        first one is undefined now and then, where the plain value is the mean of the others.
    facts : mapping
        Facts of the whole file besides the protocol, such as ``annotators``.
    protocol : Protocol
        What it was scored under.
    gain : float
        What the protocol adds to all scores against annotators.
    """

    labels: tuple[str, ...] = METHODS[:3]
    ns: tuple[int | None, ...] = (50, 100, 200, 400)
    images: int = 20
    seeds: int = 1
    dataset: str = "bsds500"
    split: str = "test"
    failing: float = 0.0
    contended: bool = True
    lists: bool = False
    random: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    protocol: Protocol = DEFAULT_PROTOCOL
    gain: float = 0.0


def table(fake: Fake) -> pa.Table:
    """Return the results of an invented run as a table with the real schema."""
    rng = np.random.default_rng(fake.random)
    grid = np.indices((fake.images, len(fake.labels), len(fake.ns), fake.seeds))
    image, label, place, seed = grid.reshape(4, -1)
    rows = image.size
    asked = np.array([100 if n is None else n for n in fake.ns])[place]
    skill = np.linspace(1.0, 1.6, len(fake.labels))[label]
    yields = np.tile([0.7, 0.65, 1.0, 0.98, 1.15, 1.2, 0.96], 9)[label]
    n_labels = np.maximum(1, asked * yields * rng.lognormal(0, 0.08, rows)).astype(int)
    hardness = rng.lognormal(0, 0.25, fake.images)[image] * rng.lognormal(0, 0.05, rows)
    error = np.clip(0.45 * skill * hardness * n_labels**-0.4, 0, 0.9)
    ok = rng.random(rows) >= fake.failing
    status = np.where(ok, "ok", rng.choice(["failed", "timeout", "crashed"], rows))

    def text(names: list[str], codes: np.ndarray) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names).cast(pa.string())

    def given(values: np.ndarray) -> pa.Array:
        return pa.array(values, mask=~ok)

    columns: dict[str, pa.Array] = {
        "key": pa.array([f"{row:064x}" for row in range(rows)]),
        "dataset": text([fake.dataset], 0 * image),
        "split": text([fake.split], 0 * image),
        "image": text([f"image{i:05d}" for i in range(fake.images)], image),
        "method": text([name.partition("[")[0].lower() for name in fake.labels], label),
        "params": text([_params(name) for name in fake.labels], label),
        "label": text(list(fake.labels), label),
        "n": pa.array([None if fake.ns[p] is None else int(fake.ns[p]) for p in place], pa.int32()),
        "n_labels": given(n_labels.astype(np.int32)),
        "n_components": given(n_labels.astype(np.int32)),
        "seed": pa.array(seed),
        "status": pa.array(status),
        "time_s": given(0.01 * skill**8 * rng.lognormal(0, 0.2, rows)),
        "device": text(["cpu"], 0 * image),
        "threads": pa.array(np.ones(rows, np.int32)),
        "contended": pa.array(np.full(rows, fake.contended)),
    }
    lists = _Lists(rng.integers(3, 7, fake.images)[image], rng)
    for name, metric in METRICS.items():
        rising = 1.6 * error if metric.direction == "low" else 1 - error
        values = rising * rng.lognormal(0, 0.01, rows)
        if "truth" in metric.needs:
            values = values + fake.gain
            if fake.lists:
                by_annotator, values = lists.around(values, ok)
                columns[f"{name}_by_annotator"] = by_annotator
        columns.setdefault(name, given(values))
    schema = results_schema()
    arrays = [columns.get(field.name, pa.nulls(rows)).cast(field.type) for field in schema]
    return with_run_facts(
        pa.table(arrays, schema=schema), {"protocol": fake.protocol.definition(), **fake.facts}
    )


def _params(label: str) -> str:
    """Invent parameters that are others for each label of a method."""
    inside = label.partition("[")[2].rstrip("]")
    return json.dumps(dict(part.split("=", 1) for part in inside.split(",") if "=" in part))


@dataclass(frozen=True)
class _Lists:
    """Values by annotator: how many there are in each row, and the chance that spreads them."""

    lengths: np.ndarray
    rng: np.random.Generator

    def around(self, values: np.ndarray, ok: np.ndarray) -> tuple[pa.Array, np.ndarray]:
        """Return a list for each value that is ok, and the mean of what is defined in it."""
        owners = np.repeat(np.arange(len(values)), self.lengths)
        spread = values[owners] + self.rng.normal(0, 0.02, owners.size)
        offsets = np.append(0, np.cumsum(self.lengths)).astype(np.int32)
        spread[offsets[:-1][self.rng.random(len(values)) < 0.1]] = np.nan
        defined = np.isfinite(spread)
        means = np.bincount(owners[defined], spread[defined]) / np.bincount(owners[defined])
        return pa.ListArray.from_arrays(offsets, pa.array(spread), mask=pa.array(~ok)), means


def write(path: Path, *fakes: Fake) -> Path:
    """Write the results of invented runs as one file; return its path."""
    pq.write_table(pa.concat_tables([table(fake) for fake in fakes]), path, row_group_size=20_000)
    return path


def write_changed(path, change, **fake):
    """Write an invented file with its rows changed, as a frame."""
    rows = table(Fake(**fake))
    frame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    changed = pa.Table.from_pandas(change(frame), schema=rows.schema, preserve_index=False)
    pq.write_table(changed.replace_schema_metadata(rows.schema.metadata), path)
    return path
