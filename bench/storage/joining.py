"""A results file with the rows of others beside its own, on the images that both have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.errors import UsageError
from bench.storage.label_paths import find_label_map
from bench.storage.merging import join_facts
from bench.storage.schema import with_column, with_run_facts
from metrics import METRICS
from reports.data.align import timed_alone
from reports.data.facts import file_facts
from reports.data.labels import IS_MINE, IS_MINE_FIELD, VARIANT
from reports.data.mixture import changed, origin, other_content
from reports.data.results import dataset_name, load
from reports.data.schema import COLUMNS, ResultsError, check_results, run_facts
from reports.data.words import counted, few

Note = Callable[[str], None]

_IMAGE: Final = ["dataset", "split", "image"]
_CELL: Final = [*_IMAGE, *VARIANT, "n", "seed", "device", "perturbation"]
_OTHERWISE: Final = "of other parameters or version"


@dataclass(eq=False)
class _File:
    """A results file: all of its rows, and of them what joining looks at."""

    path: Path
    table: pa.Table
    frame: pd.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _File:
        schema = check_results(path)
        scores = [name for name in METRICS if name in schema.names and name not in COLUMNS]
        frame = load(path, (*COLUMNS, *scores))
        lists = set() if _pairs(path) else {f"{name}_by_annotator" for name in METRICS}
        names = [name for name in schema.names if name not in {*lists, IS_MINE}]
        return cls(path, pq.read_table(path, columns=names), frame, run_facts(schema))

    def keep(self, chosen: pd.Series[bool]) -> None:
        """Leave out rows."""
        self.table = self.table.filter(pa.array(chosen))
        self.frame = self.frame[chosen].reset_index(drop=True)

    def set(self, column: str, values: Sequence[Any]) -> None:
        """Replace a column that the rows have."""
        if column in self.table.column_names:
            self.table = with_column(self.table, column, values)
        self.frame[column] = values

    def marked(self, mine: bool) -> pa.Table:
        """Return the rows with a column that says whether they are one's own."""
        return self.table.append_column(IS_MINE_FIELD, pa.repeat(mine, len(self.table)))

    def of(self, images: pd.MultiIndex) -> pd.Series[bool]:
        """Tell which rows are of these images."""
        found: pd.Series[bool] = pd.Series(_keys(self.frame, _IMAGE).isin(images))
        return found


def join(
    mine: Path, others: Sequence[Path], name: str, allow_mixed: bool, on_note: Note
) -> pa.Table:
    """Put the rows of other files beside those of one, where both are of the same images.

    Of what is in both with the same scores, the rows of `mine` stay, and those of other cells come
    to them; a label whose scores differ or are in one alone, or that stands for something else, is
    in the result twice, as ``SLIC`` and ``SLIC (name)``.

    Parameters
    ----------
    mine : Path
        A results file.
    others : sequence of Path
        Results files; those of other data sets are passed over.
    name : str
        What the others are called.
    allow_mixed : bool
        Whether images whose contents differ are left out instead of refused.
    on_note : callable
        Gets each remark on what was left out or renamed, one line each.

    Returns
    -------
    Table
        All rows, `IS_MINE` those of `mine`, with what the files say of themselves.

    Raises
    ------
    UsageError
        If a file cannot be used, none of the others is of this data set, they were scored
        otherwise, or no image is the same.
    """
    try:
        ours = _File.read(mine)
        theirs = [file for file in map(_File.read, others) if _of_same_data(ours, file)]
        if not theirs:
            raise UsageError(_nothing_of_it(ours, others, name))
        for file in theirs:
            _check_protocol(ours, file, name)
    except ResultsError as error:
        raise UsageError(str(error)) from error
    if not len(ours.frame):
        raise UsageError(f"{mine}: has no rows; give the results of a run that has finished")
    shared = _shared_images(ours, theirs, name, allow_mixed, on_note)
    for file in (ours, *theirs):
        file.keep(file.of(shared))
    for file in theirs:
        _name_apart(ours, file, name, on_note)
        _leave_out_times(ours, file, name, on_note)
        _warn_of_versions(file, name, on_note)
    _find_label_maps(ours)
    facts = join_facts([ours.facts, *(file.facts for file in theirs)])
    facts["annotators"] |= ours.facts.get("annotators", {})  # those of the images that are here
    tables = [ours.marked(True), *(file.marked(False) for file in theirs)]
    return with_run_facts(pa.concat_tables(tables, promote_options="permissive"), facts)


def _pairs(path: Path) -> bool:
    return file_facts(path).protocol.annotators == "pairs"


def _keys(frame: pd.DataFrame, columns: Sequence[str]) -> pd.MultiIndex:
    plain = frame[list(columns)].astype(object)
    return pd.MultiIndex.from_frame(plain.where(plain.notna(), None))


# --- what must be the same ---------------------------------------------------------------------


def _of_same_data(ours: _File, file: _File) -> bool:
    same = _keys(file.frame, _IMAGE[:2]).isin(_keys(ours.frame, _IMAGE[:2]).unique())
    file.keep(pd.Series(same))
    return bool(same.any())


def _datasets(frame: pd.DataFrame) -> Iterator[str]:
    for (dataset, split), its in frame.groupby(_IMAGE[:2], observed=True, sort=True):
        images = counted(its["image"].nunique(), "image")
        yield f"{dataset_name(str(dataset), str(split))} ({images})"


def _nothing_of_it(ours: _File, others: Sequence[Path], name: str) -> str:
    held = ", ".join(each for path in others for each in _datasets(load(path)))
    return (
        f"{ours.path} is of {', '.join(_datasets(ours.frame))}, and --with {name} has"
        f" {held or 'no rows'}: only scores of the same images compare; run your method on one of"
        " those, such as by `bench run ... --dataset bsds500 --split test`"
    )


def _check_protocol(ours: _File, file: _File, name: str) -> None:
    a, b = (file_facts(each.path).protocol for each in (ours, file))
    differ = a.differences(b)
    if differ:
        raise UsageError(
            f"{ours.path} is scored under protocol {a.name} and --with {name} under {b.name},"
            f" which differ in {', '.join(differ)}: `bench rescore {ours.path} --protocol {b.name}"
            " --out OTHER.parquet` scores your label maps as the others were"
        )


def _shared_images(
    ours: _File, theirs: Sequence[_File], name: str, allow_mixed: bool, on_note: Note
) -> pd.MultiIndex:
    """Return the images that both have, refusing those that are not the same."""
    mine = _contents(ours.frame)
    other = {image: its for file in theirs for image, its in _contents(file.frame).items()}
    both = [image for image in mine if image in other]
    if not both:
        raise UsageError(
            f"{ours.path} has no image that --with {name} has: {few(it[-1] for it in mine)} in one"
            f" and {few(it[-1] for it in other)} in the other"
        )
    others = [it for it in both if changed(mine[it], other[it])]
    if others:
        contents = mine[others[0]], other[others[0]]
        said = other_content([it[-1] for it in others], (ours.path, f"--with {name}"), contents)
        if not allow_mixed or len(others) == len(both):
            raise UsageError(
                f"{said}: another version of the data set; run on the published images"
                " (`bench data` checks them), or leave such images out by --allow-mixed"
            )
        on_note(f"left out: {said}")
    for alone, whose in ((mine.keys() - other, name), (other.keys() - mine, str(ours.path))):
        if alone:
            on_note(f"{counted(len(alone), 'image')} left out, which {whose} has not")
    return pd.MultiIndex.from_tuples(sorted(set(both) - set(others)))


def _contents(frame: pd.DataFrame) -> dict[tuple[str, ...], str]:
    known = frame[_IMAGE].astype(object).assign(content=origin(frame, "content"))
    return {tuple(where): content for *where, content in known.drop_duplicates().itertuples(False)}


# --- what must be told apart -------------------------------------------------------------------


def _name_apart(ours: _File, file: _File, name: str, on_note: Note) -> None:
    """Leave out cells that are in both and the same; give what differs names of its own."""
    frame = file.frame
    label = frame["label"].astype(str)
    variants = _keys(frame, VARIANT)
    known = dict(zip(_keys(ours.frame, VARIANT), ours.frame["label"].astype(str), strict=True))
    taken = set(known.values())
    both, gaps, columns = _compared(ours.frame, frame)
    apart, repeated = np.zeros(len(frame), np.bool_), np.zeros(len(frame), np.bool_)
    new, noted = label.to_numpy(object, copy=True), dict[str, None]()
    for rows in frame.groupby(["label", *VARIANT], dropna=False, observed=True).indices.values():
        each, mine = str(label.iloc[rows[0]]), known.get(variants[rows[0]])
        if mine is None and each not in taken:
            continue
        why = _difference(gaps[rows[both[rows]]], columns) if mine else _OTHERWISE
        if why:
            apart[rows], new[rows] = True, f"{each} ({name})"
            on_note(f"{each} is in both, {why}: the one of {name} is '{each} ({name})'")
            continue
        repeated[rows], new[rows] = both[rows], mine  # one method has one name
        noted[each] = None
    if noted:
        more = sum(~repeated & np.isin(label, list(noted)) & ~apart)
        rest = f"; {counted(more, 'cell')} that you have not are of {name}" if more else ""
        on_note(f"{few(noted, 12)}: in both with the same scores; yours are shown{rest}")
    file.set("label", new.tolist())
    method = frame["method"].astype(object)
    # Else they would be one method's rows of one cell.
    file.set("method", method.mask(apart, method + f" ({name})").tolist())
    others: pd.Series[bool] = pd.Series(~repeated)
    file.keep(others)


def _compared(
    ours: pd.DataFrame, rows: pd.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.float64], list[str]]:
    """Compare cells with those of ours: which are in both, and how far apart each score is.

    Infinity stands for a score where the other cell has none at all, NaN for what cannot be known.
    """
    metrics = [name for name in METRICS if name in ours and name in rows and name not in COLUMNS]
    columns = [*metrics, "n_labels"]
    a, b = (side.set_axis(_keys(side, _CELL))[columns].astype(float) for side in (ours, rows))
    a = a[~a.index.duplicated()]
    place = a.index.get_indexer(b.index)
    x, y = a.to_numpy()[place], b.to_numpy()
    gaps = np.abs(x - y)
    gaps[np.isnan(x).all(1) != np.isnan(y).all(1)] = np.inf
    return place >= 0, gaps, columns


def _difference(gaps: NDArray[np.float64], columns: list[str]) -> str:
    """Say in what cells that are in both differ the most, or that none could be compared."""
    alone = np.isinf(gaps).all(1)
    if alone.any():
        return f"with scores in one alone in {counted(alone.sum(), 'cell')}"
    cells = (~np.isnan(gaps).all(1)).sum()
    if not cells:
        return "with no cell that both have scores of"
    most = np.nan_to_num(gaps).max(0)
    if not most.any():
        return ""
    shown = "asa" if "asa" in columns and most[columns.index("asa")] else columns[most.argmax()]
    return f"with {shown} up to {most[columns.index(shown)]:.2g} apart in {counted(cells, 'cell')}"


def _leave_out_times(ours: _File, file: _File, name: str, on_note: Note) -> None:
    """Leave out times of another machine, which do not compare."""
    mine, theirs = (it.frame[timed_alone(it.frame)] for it in (ours, file))
    if not len(theirs):
        return
    same = origin(file.frame, "machine").isin(origin(mine, "machine"))
    times = file.frame["time_s"].where(same)
    if len(mine) and not times.notna().any():
        on_note(f"times of {name} are of another machine than yours and left out")
    file.set("time_s", [None if each != each else each for each in times])


def _warn_of_versions(file: _File, name: str, on_note: Note) -> None:
    """Say which methods are of another version than what is installed here."""
    from methods.plugins import PluginError
    from methods.registry import UnknownMethodError, get_class, method_version

    known = file.frame[["method", "label", "version"]].astype(object).drop_duplicates()
    other = []
    for method, label, version in known.itertuples(index=False):
        with suppress(UnknownMethodError, PluginError):  # of a plugin
            here = method_version(get_class(method))
            if isinstance(version, str) and here != version:
                other.append(f"{label} ({version}, here {here})")
    if other:
        on_note(
            f"{name} is of other versions of methods than are installed: {few(other, 12)}; your own"
            " run of them may have other scores"
        )


def _find_label_maps(ours: _File) -> None:
    """Name label maps by where they are, since the joined file lies elsewhere."""
    if "labels_file" not in ours.table.column_names:
        return
    results, former = ours.path.resolve(), ours.facts.get("folders", ())
    names = ours.table["labels_file"].to_pylist()
    where = [n and str(find_label_map(results, n, former)) for n in names]
    ours.table = with_column(ours.table, "labels_file", where)
