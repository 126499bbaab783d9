"""``kill -9`` of the runner, of a worker or of the whole group at random moments of a run."""

import time

import psutil

from tests.faults.line import Line
from tests.faults.plan import PLANS, damaged, differences, in_flight, keys

TARGETS = ("runner", "worker", "group")


def main(place, times, rng):
    for target in TARGETS:
        yield _loop(place, times, rng, target)


def _loop(place, times, rng, target):
    """Kill and resume until there were so many kills and the last run is done."""
    plans = [plan for plan in PLANS if target != "worker" or plan.name != "sequential"]
    kills, most, wrong, rounds = 0, 0, [], 0
    while kills < times:
        plan = plans[rounds % len(plans)]
        rounds += 1
        done, lost, found = kill_until_done(place, plan, target, times - kills, rng)
        kills, most, wrong = kills + done, max(most, lost), wrong + found
    cost = f"the cells in flight ({most} at most)"
    return Line(f"kill -9 of the {target}, {rounds} runs", kills, cost, tuple(wrong))


def kill_until_done(place, plan, target, most, rng):
    """Run a plan to its end through up to `most` kills.

    Returns
    -------
    tuple of (int, int, list of str)
        Kills, the most cells that were in flight at one, and what went wrong.
    """
    reference, seconds = place.reference(plan)
    out = place.begin(plan, place.fresh())
    earlier = set(_runs(out))
    kills, lost, wrong, options = 0, 0, [], ()
    while True:
        run = place.start(out, plan, *options)
        children, victim = [], False
        while kills < most and not run.ended:
            wait_for_a_moment(run, out, seconds, rng)
            children = run.below()
            before = keys(out)
            if _kill(run, target, rng):
                victim = True
                kills += 1
                lost = max(lost, in_flight(out))
                wrong += [f"{name} is damaged" for name in damaged(out.parent)]
                wrong += [f"{gone} rows are gone"] if (gone := len(before - keys(out))) else []
            if target != "worker":
                break
        status, said = run.wait()
        if "Traceback" in said:
            wrong.append(f"a traceback: {said[-2000:]}")
        if rng.random() < 0.5:  # else the next run begins while workers still live
            psutil.wait_procs(children, 30)
        if status == 2 and victim:
            options = ("--retry-failed",)  # the cell in flight is a row that says crashed
        elif status == 0:
            break
        elif status != -9:
            return kills, lost, [*wrong, f"a run ended with {status}: {said[-2000:]}"]
    wrong += differences(out, reference)
    if plan.renews and earlier & set(_runs(out)):
        wrong.append("rows from before --force are left")
    _, alive = psutil.wait_procs(children, 30)
    return kills, lost, [*wrong, *(f"{each} outlived its run" for each in alive)]


def _runs(out):
    import pandas as pd

    return pd.read_parquet(out, columns=["run"])["run"] if out.exists() else []


def wait_for_a_moment(run, out, seconds, rng):
    """Let a run go on until a random moment, of three in four cases while it holds its output."""
    holder = out.with_suffix(".run") / "holder.json"
    before = _changed(holder)
    if rng.random() < 0.75:
        _wait(run, 120, lambda: _changed(holder) != before)
        seconds /= 2
    _wait(run, rng.uniform(0, seconds))


def _wait(run, seconds, until=lambda: False):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not run.ended and not until():
        time.sleep(0.005)


def _kill(run, target, rng):
    """Kill what is to be killed; tell whether there was such a process."""
    if target == "worker":
        workers = run.below()
        if not workers or run.ended:
            return False
        victim = workers[rng.randrange(len(workers))]
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return False
        return True
    if run.ended:
        return False
    if target == "group":
        run.kill_group()
    else:
        run.process.kill()
    return run.process.wait() == -9


def _changed(path):
    return path.stat().st_mtime_ns if path.exists() else None
