"""Choose labels of a results file, and rename them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from metrics.names import did_you_mean
from reports.data.align import Aligned
from reports.data.labels import MINE, VARIANT, Note, matches, own_labels, tell_apart
from reports.data.results import load
from reports.data.schema import ResultsError
from reports.data.words import few


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
        Patterns of labels, as they are before they are renamed; case is ignored. ``mine`` stands
        for all labels of one's own where others' are beside them.
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
    mine = own_labels(frame)
    shown = [label for label in labels if matches(label, only, mine)]
    chosen = [label for label in shown if not matches(label, without, mine)]
    unknown = [
        _unlike(pattern, labels, alone=mine is None)
        for pattern in (*only, *without)
        if pattern != "*" and not any(matches(label, [pattern], mine) for label in labels)
    ]
    if not chosen:
        why = f" ({'; '.join(unknown)})" if unknown else ""
        cure = "--without" if shown else "--only"
        raise ResultsError(f"no label is left of {', '.join(sorted(labels))}{why}; change {cure}")
    for note in unknown:
        on_note(note)
    kept = frame[frame["label"].isin(chosen)]
    return _rename(kept, chosen, renamed) if renamed else kept


def not_shown(
    patterns: Iterable[str],
    groups: Collection[Aligned],
    results: Path,
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Say which patterns no label that is shown matches, with the reason and the cure.

    Parameters
    ----------
    patterns : iterable of str
        Patterns of labels, as they are shown.
    groups : collection of Aligned
        What is shown.
    results : Path
        The file that it is of.
    only, without, rename
        What it was chosen and renamed by, as of `choose_labels`.
    """
    labels = sorted({label for group in groups for label in group.labels})
    there = f"there {'is' if len(labels) == 1 else 'are'} {few(labels, 12)}"
    alone = all(group.mine is None for group in groups)
    for pattern in patterns:
        if not any(group.named([pattern]) for group in groups):
            lost = left_out_by(results, [pattern], only, without, rename)
            unlike = _unlike(pattern, labels, alone, there)
            yield f"nothing is left of {pattern!r}: {lost}" if lost else unlike


def left_out_by(
    results: Path,
    patterns: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None = None,
) -> str:
    """Say which labels that match a pattern are left out, by which option; empty if none is."""
    frame = tell_apart(load(results, (*VARIANT, "label")))
    mine = own_labels(frame)
    known = sorted(map(str, frame["label"].unique()))
    after = {label: label for label in known} | _check(rename or {}, known, ())
    shown_mine = None if mine is None else {after[label] for label in mine}
    its = [label for label in known if matches(after[label], patterns, shown_mine)]
    lost = {
        "--only": {label for label in its if not matches(label, only, mine)},
        "--without": {label for label in its if matches(label, without, mine)},
    }
    at_fault = [option for option, labels in lost.items() if labels]
    if not at_fault:
        return ""
    names = few(sorted(set().union(*lost.values())), 12)
    verb = "leaves" if len(at_fault) == 1 else "leave"
    return f"{' and '.join(at_fault)} {verb} out {names}; change {' and '.join(at_fault)}"


def _unlike(pattern: str, labels: Collection[str], alone: bool, otherwise: str = "") -> str:
    """Say that no label matches a pattern, and what may be meant."""
    longer = any(label.casefold().startswith(f"{pattern.casefold()}[") for label in labels)
    meant = f"did you mean '{pattern}*'?" if longer else did_you_mean(pattern, labels)
    hints = [meant or otherwise]
    if alone and pattern.casefold() == MINE:
        hints.append("'mine' are the labels of one's own beside --with")
    return "; ".join([f"no label is like {pattern!r}", *filter(None, hints)])


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
