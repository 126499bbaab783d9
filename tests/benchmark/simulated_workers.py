"""A Dask scheduler and workers in one process, whose cells sleep; started by `bench_cluster`.

``python -m tests.benchmark.simulated_workers FOLDER WORKERS SECONDS``: the scheduler file lies in
the folder. A line by standard input ends it; it prints then how long the workers were at work.
"""

import asyncio
import json
import logging
import pickle
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import dask
from distributed import Scheduler, Worker

from bench.cluster import station
from bench.cluster.messages import Delivery, Result
from bench.execution.job import Job, blank_row
from metrics import METRICS


class Sleepers:
    """Stands for the stations of all workers."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.lock = threading.Lock()
        self.spans = []

    def open_station(self, run, orders, worker):
        """Note what rows look like."""
        orders = pickle.loads(orders)
        self.job = Job(SimpleNamespace(name=orders.name, split=orders.split), orders.job.out)

    def answer(self, run, request):
        """Take as long as the cells are said to, and send rows as a worker does."""
        start = time.monotonic()
        cells = [cell for batch in pickle.loads(request).batches for cell in batch]
        time.sleep(self.seconds * len(cells))
        scores = {"status": "ok"} | dict.fromkeys(METRICS, 0.5)
        results = {
            cell.key: Result(blank_row(self.job, cell) | scores, None, self.seconds, 0.0)
            for cell in cells
        }
        with self.lock:
            self.spans.append((start, time.monotonic()))
        return pickle.dumps(Delivery(results, None))


async def serve(folder, workers, sleepers):
    """Run the scheduler and the workers until a line comes."""
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        hands = [
            Worker(scheduler.address, nthreads=1, name=i, local_directory=str(folder))
            for i in range(workers)
        ]
        await asyncio.gather(*hands)
        (folder / "scheduler.json").write_text(json.dumps(scheduler.identity()))
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(sleepers.spans), flush=True)
        await asyncio.gather(*(hand.close() for hand in hands))


if __name__ == "__main__":
    logging.disable()
    # What 64 machines do each for itself would be a load on this one.
    dask.config.set(
        {
            "distributed.worker.profile.enabled": False,
            "distributed.admin.system-monitor.interval": "10s",
        }
    )
    sleepers = Sleepers(float(sys.argv[3]))
    station.open_station, station.answer = sleepers.open_station, sleepers.answer
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sleepers))
