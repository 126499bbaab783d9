"""What can happen to the folder of a run: a full disk, a lost folder, no locks, two at once."""

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.faults.disks import cannot_mount, ext4, small, unmount
from tests.faults.line import Line
from tests.faults.plan import PLAIN, PLANS, differences, finish

SPACE = "free some space and run the same command again"
ELSEWHERE = "give an --out in a folder that can be written"
FOLDER = "was moved or removed"
RENEWS = next(plan for plan in PLANS if plan.renews)

#: What a run writes, by the pattern of its path.
PHASES = {
    "the start": "*/holder.json",
    "the manifest": "*/manifest.json",
    "a marker": "*/inflight/*",
    "a row": "*/shards/*.json",
    "a label map": "*/labels/*",
    "annotators": "*/annotators/*",
    "gathering": "*/part-*.parquet",
    "the record": "*/written.json",
    "the results file": "*/r.parquet",
}


@dataclass(frozen=True)
class Case:
    """A fault, what the run is to say of it, and what mends it.

    Attributes
    ----------
    what : str
    environment : mapping
        What `injections` reads, but for the folder.
    says : str
        What its line says; nothing for a fault that the run outlives, or that ends it at once.
    status : int, optional
        How the run ends, if not with 1 where it says something and with 0 where not.
    mend : callable
        Gets the folder; then the same command is to end well.
    disk : "any", "small" or "ext4"
        The file system that it needs.
    plan : Plan
    """

    what: str
    environment: dict = field(default_factory=dict)
    says: str = ""
    mend: Callable = lambda folder: None
    disk: str = "any"
    plan: object = PLAIN
    status: int | None = None

    def __str__(self):
        return self.what

    @property
    def ends_with(self):
        """The exit status that is right."""
        return int(bool(self.says)) if self.status is None else self.status


def _ballast(folder):
    (folder / "ballast").unlink()


def _loosen(folder):
    subprocess.run(["chattr", "-R", "-i", str(folder)], check=True)


def _put_back(folder):
    shutil.rmtree(folder / "r.run", ignore_errors=True)
    (folder / "elsewhere").rename(folder / "r.run")


def _move_away(folder):
    assert (folder / "r.parquet").read_bytes() == b"someone else's"
    (folder / "r.parquet").unlink()


def _mount_again(folder):
    unmount(folder)
    how = ["mount", "-o", "loop", str(folder.with_name("image")), str(folder)]
    subprocess.run(how, check=True)


def _at(fault, pattern):
    return {"FAULT": fault, "FAULT_AT": pattern}


CASES = (
    *(
        Case(f"kill -9 of the group at {phase}, {plan.name}", _at("kill", at), plan=plan, status=-9)
        for plan in PLANS
        for phase, at in PHASES.items()
    ),
    *(
        Case(f"the disk is full at {phase}", _at("fill", pattern), SPACE, _ballast, "small")
        for phase, pattern in PHASES.items()
    ),
    *(
        Case(f"read-only from {phase} on", _at("fix", pattern), ELSEWHERE, _loosen, "ext4")
        for phase, pattern in PHASES.items()
    ),
    *(
        Case(f"a faulty disk at {phase}", _at("abort", at), "cannot write", _mount_again, "ext4")
        for phase, at in PHASES.items()
    ),
    *(
        Case(f"the folder is removed at {phase}", _at("remove", PHASES[phase]), FOLDER)
        for phase in ("a row", "gathering")
    ),
    *(
        Case(f"the folder is moved at {phase}", _at("move", PHASES[phase]), FOLDER, _put_back)
        for phase in ("a row", "a label map", "gathering")
    ),
    Case("the results file is deleted", _at("delete-results", PHASES["gathering"]), plan=RENEWS),
    Case(
        "the results file is replaced",
        _at("replace-results", PHASES["gathering"]),
        "It is left as it is: move it away",
        _move_away,
        plan=RENEWS,
    ),
    *(
        Case(f"locks fail ({name})", {"FAULTY": name}, "cannot lock")
        for name in ("ENOLCK", "EOPNOTSUPP", "ESTALE", "ENOSYS")
    ),
    Case("files may not be large", {"FAULTY": "small-files"}, "raise the limit (ulimit -f)"),
    Case("no semaphores", {"FAULTY": "semaphores"}),
    Case("no links", {"FAULTY": "links"}),
    Case("the clock runs back", {"FAULTY": "clock"}),
    Case("TMPDIR is not there", {"TMPDIR": "/nowhere"}),
)


def main(place, times, rng):
    why = cannot_mount()
    for case in CASES:
        if why and case.disk != "any":
            yield Line(f"{case.what}: not tried, {why}", 0, "")
        else:
            yield try_case(place, case)
    yield two_at_once(place)


def try_case(place, case):
    """Let a fault happen to a run, mend it, give the same command again, and compare."""
    reference, _ = place.reference(case.plan)
    with ExitStack() as stack:
        folder = place.fresh()
        if case.disk == "small":
            folder = stack.enter_context(small(folder))
        elif case.disk == "ext4":
            folder = stack.enter_context(ext4(folder)).mounted
        else:
            folder = folder / "own"
            folder.mkdir()
        out = place.begin(case.plan, folder)
        status, said = place.start(
            out, case.plan, **case.environment, FAULT_FOLDER=str(folder)
        ).wait()
        wrong = _judged(case, status, said)
        if "FAULT" in case.environment and not (folder.parent / "happened").exists():
            wrong.append("it did not happen")
        if status != 0:
            case.mend(folder)
            status, said = place.start(out, case.plan).wait()
            if status:
                wrong.append(f"again it ended with {status}: {said[-2000:]}")
        wrong += [f"{each.name} is left" for each in folder.rglob("*.tmp")]
        return Line(case.what, 1, "the cells in flight", (*wrong, *differences(out, reference)))


def two_at_once(place):
    """Start a run while another one writes to the same file."""
    out = place.fresh() / "r.parquet"
    first = place.start(out)
    while not (out.with_suffix(".run") / "holder.json").exists() and not first.ended:
        time.sleep(0.01)
    status, said = place.start(out).wait()
    wrong = [] if status == 1 and "another run (process" in said else [f"{status}: {said}"]
    finish(first)
    wrong += differences(out, place.reference()[0])
    return Line("two runs into one file", 1, "nothing: the second is refused", tuple(wrong))


def _judged(case, status, said):
    """Say what is wrong with the end of a run to which a fault happened."""
    wrong = []
    if status != case.ends_with:
        wrong.append(f"it ended with {status}: {said[-2000:]}")
    if "Traceback" in said or case.says not in said:
        wrong.append(f"it said: {said[-2000:]}")
    if case.says and len([line for line in said.splitlines() if line.startswith("bench:")]) != 1:
        wrong.append(f"not one line, but: {said[-2000:]}")
    return wrong
