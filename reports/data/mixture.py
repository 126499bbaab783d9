"""What does not belong together in one mean: rows of several versions, contents or machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.data.labels import VARIANT, tell_apart
from reports.data.results import dataset_name, load
from reports.data.schema import ORIGINS, ResultsError
from reports.data.words import counted, few

Flags = npt.NDArray[np.bool_]

#: What stands for a value that a row of an older file does not have.
UNKNOWN: Final = "not recorded"


@dataclass(frozen=True)
class Kind:
    """Something that all rows of a label, or of an image, must share to be averaged.

    Attributes
    ----------
    column : str
        The column of the results file.
    of : "label" or "image"
        Whose rows must share it.
    what : str
        What the values are, in the plural.
    name : str
        How one value is called behind a label that is separated by it.
    cure : str
        What to do so that all rows share it.
    """

    column: str
    of: Literal["label", "image"]
    what: str
    name: str
    cure: str


_AGAIN = "run all its counts and images again into the same file, which replaces the older rows"
KINDS: Final = (
    Kind(
        *("content", "image", "contents (the image or its annotations changed)", "content"),
        "run all labels on it again into the same file, which replaces the older rows",
    ),
    Kind("version", "label", "versions of the method", "version", _AGAIN),
    Kind(
        *("suite", "label", "versions of the suite", "suite"),
        "`bench rescore` scores all label maps with this one",
    ),
)
#: What tells how two times of one label may not compare, beside the machine.
_OF_TIMES: Final = Kind("threads", "label", "numbers of threads", "threads", "")


@dataclass(frozen=True)
class Mixture:
    """One label or image whose rows do not belong together.

    Attributes
    ----------
    kind : Kind
        What they do not share.
    dataset : str
        The data set and its split, such as ``bsds500/test``.
    subject : str
        The label or the image.
    values : mapping of str to str
        By value, what has it: a number of rows, or the labels.
    """

    kind: Kind
    dataset: str
    subject: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        each = "; ".join(f"{short(value)}: {who}" for value, who in self.values.items())
        what = f"{self.kind.of} {self.subject!r} of {self.dataset}"
        return f"{what} has rows of {len(self.values)} {self.kind.what} ({each})"

    @property
    def with_cure(self) -> str:
        """What is mixed, and what to do; for whoever has just run a part of it."""
        return f"{self}; {self.kind.cure}"


def find_mixtures(frame: pd.DataFrame, kinds: Iterable[Kind] = KINDS) -> list[Mixture]:
    """Find what a mean over the rows of a file would mix.

    Parameters
    ----------
    frame : DataFrame
        Rows with dataset, split, image, label, status, and those of `results.ORIGINS` that are
        known; rows that did not end ok have no part in a mean.
    kinds : iterable of Kind
        What to look at.

    Returns
    -------
    list of Mixture
        One for each image with several contents, and each label with several versions of its
        method or of the suite; empty if everything belongs together. What one label stands for
        is told apart before (`labels.tell_apart`).
    """
    ok = frame[frame["status"] == "ok"]
    return [found for kind in kinds if kind.column in ok for found in _mixtures_of(ok, kind)]


def mixtures_in(results: Path) -> list[Mixture]:
    """Find what a mean over the rows of a results file would mix, whatever their labels."""
    columns = ("dataset", "split", "image", "label", "status", *ORIGINS, *VARIANT)
    return find_mixtures(tell_apart(load(results, columns)))


def _mixtures_of(ok: pd.DataFrame, kind: Kind) -> Iterator[Mixture]:
    if ok[kind.column].nunique(dropna=False) < 2:  # nearly always, and quickly known
        return
    values = origin(ok, kind.column)
    subject = ["dataset", "split", kind.of]
    seen = ok[list(dict.fromkeys([*subject, "label"]))].astype(object).assign(value=values)
    several = seen.groupby(subject)["value"].transform("nunique") > 1
    for (dataset, split, name), its in seen[several].groupby(subject, sort=True):
        parts = its.groupby("value", sort=True)["label"]
        yield Mixture(
            kind,
            dataset_name(str(dataset), str(split)),
            str(name),
            {
                str(value): few(labels.unique())
                if kind.of == "image"
                else counted(len(labels), "row")
                for value, labels in parts
            },
        )


def refuse_mixtures(frame: pd.DataFrame) -> None:
    """Refuse rows that a mean must not mix.

    Raises
    ------
    ResultsError
        If there are any; the message names the first, how many more, and the cure.
    """
    found = find_mixtures(frame)
    if found:
        first = found[0]
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        apart = (
            "--allow-mixed leaves such images out"
            if first.kind.of == "image"
            else "--allow-mixed shows them as separate labels"
        )
        raise ResultsError(f"{first}{more}; {first.kind.cure}; {apart}")


def together(frame: pd.DataFrame, allow_mixed: bool) -> tuple[pd.DataFrame, list[str]]:
    """Refuse what does not belong together, or keep it apart where that is wanted.

    Returns
    -------
    frame : DataFrame
        The rows, as `separate` returns them.
    notes : list of str
        What was kept apart, and which suites scored the labels if there are several.

    Raises
    ------
    ResultsError
        As `refuse_mixtures` and `separate` do.
    """
    notes: list[str] = []
    if allow_mixed:
        frame, notes = separate(frame)
    else:
        refuse_mixtures(frame)
    return frame, [*notes, *suites_note(frame)]


def separate(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Keep apart by name what must not be averaged.

    Parameters
    ----------
    frame : DataFrame
        As for `find_mixtures`.

    Returns
    -------
    frame : DataFrame
        The rows without images of several contents, which no name can mend; a label with rows of
        several versions (...) is as many labels, such as ``SLIC (version 2)``.
    notes : list of str
        What was done, for people.

    Raises
    ------
    ResultsError
        If no image is left.
    """
    notes = []
    mixed = find_mixtures(frame)
    images = {(m.dataset, m.subject) for m in mixed if m.kind.of == "image"}
    if images:
        frame = frame[~_is_of(frame, images, "image")]
        one = len(images) == 1
        names = few(sorted(name for _, name in images))
        notes.append(
            f"{counted(len(images), 'image')} left out, because {'its' if one else 'their'} rows "
            f"are of several contents of image and annotations: {names}"
        )
        if not (frame["status"] == "ok").any():
            raise ResultsError(
                f"no image is left: {mixed[0]}, and so has every image; {mixed[0].kind.cure}"
            )
    for kind in (kind for kind in KINDS if kind.of == "label"):
        found = find_mixtures(frame, [kind])
        if found:
            labels = {(m.dataset, m.subject) for m in found}
            frame = frame.assign(label=_separated(frame, labels, kind))
            names = few(sorted({label for _, label in labels}))
            notes.append(f"separate labels for {kind.what}: {names}")
    return frame, notes


def _separated(frame: pd.DataFrame, labels: set[tuple[str, str]], kind: Kind) -> pd.Series[str]:
    label = frame["label"].astype(object)
    value = origin(frame, kind.column).map(short)
    return label.mask(_is_of(frame, labels, "label"), label + f" ({kind.name} " + value + ")")


def _is_of(frame: pd.DataFrame, subjects: set[tuple[str, str]], of: str) -> Flags:
    keys = frame[["dataset", "split", of]].drop_duplicates()
    wanted = {
        (d, s, name)
        for d, s, name in keys.itertuples(index=False)
        if (dataset_name(str(d), str(s)), str(name)) in subjects
    }
    index = pd.MultiIndex.from_frame(frame[["dataset", "split", of]].astype(object))
    flags: Flags = index.isin(wanted) if wanted else np.zeros(len(frame), dtype=bool)
    return flags


def suites_note(frame: pd.DataFrame) -> Iterator[str]:
    """Say which labels were scored by which version of the suite; nothing if by one alone."""
    ok = frame[frame["status"] == "ok"]
    if "suite" not in ok:
        return
    by_suite = ok["label"].astype(object).groupby(origin(ok, "suite"), sort=True).unique()
    if len(by_suite) > 1:
        each = "; ".join(f"{suite}: {few(labels)}" for suite, labels in by_suite.items())
        yield f"labels scored by several versions of the suite ({each})"


# --- times -------------------------------------------------------------------------------------


def machines_of(frame: pd.DataFrame) -> list[str]:
    """Name the machines of rows, sorted; empty if no row says its machine."""
    if "machine" not in frame or not frame["machine"].notna().any():
        return []
    return sorted(origin(frame, "machine").unique())


def time_mixture(timed: pd.DataFrame) -> str:
    """Say why the times of these rows do not compare; empty if they do.

    Times of two machines compare for nobody. Methods may use more threads than others, since some
    have the machine alone, but not one label now one and now another number.

    Parameters
    ----------
    timed : DataFrame
        Rows with times, of one data set split.
    """
    machines = machines_of(timed)
    if len(machines) > 1:
        labels = timed["label"].astype(object).groupby(origin(timed, "machine")).unique()
        each = "; ".join(f"{machine}: {few(labels[machine])}" for machine in machines)
        return f"times are of {len(machines)} machines ({each})"
    found = find_mixtures(timed, [_OF_TIMES])
    return str(found[0]) if found else ""


def separate_times(timed: pd.DataFrame) -> pd.DataFrame:
    """Keep apart by name what `time_mixture` finds, such as ``SLIC (machine 1a2b3c4d)``."""
    label = timed["label"].astype(object)
    if len(machines_of(timed)) > 1:
        label = label + " (machine " + origin(timed, "machine") + ")"
    for found in find_mixtures(timed.assign(label=label), [_OF_TIMES]):
        its = label == found.subject
        label = label.mask(its, label + " (" + timed["threads"].map(_threads) + ")")
    return timed.assign(label=label)


def _threads(number: float) -> str:
    return counted(int(number), "thread") if number == number else UNKNOWN


# --- images of two files -----------------------------------------------------------------------


def changed(content: str, other: str) -> bool:
    """Tell whether an image, or its annotations, are known not to be the same in two files."""
    return content != other and UNKNOWN not in (content, other)


def other_content(
    images: Iterable[str], files: tuple[object, object], contents: tuple[str, str]
) -> str:
    """Say which images are not the same in two files, with the contents of the first of them."""
    first, *more = dict.fromkeys(images)
    which = f"image {first!r}" + (f" and {counted(len(more), 'other')}" if more else "")
    return (
        f"{which}, or the annotations, are not the same in {files[0]} and {files[1]} (content"
        f" {short(contents[0])} and {short(contents[1])})"
    )


# --- words -------------------------------------------------------------------------------------


def origin(frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """Return the values of a column as text; what is not there is not recorded."""
    values = frame[column].astype(object)
    return values.where(values.notna(), UNKNOWN).astype(str)


def short(value: str) -> str:
    """Shorten a digest, which nobody reads to its end."""
    return value[:12] if len(value) >= 32 and value.isalnum() else value
