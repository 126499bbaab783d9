"""What a Dask worker is asked to do.

The scheduler imports this file, too, in order to read tasks: it imports nothing heavy.
"""

from __future__ import annotations

import asyncio
from typing import Any


async def greet() -> dict[str, Any]:
    """Return the versions, the machine and the size of this worker."""
    return await asyncio.to_thread(_facts)


def _facts() -> dict[str, Any]:
    from bench.cluster.versions import versions
    from bench.storage.provenance import machine

    return {"versions": versions(), "machine": machine()}


async def prepare(run: str, orders: bytes, dask_worker: Any) -> None:
    """Make ready for the cells of a run."""
    from bench.cluster.station import open_station

    await asyncio.to_thread(open_station, run, orders, dask_worker)


async def finish(run: str) -> None:
    """End the child processes of a run, and forget it."""
    from bench.cluster.station import close_station

    await asyncio.to_thread(close_station, run)


def work(run: str, request: bytes) -> bytes:
    """Run cells; both ways in pickled `messages`."""
    from bench.cluster.station import answer

    return answer(run, request)
