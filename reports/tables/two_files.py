"""What differs between two results files of the same cells: versions, machines or protocols."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from metrics import Protocol, get_metric
from reports.data.align import align, twins_message
from reports.data.choose import choose_labels, labels_in
from reports.data.facts import file_facts
from reports.data.mixture import changed, origin, other_content, together
from reports.data.perturbed import named_apart
from reports.data.results import dataset_name, load
from reports.data.schema import COLUMNS, ResultsError
from reports.data.words import counted, few, number
from reports.statistics.aggregate import aggregate
from reports.tables.comparison import Report
from reports.tables.markdown import NOTHING, mean_cells, table

DIFFERENCE_METRICS = ("asa", "br", "ue_np", "ev", "n_labels")
_CELL = ["dataset", "split", "image", "matches", "n", "seed"]
_POINT = ["dataset", "split", "label", "n"]
_MEANS = ("mean_images", "mean_a", "mean_b", "difference", "low", "high")


@dataclass(frozen=True, eq=False)
class Matched:
    """The cells of two files, brought together.

    Attributes
    ----------
    a, b : DataFrame
        The rows of the cells that are in both, in the same order.
    only_a, only_b : DataFrame
        The rows of the cells that one file has alone.
    gaps : mapping of str to (R,) array
        Per metric, the absolute difference of each cell in both: infinite if one is a number and
        the other NaN, 0 if both are NaN or the cell did not end ok in both.
    """

    a: pd.DataFrame
    b: pd.DataFrame
    only_a: pd.DataFrame
    only_b: pd.DataFrame
    gaps: Mapping[str, np.ndarray]

    @property
    def ok(self) -> np.ndarray:
        """(R,) bool array: whether a cell ended ok in both files."""
        return np.asarray((self.a["status"] == "ok") & (self.b["status"] == "ok"))

    @property
    def changed_images(self) -> np.ndarray:
        """(R,) bool array: whether a cell that ended ok in both is of another image content."""
        ours, theirs = (origin(rows, "content").to_numpy() for rows in (self.a, self.b))
        other = [changed(*pair) for pair in zip(ours, theirs, strict=True)]
        return np.asarray(self.ok & np.array(other, dtype=bool))

    def of(self, chosen: np.ndarray) -> Matched:
        """Keep some of the cells that are in both, those True in an (R,) array."""
        rows_a, rows_b = (rows[chosen].reset_index(drop=True) for rows in (self.a, self.b))
        gaps = {metric: gap[chosen] for metric, gap in self.gaps.items()}
        return replace(self, a=rows_a, b=rows_b, gaps=gaps)

    @property
    def status_differs(self) -> np.ndarray:
        """(R,) bool array: whether a cell ended otherwise in one file than in the other."""
        return np.asarray(self.a["status"].to_numpy() != self.b["status"].to_numpy())


@dataclass(frozen=True, eq=False)
class Difference(Report):
    """Two files compared: `Report`, and what it takes to judge it."""

    matched: Matched

    def beyond(self, tolerance: float) -> str:
        """Say what differs by more than a tolerance, the worst first; empty if nothing does."""
        found = self.matched
        largest = {m: gaps.max() for m, gaps in found.gaps.items() if (gaps > tolerance).any()}
        parts = [
            f"{metric} differs by up to {gap:.4g} ({self._cell(int(found.gaps[metric].argmax()))})"
            for metric, gap in sorted(largest.items(), key=lambda item: -item[1])
        ]
        kinds = {
            "with another status": int(found.status_differs.sum()),
            "in A only": len(found.only_a),
            "in B only": len(found.only_b),
        }
        parts += [f"{counted(cells, 'cell')} {what}" for what, cells in kinds.items() if cells]
        return "; ".join(parts)

    def _cell(self, row: int) -> str:
        cell = self.matched.a.iloc[row]
        return f"{cell['label']}, n {number(cell['n'])}, {cell['image']}, seed {cell['seed']}"


def compare_files(
    a: Path,
    b: Path,
    metrics: Sequence[str] = DIFFERENCE_METRICS,
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    allow_mixed: bool = False,
    *,
    rename: Mapping[str, str] | None = None,
) -> Difference:
    """Compare two results files cell by cell.

    Cells match by data set, split, image, label, n and seed. Means are over the images of cells
    that ended ok in both and have a value in both; where images weigh differently they weigh as
    in `a`.

    Parameters
    ----------
    a, b : Path
        The results files; differences are b - a.
    metrics : sequence of str
        Metric ids.
    only, without : sequence of str
        Patterns of the labels to compare and to leave out; case is ignored.
    rename : mapping of str to str, optional
        What labels are called instead.

    Returns
    -------
    Difference
        One row of numbers per data set split, metric, label and n.

    Raises
    ------
    ResultsError
        If a file cannot be used or has no value of a metric, no label is left, two rows of one
        file claim the same cell, rows of one file do not belong together, an image or its
        annotations are not the same in both, or the files have no cell in common.
    """
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    files = [
        _load(path, wanted, only, without, allow_mixed, rename, labels_in(other))
        for path, other in ((a, b), (b, a))
    ]
    rows_a, rows_b = (rows for rows, _ in files)
    notes = [
        f"- {side}: {note}" for side, (_, its) in zip("AB", files, strict=True) for note in its
    ]
    found = _match(rows_a, rows_b, wanted)
    if found.a.empty:
        raise ResultsError(_nothing_in_common(a, b, rows_a, rows_b))
    found, changed = _of_same_images(a, b, found, allow_mixed)
    facts_a, facts_b = (file_facts(path) for path in (a, b))
    heading = [f"- A: {a}", f"- B: {b}", *_protocols_differ(facts_a.protocol, facts_b.protocol)]
    heading += [*notes, *changed]
    numbers = _numbers(found, wanted)
    texts = _text(numbers, facts_a.samples)
    return Difference("\n\n".join(["\n".join(heading), *texts]), numbers, found)


def _protocols_differ(a: Protocol, b: Protocol) -> Iterator[str]:
    """Say in what two protocols score otherwise, whatever their names; nothing if in nothing."""
    differ = a.differences(b)
    if differ:
        yield (
            f"- Note: scored under different protocols, A under {a.name} and B under {b.name}, "
            f"which differ in {', '.join(differ)}: differences may be of the scoring alone"
        )


def _load(
    path: Path,
    metrics: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    allow_mixed: bool,
    rename: Mapping[str, str] | None,
    known: Collection[str],
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows, with the label that matches as ``matches``, and what was kept apart."""
    frame = load(path, (*COLUMNS, *metrics))
    if frame.empty:
        raise ResultsError(f"{path}: has no rows; give the results of a run that has finished")
    renamed: list[str] = []
    frame = choose_labels(frame, only, without, rename, known, renamed.append)
    frame = frame.assign(matches=frame["label"].astype(object))
    try:
        frame, apart = together(frame, allow_mixed)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from error
    for name in ("label", "matches"):
        frame[name] = named_apart(frame[name].astype(object), frame)
    notes = [*renamed, *apart]
    _refuse_empty(path, frame, metrics)
    names = ["dataset", "split", "image", "label", "status"]
    frame = frame.astype(dict.fromkeys(names, object)).reset_index(drop=True)
    twins = frame.duplicated(_CELL)
    if twins.any():
        raise ResultsError(f"{path}: {twins_message(frame[twins].iloc[0])}")
    return frame, notes


def _refuse_empty(path: Path, frame: pd.DataFrame, metrics: Sequence[str]) -> None:
    """Refuse metrics that no cell has: there is nothing to agree or to differ in."""
    ok = frame[frame["status"] == "ok"]
    empty = [metric for metric in metrics if not ok[metric].notna().any()]
    if len(ok) and empty:
        raise ResultsError(
            f"{path}: no cell has a value of {', '.join(empty)} (undefined on these images, or "
            "slow and not computed); choose other --metrics, or compute them by `bench rescore "
            f"{path} --metrics default,{','.join(empty)}`"
        )


def _match(a: pd.DataFrame, b: pd.DataFrame, metrics: Sequence[str]) -> Matched:
    pairs = (
        a[_CELL].assign(in_a=a.index).merge(b[_CELL].assign(in_b=b.index), on=_CELL, how="outer")
    )
    both = pairs.dropna(subset=["in_a", "in_b"])
    rows_a = a.loc[both["in_a"].astype(int)].reset_index(drop=True)
    rows_b = b.loc[both["in_b"].astype(int)].reset_index(drop=True)
    rows_a["label"] = rows_b["label"] = _common_label(rows_a, rows_b)
    ok = ((rows_a["status"] == "ok") & (rows_b["status"] == "ok")).to_numpy()
    return Matched(
        rows_a,
        rows_b,
        a.loc[pairs.loc[pairs["in_b"].isna(), "in_a"].astype(int)],
        b.loc[pairs.loc[pairs["in_a"].isna(), "in_b"].astype(int)],
        {metric: np.where(ok, _gap(rows_a[metric], rows_b[metric]), 0.0) for metric in metrics},
    )


def _common_label(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """Name each matched cell; a label that was kept apart in one file is so in both."""
    triples = zip(a["matches"], a["label"], b["label"], strict=True)
    return [
        ours if ours == theirs else ours + theirs.removeprefix(base)
        for base, ours, theirs in triples
    ]


def _of_same_images(
    a: Path, b: Path, found: Matched, allow_mixed: bool
) -> tuple[Matched, list[str]]:
    """Refuse images that changed between two files, or leave them out and say so."""
    changed = found.changed_images
    if not changed.any():
        return found, []
    said = _other_content(a, b, found)
    if not allow_mixed:
        raise ResultsError(
            f"{said}; run both on the same data set, or leave such images out (--allow-mixed)"
        )
    if changed.all():
        raise ResultsError(f"{said}, and no other image is in both; run both on the same data set")
    return found.of(~changed), [f"- Left out: {said}"]


def _other_content(a: Path, b: Path, found: Matched) -> str:
    """Say which images of two files are not the same."""
    rows_a, rows_b = (rows[found.changed_images] for rows in (found.a, found.b))
    ours, theirs = (origin(rows, "content").iloc[0] for rows in (rows_a, rows_b))
    return other_content(list(rows_a["image"]), (a, b), (ours, theirs))


def _gap(a: pd.Series[float], b: pd.Series[float]) -> np.ndarray:
    x, y = (_floats(series) for series in (a, b))
    with np.errstate(invalid="ignore"):  # equal infinities
        gap = np.where(x == y, 0.0, np.abs(x - y))
    return np.where(np.isnan(gap), np.where(np.isnan(x) == np.isnan(y), 0.0, np.inf), gap)


def _floats(series: pd.Series[float]) -> np.ndarray:
    return series.to_numpy(dtype=float, na_value=np.nan)


def _nothing_in_common(a: Path, b: Path, rows_a: pd.DataFrame, rows_b: pd.DataFrame) -> str:
    for column in ("dataset", "split", "matches", "n", "image", "seed"):
        name = "label" if column == "matches" else column
        ours, theirs = (sorted(map(_value, rows[column].unique())) for rows in (rows_a, rows_b))
        if not set(ours) & set(theirs):
            return (
                f"{a} and {b} have no cell in common: {name} is {few(ours)} in one and "
                f"{few(theirs)} in the other; give two results of the same cells"
            )
    return (
        f"{a} and {b} have no cell (data set, split, image, label, n, seed) in common; give two "
        "results of the same cells"
    )


def _value(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _numbers(found: Matched, metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row per metric and point that either file has."""
    counts = _count(found)
    parts = []
    for metric in metrics:
        gaps = found.a[_POINT].assign(largest=found.gaps[metric])[found.ok]
        largest = gaps.groupby(_POINT, dropna=False)["largest"].max().reset_index()
        parts.append(counts.assign(metric=metric).merge(largest, on=_POINT, how="left"))
    numbers = pd.concat(parts, ignore_index=True)
    means = list(_means(found, metrics))
    if not means:  # no cell ended ok in both
        return numbers.reindex(columns=[*numbers, *_MEANS])
    return numbers.merge(pd.concat(means), on=[*_POINT, "metric"], how="left")


def _count(found: Matched) -> pd.DataFrame:
    """Count the cells of each point by what became of their matching."""
    changed = found.status_differs
    kinds = {
        "matched": found.a,
        "only_a": found.only_a,
        "only_b": found.only_b,
        "status_differs": found.a[changed],
    }
    rows = pd.concat([rows[_POINT].assign(**{kind: 1}) for kind, rows in kinds.items()])
    sums = rows.groupby(_POINT, dropna=False, sort=True)[list(kinds)].sum().astype(int)
    return sums.reset_index()


def _means(found: Matched, metrics: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Average both files and their difference over the same images, by metric and point."""
    both = {m: _floats(found.a[m] + found.b[m]) for m in metrics}
    # With one device and only values that both have, both files align to the same points.
    sides = [
        rows.assign(device="", **{m: _floats(rows[m].where(~np.isnan(both[m]))) for m in metrics})
        for rows in (found.a, found.b)
    ]
    for a, b in zip(*(align(rows[found.ok], metrics) for rows in sides), strict=True):
        scores = {m: b.scores[m] - a.scores[m] for m in metrics}
        apart = replace(a, scores={**a.scores, **scores})
        tables = [aggregate(x, metrics) for x in (a, replace(b, weights=a.weights), apart)]
        for metric in metrics:
            mean_a, mean_b, difference = (t[metric] for t in tables)
            yield pd.DataFrame(
                {
                    "dataset": a.dataset,
                    "split": a.split,
                    "label": a.labels,
                    "n": a.ns,
                    "metric": metric,
                    "mean_images": difference["images"].astype(float),
                    "mean_a": mean_a["value"],
                    "mean_b": mean_b["value"],
                    "difference": difference["value"],
                    "low": difference["low"],
                    "high": difference["high"],
                }
            )


def _text(numbers: pd.DataFrame, samples: str) -> Iterator[str]:
    lacking = False
    for (dataset, split), group in numbers.groupby(["dataset", "split"], sort=False):
        name = dataset_name(str(dataset), str(split))
        first = group[group["metric"] == group["metric"].iloc[0]]
        yield f"**{name}**: cells"
        kinds = ("matched", "only_a", "only_b", "status_differs")
        heads = ("in both", "in A only", "in B only", "status differs")
        counts = {
            head: [str(cells) for cells in first[kind]]
            for head, kind in zip(heads, kinds, strict=True)
        }
        yield table({**_points(first), **counts})
        for metric, part in group.groupby("metric", sort=False):
            yield f"**{name}**: {metric} ({get_metric(str(metric)).title})"
            fewer = (part["mean_images"].max() - part["mean_images"]).fillna(0)
            part = part.assign(missing=fewer)
            lacking |= bool(fewer.any())
            difference = part.assign(value=part["difference"])
            columns = {
                "A": mean_cells(part.assign(value=part["mean_a"], low=np.nan)),
                "B": mean_cells(part.assign(value=part["mean_b"], low=np.nan)),
                "B - A": mean_cells(difference, sign="+"),
                "largest of a cell": [
                    NOTHING if np.isnan(gap) else f"{gap:.3g}" for gap in part["largest"]
                ],
            }
            yield table({**_points(part), **columns})
    yield (
        f"Means over {samples} with a value in both files; B - A ± half of its 95 % "
        "interval; largest: the largest absolute difference of one cell, inf where one file has a "
        "number and the other NaN."
    )
    if lacking:
        yield "† Over fewer images than other rows (not in both files, failed, or undefined there)."


def _points(part: pd.DataFrame) -> dict[str, list[str]]:
    return {"label": list(part["label"]), "n": [number(n) for n in part["n"]]}
