"""Contract tests in a process of their own, since a method under test may crash or hang."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import TimeoutError as TooLate
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from bench.execution.processes import interrupts_held, start_pool
from bench.planning.variants import Variant
from methods.checks import CHECKS, CheckResult, run_check
from methods.registry import load_plugin_file

LONGEST_S = 60.0


def run_checks_safely(variant: Variant, plugins: tuple[Path, ...]) -> Iterator[CheckResult]:
    """Run every check on a method; a crash is a failed check, a hang ends them all.

    Parameters
    ----------
    variant : Variant
        The method with its parameters.
    plugins : tuple of Path
        Files that the method may come from.
    """
    worker = start_pool()
    try:
        for name in CHECKS:
            with interrupts_held():
                asked = worker.submit(_check, name, variant.name, variant.given, plugins)
            try:
                yield asked.result(timeout=LONGEST_S)
                continue
            except BrokenProcessPool:
                problem = "the method took its process along (a crash, or out of memory)"
            except TooLate:
                problem = f"no end within {LONGEST_S:g} s; the checks that follow were not run"
                yield CheckResult(name, "failed", problem)
                return
            worker.shutdown(kill_workers=True)
            worker = start_pool()
            yield CheckResult(name, "failed", problem)
    finally:
        worker.shutdown(kill_workers=True)


def _check(name: str, method: str, given: dict[str, Any], plugins: tuple[Path, ...]) -> CheckResult:
    for plugin in plugins:
        load_plugin_file(plugin)
    return run_check(name, method, **given)
