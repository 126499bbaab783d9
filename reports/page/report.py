"""Everything that ``bench report`` writes: a results file as one page that opens from disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from metrics import METRICS, get_metric
from reports.data.align import align, timed_alone
from reports.data.choose import choose_labels, labels_in
from reports.data.contents import Contents, read_contents
from reports.data.facts import Facts, file_facts
from reports.data.labels import MINE, own_labels
from reports.data.machines import machine_words
from reports.data.mixture import together
from reports.data.perturbed import PERTURBATION, left_out
from reports.data.results import clean, load
from reports.data.schema import COLUMNS, ResultsError, check_results
from reports.figures.emphasis import check_highlight, highlighted, in_colour
from reports.figures.style import assign
from reports.output import write_whole
from reports.page.failures import MOST, failures
from reports.page.gallery import Gallery, Pictures, make_gallery
from reports.page.numbers import group_numbers, metric_facts
from reports.page.render import render
from reports.page.spread import protocol_numbers
from reports.page.styles import look
from reports.statistics.aggregate import Analysis, analyse
from reports.statistics.pieces import pieces_notes
from reports.tables.contents import machine_line
from reports.tables.summary import headline, missing_notes

_MORE: Final = ("height", "width", "error", "labels_file")
_USUAL_TITLE: Final = "Superpixel benchmark"


@dataclass(frozen=True)
class Spread:
    """Scores under other protocols: the files by name and the keys of their rows, or why not."""

    files: Mapping[str, Path] = field(default_factory=dict)
    keys: Collection[str] | None = None
    reason: str = "nothing was scored under other protocols"


@dataclass(frozen=True)
class Page:
    """What a page shows of a results file, and how.

    Attributes
    ----------
    metrics : sequence of str
        Metric ids, the one that is shown first first; all that the file has unless given.
    only, without : sequence of str
        Patterns of labels to show and to leave out; case is ignored. ``mine`` stands for those of
        one's own where others' are beside them.
    rename : mapping of str to str
        Labels to show, by those there are.
    highlight : sequence of str
        Patterns of labels that are in colour among many; beside others' one's own unless given.
    allow_mixed : bool
        As for `reports.plot.make_figures`.
    title : str
        The heading; what it is of unless given.
    pictures : Pictures, optional
        Where images and label maps come from; no gallery without.
    spread : Spread
        Scores under other protocols.
    typed : str
        How commands are given the results file, where that is not by its name.
    """

    metrics: Sequence[str] = ()
    only: Sequence[str] = ("*",)
    without: Sequence[str] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    highlight: Sequence[str] = ()
    allow_mixed: bool = False
    title: str = ""
    pictures: Pictures | None = None
    spread: Spread = field(default_factory=Spread)
    typed: str = ""


def make_report(
    results: Path,
    out: Path,
    page: Page,
    on_note: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a results file as one HTML page that needs no network.

    Parameters
    ----------
    results : Path
        The results file.
    out : Path
        The page to write.
    page : Page
        What it shows.
    on_note : callable
        Gets each remark on what is missing from the page, one line each.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no rows, lacks a metric, no label is left or is one to
        highlight, or rows do not belong together.
    OutputError
        If the page cannot be written.
    """
    facts = file_facts(results)
    usual = headline(facts.protocol)
    rows, shown = _load(results, page.metrics, usual)
    chosen = choose_labels(rows, page.only, page.without, page.rename, on_note=on_note)
    perturbed = chosen[PERTURBATION].dropna().astype(str)
    frame, apart = together(clean(chosen), page.allow_mixed)
    if frame.empty:
        raise ResultsError(f"{results}: there is no row of an image as it is, so nothing to show")
    notes = [*filter(None, [facts.mixed]), *apart]
    if len(perturbed):
        notes.append(f"{left_out(perturbed)}; `bench compare --perturbed` shows what they cost")
    for note in notes:
        on_note(note)
    shown = [metric for metric in shown if frame.loc[frame["status"] == "ok", metric].notna().any()]
    splits = align(frame, shown)
    check_highlight(page.highlight, splits, results, page.only, page.without, page.rename)
    held = read_contents(results)
    spread, why_no_spread = _spread(page, beside_others=own_labels(rows) is not None)
    groups: list[dict[str, Any]] = []
    static: list[dict[str, Any]] = []
    galleries: list[list[dict[str, str]]] = []
    for aligned in splits:
        analysis = analyse(aligned, shown, facts) if shown else Analysis(aligned, {}, _no_times())
        its = frame[(frame["dataset"] == aligned.dataset) & (frame["split"] == aligned.split)]
        gallery = make_gallery(analysis, its, page.pictures)
        for note in gallery.notes:
            if page.pictures is not None and page.pictures.most:
                on_note(f"gallery of {aligned.name}: {note}")
        group = _group(analysis, its, page, gallery)
        group["spread"] = spread.get(aligned.name)
        groups.append(group)
        galleries.append(gallery.maps)
        static.append(_said(analysis, its, facts, notes))
    labels = sorted({label for group in groups for label in group["labels"]})
    data = {
        "file": results.name,
        "groups": groups,
        "metrics": metric_facts(shown),
        "headline": [metric for metric in usual if metric in shown],
        "styles": {label: look(style) for label, style in assign(labels).items()},
        "samples": facts.samples,
        "no_spread": why_no_spread,
    }
    title = page.title or f"{_USUAL_TITLE}: {', '.join(group['name'] for group in groups)}"
    words = {
        "title": title,
        "file": results.name,
        "groups": static,
        "protocol": _protocol(facts),
        "held": _held(held, facts),
        "commands": list(_commands(page.typed or results.name, held)),
        "most_failures": MOST,
    }
    text = render(words, data, galleries)
    return write_whole(out, lambda path: path.write_text(text, encoding="utf-8"))


def _load(
    results: Path, wanted: Sequence[str], usual: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Load all rows, and say which metrics to show."""
    stored = check_results(results).names
    if wanted:
        shown = [get_metric(metric).id for metric in dict.fromkeys(wanted)]
    else:
        known = [metric for metric in METRICS if metric in stored]
        shown = list(dict.fromkeys([*(m for m in usual if m in known), *known]))
    rows = load(results, (*COLUMNS, *_MORE, *shown))
    if rows.empty:
        raise ResultsError(f"{results}: no rows at all; `bench run` with the same --out adds some")
    return rows, shown


def _no_times() -> pd.DataFrame:
    return pd.DataFrame({"images": []})


def _group(analysis: Analysis, its: pd.DataFrame, page: Page, gallery: Gallery) -> dict[str, Any]:
    """Return the data of one data set split."""
    aligned = analysis.aligned
    group: dict[str, Any] = {"name": aligned.name, "images": len(aligned.images)} | group_numbers(
        analysis
    )
    first = next(iter(analysis.points), None)
    coloured = (
        frozenset(group["labels"])
        if first is None
        else in_colour(analysis.points[first], first, highlighted(aligned, page.highlight))
    )
    group["coloured"] = [place for place, it in enumerate(group["labels"]) if it in coloured]
    timed = its[timed_alone(its)]
    known = its["image"].nunique()
    group["machine"] = machine_words(timed, analysis.facts, known) if analysis.timed else ""
    group["untimed"] = "" if analysis.timed else _untimed(analysis, its)
    group["gallery"] = gallery.images
    group["no_gallery"] = list(gallery.notes)
    return group


def _untimed(analysis: Analysis, its: pd.DataFrame) -> str:
    """Say why there is no runtime, and the cure."""
    cure = "`bench run ... --timing` on one machine takes times that compare"
    if analysis.aligned.times_differ:
        return f"{analysis.aligned.times_differ}; {cure}"
    if its["time_s"].notna().any():
        return f"every time was taken while other cells shared the machine; {cure}"
    return f"no time was taken; {cure}"


def _spread(page: Page, beside_others: bool) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the scores under each protocol, or say why there are none."""
    given = page.spread
    if not given.files:
        return {}, given.reason
    every = {MINE: "*"} if beside_others else {}  # these files are of one's own alone
    only, without = (
        [every.get(pattern.casefold(), pattern) for pattern in patterns]
        for patterns in (page.only, page.without)
    )
    try:
        here = {label.casefold() for path in given.files.values() for label in labels_in(path)}
        rename = {old: new for old, new in page.rename.items() if old.casefold() in here}
        found = protocol_numbers(given.files, given.keys, only, without, rename)
    except ResultsError as error:
        return {}, str(error)
    return found, "" if found else "the files of the protocols have no metric in common"


# --- what is said in words, and stands in the page without its script ---------------------------


def _said(
    analysis: Analysis, its: pd.DataFrame, facts: Facts, notes: Sequence[str]
) -> dict[str, Any]:
    aligned = analysis.aligned
    failed = failures(its)
    return {
        "name": aligned.name,
        "labels": list(dict.fromkeys(aligned.labels)),
        "ns": [f"{n:.0f}" for n in sorted({n for n in aligned.ns.tolist() if n == n})],
        "images": facts.images(aligned.name, len(aligned.images)),
        "cells": len(its),
        "ok": int((its["status"] == "ok").sum()),
        "seeds": int(its["seed"].nunique()),
        "missing": [_apart(note, aligned.labels) for note in missing_notes(aligned)],
        "pieces": [_apart(note, aligned.labels) for note in pieces_notes(aligned)],
        "notes": list(notes),
        "failures": failed[:MOST],
        "more_failures": max(0, len(failed) - MOST),
        "one_image": len(aligned.images) == 1,
        "nothing": not aligned.ran.any(),
    }


def _apart(note: str, labels: Collection[str]) -> tuple[str, str]:
    """Split ``label: words``, as a label of another direction must not turn what follows it."""
    label = max((it for it in labels if note.startswith(f"{it}:")), key=len, default="")
    return label, note[len(label) :]


def _protocol(facts: Facts) -> dict[str, str]:
    protocol = facts.protocol
    means = {
        "mean": "the mean over its annotators",
        "worst": "that of the worst annotator",
        "best": "that of the best annotator",
        "pairs": "the mean over its annotators, each pair of image and annotator weighing the same",
        "pooled": "that of all annotators pooled",
    }
    return {
        "name": protocol.name + (facts.under.partition(protocol.name)[2] if facts.under else ""),
        "title": protocol.title,
        "reference": protocol.reference,
        "value": means[protocol.annotators],
        "connectivity": protocol.connectivity,
        "samples": facts.samples,
    }


def _held(held: Contents, facts: Facts) -> dict[str, Any]:
    return {
        "rows": held.rows,
        "runs": held.runs.to_dict("records"),
        "machines": {name: machine_line(its) for name, its in held.machines.items()},
        "labels": held.labels.to_dict("records"),
        "mixed": list(held.mixed),
        "definition": {
            name: value for name, value in facts.protocol.definition().items() if value is not None
        },
    }


def _commands(typed: str, held: Contents) -> Iterator[str]:
    yield from (f"bench {run['arguments']}" for run in held.runs.to_dict("records"))
    yield f"bench plot {typed}"
    yield f"bench compare {typed}"
    yield f"bench report {typed}"
