"""A Dask scheduler and workers in one process, whose cells sleep; started by `bench_cluster`.

``python -m tests.benchmark.simulated_workers FOLDER WORKERS SECONDS``: the scheduler file lies in the
folder, and in the end, when something comes by standard input, how long the workers were at work.
"""

import asyncio
import json
import pickle
import sys
import threading
import time
from pathlib import Path

from distributed import Scheduler, Worker

from bench.cluster import remote
from bench.cluster.messages import Delivery, Result
from bench.execution.job import Job, blank_row
from metrics import METRICS

began, ended, at_work = [], [], []
lock = threading.Lock()


def main(folder, workers, seconds):
    remote.work = lambda run, request: sleep_through(request, seconds)
    remote.prepare = prepared
    asyncio.run(serve(Path(folder), workers))


async def prepared(run, orders, dask_worker):
    global row
    orders = pickle.loads(orders)
    scores = {"status": "ok", "labels_file": None} | dict.fromkeys(METRICS, 0.5)
    row = lambda cell: blank_row(Job(Named(orders), orders.job.out), cell) | scores  # noqa: E731


class Named:
    def __init__(self, orders):
        self.name, self.split = orders.name, orders.split


def sleep_through(request, seconds):
    """Take as long as the cells are said to, and send rows as a worker does."""
    start = time.monotonic()
    cells = [cell for batch in pickle.loads(request).batches for cell in batch]
    if seconds:
        time.sleep(seconds * len(cells))
    results = {cell.key: Result(row(cell), None, seconds, 0.0) for cell in cells}
    end = time.monotonic()
    with lock:
        began.append(start)
        ended.append(end)
        at_work.append(end - start)
    return pickle.dumps(Delivery(results, None))


async def serve(folder, workers):
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        hands = [
            Worker(scheduler.address, nthreads=1, name=i, local_directory=str(folder))
            for i in range(workers)
        ]
        await asyncio.gather(*hands)
        (folder / "scheduler.json").write_text(json.dumps(scheduler.identity()))
        await asyncio.to_thread(sys.stdin.readline)
        last = sorted(ended)
        print(json.dumps({"began": min(began), "ended": last, "at_work": sum(at_work)}), flush=True)
        await asyncio.gather(*(hand.close() for hand in hands))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
