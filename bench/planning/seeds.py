"""Methods that do not draw give one label map for all seeds: it is computed once and shared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.planning.cells import Cell
from bench.storage.copies import Computed, Copy, store_copies
from bench.storage.store import Store
from reports.data.words import counted

# Of rows with other values in these columns no cell is a copy.
_ASKED = ("image", "method", "n")

#: Returns stored computations with their cells' keys, given values that columns may have.
Stored = Callable[[Mapping[str, Collection[Any]]], dict[Computed, str]]


def _nothing_stored(_: Mapping[str, Collection[Any]]) -> dict[Computed, str]:
    return {}


@dataclass(frozen=True)
class Shared:
    """Cells to run, and cells whose rows are copies of others.

    Attributes
    ----------
    run : list of Cell
        Of cells that differ in the seed alone, and whose method does not draw, the first.
    copied : list of Cell
        The others.
    copies : dict of str to list of Copy
        By the key of the cell that has their row, stored already or in `run`.
    """

    run: list[Cell]
    copied: list[Cell]
    copies: dict[str, list[Copy]]

    def store_copies(self, store: Store, run: str) -> None:
        """Keep the rows that are copies, as far as what they are copied from is done.

        Parameters
        ----------
        store : Store
        run : str
            The id of the run, which the rows that it computed have; older ones are not copied.
        """
        store_copies(store, self.copies, run, {cell.key for cell in self.run})

    def explain(self) -> Iterator[str]:
        """Say for which methods one computation serves several cells."""
        names = dict.fromkeys(cell.method for cell in self.copied)
        if names:
            does = "does" if len(names) == 1 else "do"
            yield (
                f"{', '.join(names)} {does} not draw: computed once for all seeds,"
                f" {counted(len(self.copied), 'row')} copied"
            )


def share_seeds(todo: Iterable[Cell], stored: Stored = _nothing_stored) -> Shared:
    """Find which of the cells to run are of the same computation, or of one that is stored.

    Parameters
    ----------
    todo : iterable of Cell
    stored : callable
        Returns the computations that are stored, ok and not to be done again, with their cells'
        keys, given the values of some columns that are asked for. Called only where a cell's
        method does not draw.
    """
    cells = list(todo)
    shareable = [cell for cell in cells if not cell.draws]
    if not shareable:
        return Shared(cells, [], {})
    first = stored({name: {getattr(cell, name) for cell in shareable} for name in _ASKED})
    if not first and len({cell.seed for cell in shareable}) == 1:  # without looking at each
        return Shared(cells, [], {})
    shared = Shared([], [], {})
    for cell in cells:
        source = cell.key if cell.draws else first.setdefault(_computed(cell), cell.key)
        if source == cell.key:
            shared.run.append(cell)
        else:
            shared.copied.append(cell)
            copy = Copy(cell.key, cell.seed, cell.labels_name)
            shared.copies.setdefault(source, []).append(copy)
    return shared


def _computed(cell: Cell) -> Computed:
    changed = None if cell.perturbation is None else str(cell.perturbation)
    where = (cell.n, cell.device, changed)
    return Computed(cell.image, cell.content, cell.method, cell.params, cell.version, *where)
