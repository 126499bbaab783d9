"""The summary of a results file: everything as CSV, and what a README can show as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from metrics import DEFAULT_PROTOCOL, Protocol, get_metric
from reports.data.align import Aligned, coverage
from reports.data.schema import STATUSES
from reports.data.words import ARROWS, counted, number
from reports.statistics.aggregate import Analysis
from reports.statistics.asked import NEAR, returned_about
from reports.statistics.pieces import connected_first, in_pieces, pieces_notes
from reports.statistics.simultaneous import standings
from reports.tables.markdown import (
    NOTHING,
    PARTIAL,
    PIECES_LEGEND,
    decimals_of,
    marked,
    mean_cells,
    table,
)


def headline(protocol: Protocol) -> tuple[str, ...]:
    """Return what papers report most, in the tables whenever the file has it.

    Boundary recall stands under the name that says its tolerance, unless a protocol defines it.
    """
    return ("asa", "br_r2" if protocol == DEFAULT_PROTOCOL else "br", "ue_np", "ev", "co")


def summary(analysis: Analysis) -> pd.DataFrame:
    """Return one row per point with all that is known of it.

    Returns
    -------
    DataFrame
        dataset; split; protocol; label; n; images, those with an ok cell; asked and ok, numbers
        of cells (image x seed); count, the mean number of superpixels returned; in_pieces, whether
        they have over a tenth more connected pieces; per metric its
        mean, the ends of its 95 % interval (``_low``, ``_high``) and the number of images it is
        over (``_images``); time_s, the median of uncontended cells, its quartiles and images.
    """
    aligned = analysis.aligned
    returned = coverage(aligned, "n_labels")
    facts = pd.DataFrame(
        {
            "dataset": aligned.dataset,
            "split": aligned.split,
            "protocol": analysis.facts.protocol.name,
            "label": aligned.labels,
            "n": pd.Series(aligned.ns).astype("Int64"),
            "images": returned["images"],
            "asked": aligned.cells.sum(axis=1),
            "ok": aligned.cells[:, STATUSES.index("ok")],
            "count": returned["count"],
            "in_pieces": in_pieces(aligned),
        }
    )
    parts = [
        points[["value", "low", "high", "images"]].set_axis(
            [name, f"{name}_low", f"{name}_high", f"{name}_images"], axis="columns"
        )
        for name, points in (*analysis.points.items(), ("time_s", analysis.times))
    ]
    return pd.concat([facts, *parts], axis="columns")


def missing_notes(aligned: Aligned) -> list[str]:
    """Say in one line per label what is missing from it, and why; nothing of complete labels."""
    notes = []
    labels = np.array(aligned.labels)
    lost = len(aligned.images) - aligned.ran.sum(axis=0)
    for label in dict.fromkeys(aligned.labels):
        its = labels == label
        cells = dict(zip(STATUSES, aligned.cells[its].sum(axis=0).tolist(), strict=True))
        ends = [f"{n} {status}" for status, n in cells.items() if n and status != "ok"]
        if not ends and not lost[its].any():
            continue
        where = [
            f"{images} of {counted(len(aligned.images), 'image')} missing at n = "
            + ", ".join(number(n) for n in aligned.ns[its][lost[its] == images])
            for images in np.unique(lost[its])
            if images
        ]
        reason = f"cells: {', '.join(ends)}" if ends else "no row: not asked for, or not run yet"
        notes.append(f"{label}: {'; '.join(where) or 'no image missing'} ({reason})")
    return notes


def markdown(analysis: Analysis) -> str:
    """Write a table per asked count: methods in rows, mean ± half of the 95 % interval.

    Bold is the set of the best (see `statistics.simultaneous`) among the methods that returned
    about n superpixels, connected ones if there are any; values over fewer images or seeds than
    the others have a dagger and compete with nobody.

    Returns
    -------
    str
        Markdown, with notes on how to read it.
    """
    aligned = analysis.aligned
    counts = coverage(aligned, "n_labels")["count"]
    columns = {
        "method": marked(aligned.labels, in_pieces(aligned).tolist()),
        "count": [NOTHING if np.isnan(count) else f"{count:.0f}" for count in counts],
    }
    for metric, points in analysis.points.items():
        columns[metric + ARROWS[get_metric(metric).direction]] = mean_cells(
            points, _bold(aligned, metric)
        )
    if analysis.timed:
        columns["s / image"] = _times(analysis.times)
    lines = [_heading(analysis), "", _how_to_read(analysis.facts.samples), ""]
    if analysis.annotators:
        lines += [_annotators_line(analysis.annotators), ""]
    for n, rows in _blocks(analysis):
        block = {head: [cells[row] for row in rows] for head, cells in columns.items()}
        lines += [f"**n = {number(n)}**", "", table(block), ""]
    partial = any(PARTIAL in cell for column in columns.values() for cell in column)
    return "\n".join([*lines, *_legend(analysis, partial), ""])


def _heading(analysis: Analysis) -> str:
    name, facts = analysis.aligned.name, analysis.facts
    return f"**{name}**, {facts.images(name, len(analysis.aligned.images))}{facts.under}"


def _annotators_line(annotators: Mapping[str, tuple[float, float, float]]) -> str:
    parts = []
    for metric, ends in annotators.items():
        decimals = decimals_of(max(map(abs, ends)) or 1.0, 3)
        low, mean, high = (f"{end:.{decimals}f}" for end in ends)
        parts.append(f"{metric} {mean} ({low} to {high})")
    return f"Annotators against each other: {', '.join(parts)}."


def _how_to_read(samples: str) -> str:
    return (
        f"Mean over {samples} ± half of its 95 % interval. Methods return different "
        "counts (`count`) for the same n, and most scores improve with the count alone: those that "
        f"returned within {NEAR:.0%} of n stand first. **Bold**: among these, the set of the "
        "best, which holds the best with 95 %, however many are compared."
    )


def _legend(analysis: Analysis, partial: bool) -> Iterator[str]:
    if analysis.timed:
        known = np.isfinite(analysis.aligned.scores["time_s"]).any(axis=1)
        of = "images" if known.all() else f"{known.sum()} of {known.size} images"
        yield f"Times: medians over {of}, uncontended."
    titles = (f"{metric}: {get_metric(metric).title}" for metric in analysis.points)
    yield f"{'; '.join(titles)}."
    pieces = list(pieces_notes(analysis.aligned))
    if pieces:
        yield PIECES_LEGEND.replace(", and without rank", "")
    if len(analysis.aligned.images) == 1:
        yield "One image says nothing about others: no intervals, and nothing is bold."
    if partial:
        yield "† Over fewer images or seeds (missing, or undefined there): never bold."
    notes = [*pieces, *analysis.facts.apart, *missing_notes(analysis.aligned)]
    if notes:
        yield ""
        yield from (f"- {note}" for note in notes)


def _blocks(analysis: Analysis) -> Iterator[tuple[float, list[int]]]:
    """Yield each n with its points: comparable ones, best first; other counts; incomplete ones."""
    metric, first = next(iter(analysis.points.items()))
    low_is_better = get_metric(metric).direction == "low"
    far = ~returned_about(first["count"].to_numpy(), first["n"].to_numpy())
    ranked = first.assign(incomplete=first["missing"] > 0, far=far).sort_values(
        ["incomplete", "far", "value"], ascending=[True, True, low_is_better], kind="stable"
    )
    for _, block in ranked.groupby("n", dropna=False, sort=True):
        yield float(block["n"].iloc[0]), block.index.tolist()


def _bold(aligned: Aligned, metric: str) -> np.ndarray:
    bold = np.zeros(len(aligned.labels), dtype=bool)
    direction = get_metric(metric).direction
    if direction is None:
        return bold
    counts = coverage(aligned, "n_labels")["count"].to_numpy()
    pieces = in_pieces(aligned)
    fair = ~aligned.missing(metric).any(axis=0) & returned_about(counts, aligned.ns)
    weights = aligned.weights.get(metric)
    for n in np.unique(aligned.ns[fair]):
        block = np.flatnonzero(connected_first((aligned.ns == n) & fair, pieces))
        bold[block] = standings(
            aligned.scores[metric][:, block],
            direction == "high",
            None if weights is None else weights[:, block],
        ).best
    return bold


def _times(times: pd.DataFrame) -> list[str]:
    """Return the cells of the medians, in the order of the points."""
    return [
        NOTHING
        if np.isnan(value)
        else f"{value:.{decimals_of(max(value, 1e-6), 3)}f}" + (PARTIAL if missing else "")
        for value, missing in zip(times["value"], times["missing"], strict=True)
    ]
