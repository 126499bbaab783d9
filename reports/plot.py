"""Everything that ``bench plot`` writes: curves, runtime and the summary of a results file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from metrics import get_metric
from reports.data.align import Aligned, align, labels_by_device, timed_alone
from reports.data.mixture import machines_of, separate_times, together
from reports.data.results import Facts, choose_labels, file_facts, load_scores
from reports.data.words import counted, few
from reports.figures.curves import draw_curves
from reports.figures.runtime import draw_runtime
from reports.figures.style import paper
from reports.output import Drawn, save_figure, write_whole
from reports.statistics.aggregate import Analysis, analyse, quartiles
from reports.statistics.pieces import pieces_notes
from reports.tables.summary import headline, markdown, missing_notes, summary

FORMATS = ("png", "pdf")


def make_figures(
    results: Path,
    out: Path | None = None,
    metrics: Sequence[str] = (),
    formats: Sequence[str] = FORMATS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    annotators: bool = True,
    allow_mixed: bool = False,
    on_note: Callable[[str], None] | None = None,
    *,
    rename: Mapping[str, str] | None = None,
) -> list[Path]:
    """Draw the curves, the runtimes and the summary tables of a results file.

    Parameters
    ----------
    results : Path
        The results file.
    out : Path, optional
        Folder for what is written; beside the results unless given.
    metrics : sequence of str
        Metric ids, one panel each; accuracy and boundary recall unless given.
    formats : sequence of str
        File types of the figures, ``png`` or ``pdf``.
    only, without : sequence of str
        Patterns of the labels to draw and to leave out, such as ``SLIC*``; case is ignored.
    annotators : bool
        Whether to show how annotators score against each other, where the results know it.
    allow_mixed : bool
        Whether to keep apart by name, instead of refusing, what does not belong together: rows of
        a label of several versions, times of several machines.
    on_note : callable, optional
        Gets each remark on what is missing from the figures, one line each.
    rename : mapping of str to str, optional
        Labels to show, by those there are, which `only` and `without` go by.

    Returns
    -------
    list of Path
        The files written, for ``r.parquet``: ``r-curves``, ``r-runtime`` (if any cell was timed
        uncontended), with ``-<dataset>-<split>`` where the results have several, and
        ``r-summary.csv``, ``r-summary.md``. What an earlier call made and this one does not is
        removed; ``r-figures.json`` keeps account.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, or rows do
        not belong together.
    OutputError
        If a file cannot be written, or the folder has the figures of another file of that name.
    """
    note = on_note or _ignore
    facts = file_facts(results)
    drawn = Drawn.read(results, results.parent if out is None else out)
    if facts.mixed:
        note(facts.mixed)
    facts = facts if annotators else replace(facts, annotators={})
    usual = headline(facts.protocol)
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics or usual[:2])]
    chosen = choose_labels(load_scores(results, wanted, usual), only, without, rename, on_note=note)
    frame, apart = together(chosen, allow_mixed)
    facts = replace(facts, apart=tuple(apart))
    for remark in apart:
        note(remark)
    for metric in wanted:
        if metric not in frame:
            note(f"{metric} has no value in any cell and is left out")
    panels = [metric for metric in wanted if metric in frame]
    shown = [name for name in dict.fromkeys((*panels, *usual)) if name in frame]
    groups = [analyse(aligned, shown, facts) for aligned in align(frame, shown)]
    suffixes = _suffixes([group.aligned.name for group in groups])
    written = []
    for group, suffix in zip(groups, suffixes, strict=True):
        of_group = partial(_note_of, note, group.aligned.name)
        for remark in _remarks(group, timed=bool(frame["time_s"].notna().any())):
            of_group(remark)
        with paper():
            for name, figure in _figures(group, panels, frame, of_group, allow_mixed):
                written += [
                    save_figure(figure, drawn.path(f"{name}{suffix}.{kind}")) for kind in formats
                ]
    csv = pd.concat(map(summary, groups)).to_csv(index=False, float_format="%.6g")
    texts = {"summary.csv": csv, "summary.md": "\n".join(map(markdown, groups))}
    written += [
        write_whole(drawn.path(name), partial(_write, text)) for name, text in texts.items()
    ]
    for path in drawn.replace(written):
        note(f"removed {path}, which an earlier plot made and this one does not")
    return written


def _suffixes(names: Sequence[str]) -> list[str]:
    """Return what the names of the files of each group end in, each once; nothing for the only."""
    if len(names) == 1:
        return [""]
    suffixes: list[str] = []
    for name in names:
        suffix = "-" + re.sub(r"[^\w.]+", "-", name)
        while suffix in suffixes:
            suffix += "-2"
        suffixes.append(suffix)
    return suffixes


def _note_of(note: Callable[[str], None], name: str, remark: str) -> None:
    note(f"{name}: {remark}")


def _figures(
    group: Analysis,
    panels: Sequence[str],
    frame: pd.DataFrame,
    on_note: Callable[[str], None],
    allow_mixed: bool,
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of what a group has: curves, runtimes."""
    if group.aligned.ran.any():
        points = {metric: group.points[metric] for metric in panels}
        facts, aligned = group.facts, group.aligned
        under = facts.part(aligned.name, len(aligned.images)) + facts.under
        under += "".join(f"; {remark}" for remark in facts.apart)
        broken = [note.rpartition(": ")[0] for note in pieces_notes(aligned)]
        under += f"; in pieces: {few(broken)}" if broken else ""
        yield "curves", draw_curves(points, under, group.annotators, on_note, facts.samples)
    timed = _timed(frame, group.aligned)
    if group.timed:
        yield "runtime", draw_runtime(group.times, _machine(timed, facts))
    elif group.aligned.times_differ and allow_mixed:
        apart = _times_apart(separate_times(timed.assign(label=labels_by_device(timed))))
        yield "runtime", draw_runtime(apart, _machine(timed, facts))


def _times_apart(timed: pd.DataFrame) -> pd.DataFrame:
    """Take the quartiles of each machine's labels, and set them below each other."""
    machines = timed.groupby("machine", observed=True, dropna=False)
    return pd.concat(
        [quartiles(aligned) for _, its in machines for aligned in align(its, ())],
        ignore_index=True,
    )


def _remarks(group: Analysis, timed: bool) -> Iterator[str]:
    """Say what the figures of a group do not show; label maps from elsewhere have no times."""
    yield from (f"in pieces, {note}" for note in pieces_notes(group.aligned))
    if len(group.aligned.images) == 1:
        yield "one image says nothing about others: no intervals, and nothing is bold"
    yield from missing_notes(group.aligned)
    if not timed:
        return
    ran = group.aligned.ran.sum(axis=0) > 0
    by_label = group.times.assign(ran=ran).groupby("label")
    untimed = by_label["ran"].any() & (by_label["images"].sum() == 0)
    if group.aligned.times_differ:
        yield (
            f"{group.aligned.times_differ}: no runtime figure without --allow-mixed, which keeps "
            "them apart, and none in the summary; `bench run ... --timing` on one machine takes "
            "times that compare"
        )
    elif not group.timed:
        yield (
            "no runtime figure, because every time was taken while other cells shared the "
            "machine; `bench run ... --timing` takes times that compare"
        )
    elif untimed.any():
        names = ", ".join(untimed.index[untimed])
        yield f"no uncontended time of {names}; `bench run ... --timing` takes them"


def _ignore(_: str) -> None:
    pass


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _timed(frame: pd.DataFrame, group: Aligned) -> pd.DataFrame:
    """Return the rows of a group with times that nothing disturbed."""
    its = frame[(frame["dataset"] == group.dataset) & (frame["split"] == group.split)]
    return its[timed_alone(its)]


def _machine(timed: pd.DataFrame, facts: Facts) -> str:
    """Say in a few words what times were taken on."""
    repeats = timed["time_repeats"].max()
    kinds = timed[["device", "threads"]].drop_duplicates()
    times = f"{repeats} repeats a cell" if repeats > 1 else "single runs"
    threads = (
        f"{device}, {counted(threads, 'thread')}"
        for device, threads in sorted(kinds.itertuples(index=False))
    )
    machines = (
        f"machine {name} ({processor})" if processor else f"machine {name}"
        for name in machines_of(timed)
        for processor in [facts.machines.get(name, {}).get("processor")]
    )
    return f"{times}; " + "; ".join(chain(threads, machines))
