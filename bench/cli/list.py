"""``bench list``: what there is to choose from, by name and without importing it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import opened, options, output, values
from bench.errors import UsageError

if TYPE_CHECKING:
    from methods.base import Method
    from methods.parameters import Parameter


Facts = dict[str, str]  # of one thing, its name first


class Kind(StrEnum):
    """What can be listed."""

    METHODS = "methods"
    METRICS = "metrics"
    DATASETS = "datasets"
    PROTOCOLS = "protocols"
    RUNS = "runs"
    REFERENCE = "reference"


_DECLARED = (Kind.METHODS, Kind.METRICS, Kind.DATASETS)
_ONLY_FOR = {
    "--verbose": (*_DECLARED, Kind.PROTOCOLS),
    "--plugin": _DECLARED,
    "--protocol-file": (Kind.PROTOCOLS,),
}


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
    how: options.FormatName = options.Format.TEXT,
) -> None:
    """List methods, metrics, data sets or protocols, or what a results file holds.

    'runs' is of a file of yours, 'reference' of the results that come with the suite, for --with.
    """
    given = {"--verbose": verbose, "--plugin": plugin, "--protocol-file": protocol_file}
    for option, kinds in _ONLY_FOR.items():
        if given[option] and kind not in kinds:
            raise UsageError(
                f"{option} is for {', '.join(kinds)}; leave it out of 'bench list {kind}'"
            )
    if kind is Kind.RUNS:
        _runs([results or Path("results.parquet")], how)
        return
    if results is not None:
        raise UsageError(f"'{results}' is one too many; only 'bench list runs' takes a file")
    if kind is Kind.REFERENCE:
        _reference(how)
        return
    broken = []
    for path in plugin or ():
        try:
            values.load_plugins([path])
        except UsageError as error:
            broken.append(str(error))
    if kind is Kind.PROTOCOLS:
        facts = list(_protocols(verbose, protocol_file))
    else:
        facts = list(_LISTS[kind](verbose))
    if verbose and how is options.Format.TEXT:
        for each in facts:
            _card(each)
    else:
        output.print_rows(facts, how, heads=False)
    for problem in broken:
        typer.echo(problem, err=how is not options.Format.TEXT)


def _methods(verbose: bool) -> Iterator[Facts]:
    from methods.registry import entries

    for entry in entries():
        if entry.error:
            yield {
                "name": entry.name,
                "origin": entry.origin,
                "problem": f"cannot be used: {entry.error}",
            }
        elif verbose:
            yield {"name": entry.name, **_method_facts(entry.name)}
        else:
            yield {"name": entry.name, "origin": entry.origin}


def _method_facts(name: str) -> Facts:
    from methods.parameters import meaning
    from methods.registry import get_class

    cls = get_class(name)
    parameters = "\n".join(
        f"{p.name}: {p.expected}, {_default(p)}. {meaning(cls, p.name)}".rstrip()
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
        "runs on": ", ".join(cls.devices) + _cores(cls),
        "departures": cls.departures,
        "parameters": parameters or "none",
        "presets": "\n".join(
            f"{name}: {', '.join(f'{key} {value}' for key, value in values.items())}"
            for name, values in cls.presets.items()
        ),
    }


def _cores(cls: type[Method]) -> str:
    """Say when a method has all cores of the CPU."""
    from methods.base import Method

    if not cls.all_cores:
        return ""
    sized = cls.wants_all_cores is not Method.wants_all_cores
    return " (on the CPU all cores for large images)" if sized else " (on the CPU all cores)"


def _default(parameter: Parameter) -> str:
    from methods.parameters import REQUIRED

    return "must be given" if parameter.default is REQUIRED else f"default {parameter.default}"


def _metrics(verbose: bool) -> Iterator[Facts]:
    from metrics import METRICS, RECORDED
    from metrics.base import load_installed

    broken = load_installed()
    arrows = {"high": "higher is better", "low": "lower is better", None: ""}
    for name, metric in METRICS.items():
        if verbose:
            yield {
                "name": name,
                "title": metric.title,
                "better": arrows[metric.direction] or "neither way",
                "range": f"{metric.range[0]:g} to {metric.range[1]:g}",
                "unit": metric.unit,
                "needs": ", ".join(sorted(metric.needs)) or "labels only",
                "defined by": metric.origin,
                "computed": "on request: --metrics" if name not in RECORDED else "by default",
                "reference": metric.reference,
                "undefined": metric.undefined,
                "limits": metric.limits,
            }
        else:
            yield {
                "name": name,
                "title": metric.title,
                "better": arrows[metric.direction],
                "computed": "" if name in RECORDED else "on request",
            }
    for name, why in broken.items():
        yield {"name": name, "problem": f"cannot be used: {why}"}


def _datasets(verbose: bool) -> Iterator[Facts]:
    from bench.datasets.registry import entries

    for name, entry in entries().items():
        if entry.error:
            yield {
                "name": name,
                "read by": entry.target,
                "problem": f"cannot be used: {entry.error}",
            }
        else:
            more = {"licence": entry.license, "read by": entry.target} if verbose else {}
            yield {"name": name, "title": entry.title, **more}


def _protocols(verbose: bool, file: Path | None) -> Iterator[Facts]:
    for protocol in values.choose_protocols((), file):
        if verbose:
            yield {key: str(value) for key, value in protocol.definition().items()}
        else:
            yield {"name": protocol.name, "title": protocol.title}


def _runs(paths: Sequence[Path], how: options.Format) -> None:
    from reports.data.contents import read_contents
    from reports.data.schema import ResultsError
    from reports.tables.contents import contents_lines

    rows = []
    for path in paths:
        opened.recover(path, quiet=False)
        try:
            held = read_contents(path)
        except ResultsError as error:
            raise UsageError(str(error)) from error
        rows += json.loads(held.labels.to_json(orient="records"))
        if how is options.Format.TEXT:
            if path != paths[0]:
                typer.echo("")
            for line in contents_lines(held):
                typer.echo(output.wrapped(line))
    if how is not options.Format.TEXT:
        output.print_rows(rows, how)


def _reference(how: options.Format) -> None:
    from reports.data.reference import reference_files

    files = reference_files()
    if not files:
        raise UsageError(
            "no reference results came with this installation; docs/reference.md says how they are"
            " made"
        )
    _runs(files, how)


def _card(facts: Facts) -> None:
    """Print all that is known of one thing below its name."""
    from reports.tables.folded import wrap_fact

    name, *others = facts
    typer.echo(facts[name])
    indent, width = max(map(len, others)) + 4, output.terminal_width()
    for fact in others:
        if facts[fact]:
            typer.echo(wrap_fact(f"  {fact}:", facts[fact], indent, width))
    typer.echo("")


_LISTS: dict[Kind, Callable[[bool], Iterator[Facts]]] = {
    Kind.METHODS: _methods,
    Kind.METRICS: _metrics,
    Kind.DATASETS: _datasets,
}
