"""Whether a Dask worker has the suite and libraries of the run, so that labels are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.storage.provenance import software
from reports.data.words import few

MOST_NAMED = 5
_SUITE = ("bench", "methods", "metrics", "reports")
_BETWEEN = ("dask", "distributed")
_SOURCE = "superpixel-bench, its source,"


def versions() -> dict[str, str]:
    """Return the versions that must agree; of the suite also a digest of its source code."""
    found: dict[str, str] = dict(software()["versions"])
    for package in _BETWEEN:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    plain = {name: each.partition("+")[0] for name, each in found.items()}  # 2.13.0+cpu, +cu126
    return plain | {_SOURCE: _source()}


def _source() -> str:
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for package in _SUITE:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Say what a worker has otherwise, by name and version; empty if nothing."""
    return few(
        (
            f"{name} {there.get(name, 'missing')} instead of {here.get(name, 'none')}"
            for name in sorted({*here, *there})
            if here.get(name) != there.get(name)
        ),
        most=MOST_NAMED,
    )
