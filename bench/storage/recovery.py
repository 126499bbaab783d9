"""The finished rows of a run that was killed before it wrote its results file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.errors import BusyError, UsageError
from bench.storage.store import Store
from reports.data.schema import ResultsError, check_results, run_facts


@dataclass(frozen=True)
class Recovered:
    """What was found beside the name of a results file.

    Attributes
    ----------
    rows : int
        Rows that the file was made of now; none if it was there, or nothing to make it from.
    waiting : bool
        Whether the file was there, but is older than the rows of the folder beside it.
    """

    rows: int = 0
    waiting: bool = False


def recover(out: Path) -> Recovered:
    """Write a results file that is not there from the rows that a killed run has finished.

    Raises
    ------
    UsageError
        If a run is still writing to it, or has finished nothing.
    StorageError
        If it cannot be written.
    """
    if out.suffix != ".parquet":
        return Recovered()
    store = Store(out)
    if not any(store.shards.glob("*.parquet")) and not any(store.shards.glob("*.json")):
        if store.manifest_path.exists() and not out.exists():
            raise UsageError(
                f"{out}: no such file yet; the run of {store.folder} has finished no row yet; wait"
                " for it, or give the same `bench run` again"
            )
        return Recovered()
    if out.exists():
        return Recovered(waiting=_is_of(store) and not store.holds_all())
    try:
        rows = store.recover()
    except BusyError:
        raise UsageError(f"{out}: no such file yet, its run is going on; wait for it") from None
    return Recovered(rows=rows)


def _is_of(store: Store) -> bool:
    """Tell whether the results file is one that the folder made, if not the last one."""
    try:
        facts = run_facts(check_results(store.out))
    except ResultsError:
        return False
    return bool(facts.get("id") == store.manifest().get("id"))
