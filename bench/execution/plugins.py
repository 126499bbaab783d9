"""Loads what third parties add: files (``--plugin``) and the metrics of installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.datasets import registry as datasets
from bench.errors import UsageError
from bench.storage.schema import CELL_FACTS
from methods import plugins
from methods.registry import METHODS
from metrics import base as metrics
from metrics.base import METRICS

REGISTERS = (
    METHODS,
    plugins.Register(
        "no metric: put @metric(...) before a function", metrics.registered_from, metrics.forget
    ),
    plugins.Register(
        "no data set: put @register of bench.datasets before a subclass of Dataset",
        datasets.registered_from,
        datasets.forget,
    ),
)


def load_plugins(paths: Iterable[Path]) -> None:
    """Load plugin files, and the metrics of installed packages, unless they are loaded already.

    Raises
    ------
    UsageError
        If a file does not exist, fails to import, registers nothing or takes a name that is in use.
    """
    metrics.load_installed()
    for path in paths:
        try:
            plugins.load(path, REGISTERS)
        except plugins.PluginError as error:
            raise UsageError(f"--plugin: {error}") from error
    for id in METRICS.keys() & set(CELL_FACTS):
        place = METRICS.pop(id).origin
        raise UsageError(
            f"the metric id {id!r} of {place} is the name of another column of results; give it"
            " another id"
        )
