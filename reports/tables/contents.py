"""What a results file holds, in lines that read well in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reports.data.contents import Contents
from reports.data.words import counted


def contents_lines(held: Contents) -> Iterator[str]:
    """Say what a results file holds, part by part; a part without anything is left out."""
    images = [f"{name}, {counted(number, 'image')}" for name, number in held.datasets.items()]
    statuses = ", ".join(f"{rows} {status}" for status, rows in held.statuses.items())
    yield f"{held.path}: {counted(held.rows, 'row')}" + (f" ({statuses})" if statuses else "")
    yield f"{'; '.join(images) or 'no images'}; protocol {held.protocol}"
    yield from _part("runs", _runs(held))
    yield from _part(
        "machines", (f"{name}: {machine_line(facts)}" for name, facts in held.machines.items())
    )
    yield from _part("labels", _labels(held))
    yield from _part("missing, while others have it", held.missing)
    yield from _part("not to be averaged or compared as it is", held.mixed)


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    indented = [f"  {line}" for line in lines]
    if indented:
        yield from ("", title, *indented)


def _runs(held: Contents) -> Iterator[str]:
    for run in held.runs.to_dict("records"):
        yield (
            f"{run['id']}: {run['started']}, {counted(run['cells'], 'cell')}, "
            f"{counted(run['rows'], 'row')} here; suite {run['suite']}, "
            f"revision {str(run['revision'])[:12]}, machine {run['machine']}"
        )
        if run["arguments"]:
            yield f"  bench {run['arguments']}"


def _labels(held: Contents) -> Iterator[str]:
    for row in held.labels.to_dict("records"):
        other = f", {row['other']}" if row["other"] else ""
        ways = f", also {row['perturbations']}" if row["perturbations"] else ""
        yield (
            f"{row['label']}: {row['method']} {row['version']} (suite {row['suite']}), "
            f"n = {row['n']}{ways}; {counted(row['rows'], 'row')}, {row['ok']} ok{other}"
        )


def machine_line(facts: Mapping[str, Any]) -> str:
    """Say what is known of a machine, with commas."""
    units = {"processor": "", "system": "", "cores": " cores", "memory_gb": " GB memory"}
    return ", ".join(
        f"{value}{units[name]}" if name in units else f"{name.replace('_', ' ')} {_said(value)}"
        for name, value in facts.items()
        if value not in (None, [])
    )


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
