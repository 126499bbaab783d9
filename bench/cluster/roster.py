"""The Dask workers that may run cells: who came, who left, and whether they fit the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.cluster import remote
from bench.cluster.versions import difference, versions
from bench.errors import BenchError, Interrupted, StorageError, UsageError
from bench.planning.cells import Lane

if TYPE_CHECKING:
    from distributed import Client

LOOK_EVERY_S = 1.0
MOST_FAILED = 5
#: What a worker declares: dask worker --resources "GPU=1".
GPU = "GPU"


class LostSchedulerError(Interrupted):
    """The scheduler does not answer any more."""


def _lost(error: Exception) -> LostSchedulerError:
    return LostSchedulerError(
        f"the Dask scheduler does not answer any more ({type(error).__name__}: {error})"
    )


def _named(refused: Mapping[str, str], hands: Mapping[str, Hand]) -> list[str]:
    """Say why workers cannot be used, all of one reason in a line."""
    alike: dict[str, list[str]] = {}
    for address, why in refused.items():
        alike.setdefault(why, []).append(f"{hands[address].name} ({address})")
    return [
        f"Dask worker {names[0]} {why}"
        if len(names) == 1
        else f"{len(names)} Dask workers (first: {names[0]}) {why}"
        for why, names in alike.items()
    ]


@dataclass(frozen=True)
class Hand:
    """A Dask worker.

    Attributes
    ----------
    name : str
    threads : int
        How many cells of one core it runs at a time.
    gpus : int
    """

    name: str
    threads: int
    gpus: int


class Roster:
    """Knows the workers; looks for others in a thread of its own.

    Parameters
    ----------
    client : distributed.Client
    run : str
    orders : bytes
        What a worker is told before its first cell.
    add_machine : callable
        Hears the facts of each machine.
    say : callable
        Hears what the user should know, in a line.
    """

    def __init__(
        self,
        client: Client,
        run: str,
        orders: bytes,
        add_machine: Callable[[dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        self.client, self.run, self.orders = client, run, orders
        self.add_machine, self.say = add_machine, say
        self.here = versions()
        self.hands: dict[str, Hand] = {}
        self.refused: dict[str, str] = {}
        #: Whether workers are there that may not run cells, or not yet.
        self.strangers = False
        #: Of workers to look at again, why one cannot be used; empty if it must be prepared.
        self._again: dict[str, str] = {}
        self._present: dict[str, Hand] = {}
        self._machines: list[dict[str, Any]] = []
        self._said: list[str] = []
        self._trouble: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)

    def __enter__(self) -> Roster:
        try:
            self._look()
        except BenchError:
            raise
        except Exception as error:  # Dask has many
            raise _lost(error) from error
        if self.refused:
            raise UsageError("; ".join(_named(self.refused, self._present)))
        self.report()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=LOOK_EVERY_S)

    @property
    def lanes(self) -> dict[Lane, int]:
        """How many cells of each lane can run at a time."""
        hands = list(self.hands.values())
        return {
            "core": sum(hand.threads for hand in hands),
            "cores": len(hands),
            "cuda": sum(hand.gpus for hand in hands),
        }

    def open_to(self, lane: Lane) -> frozenset[str] | None:
        """Return which workers alone may be given cells of a lane; None where all may.

        While workers are there that may not run cells, or not yet, those are left out.
        """
        if not self.strangers:
            return None
        return frozenset(a for a, hand in self.hands.items() if lane != "cuda" or hand.gpus)

    def look_again(self, address: str, why: str) -> None:
        """Prepare a worker again; leave it out if a reason is given."""
        self._again[address] = why

    def report(self) -> None:
        """Pass on what was found since.

        Raises
        ------
        LostSchedulerError
            If the scheduler does not answer.
        StorageError
            If no worker is left of which one could not write.
        """
        machines, self._machines = self._machines, []
        said, self._said = self._said, []
        for facts in machines:
            self.add_machine(facts)
        for line in said:
            self.say(line)
        if self._trouble is not None:
            raise self._trouble

    def _keep_looking(self) -> None:
        failed = 0
        while not self._ended.wait(LOOK_EVERY_S):
            try:
                self._look()
                failed = 0
            except Exception as error:  # a worker may have left while it was greeted
                failed += 1
                if failed == MOST_FAILED:
                    self._trouble = error if isinstance(error, BenchError) else _lost(error)
                    return

    def _look(self) -> None:
        """Take note of who is there; greet and prepare who is new."""
        info: Mapping[str, Any] = self.client.scheduler_info(n_workers=-1)
        found = {
            address: Hand(
                str(its["name"]), int(its["nthreads"]), int(its.get("resources", {}).get(GPU, 0))
            )
            for address, its in info["workers"].items()
            if its.get("status") in ("running", "paused")
        }
        self._present = found
        again, self._again = self._again, {}
        unable = {a: why for a, why in again.items() if why and a in found}
        self.hands = {a: hand for a, hand in self.hands.items() if a in found and a not in again}
        self.refused = {a: why for a, why in self.refused.items() if a in found}
        self._leave_out(unable, found)
        known = {*self.hands, *self.refused}
        new = {address: hand for address, hand in found.items() if address not in known}
        self.strangers = bool(self.refused or new)
        if new:
            self._enlist(new)
            self.strangers = bool(self.refused)
        if unable and not self.hands:
            self._trouble = StorageError("; ".join(_named(unable, found)))

    def _enlist(self, new: Mapping[str, Hand]) -> None:
        """Greet workers, and prepare those that have what the run has."""
        refused: dict[str, str] = {}
        machines: dict[str, dict[str, Any]] = {}
        for address, answer in self._ask(new, remote.greet).items():
            if isinstance(answer, Exception):
                refused[address] = f"cannot be used: {type(answer).__name__}: {answer}"
            elif unlike := difference(self.here, answer["versions"]):
                refused[address] = (
                    f"cannot be used with other versions than this run has: {unlike};"
                    " install the same"
                )
            else:
                machines[address] = answer["machine"]
        ready = {}
        for address, answer in self._ask(machines, remote.prepare, self.run, self.orders).items():
            if isinstance(answer, Exception):
                refused[address] = f"cannot be prepared: {answer}"
            else:
                ready[address] = new[address]
                self._machines.append(machines[address])
        self._leave_out(refused, new)
        self.hands = self.hands | ready

    def _leave_out(self, refused: dict[str, str], hands: Mapping[str, Hand]) -> None:
        self.refused = self.refused | refused
        self._said += [f"{line}; left out" for line in _named(refused, hands)]

    def _ask(
        self, workers: Iterable[str], what: Callable[..., Any], *arguments: object
    ) -> dict[str, Any]:
        """Return the answers of workers, which may be errors; none of one that has left."""
        asked = list(workers)
        if not asked:
            return {}
        answers: dict[str, Any] = self.client.run(
            what, *arguments, workers=asked, on_error="return"
        )
        return {a: each for a, each in answers.items() if not isinstance(each, OSError)}
