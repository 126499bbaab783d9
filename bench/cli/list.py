"""``bench list``: what there is to choose from, by name and without importing it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options, values
from bench.errors import UsageError

if TYPE_CHECKING:
    from methods.base import Method
    from methods.parameters import Parameter


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    METRICS = "metrics"
    DATASETS = "datasets"
    PROTOCOLS = "protocols"
    RUNS = "runs"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULTS.parquet]",
            help="For 'runs': the results file.",
            show_default="results.parquet",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say everything that is declared of each.")
    ] = False,
    plugin: options.Plugins = None,
    protocol_file: options.ProtocolFile = None,
) -> None:
    """List methods, metrics, data sets or protocols, or what a results file holds ('runs')."""
    if kind is Kind.RUNS:
        _runs(results or Path("results.parquet"))
        return
    if results is not None:
        raise UsageError(f"'{results}' is one too many; only 'bench list runs' takes a file")
    if kind is Kind.PROTOCOLS:
        _protocols(verbose, protocol_file)
        return
    broken = []
    for path in plugin or ():
        try:
            values.load_plugins([path])
        except UsageError as error:
            broken.append(str(error))
    _LISTS[kind](verbose)
    for problem in broken:
        typer.echo(problem)


def _methods(verbose: bool) -> None:
    from methods.registry import entries

    for entry in entries():
        if entry.error:
            typer.echo(f"{entry.name:<12} {entry.origin}  cannot be used: {entry.error}")
        elif verbose:
            _card(entry.name, _method_facts(entry.name))
        else:
            typer.echo(f"{entry.name:<12} {entry.origin}")


def _method_facts(name: str) -> dict[str, str]:
    from methods.registry import get_class

    cls = get_class(name)
    parameters = "\n".join(
        f"{p.name}: {p.expected}, {_default(p)}. {_meaning(cls, p.name)}".rstrip()
        for p in cls.parameters()
    )
    guarantees = {
        "connected": cls.connected,
        "exact count": cls.exact_count,
        "deterministic": cls.deterministic,
    }
    return {
        "title": cls.title or cls.name,
        "reference": cls.reference,
        "doi": cls.doi,
        "licence": cls.license,
        "guarantees": ", ".join(fact for fact, holds in guarantees.items() if holds) or "nothing",
        "runs on": ", ".join(cls.devices) + (" (all cores on the CPU)" if cls.all_cores else ""),
        "departures": cls.departures,
        "parameters": parameters or "none",
        "presets": "\n".join(
            f"{name}: {', '.join(f'{key} {value}' for key, value in values.items())}"
            for name, values in cls.presets.items()
        ),
    }


def _default(parameter: Parameter) -> str:
    from methods.parameters import REQUIRED

    return "must be given" if parameter.default is REQUIRED else f"default {parameter.default}"


def _meaning(cls: type[Method], name: str) -> str:
    """Return what the class says of a parameter in its docstring, or nothing."""
    for each in cls.__mro__:
        lines = iter(inspect.cleandoc(each.__doc__ or "").splitlines())
        if any(line.startswith(f"{name} : ") for line in lines):  # goes on behind that line
            return " ".join(
                line.strip() for line in takewhile(lambda line: line.startswith(" "), lines)
            )
    return ""


def _metrics(verbose: bool) -> None:
    from metrics import METRICS, RECORDED

    arrows = {"high": "higher is better", "low": "lower is better", None: ""}
    for name, metric in METRICS.items():
        if verbose:
            facts = {
                "title": metric.title,
                "better": arrows[metric.direction] or "neither way",
                "range": f"{metric.range[0]:g} to {metric.range[1]:g}",
                "unit": metric.unit,
                "needs": ", ".join(sorted(metric.needs)) or "labels only",
                "computed": "on request: --metrics" if name not in RECORDED else "by default",
                "reference": metric.reference,
                "undefined": metric.undefined,
                "limits": metric.limits,
            }
            _card(name, facts)
        else:
            asked = "" if name in RECORDED else "on request (--metrics)"
            line = f"{name:<14} {metric.title:<53} {arrows[metric.direction]:<16} {asked}"
            typer.echo(line.rstrip())


def _datasets(verbose: bool) -> None:
    from bench.datasets import DATASETS

    for name, entry in DATASETS.items():
        if verbose:
            _card(name, {"title": entry.title, "read by": entry.target})
        else:
            typer.echo(f"{name:<12} {entry.title}")


def _protocols(verbose: bool, file: Path | None) -> None:
    for protocol in values.choose_protocols((), file):
        if verbose:
            facts = protocol.definition()
            _card(facts.pop("name"), {key: str(value) for key, value in facts.items()})
        else:
            typer.echo(f"{protocol.name:<15} {protocol.title}")


def _runs(path: Path) -> None:
    from reports.data.contents import read_contents
    from reports.data.results import ResultsError
    from reports.tables.contents import contents_lines

    try:
        held = read_contents(path)
    except ResultsError as error:
        raise UsageError(str(error)) from error
    typer.echo("\n".join(contents_lines(held)))


def _card(name: str, facts: dict[str, str]) -> None:
    typer.echo(name)
    width = max(map(len, facts)) + 1
    for fact, value in facts.items():
        if value:
            value = value.replace("\n", "\n" + " " * (width + 3))
            typer.echo(f"  {fact + ':':<{width}} {value}")
    typer.echo("")


_LISTS: dict[Kind, Callable[[bool], None]] = {
    Kind.METHODS: _methods,
    Kind.METRICS: _metrics,
    Kind.DATASETS: _datasets,
}
