"""The same label maps under several protocols, side by side: how far the choice moves a score."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from metrics import DEFAULT_PROTOCOL, get_metric
from metrics.base import Metric
from reports.data.align import Aligned, align, coverage
from reports.data.choose import choose_labels
from reports.data.facts import file_facts
from reports.data.results import clean, dataset_name, load
from reports.data.schema import COLUMNS, ResultsError
from reports.data.words import ARROWS
from reports.statistics.aggregate import aggregate
from reports.tables.markdown import NOTHING, PARTIAL, decimals, table
from reports.tables.summary import missing_notes

_POINT = ["label", "n"]
_SAME = 1e-9  # differences below it are rounding


def side_by_side(
    files: Mapping[str, Path],
    metrics: Sequence[str],
    only: Sequence[str] = ("*",),
    without: Sequence[str] = (),
    keys: Collection[str] | None = None,
    notes: Sequence[str] = (),
    *,
    rename: Mapping[str, str] | None = None,
) -> tuple[str, pd.DataFrame]:
    """Compare the scores of the same label maps under several protocols.

    Parameters
    ----------
    files : mapping of str to Path
        By name of the protocol, in the order of the columns, the results file of the same cells.
    metrics : sequence of str
        Metric ids, one table each.
    only, without : sequence of str
        Patterns of the labels to compare and to leave out, such as ``SLIC*``; case is ignored.
    rename : mapping of str to str, optional
        What labels are called instead.

    Returns
    -------
    text : str
        Markdown: per data set split and metric a table of label and n in rows and protocols in
        columns, and how far protocol and method move the score; then which labels lack images,
        and what the protocols are.
    numbers : DataFrame
        One row per data set split, metric, point and protocol: dataset; split; metric; label; n;
        protocol; value, low and high, the mean and its 95 % interval, unrounded; images and
        missing as in `align.coverage`; count, the mean number of superpixels of all images with
        an ok cell; asked, the number of images that any cell asked for.

    Raises
    ------
    ResultsError
        If there is no file, or one cannot be used or lacks a metric, no label is left, or rows
        do not belong together.
    """
    if not files:
        raise ResultsError("no results file to compare; give one for each protocol")
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    columns = (*COLUMNS, *wanted, "key")
    frames = {protocol: clean(load(path, columns)) for protocol, path in files.items()}
    if keys is not None:
        frames = {name: frame[frame["key"].isin(keys)] for name, frame in frames.items()}
    frames = {name: choose_labels(frame, only, without, rename) for name, frame in frames.items()}
    groups = {protocol: align(frame, wanted) for protocol, frame in frames.items()}
    numbers = pd.concat([_measure(*item, wanted) for item in groups.items()], ignore_index=True)
    # The files are of the same runs: what one lacks, all lack.
    lacking = {aligned.name: missing_notes(aligned) for aligned in next(iter(groups.values()))}
    blocks: list[str] = []
    for (dataset, split), group in numbers.groupby(["dataset", "split"], sort=True):
        name = dataset_name(str(dataset), str(split))
        blocks += [_heading(name, group, files), _how_to_read(files)]
        for metric in wanted:
            blocks += _metric_blocks(
                group[group["metric"] == metric], get_metric(metric), list(files)
            )
        if lacking.get(name):
            blocks.append("\n".join(f"- {note}" for note in lacking[name]))
    apart = ["\n".join(f"- {note}" for note in notes)] if notes else []
    return "\n\n".join([*blocks, *apart, _definitions(files)]) + "\n", numbers


def _how_to_read(files: Mapping[str, Path]) -> str:
    by_samples: dict[str, list[str]] = {}
    for name, path in files.items():
        by_samples.setdefault(file_facts(path).samples, []).append(name)
    means = [
        samples if len(by_samples) == 1 else f"{samples} under {', '.join(names)}"
        for samples, names in by_samples.items()
    ]
    return (
        f"Means over {'; over '.join(means)}; scores from 0 to 1 in percent. `count`: mean number "
        "of superpixels; in brackets behind a score, the number where the protocol changes it. "
        "`spread`: largest minus smallest over the protocols."
    )


def _measure(protocol: str, groups: Sequence[Aligned], metrics: Sequence[str]) -> pd.DataFrame:
    """Average the metrics of one results file; see `side_by_side` for the columns."""
    tables = [
        points.assign(
            dataset=aligned.dataset,
            split=aligned.split,
            metric=metric,
            protocol=protocol,
            count=coverage(aligned, "n_labels")["count"],
            asked=len(aligned.images),
        )
        for aligned in groups
        for metric, points in aggregate(aligned, metrics).items()
    ]
    facts = ["dataset", "split", "metric", *_POINT, "protocol"]
    values = ["value", "low", "high", "images", "missing", "count", "asked"]
    return pd.concat(tables)[facts + values]


def _heading(name: str, group: pd.DataFrame, files: Mapping[str, Path]) -> str:
    images = {p: int(group.loc[group["protocol"] == p, "asked"].max()) for p in files}
    if len(set(images.values())) == 1:
        first, number = next(iter(images.items()))
        number_of = file_facts(files[first]).images(name, number)
        return f"**{name}**, {number_of}, the same label maps under every protocol"
    each = ", ".join(f"{number} under {protocol}" for protocol, number in images.items())
    return f"**{name}**, not the same images under every protocol: {each}"


@dataclass(frozen=True)
class _Scale:
    """How a table shows the values of a metric: papers print scores from 0 to 1 in percent."""

    factor: float
    decimals: int
    unit: str
    difference: str

    def show(self, value: float) -> str:
        return f"{self.factor * value:.{self.decimals}f}"


def _scale(metric: Metric, values: pd.DataFrame) -> _Scale:
    if metric.range == (0, 1):
        return _Scale(100, 1, " (%)", " points")
    unit = metric.unit and f" {metric.unit}"
    return _Scale(1, decimals(np.array([]), values.to_numpy()), unit and f" ({unit[1:]})", unit)


def _metric_blocks(part: pd.DataFrame, metric: Metric, protocols: Sequence[str]) -> Iterator[str]:
    """Yield a metric's title, its table, and what moves it."""
    values, counts, missing = (_beside(part, c, protocols) for c in ("value", "count", "missing"))
    usual = counts[DEFAULT_PROTOCOL.name if DEFAULT_PROTOCOL.name in protocols else protocols[0]]
    partial = missing.fillna(0) > 0
    scale = _scale(metric, values)
    columns = {
        "method": [str(label) for label, _ in values.index],
        "n": [_plain(n) for n in _asked(values)],
        "count": [_plain(count) for count in usual],
    }
    for name in protocols:
        columns[name] = [
            _cell(scale, value, _own_count(count, expected), few)
            for value, count, expected, few in zip(
                values[name], counts[name], usual, partial[name], strict=True
            )
        ]
    columns["spread"] = [
        _cell(scale, spread, "", few)
        for spread, few in zip(_range(values, "columns"), partial.any(axis="columns"), strict=True)
    ]
    yield f"**{metric.id}**{ARROWS[metric.direction]} {metric.title}{scale.unit}"
    yield table(columns)
    if any(PARTIAL in cell for name in protocols for cell in columns[name]):
        yield f"{PARTIAL.strip()} Over fewer images or seeds (missing, or undefined there)."
    if len(protocols) > 1:
        yield _what_moves(metric.id, values, partial, scale)


def _beside(part: pd.DataFrame, column: str, protocols: Sequence[str]) -> pd.DataFrame:
    """Set a column of each protocol beside the others': points in rows, NaN where it lacks one."""
    points = {p: part[part["protocol"] == p].set_index(_POINT)[column] for p in protocols}
    return pd.concat(points, axis="columns", sort=True)


def _asked(values: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the n of each row; NaN where none was asked."""
    return values.index.get_level_values("n").to_numpy(dtype=float)


def _cell(scale: _Scale, value: float, own_count: str, partial: bool) -> str:
    if np.isnan(value):
        return NOTHING
    return scale.show(value) + own_count + (PARTIAL if partial else "")


def _plain(number: float) -> str:
    return NOTHING if np.isnan(number) else f"{number:.0f}"


def _own_count(count: float, usual: float) -> str:
    """Return a count in brackets if it shows as another number than the usual one."""
    return "" if np.isnan(count) or _plain(count) == _plain(usual) else f" ({_plain(count)})"


def _range(values: pd.DataFrame, axis: Literal["index", "columns"]) -> pd.Series[float]:
    """Return the largest minus the smallest value; NaN where there are fewer than two."""
    ends: pd.Series[float] = values.max(axis=axis) - values.min(axis=axis)
    return ends.where(values.notna().sum(axis=axis) > 1)


def _what_moves(metric_id: str, values: pd.DataFrame, partial: pd.DataFrame, scale: _Scale) -> str:
    """Say how far the protocol moves a metric, and the method, at each n; of complete values."""
    complete = values.mask(partial)
    spread = _range(complete, "columns")
    if not spread.notna().any():
        return f"No complete value of {metric_id} under two protocols to compare."
    if spread.max() >= _SAME:
        return _moves(metric_id, complete, scale)
    known = values.notna()
    everywhere = bool((known.any(axis="columns") == known.all(axis="columns")).all())
    if everywhere and _range(values, "columns").max() < _SAME:
        return f"{metric_id} does not depend on the protocol: it is the same under all of these."
    return f"Where {metric_id} is complete, it is the same; other values are missing or differ."


def _moves(metric_id: str, values: pd.DataFrame, scale: _Scale) -> str:
    """Say at each n by how much at most values differ over protocols, and over methods."""
    lines = []
    asked = _asked(values)
    for n in np.unique(asked):  # takes all NaN for one
        block = values[(asked == n) | (np.isnan(asked) & np.isnan(n))]
        by_protocol, by_method = _range(block, "columns").max(), _range(block, "index").max()
        if np.isnan(by_protocol):
            continue
        where = "Where no n was asked" if np.isnan(n) else f"At n = {n:.0f}"
        line = (
            f"- {where}, the protocol moves {metric_id} by up to "
            f"{scale.show(by_protocol)}{scale.difference}"
        )
        if not np.isnan(by_method):
            line += f", the method by up to {scale.show(by_method)} under one protocol"
        lines.append(f"{line}.")
    return "\n".join(lines)


def _definitions(files: Mapping[str, Path]) -> str:
    return "\n".join(f"- {name}{_definition(path)}" for name, path in files.items())


def _definition(path: Path) -> str:
    protocol = file_facts(path).protocol
    parts = [part for part in (protocol.title, protocol.reference) if part]
    return f": {'; '.join(parts)}" if parts else ""
