"""Tables that compare the labels of one results file: at equal returned count, or over a range."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, align
from reports.data.choose import choose_labels, left_out_by, not_shown
from reports.data.facts import Facts, file_facts
from reports.data.mixture import together
from reports.data.results import load_scores
from reports.data.schema import ResultsError
from reports.data.words import few, short
from reports.statistics.area import areas
from reports.statistics.equal_counts import at_counts
from reports.statistics.own_counts import minus_others
from reports.statistics.pieces import labels_in_pieces, pieces_notes
from reports.statistics.shared_counts import Reach, additions, shared_counts
from reports.tables import at_count, over_range, own_counts
from reports.tables.markdown import PARTIAL, PIECES, PIECES_LEGEND

DEFAULT_METRICS = ("asa", "br", "ue_np", "ev")
_NOT_ASKED = "no count was asked for; say at which returned counts to compare (--at 100,200)"


@dataclass(frozen=True, eq=False)
class Report:
    """A comparison: the tables as Markdown, and all their numbers in tidy rows."""

    text: str
    numbers: pd.DataFrame


def compare_at(
    results: Path,
    counts: Sequence[float] | None = None,
    metrics: Sequence[str] = DEFAULT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
    within: float = 0.0,
    pvalues: bool = False,
) -> Report:
    """Compare labels at equal returned counts, each image interpolated along its own curve.

    Parameters
    ----------
    results : Path
        The results file.
    counts : sequence of float, optional
        The returned counts; unless given those asked on each data set split, moved into the range
        that most labels share.
    metrics : sequence of str
        Metric ids. By the first one the rows are sorted and compared with the best.
    only, without : sequence of str
        Patterns of the labels to compare and to leave out, such as ``SLIC*``; case is ignored.
    on_note : callable, optional
        Gets each remark on what is left out, one line each.
    rename : mapping of str to str, optional
        What labels are called instead.
    within : float
        The share of a count by which a curve may end short of it: its end is then taken.
    pvalues : bool
        Whether to test each label against the best as well (see `statistics.pairwise`).

    Returns
    -------
    Report
        One row of numbers per data set split, count, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, rows do not
        belong together, or no count is given and none was asked for.
    """
    loaded, shown = _load(results, metrics, only, without, rename, on_note)
    frame, apart = together(loaded, allow_mixed)
    if counts is None and not frame["n"].notna().any():
        raise ResultsError(f"{results}: {_NOT_ASKED}")
    facts = file_facts(results)
    texts: list[str] = []
    numbers = []
    for aligned in align(frame, shown):
        reach = Reach.of(aligned)
        compared = shared_counts(aligned, reach) if counts is None else list(counts)
        if not compared:
            on_note(f"{aligned.name}: {_NOT_ASKED}")
        if counts is None:
            texts += _moved(aligned, reach, compared)
        for at in at_counts(aligned, shown, compared, within):
            rows = at_count.numbers_at(at, shown, pvalues)
            texts.append(at_count.text_at(at, shown, rows, facts))
            numbers.append(_with_source(rows, aligned, facts))
        texts += _bullets(list(_to_ask(reach, compared, within)))
    texts += [*_bullets(apart), at_count.legend_at(shown, facts.samples, pvalues)]
    return _report(texts, numbers, shown, at_count.DAGGER)


def _bullets(notes: Sequence[str]) -> Iterator[str]:
    """Yield one block of what the tables leave out or keep apart; nothing without notes."""
    if notes:
        yield "\n".join(f"- {note}" for note in notes)


def _moved(aligned: Aligned, reach: Reach, counts: Sequence[float]) -> Iterator[str]:
    """Say why the counts compared are not those asked; nothing if they are."""
    asked = np.unique(aligned.ns[np.isfinite(aligned.ns)]).tolist()
    shared = reach.shared()
    if shared is None or list(counts) == asked:
        return
    covering = (reach.low <= shared[0]) & (shared[1] <= reach.high)
    others = [
        f"{label} ({short(low)} to {short(high)})" if low < high else label
        for label, low, high in zip(
            *(np.array(part)[~covering] for part in (reach.labels, reach.low, reach.high)),
            strict=True,
        )
    ]
    text = (
        f"**{aligned.name}**: asked were {', '.join(map(short, asked))}; compared are labels at "
        f"{', '.join(map(short, counts))} (--at chooses others), because {covering.sum()} of "
        f"{len(reach.labels)} labels cover {short(shared[0])} to {short(shared[1])} on all of "
        "their images"
    )
    yield text + (f"; less is covered by {few(others, 12)}." if others else ".")


def _to_ask(reach: Reach, counts: Sequence[float], within: float) -> Iterator[str]:
    """Say which n to add to the run, where curves do not reach a count."""
    wanted: dict[float, dict[str, int]] = {}
    for label, count, n in reach.to_ask(counts, within):
        wanted.setdefault(count, {})[label] = n
    for count, by_label in wanted.items():
        yield f"To reach {short(count)}, add to --n of the run: {additions(by_label)}"


def compare_own(
    results: Path,
    own: Sequence[str],
    metrics: Sequence[str] = DEFAULT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Report:
    """Compare some labels with all others, each image at the count that the label returned on it.

    Parameters
    ----------
    results : Path
        The results file.
    own : sequence of str
        Patterns of the labels, as they are shown; case is ignored. ``mine`` stands for all labels
        of one's own where others' are beside them.
    metrics, only, without, on_note, allow_mixed, rename
        As for `compare_at`.

    Returns
    -------
    Report
        One row of numbers per data set split, label, n, metric and other label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, rows do not belong together, or
        there is no such label, or none beside it.
    """
    loaded, shown = _load(results, metrics, only, without, rename, on_note)
    frame, apart = together(loaded, allow_mixed)
    facts = file_facts(results)
    texts: list[str] = []
    numbers = []
    groups = align(frame, shown)
    missing = list(not_shown(own, groups, results, only, without, rename))
    if missing and len(missing) == len(own):
        raise ResultsError(f"--own: {missing[0]}")
    for reason in missing:
        on_note(f"--own: {reason}")
    for aligned in groups:
        rows = minus_others(aligned, aligned.named(own), shown)
        if not rows.empty:
            texts += own_counts.text_own(aligned, rows, shown, facts)
            numbers.append(_with_source(rows, aligned, facts))
    if not numbers:
        raise ResultsError(_nothing_beside(own, groups, left_out_by(results, ["*"], only, without)))
    texts += [*_bullets(apart), own_counts.legend_own(facts.samples)]
    return _report(texts, numbers, shown, own_counts.DAGGER, own_counts.IN_PIECES)


def _nothing_beside(own: Sequence[str], groups: Sequence[Aligned], lost: str) -> str:
    """Say why labels that are there cannot be compared; `lost` are those that are left out."""
    labels = sorted({label for aligned in groups for label in aligned.labels})
    there = ", ".join(labels)
    if len(labels) > 1:
        return (
            f"{', '.join(own)} cannot be compared: no cell of it ended ok, or no other label is"
            f" beside it on its images; there are {there}"
        )
    if lost:
        return f"only {there} is left: {lost}"
    alone = all(aligned.mine is None for aligned in groups)
    cure = "--with reference" if alone else "give --with a file that has some"
    return f"only {there} is there; set others beside it ({cure})"


def compare_over(
    results: Path,
    low: float,
    high: float,
    metrics: Sequence[str] = DEFAULT_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    on_note: Callable[[str], None] = lambda _: None,
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Report:
    """Compare the areas under the curves of labels over a range of returned counts.

    Parameters
    ----------
    results : Path
        The results file.
    low, high : float
        Ends of the range, ``low < high``.
    metrics, only, without, on_note, allow_mixed, rename
        As for `compare_at`.

    Returns
    -------
    Report
        One row of numbers per data set split, metric and label.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, or rows do
        not belong together.
    ValueError
        If `low` is not below `high`.
    """
    loaded, shown = _load(results, metrics, only, without, rename, on_note)
    frame, apart = together(loaded, allow_mixed)
    facts = file_facts(results)
    texts, numbers = [], []
    for aligned in align(frame, shown):
        rows = areas(aligned, shown, low, high).assign(over_low=low, over_high=high)
        heading = f"**{aligned.name}** over {low:g} to {high:g} returned superpixels"
        heading += f", {facts.images(aligned.name, len(aligned.images))}{facts.under}"
        rows["in_pieces"] = rows["label"].isin(labels_in_pieces(aligned))
        texts += [heading, *over_range.text_over(rows), *_bullets(list(pieces_notes(aligned)))]
        numbers.append(_with_source(rows, aligned, facts))
    texts += [*_bullets(apart), over_range.legend_over(facts.samples)]
    return _report(texts, numbers, shown, over_range.DAGGER)


def _report(
    texts: Sequence[str],
    numbers: Sequence[pd.DataFrame],
    metrics: Sequence[str],
    dagger: str,
    in_pieces: str = PIECES_LEGEND,
) -> Report:
    """Put the tables together, with the meaning of the marks that are in them."""
    titles = "; ".join(f"{metric}: {get_metric(metric).title}" for metric in metrics) + "."
    legends = {PARTIAL: dagger, PIECES: in_pieces, at_count.NEAREST: at_count.SECTION}
    marks = [it for mark, it in legends.items() if any(mark in text for text in texts)]
    text = "\n\n".join([*texts, *marks, titles])
    return Report(text, pd.concat(numbers, ignore_index=True))


def _load(
    results: Path,
    metrics: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    rename: Mapping[str, str] | None,
    on_note: Callable[[str], None],
) -> tuple[pd.DataFrame, list[str]]:
    """Load the rows of the chosen labels; return also the metrics that have a value at all."""
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    frame = choose_labels(load_scores(results, wanted), only, without, rename, on_note=on_note)
    for metric in wanted:
        if metric not in frame:
            on_note(f"{metric} has no value in any cell and is left out")
    return frame, [metric for metric in wanted if metric in frame]


def _with_source(rows: pd.DataFrame, aligned: Aligned, facts: Facts) -> pd.DataFrame:
    source = {"dataset": aligned.dataset, "split": aligned.split, "protocol": facts.protocol.name}
    return pd.DataFrame(source, index=rows.index).join(rows)
