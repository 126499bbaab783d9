"""The life of a worker process: it takes batches from the run until that ends it."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from bench.errors import BenchError
from bench.execution import worker
from bench.execution.cell_errors import one_line
from bench.execution.job import Job, Outcome
from bench.execution.memory_limit import refuse_jumps
from bench.execution.processes import obey_parent
from bench.execution.remains import Remains
from bench.planning.cells import Batch


@dataclass(frozen=True)
class Answer:
    """What came of a batch.

    Attributes
    ----------
    outcomes : list of Outcome
        Of its first cells, or of all.
    spoilt : str
        What a method has left, for which this process must be replaced; empty if nothing.
    """

    outcomes: list[Outcome]
    spoilt: str = ""


def serve(
    job: Job, connection: Connection, output: Connection, parent: int, by_main_thread: bool
) -> None:
    """Prepare this process and run what comes; the run kills it in the end."""
    _print_into(output)
    obey_parent(parent, by_main_thread)
    try:
        if job.memory is not None and not job.reserves:
            refuse_jumps(job.memory)
        worker.initialise(job)
    except Exception as error:
        reason = str(error) if isinstance(error, BenchError) else one_line(error)
        connection.send(
            BenchError(f"a worker process could not be prepared, though this one was: {reason}")
        )
        return
    remains = worker.watch_remains(Remains(job.memory))
    while True:
        try:
            batch: Batch = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer: Answer | Exception = _run(batch, remains)
        except BenchError as error:
            answer = error
        except Exception:  # a fault of the suite's own
            answer = RuntimeError(traceback.format_exc())
        if remains.closed():  # it may be a file of the method's that now has the number
            os._exit(1)
        connection.send(answer)


def _run(batch: Batch, remains: Remains) -> Answer:
    outcomes = []
    for outcome in worker.run_batch(batch):
        outcomes.append(outcome)
        spoilt = worker.spoilt() or remains.find()
        if spoilt:
            outcomes[-1] = replace(outcome, left=spoilt)
            return Answer(outcomes, spoilt)
    return Answer(outcomes)


def _print_into(output: Connection) -> None:
    """Let all that is printed here go to the run, which keeps the end of it."""
    for stream in (1, 2):
        os.dup2(output.fileno(), stream)
    output.close()
    for number, name in ((1, "stdout"), (2, "stderr")):
        text = open(number, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, text)
