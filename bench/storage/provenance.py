"""Where a result comes from: versions, hardware and the state of the source code."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from joblib import cpu_count

from methods.device import cuda_names
from methods.memory import memory_limit

# From the widest; methods of the same code differ in speed by these.
INSTRUCTIONS = ("amx_tile", "avx512_bf16", "avx512f", "avx2", "avx", "sse4_2", "sve", "asimd")

CPUINFO = Path("/proc/cpuinfo")

# Looked up before any process is held to one of its cores.
_THREADS = int(cpu_count())

PACKAGES = (
    "superpixel-bench",
    "numpy",
    "scipy",
    "scikit-image",
    "opencv-contrib-python-headless",
    "numba",
    "joblib",
    "pandas",
    "pyarrow",
    "torch",
)


def software() -> dict[str, Any]:
    """Return the versions and the git revision (None outside a checkout)."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "git_revision": _git_revision(),
    }


def suite_version() -> str:
    """Return the version of this suite, as each row has it."""
    return _versions().get("superpixel-bench", "unknown")


def machine() -> dict[str, Any]:
    """Return what of the machine decides how long a method takes.

    Returns
    -------
    dict
        ``processor``, its model; ``instruction_set``, the widest vector instructions, None where
        the system does not say; ``cores`` of the machine; ``threads``, how many of them this
        process may use; ``memory_gb``; ``gpu``, the names of the CUDA devices; ``system``.
    """
    return {
        "processor": _processor(),
        "instruction_set": _instruction_set(),
        "cores": os.cpu_count(),
        "threads": _THREADS,
        "memory_gb": _memory_gb(),
        "gpu": cuda_names(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def machine_id(facts: dict[str, Any]) -> str:
    """Return a short name for a machine, by which rows refer to its facts.

    An update of the operating system does not make another one of it.
    """
    lasting = {name: fact for name, fact in facts.items() if name != "system"}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:8]


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _instruction_set() -> str | None:
    can = (_cpuinfo("flags") or _cpuinfo("Features")).split()
    return next((name for name in INSTRUCTIONS if name in can), None)


def _cpuinfo(field: str) -> str:
    """Return what Linux says of the first processor that has the field, or nothing."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _memory_gb() -> float | None:
    """Return what the machine has, or what of it a container may use."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    limit = memory_limit()
    return round((there if limit is None else min(there, limit)) / 2**30, 1)


def _git_revision() -> str | None:
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        revision = _git(here, "rev-parse", "HEAD")
        return revision + ("+changes" if _git(here, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


def now() -> str:
    """Return the time of day in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
