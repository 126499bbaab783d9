"""``kill -9`` of commands that make a results file from others: merge, rescore, drop."""

import shutil
import time
from functools import cache

import pandas as pd

from tests.faults.line import Line
from tests.faults.plan import VOLATILE, Run, damaged, finish, keys

#: What is typed, and the file that it writes.
COMMANDS = {
    "merge": ("merge r.parquet s.parquet --labels copy --out m.parquet", "m.parquet"),
    "rescore": ("rescore r.parquet --protocol stutz2018 --out m.parquet", "m.parquet"),
    "drop": ("drop r.parquet --methods noisy --with-labels", "r.parquet"),
}


def main(place, times, rng):
    base = prepare(place)
    for name in COMMANDS:
        kills, wrong = 0, []
        while kills < times:
            killed, found = kill_command(place, base, name, rng.uniform(0.3, 1.0))
            kills, wrong = kills + killed, wrong + found
        yield Line(f"kill -9 of bench {name}", kills, "nothing", tuple(wrong))


def prepare(place):
    """Make what the commands begin with: two results files in a folder."""
    base = place.fresh()
    shutil.copytree(place.reference()[0].parent, base, dirs_exist_ok=True)
    finish(Run(*place.arguments(base / "s.parquet"), "--n", "25"))
    return base


@cache
def _undisturbed(place, base, name):
    """Return the rows that a command makes, and the seconds that it takes."""
    folder = _copy(place, base)
    begin = time.monotonic()
    finish(_command(name, folder))
    return _rows(folder / COMMANDS[name][1]), time.monotonic() - begin


def kill_command(place, base, name, share):
    """Kill a command after a share of its time, and give it again.

    Returns
    -------
    tuple of (bool, list of str)
        Whether it was still there to be killed, and what went wrong.
    """
    expected, seconds = _undisturbed(place, base, name)
    folder = _copy(place, base)
    run = _command(name, folder)
    end = time.monotonic() + share * seconds
    while time.monotonic() < end and not run.ended:
        time.sleep(0.005)
    killed = not run.ended
    run.kill_group()
    wrong = [f"{each} is damaged" for each in damaged(folder)]
    wrong += [f"rows of {each} are gone" for each in _poorer(folder, base, expected)]
    status, said = _command(name, folder).wait()
    done_before = "is there already" in said or "no row is" in said
    if status and not done_before:
        wrong.append(f"again it ended with {status}: {said}")
    if _rows(folder / COMMANDS[name][1]) != expected:
        wrong.append(f"again it makes other rows: {said}")
    shutil.rmtree(folder)
    return killed, [f"{name}: {each}" for each in wrong]


def _copy(place, base):
    folder = place.fresh()
    shutil.copytree(base, folder, dirs_exist_ok=True)
    return folder


def _command(name, folder):
    words = COMMANDS[name][0].split()
    return Run(*(str(folder / word) if word.endswith(".parquet") else word for word in words))


def _poorer(folder, base, expected):
    """Name the files that lack rows which they had, and are to have."""
    for name in ("r.parquet", "s.parquet"):
        had = keys(base / name)
        had -= had - {key for key, _ in expected} if name == "r.parquet" else set()
        if had - keys(folder / name):
            yield name


def _rows(results):
    """Return the rows of a results file as text, by key, without what differs from run to run."""
    frame = pd.read_parquet(results).drop(columns=[*VOLATILE, "labels_file", "suite"])
    frame = frame.sort_values("key")
    return set(zip(frame["key"], frame.map(repr).agg(" ".join, axis=1), strict=True))
