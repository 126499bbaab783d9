"""Measure everything that has a target and print it as one table (``make benchmark``).

``python -m tests.benchmark scoring resume`` measures only these; what takes hours is measured only
if it is named.
"""

import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

import methods.neural  # noqa: F401  before torch, for how its threads wait
from bench.storage.provenance import machine, software

PARTS = (
    "scoring",
    "overhead",
    "throughput",
    "resume",
    "cluster",
    "plot",
    "report",
    "methods",
    "job",
    "scaling",
    "compile",
    "networks",
    "convolutions",
    "gradients",
    "coverage",
)
LONG = ("parity", "quick", "loss", "postprocess")


def main(parts):
    unknown = set(parts) - {*PARTS, *LONG}
    if unknown:
        sys.exit(f"no benchmark {sorted(unknown)}; there are {', '.join((*PARTS, *LONG))}")
    console = Console(width=150)
    table = Table(title=_machine(), box=None, title_justify="left")
    for column, justify in (("measured", "left"), ("value", "right"), ("target", "right")):
        table.add_column(column, justify=justify)
    table.add_column("", justify="left")
    table.add_column("note", justify="left", overflow="fold")
    for part in parts or PARTS:
        with console.status(f"measuring {part} ..."):
            rows = import_module(f"tests.benchmark.bench_{part}").main()
        for row in rows:
            target = "" if row.target is None else f"{row.target:g} {row.unit}"
            table.add_row(row.name, f"{row.measured:.4g} {row.unit}", target, row.verdict, row.note)
    console.print(table)


def _machine():
    hardware, versions = machine(), software()["versions"]
    return (
        f"{hardware['processor']}, {hardware['cores']} cores, {hardware['memory_gb']} GB;"
        f" Python {versions['python']}, numpy {versions['numpy']}, numba {versions['numba']}"
    )


main(sys.argv[1:])
