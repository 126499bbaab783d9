"""Power cuts: a real file system (ext4) loses all that it was not asked to put on disk.

The run writes to an image that is mounted. At a random moment everything is killed, and the image
is copied as the kernel has written it by then: what is only in memory is not in the copy. The copy
is mounted, as after a power cut, and the same command goes on.
"""

import subprocess
from pathlib import Path

from tests.faults.disks import cannot_mount, ext4
from tests.faults.fault_kills import wait_for_a_moment
from tests.faults.line import Line
from tests.faults.plan import PLANS, damaged, differences, keys

#: How the file system is mounted. The first writes nothing by itself, as if the power went soon
#: after; the second puts names on disk before contents, and often.
MOUNTS = ("commit=300,noauto_da_alloc", "commit=1,noauto_da_alloc,data=writeback")


def main(place, times, rng):
    why = cannot_mount()
    if why:
        yield Line(f"power cut: not tried, {why}", 0, "")
        return
    for options in MOUNTS:
        yield _loop(place, times, rng, options)


def _loop(place, times, rng, options):
    cuts, most, wrong, rounds = 0, 0, [], 0
    while cuts < times:
        plan = PLANS[rounds % len(PLANS)]
        rounds += 1
        with ext4(place.fresh(), options) as made:
            done, lost, found = cut_until_done(place, plan, made, min(4, times - cuts), rng)
        cuts, most, wrong = cuts + done, max(most, lost), wrong + found
    cost = f"rows of the last minute ({most} at most), none that was in a part"
    return Line(f"power cut ({options}), {rounds} runs", cuts, cost, tuple(wrong))


def cut_until_done(place, plan, made, most, rng):
    """Run a plan to its end through up to `most` power cuts; the last one comes when it is done.

    Returns
    -------
    tuple of (int, int, list of str)
        Power cuts, the most rows that were lost at one, and what went wrong.
    """
    reference, seconds = place.reference(plan)
    out = place.begin(plan, made.mounted)
    subprocess.run(["sync", "-f", str(made.mounted)], check=True)
    cuts, lost, wrong = 0, 0, []
    while True:
        run = place.start(out, plan)
        if cuts < most - 1:
            wait_for_a_moment(run, out, seconds, rng)
        else:
            run.process.wait()
        ended = run.ended
        run.kill_group()
        before, in_parts = keys(out), keys(out, loose=False)
        made.lose_power()
        cuts += 1
        lost = max(lost, len(before - keys(out)))
        gone = len(in_parts - keys(out))
        wrong += [f"{gone} rows of parts are gone"] if gone else []
        wrong += [f"{name} is damaged" for name in damaged(made.mounted) if _is_lasting(name)]
        if ended and run.process.returncode:
            return cuts, lost, [*wrong, f"a run ended with {run.wait()}"]
        if ended:
            return cuts, lost, wrong + differences(out, reference)


def _is_lasting(name):
    """Tell whether a file is one that is on disk when the run goes on from writing it."""
    hot = {"labels", "inflight", "rounds", "annotators", "holder.json"}
    return hot.isdisjoint(Path(name).parts) and not ("shards" in name and name.endswith(".json"))
