"""One label for each method with its parameters, in the cells to run and in the rows there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from bench.errors import UsageError
from bench.planning.cells import Cell
from bench.storage.labels import Labelled


@dataclass(frozen=True)
class Renewed:
    """Labels of stored rows that a run changes, by method and params."""

    labels: dict[tuple[str, str], str]
    before: dict[tuple[str, str], str]

    def explain(self, out: object) -> Iterator[str]:
        """Say what is called otherwise from now on."""
        for settings, label in self.labels.items():
            yield (
                f"{settings[0]}: what {out} calls '{self.before[settings]}' is called '{label}' now"
            )


def settle_labels(cells: Iterable[Cell], stored: Collection[Labelled], out: object) -> Renewed:
    """Find which stored rows have another label than the cells to run of the same variant.

    Rows that are scored again keep what they have.

    Parameters
    ----------
    cells : iterable of Cell
    stored : collection of Labelled
        What the rows of the output are called.
    out : path
        The results file, for messages.

    Raises
    ------
    UsageError
        If a label that was given by the user, or label maps from elsewhere, would share a label
        with something else that is stored.
    """
    asked = {_labelled(cell): cell.called for cell in cells if not cell.carried}
    own = {(it.method, it.params, it.scored): it.label for it in asked}
    staying = [it for it in stored if (it.method, it.params, it.scored) not in own]
    for it, called in asked.items():
        for other in staying:
            same_rows = other[:2] == it[:2]
            same_label = other.label == it.label
            if same_rows or (same_label and (called or it.scored or other.scored)):
                raise UsageError(_refusal(it, other, out))
    changed = {
        (it.method, it.params): (it.label, own[it.method, it.params, it.scored])
        for it in stored
        if own.get((it.method, it.params, it.scored), it.label) != it.label
    }
    return Renewed(
        {settings: after for settings, (_, after) in changed.items()},
        {settings: before for settings, (before, _) in changed.items()},
    )


def _labelled(cell: Cell) -> Labelled:
    return Labelled(cell.method, cell.params, cell.label, cell.labels_path is not None)


def _refusal(asked: Labelled, other: Labelled, out: object) -> str:
    what = "label maps from elsewhere" if other.scored else f"method {other.method}"
    if asked.scored:
        return (
            f"--name: '{asked.label}' stands for {what} in {out} already; give another --name, or"
            " another --out"
        )
    return (
        f"--methods: {asked.method} would be called '{asked.label}', which stands for {what} in"
        f" {out} already; give it a label of its own (--methods 'LABEL:{asked.method}'), or"
        " another --out"
    )
