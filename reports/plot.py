"""Everything that ``bench plot`` writes: the figures and the summary of a results file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from metrics import get_metric
from reports.data.align import Aligned, align, labels_by_device, timed_alone
from reports.data.choose import choose_labels
from reports.data.facts import file_facts
from reports.data.machines import machine_words
from reports.data.mixture import separate_times, together
from reports.data.perturbed import PERTURBATION, STABILITY
from reports.data.results import clean, load_scores
from reports.data.schema import ResultsError
from reports.data.words import few
from reports.figures import (
    compactness,
    counts,
    curves,
    differences,
    pareto,
    pixels,
    ranks,
    robustness,
    runtime,
    scatter,
)
from reports.figures.chart import CannotDrawError, Chart, View
from reports.figures.emphasis import check_highlight
from reports.figures.letters import NAME, alike_note, undrawable_note
from reports.figures.panel import settle
from reports.figures.style import PAPER, characters, styled
from reports.output import Drawn, save_figure, write_whole
from reports.statistics.aggregate import Analysis, analyse, quartiles
from reports.statistics.pieces import pieces_notes
from reports.tables.summary import headline, markdown, missing_notes, summary

FORMATS = ("png", "pdf", "svg")
USUAL_FORMATS = ("png", "pdf")
# In the order in which they are drawn; each makes charts of a view, or says why it cannot.
FIGURES: Final[Mapping[str, Callable[[View], Iterator[Chart]]]] = {
    "curves": curves.make,
    "runtime": runtime.make,
    "pareto": pareto.make,
    "compactness": compactness.make,
    "ranks": ranks.make,
    "counts": counts.make,
    "pixels": pixels.make,
    "differences": differences.make,
    "scatter": scatter.make,
    "robustness": robustness.make,
}

AT_ONE_COUNT = ("pareto", "compactness", "ranks", "pixels", "differences", "scatter", "robustness")


@dataclass(frozen=True)
class Choice:
    """What to draw of a results file, and how.

    Attributes
    ----------
    figures : sequence of str
        Names of `FIGURES`; all that the results have what they show of, unless given.
    highlight : sequence of str
        Patterns of labels that are in colour, whatever they score; beside others' one's own,
        ``mine``, unless given.
    at : float, optional
        The count of figures of one count; the middle one of those asked for unless given.
    budget : float, optional
        Seconds that an image may take, a line in the Pareto front.
    pairs : sequence of (str, str)
        Labels to set against each other image by image.
    look : str
        One of `figures.style.LOOKS`.
    data : bool
        Whether to write the numbers of each figure beside it, as CSV.
    annotators : bool
        Whether to show how annotators score against each other, where the results know it.
    """

    figures: Sequence[str] = ()
    highlight: Sequence[str] = ()
    at: float | None = None
    budget: float | None = None
    pairs: Sequence[tuple[str, str]] = ()
    look: str = PAPER
    data: bool = False
    annotators: bool = True


USUAL: Final = Choice()


def make_figures(
    results: Path,
    out: Path | None = None,
    metrics: Sequence[str] = (),
    formats: Sequence[str] = USUAL_FORMATS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    choice: Choice = USUAL,
    allow_mixed: bool = False,
    on_note: Callable[[str], None] | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    source: Path | None = None,
) -> list[Path]:
    """Draw the figures and write the summary tables of a results file.

    Parameters
    ----------
    results : Path
        The results file.
    out : Path, optional
        Folder for what is written; beside the results unless given.
    metrics : sequence of str
        Metric ids, one panel each; accuracy and boundary recall unless given.
    formats : sequence of str
        File types of the figures, among `FORMATS`.
    only, without : sequence of str
        Patterns of the labels to draw and to leave out, such as ``SLIC*``; case is ignored.
        As in `choose.choose_labels`, ``mine`` are those of one's own beside others'.
    choice : Choice
        What to draw, and how.
    allow_mixed : bool
        Whether to keep apart by name, instead of refusing, what does not belong together: rows of
        a label of several versions, times of several machines.
    on_note : callable, optional
        Gets each remark on what is missing from the figures, one line each.
    rename : mapping of str to str, optional
        Labels to show, by those there are, which `only` and `without` go by.
    source : Path, optional
        The file that `results` was made from, where others' rows were put beside its own.

    Returns
    -------
    list of Path
        The files written, for ``r.parquet``: ``r-curves``, ``r-runtime`` (if any cell was timed
        uncontended) and the other `FIGURES`, with ``-<dataset>-<split>`` where the results have
        several, and ``r-summary.csv``, ``r-summary.md``. What an earlier call made and this one
        does not is removed; ``r-figures.json`` keeps account.

    Raises
    ------
    ResultsError
        If the file cannot be used, has no ok cell, lacks a metric, no label is left, none is one
        to highlight, or rows do not belong together.
    OutputError
        If a file cannot be written, or the folder has the figures of another file of that name.
    """
    note = on_note or _ignore
    facts = file_facts(results)
    drawn = Drawn.read(results, source or results, results.parent if out is None else out)
    if facts.mixed:
        note(facts.mixed)
    facts = facts if choice.annotators else replace(facts, annotators={})
    usual = headline(facts.protocol)
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics or usual[:2])]
    more = ("height", "width", STABILITY)
    rows = load_scores(results, wanted, usual, more, perturbed=True)
    chosen = choose_labels(rows, only, without, rename, on_note=note)
    every, apart = together(chosen, allow_mixed)
    frame = clean(every)
    if frame.empty:
        raise ResultsError(f"{results}: these labels have rows of perturbed images alone")
    facts = replace(facts, apart=tuple(apart))
    for remark in apart:
        note(remark)
    for metric in wanted:
        if metric not in frame:
            note(f"{metric} has no value in any cell and is left out")
    labels = [str(label) for label in frame["label"].unique()]
    with styled(choice.look):
        alike = alike_note(labels, characters(NAME))
    for remark in filter(None, (undrawable_note(labels), alike)):
        note(remark)
    panels = [metric for metric in wanted if metric in frame]
    shown = [name for name in dict.fromkeys((*panels, *usual)) if name in frame]
    perturbed = every if every[PERTURBATION].notna().any() else None
    if perturbed is not None:
        ways = few(sorted(perturbed[PERTURBATION].dropna().astype(str).unique()), 6)
        note(f"rows of perturbed images ({ways}) are in the robustness figure alone")
    splits = align(frame, shown)
    check_highlight(choice.highlight, splits, results, only, without, rename)
    groups = [analyse(aligned, shown, facts) for aligned in splits]
    suffixes = _suffixes([group.aligned.name for group in groups])
    written = []
    for group, suffix in zip(groups, suffixes, strict=True):
        of_group = partial(_note_of, note, group.aligned.name)
        for remark in _remarks(group, timed=bool(frame["time_s"].notna().any())):
            of_group(remark)
        view = _view(group, panels, frame, choice, of_group, perturbed)
        with styled(choice.look):
            for chart in _charts(view, choice.figures, allow_mixed):
                figure = chart.draw()
                if formats:
                    settle(figure)  # once, for all formats
                name = f"{chart.name}{suffix}"
                written += [save_figure(figure, drawn.path(f"{name}.{kind}")) for kind in formats]
                if choice.data:
                    path = drawn.path(f"{name}.csv")
                    written.append(write_whole(path, partial(_write, _csv(chart.numbers))))
    csv = pd.concat(map(summary, groups)).to_csv(index=False, float_format="%.6g")
    texts = {"summary.csv": csv, "summary.md": "\n".join(map(markdown, groups))}
    written += [
        write_whole(drawn.path(name), partial(_write, text)) for name, text in texts.items()
    ]
    for path in drawn.replace(written):
        note(f"removed {path}, which an earlier plot made and this one does not")
    return written


def _view(
    group: Analysis,
    panels: Sequence[str],
    frame: pd.DataFrame,
    choice: Choice,
    note: Callable[[str], None],
    perturbed: pd.DataFrame | None,
) -> View:
    aligned = group.aligned
    its = _of(frame, aligned)
    timed = its[timed_alone(its)]
    return View(
        group,
        tuple(panels),
        its,
        choice.at,
        tuple(choice.highlight),
        choice.budget,
        tuple(choice.pairs),
        machine_words(timed, group.facts, its["image"].nunique()) if len(timed) else "",
        perturbed if perturbed is None else _of(perturbed, aligned),
        note,
    )


def _of(frame: pd.DataFrame, aligned: Aligned) -> pd.DataFrame:
    """Return the rows of the data set split of a group."""
    return frame[(frame["dataset"] == aligned.dataset) & (frame["split"] == aligned.split)]


def _charts(view: View, names: Sequence[str], allow_mixed: bool) -> Iterator[Chart]:
    """Yield what can be drawn; say why not of what was asked for by name."""
    named = {*names, *(["scatter"] if view.pairs else [])}
    wanted = {*named, *(["pareto"] if view.budget is not None else [])}
    for name, make in FIGURES.items():
        if names and name not in named:
            continue
        try:
            if name == "runtime" and view.analysis.aligned.times_differ and allow_mixed:
                yield _runtimes_apart(view)
            else:
                yield from make(view)
        except CannotDrawError as reason:
            told = name == "runtime" and bool(view.rows["time_s"].notna().any())  # by `_remarks`
            if name in wanted and not told:
                view.note(f"no {name} figure: {reason}")


def _runtimes_apart(view: View) -> Chart:
    """Show times that do not compare under names that say whose they are."""
    timed = view.rows[timed_alone(view.rows)]
    separate = _times_apart(separate_times(timed.assign(label=labels_by_device(timed))))
    return Chart("runtime", separate, lambda: runtime.draw_runtime(separate, view.machine))


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


def _csv(numbers: pd.DataFrame) -> str:
    text: str = numbers.to_csv(index=False, float_format="%.6g")
    return text


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
