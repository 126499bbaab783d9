"""Make results files with the real schema and plausible, invented numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.schema import results_schema, with_run_facts
from metrics import METRICS

METHODS = (
    *("SLIC", "SEEDS", "FH", "LSC", "ETPS", "RIM", "EA", "Proposed", "ERS", "SNIC", "SH", "DISF"),
    *("Grid", "Quickshift"),
)
ANNOTATORS = 5


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
        Whether the lists by annotator are filled.
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
        "params": text(["{}"], 0 * image),
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
    for name, metric in METRICS.items():
        rising = 1.6 * error if metric.direction == "low" else 1 - error
        columns.setdefault(name, given(rising * rng.lognormal(0, 0.01, rows)))
        if fake.lists and "truth" in metric.needs:
            values = pa.array(np.repeat(rising, ANNOTATORS))
            offsets = pa.array(np.arange(0, ANNOTATORS * rows + 1, ANNOTATORS, dtype=np.int32))
            columns[f"{name}_by_annotator"] = pa.ListArray.from_arrays(offsets, values)
    schema = results_schema()
    arrays = [columns.get(field.name, pa.nulls(rows)).cast(field.type) for field in schema]
    return with_run_facts(pa.table(arrays, schema=schema), {"protocol": "default"})


def write(path: Path, *fakes: Fake) -> Path:
    """Write the results of invented runs as one file; return its path."""
    pq.write_table(pa.concat_tables([table(fake) for fake in fakes]), path, row_group_size=20_000)
    return path
