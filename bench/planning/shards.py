"""One of N parts of a plan (``--shard 3/16``), the same for all who divide it, by content alone.

Cells that share work, one label map for several seeds, or an image that is perturbed and as it is,
stay together. Neither paths nor the order of what is asked matter, nor what is finished already.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bench.errors import UsageError
from bench.planning.cells import Cell
from reports.data.words import counted

#: Seconds per pixel beside the method: an image is read, and its label map scored.
BESIDE_S = 1.6e-7
MOST_PARTS = 100_000


@dataclass(frozen=True)
class Shard:
    """Which part of how many, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


#: Seconds per pixel by method, parameters and device, and then by n.
Costs = Mapping[tuple[str, str, str], Mapping[int, float]]


def parse(text: str) -> Shard:
    """Read ``3/16``.

    Raises
    ------
    UsageError
        If it is not of that form, or there is no such part.
    """
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not found:
        raise UsageError(f"--shard: '{text}' is no part of a plan; give for example 3/16")
    number, of = map(int, found.groups())
    if not 1 <= number <= of:
        last = max(of, 1)
        raise UsageError(f"--shard: there is no {text}; parts go from 1/{last} to {last}/{last}")
    if of > MOST_PARTS:
        raise UsageError(f"--shard: {text} has too many parts; give at most {MOST_PARTS}")
    return Shard(number, of)


def divide(cells: Sequence[Cell], parts: int, costs: Costs | None = None) -> list[list[Cell]]:
    """Divide a plan; each part keeps the order of the plan.

    Without costs, the images of each method and count are dealt out evenly. With costs, what takes
    longest is dealt out first, each to the part that has the least to do.

    Parameters
    ----------
    cells : sequence of Cell
        The whole plan.
    parts : int
    costs : mapping, optional
        As of `read_costs`; a method that is not in there counts like the mean of the others.
    """
    order = sorted(range(len(cells)), key=lambda place: _unit(cells[place]))
    units = [tuple(its) for _, its in groupby(order, lambda place: _unit(cells[place]))]
    places: list[list[int]] = [[] for _ in range(parts)]
    for unit, part in zip(units, _dealt_out(cells, units, parts, costs), strict=True):
        places[part] += unit
    return [[cells[place] for place in sorted(its)] for its in places]


def _dealt_out(
    cells: Sequence[Cell], units: Sequence[tuple[int, ...]], parts: int, costs: Costs | None
) -> list[int]:
    """Return the part of each unit; units are sorted by method and count, then by content."""
    part_of = [i % parts for i in range(len(units))]
    if costs is None:
        return part_of
    one = _Seconds(costs)
    seconds = [math.fsum(one.of(cells[place]) for place in unit) for unit in units]
    loads = [(0.0, part) for part in range(parts)]
    for i in sorted(range(len(units)), key=lambda i: -seconds[i]):
        load, part_of[i] = loads[0]
        heapq.heapreplace(loads, (load + seconds[i], part_of[i]))
    return part_of


def describe(divided: Sequence[Sequence[Cell]], shard: Shard) -> str:
    """Say how many cells a part has."""
    whole = counted(sum(map(len, divided)), "cell")
    own = len(divided[shard.number - 1])
    return f"{own} of {whole}" if own else f"none of {whole}, so there is nothing to run"


def read_costs(path: Path | None) -> Costs | None:
    """Return what each method took in a results file, by pixel; None if none is given.

    Raises
    ------
    UsageError
        If it is no results file, or has no times.
    """
    if path is None:
        return None
    import pyarrow.parquet as pq

    from reports.data.schema import ResultsError, check_results

    try:
        check_results(path)
    except ResultsError as error:
        raise UsageError(f"--costs: {error}") from error
    kind = ["method", "params", "device", "n"]
    read = pq.read_table(path, columns=[*kind, "time_s", "height", "width", "status"]).to_pandas()
    rows = read[(read["status"] == "ok") & (read["time_s"] > 0) & read["n"].notna()]
    if rows.empty:
        raise UsageError(f"--costs: {path} has no measured times; give results of 'bench run'")
    sums = rows.assign(pixels=rows["height"] * rows["width"]).groupby(kind)[["time_s", "pixels"]]
    costs: dict[tuple[str, str, str], dict[int, float]] = {}
    for (method, params, device, n), seconds, pixels in sums.sum().itertuples():
        costs.setdefault((method, params, device), {})[int(n)] = float(seconds / pixels)
    return costs


class _Seconds:
    """What a cell will take, as far as costs tell."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        known = [each for by_count in costs.values() for each in by_count.values()]
        self.mean = math.fsum(known) / len(known)

    def of(self, cell: Cell) -> float:
        if cell.size is None or cell.decline:
            return 0.0
        by_count = self.costs.get((cell.method, cell.params, cell.device))
        each = self.mean if by_count is None else by_count[_nearest(by_count, cell.n or 1)]
        return (each + BESIDE_S) * cell.size[0] * cell.size[1]


def _nearest(by_count: Mapping[int, float], n: int) -> int:
    return min(sorted(by_count), key=lambda known: abs(math.log(known / n)))


def _unit(cell: Cell) -> tuple[str | int, ...]:
    """Name what a cell stays together with; sorting the names sorts by method, count, content."""
    return (
        *(cell.method, cell.version, cell.params, cell.device),
        0 if cell.shares_work or cell.n is None else cell.n,
        *(cell.content, cell.image),
        cell.seed if cell.draws else -1,
    )
