"""Contract tests in a process of their own, since what is under test may crash or hang."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as TooLate
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from bench.datasets import checks as dataset_checks
from bench.execution.plugins import load_plugins
from bench.execution.processes import interrupts_held, start_pool
from bench.planning.variants import Variant
from methods import checks as method_checks
from metrics import checks as metric_checks

LONGEST_S = 60.0


class Result(Protocol):
    """How one check ended, of whatever was checked."""

    @property
    def name(self) -> str:
        """What must hold."""

    @property
    def status(self) -> str:
        """In a word."""

    @property
    def message(self) -> str:
        """What was found."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""


def check_method(variant: Variant, plugins: tuple[Path, ...]) -> Iterator[Result]:
    """Run every check on a method; a crash is a failed check, a hang ends them all.

    Parameters
    ----------
    variant : Variant
        The method with its parameters.
    plugins : tuple of Path
        Files that it may come from.
    """
    call = _check_method, plugins, variant.name, variant.given
    return _run_safely(method_checks.CHECKS, "the method", call)


def check_metric(id: str, plugins: tuple[Path, ...]) -> Iterator[Result]:
    """Run every check on the metric of that id, as `check_method` does."""
    return _run_safely(metric_checks.CHECKS, "the metric", (_check_metric, plugins, id))


def check_dataset(
    name: str, root: Path | None, split: str | None, plugins: tuple[Path, ...]
) -> Iterator[Result]:
    """Run every check on the data set of that name, as `check_method` does.

    Parameters
    ----------
    name, root, split
        As for `bench.datasets.open_dataset`.
    plugins : tuple of Path
    """
    call = _check_dataset, plugins, name, root, split
    return _run_safely(dataset_checks.CHECKS, "the data set", call)


def _run_safely(names: Iterable[str], what: str, call: tuple[Any, ...]) -> Iterator[Result]:
    check, *arguments = call
    worker = start_pool()
    try:
        for name in names:
            with interrupts_held():
                asked = worker.submit(check, name, *arguments)
            try:
                yield asked.result(timeout=LONGEST_S)
                continue
            except BrokenProcessPool:
                problem = f"{what} took its process along (a crash, or out of memory)"
            except TooLate:
                problem = f"no end within {LONGEST_S:g} s; the checks that follow were not run"
                yield method_checks.CheckResult(name, "failed", problem)
                return
            worker.shutdown(kill_workers=True)
            worker = start_pool()
            yield method_checks.CheckResult(name, "failed", problem)
    finally:
        worker.shutdown(kill_workers=True)


def _check_method(
    name: str, plugins: tuple[Path, ...], method: str, given: dict[str, Any]
) -> Result:
    load_plugins(plugins)
    return method_checks.run_check(name, method, **given)


def _check_metric(name: str, plugins: tuple[Path, ...], id: str) -> Result:
    load_plugins(plugins)
    return metric_checks.run_check(name, id)


def _check_dataset(
    check: str, plugins: tuple[Path, ...], name: str, root: Path | None, split: str | None
) -> Result:
    load_plugins(plugins)
    return dataset_checks.run_check(check, name, root, split)
