"""Choose labels of a results file, and rename them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from metrics.names import did_you_mean
from reports.data.labels import VARIANT, Note, matches, tell_apart
from reports.data.results import load
from reports.data.schema import ResultsError


def choose_labels(
    frame: pd.DataFrame,
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None = None,
    known: Collection[str] = (),
    on_note: Note = lambda _: None,
) -> pd.DataFrame:
    """Keep the rows whose label matches a pattern of `only` and none of `without`; rename them.

    Parameters
    ----------
    frame : DataFrame
        Rows with label; with `VARIANT` as well, labels are first made unique (see `tell_apart`).
    only, without : sequence of str
        Patterns of labels, as they are before they are renamed; case is ignored.
    rename : mapping of str to str, optional
        Labels to be, by those there are.
    known : collection of str
        Labels of another file, which `rename` may name as well.
    on_note : callable, optional
        Gets a line on each label that is not as it stands in the file.

    Raises
    ------
    ResultsError
        If no label is left, there is none of a name to rename, or two would have one name.
    """
    frame = tell_apart(frame, on_note)
    labels = [str(label) for label in frame["label"].unique()]
    renamed = _check(rename or {}, labels, known)
    chosen = [label for label in labels if matches(label, only) and not matches(label, without)]
    if not chosen:
        raise ResultsError(
            f"no label is left of {', '.join(sorted(labels))}; change --only or --without"
        )
    for pattern in (*only, *without):
        if pattern != "*" and not any(matches(label, [pattern]) for label in labels):
            hint = did_you_mean(pattern, labels)
            on_note(f"no label is like {pattern!r}" + (f"; {hint}" if hint else ""))
    kept = frame[frame["label"].isin(chosen)]
    return _rename(kept, chosen, renamed) if renamed else kept


def labels_in(path: Path) -> set[str]:
    """Return the labels of a results file, as `choose_labels` knows them.

    Raises
    ------
    ResultsError
        If the file cannot be used.
    """
    return set(tell_apart(load(path, (*VARIANT, "label")))["label"].unique())


def _check(
    rename: Mapping[str, str], labels: Collection[str], known: Collection[str]
) -> dict[str, str]:
    """Return the new labels by those that are meant, whatever their case."""
    found = {}
    everywhere = sorted({*labels, *known})
    for old, new in rename.items():
        same = [label for label in everywhere if label.casefold() == old.casefold()]
        meant = old if old in everywhere else same[0] if len(same) == 1 else None
        if meant is None:
            hint = did_you_mean(old, everywhere) or f"there are {', '.join(everywhere)}"
            raise ResultsError(f"--rename: no label {old!r}; {hint}")
        found[meant] = new
    return found


def _rename(frame: pd.DataFrame, labels: Sequence[str], renamed: Mapping[str, str]) -> pd.DataFrame:
    after: dict[str, str] = {}
    for label in labels:
        other = after.setdefault(renamed.get(label, label), label)
        if other != label:
            raise ResultsError(
                f"--rename: {other!r} and {label!r} would both be {renamed.get(label, label)!r};"
                " give each a name of its own, or leave one out (--without)"
            )
    return frame.assign(label=frame["label"].astype(object).map(lambda it: renamed.get(it, it)))
