"""What times were taken on, in a few words."""

from __future__ import annotations

from itertools import chain

import pandas as pd

from reports.data.facts import Facts
from reports.data.mixture import machines_of
from reports.data.words import counted


def machine_words(timed: pd.DataFrame, facts: Facts, images: int) -> str:
    """Name repeats, devices, threads, machines of timed rows, and of how many images if not all."""
    repeats = timed["time_repeats"].max()
    kinds = timed[["device", "threads"]].drop_duplicates()
    times = f"{repeats:.0f} repeats a cell" if repeats > 1 else "single runs"
    have = timed["image"].nunique()
    times += f" of {counted(have, 'image')}" if have < images else ""
    threads = (
        f"{device}, threads not recorded"
        if pd.isna(threads)
        else f"{device}, {counted(int(threads), 'thread')}"
        for device, threads in sorted(kinds.itertuples(index=False))
    )
    machines = (
        f"machine {name} ({processor})" if processor else f"machine {name}"
        for name in machines_of(timed)
        for processor in [facts.machines.get(name, {}).get("processor")]
    )
    return f"{times}; " + "; ".join(chain(threads, machines))
