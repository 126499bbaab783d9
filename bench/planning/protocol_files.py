"""What `bench protocols` has computed of the rows that a results file has now."""

from __future__ import annotations

from pathlib import Path

from bench.errors import UsageError
from bench.planning.stored_rows import Source, make_cells
from bench.storage.store import Store
from metrics import PROTOCOLS
from reports.data.facts import file_facts
from reports.data.results import load
from reports.data.schema import ResultsError

FOLDER = "protocols"


def protocol_files(
    results: Path, root: Path | None, allow_mixed: bool
) -> tuple[dict[str, Path], set[str]]:
    """Find the scores under other protocols that belong to the rows of a results file.

    Parameters
    ----------
    results : Path
        The results file.
    root : Path, optional
        Folder of the data set; where the runs found it unless given.
    allow_mixed : bool
        As it was for `bench protocols`.

    Returns
    -------
    files : dict of str to Path
        By name of the protocol, the newest file that has some of the rows; first that of the
        results file, which is the file itself where it was not scored again.
    keys : set of str
        Of the cells; rows of others are out of date.

    Raises
    ------
    UsageError
        If there are none, or it cannot be told whether they belong to the rows; the message says
        why and what to do.
    """
    folder = Store(results.resolve()).folder / FOLDER
    stored = sorted(folder.glob("*.parquet"), key=lambda path: -path.stat().st_mtime)
    again = f"`bench protocols {results.name}` scores the label maps under every protocol"
    if not stored:
        raise UsageError(f"nothing was scored under other protocols; {again}")
    source = Source.read(results).clean().together(allow_mixed)
    keys = {cell.key for cell in make_cells(source, source.dataset(root), folder)}
    files: dict[str, Path] = {}
    for path in stored:
        try:
            name = file_facts(path).protocol.name
            if name not in files and keys.intersection(load(path, ["key"])["key"]):
                files[name] = path
        except ResultsError:
            continue  # one that was not finished
    if not files:
        raise UsageError(f"scores under other protocols are of label maps that changed; {again}")
    own = file_facts(results).protocol.name
    if own not in files:
        files[own] = results
        keys.update(load(results, ["key"])["key"])
    order = [own, *PROTOCOLS, *sorted(files)]
    return {name: files[name] for name in dict.fromkeys(order) if name in files}, keys
