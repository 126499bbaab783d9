"""What rows are called: one label for each method with its parameters, none for two of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

import pandas as pd
import pyarrow as pa

#: What a label stands for; label maps may be scored with unconnected labels treated in many ways.
VARIANT = ("method", "params", "connectivity", "version")

#: What stands for all labels of one's own file, where others' are beside them.
MINE: Final = "mine"
#: The column that says there which rows are of one's own; no metric can be called so.
IS_MINE: Final = "is-mine"
#: As joining writes it, told from what another program may call so.
IS_MINE_FIELD: Final = pa.field(IS_MINE, pa.bool_(), False, {"superpixel_bench": "joined"})

Variant = tuple[str, str, str, str]
Note = Callable[[str], None]


def matches(label: str, patterns: Iterable[str], mine: Collection[str] | None = None) -> bool:
    """Tell whether a label matches one of the patterns, such as ``SLIC*``; case is ignored.

    Parameters
    ----------
    label : str
        The label.
    patterns : iterable of str
        The patterns.
    mine : collection of str, optional
        The labels of one's own, which the pattern ``mine`` stands for where they are given.
    """
    return any(_is_meant(label, pattern.casefold(), mine) for pattern in patterns)


def _is_meant(label: str, pattern: str, mine: Collection[str] | None) -> bool:
    if pattern == MINE and mine is not None:
        return label in mine
    # A label such as SLIC[sigma=1] is meant as it stands, too; brackets are no character classes.
    return fnmatchcase(label.casefold(), pattern.replace("[", "[[]"))


def own_labels(frame: pd.DataFrame) -> frozenset[str] | None:
    """Return the labels that rows of one's own have; None where no others' are beside them."""
    if IS_MINE not in frame:
        return None
    return frozenset(frame.loc[frame[IS_MINE], "label"].astype(str))


def tell_apart(frame: pd.DataFrame, on_note: Note = lambda _: None) -> pd.DataFrame:
    """Give each method with its parameters one label, and no label to two of them.

    Rows of one variant may have several labels where it was named otherwise in another run: the
    shortest is kept. (Two versions of a method are two variants; `mixture` sees to them.) One label
    stands for several variants where two plugins have one title: the name of the method, or the
    parameters that differ, are appended.

    Parameters
    ----------
    frame : DataFrame
        Rows with label and `VARIANT`, perhaps without version; else it is returned as it is.
    on_note : callable, optional
        Gets a line on each label that is changed.
    """
    known = [column for column in VARIANT if column in frame]
    if "label" not in frame or set(VARIANT) - set(known) - {"version"}:
        return frame
    labels: dict[Variant, set[str]] = {}
    different = frame[[*known, "label"]].drop_duplicates()
    for variant, label in zip(_variants(different), different["label"], strict=True):
        labels.setdefault(variant, set()).add(label)
    shortest = {variant: min(its, key=lambda it: (len(it), it)) for variant, its in labels.items()}
    after = _unique(shortest)
    if all(its == {after[variant]} for variant, its in labels.items()):
        return frame
    for variant, its in labels.items():
        if its != {after[variant]}:
            names = " and ".join(map(repr, sorted(its)))
            on_note(f"{names} of method {variant[0]} is shown as {after[variant]!r}")
    return frame.assign(label=[after[variant] for variant in _variants(frame)])


def _variants(frame: pd.DataFrame) -> Iterator[Variant]:
    empty = pd.Series("", index=frame.index)
    columns = (frame.get(column, empty).astype(object) for column in VARIANT)
    return zip(*(column.where(column.notna(), "") for column in columns), strict=True)


def _unique(labels: Mapping[Variant, str]) -> dict[Variant, str]:
    """Append to a label that several variants have what tells them apart."""
    settings: dict[str, set[tuple[str, str]]] = {}
    for (method, params, *_), label in labels.items():
        settings.setdefault(label, set()).add((method, params))
    after = {
        variant: label + _mark(variant[0], variant[1], settings[label])
        for variant, label in labels.items()
    }
    return after if after == labels else _unique(after)  # what was appended may be a label too


def _mark(method: str, params: str, settings: Collection[tuple[str, str]]) -> str:
    """Tell a method with its parameters from others of the same label."""
    same_method = [_read(other) for name, other in settings if name == method]
    own = _read(params)
    differ = sorted(k for k, v in own.items() if any(other.get(k) != v for other in same_method))
    inside = ",".join(f"{k}={own[k]}" for k in differ)
    name = f" ({method})" if len({name for name, _ in settings}) > 1 else ""
    return name + (f"[{inside}]" if inside else "")


def _read(params: str) -> dict[str, object]:
    """Return parameters; what is no JSON object is one parameter."""
    try:
        found = json.loads(params)
    except (TypeError, ValueError):
        found = params
    return found if isinstance(found, dict) else {"params": found}
