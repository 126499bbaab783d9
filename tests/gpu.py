"""Whether the networks do on an NVIDIA GPU what they do on the processor, and how fast.

``make check-gpu``, or ``python -m tests.gpu --out gpu`` in any Python that has PyTorch for CUDA and
what the suite needs. It ends after ``--seconds`` (570) with a report of what was done by then,
``report.md`` and ``report.json``, which is written anew after every line. Images are those of the
embedded data set. ``--device cpu`` goes through the same steps with tiny sizes.
"""

import argparse
import contextlib
import importlib.util
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

NEEDED = ("cv2", "filelock", "joblib", "numba", "numpy", "pandas", "pyarrow", "scipy", "skimage")
NETWORKS = (("rim", {}), ("ea", {}), ("proposed", {"blocks": 2}), ("proposed", {"blocks": 4}))
RESERVE_S = 5.0  # to write the report
SEED = 0
OUTCOMES = ("all is well", "something FAILS", "not all was checked; of the rest nothing fails")


@dataclass(frozen=True)
class Sizes:
    """How large the work is."""

    n: int = 100
    scale: float = 0.25  # of parity, which the processor computes too
    iterations: int = 60
    steps: int = 20  # of a turn; the first is not counted
    turns: int = 3
    image: tuple = (321, 481)
    images: int = 5
    params: dict = field(default_factory=dict)


FULL = Sizes()
TINY = Sizes(6, 1.0, 3, 3, 1, (24, 36), 1, {"width": 4, "iterations": 3})


class TimeUp(BaseException):
    """The time is over. Not an Exception, so that no handler on the way keeps it."""


@dataclass
class Report:
    """What was found, kept on disk as it grows.

    Attributes
    ----------
    folder : Path
    facts : dict
        Of the device, versions and settings.
    lines : list of dict
        Section, what, value, unit, verdict ("ok", "FAILS" or nothing) and note of each finding.
    """

    folder: Path
    facts: dict
    lines: list = field(default_factory=list)
    section: str = ""

    def say(self, what, value, unit="", good=None, note=""):
        """Add a finding; `good` is its verdict where there is one to give."""
        verdict = "" if good is None else ("ok" if good else "FAILS")
        line = {"section": self.section, "what": what, "value": value, "unit": unit}
        self.lines.append(line | {"verdict": verdict, "note": note})
        print(
            f"{self.section}: {what}: {shown(value)} {unit} {verdict} {note}".rstrip(), flush=True
        )
        self.write()

    @property
    def failed(self):
        """Whether anything is not as it should be."""
        return any(line["verdict"] == "FAILS" for line in self.lines)

    def write(self):
        """Write both files anew."""
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = {"facts": self.facts, "lines": self.lines}
        (self.folder / "report.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
        text = ["# The networks on a GPU", ""]
        text += [f"- {name}: {value}" for name, value in self.facts.items()]
        for section in dict.fromkeys(line["section"] for line in self.lines):
            text += ["", f"## {section}", "", "| | | | |", "|---|---:|---|---|"]
            text += [row_of(it) for it in self.lines if it["section"] == section]
        (self.folder / "report.md").write_text("\n".join(text) + "\n", "utf-8")


def row_of(line):
    value = f"{shown(line['value'])} {line['unit']}"
    return f"| {line['what']} | {value} | {line['verdict']} | {line['note']} |"


def shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main(device="cuda", folder=Path("gpu"), seconds=570.0):
    """Check everything that there is time for; return the exit status.

    0: all is well; 1: something fails; 2: not all was checked, and of the rest nothing fails.
    """
    lacking = [name for name in ("torch", *NEEDED) if importlib.util.find_spec(name) is None]
    if lacking:
        sys.exit(f"this Python lacks {', '.join(lacking)}: install them, or use 'make check-gpu'")
    import torch

    import methods.neural  # noqa: F401  before torch, for how its threads wait

    if device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"PyTorch {torch.__version__} has no CUDA device; --device cpu tries the script")
    sizes = FULL if device == "cuda" else TINY
    report = Report(folder, facts_of(device))
    report.write()
    deadline = time.monotonic() + seconds - RESERVE_S
    try:
        with alarm(deadline):
            for title, least_s, check in SECTIONS:
                report.section = title
                if deadline - time.monotonic() < (least_s if device == "cuda" else 0):
                    report.say("left out", "", note=f"less than {least_s} s were left")
                    continue
                start = time.monotonic()
                try:
                    check(report, device, sizes)
                except Exception as error:
                    report.say(
                        "failed", type(error).__name__, "", False, " ".join(str(error).split())
                    )
                report.say("took", time.monotonic() - start, "s")
    except TimeUp:
        report.say("stopped", "", note=f"{seconds:g} s were over; what follows was not done")
    unchecked = any(line["what"] in ("stopped", "left out") for line in report.lines)
    status = 1 if report.failed else 2 if unchecked else 0
    print(f"{folder / 'report.md'}: {OUTCOMES[status]}")
    return status


@contextlib.contextmanager
def alarm(deadline):
    """Raise TimeUp when it is time."""

    def ring(*_):
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(0.1, deadline - time.monotonic()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def facts_of(device):
    """Return device and versions."""
    import torch

    from bench.storage.provenance import machine, software

    here = machine()
    facts = {"device": device, "processor": here["processor"], "cores": here["cores"]}
    if device == "cuda":
        its = torch.cuda.get_device_properties(0)
        facts |= {
            "gpu": its.name,
            "capability": f"{its.major}.{its.minor}",
            "memory_gib": round(its.total_memory / 2**30, 1),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    facts["torch"] = torch.__version__
    return (
        facts
        | {name: its for name, its in software().items() if name == "git_revision"}
        | {"python": sys.version.split()[0]}
    )


def network_of(name, params):
    return name + "".join(f", {key} {value}" for key, value in params.items())


def made(name, device, sizes, **params):
    """Return a method with the published settings, at the size of the check."""
    from methods import get_method

    return get_method(name, preset="paper", device=device, seed=SEED, **{**sizes.params, **params})


def samples(sizes):
    """Return embedded images with their annotations."""
    from bench.datasets import open_dataset

    dataset = open_dataset("sample", limit=sizes.images)
    return [dataset.load(name) for name in dataset.names]


def scores_of(labels, sample):
    from methods.canonical import canonicalise
    from metrics import evaluate

    found = canonicalise(labels, sample.image.shape[:2])
    return evaluate(found, list(sample.truths), metrics=["asa", "br_r2", "ue_np"])


# --- parity -------------------------------------------------------------------------------------


def parity(report, device, sizes):
    """Whether losses, labels and scores are those of the processor, and the same every time."""
    import numpy as np

    from bench.scoring.stability import adjusted_rand_index
    from methods.canonical import canonicalise

    (sample, *_), same = samples(sizes), {"precision": "fp32", "scale": sizes.scale}
    same["iterations"] = sizes.iterations
    for name, params in NETWORKS[:3]:
        what = network_of(name, params)
        solve = partial(solved, name, sizes, sample.image, params | same)
        there, again, here = solve(device), solve(device), solve("cpu")
        off = np.abs(there.losses - here.losses) / np.abs(here.losses)
        report.say(f"{what}: first loss, relative difference", float(off[0]), "", off[0] < 1e-4)
        report.say(
            f"{what}: at most in 5 iterations", float(off[:5].max()), "", off[:5].max() < 0.01
        )
        report.say(f"{what}: at most in {len(off)} iterations", float(off.max()))
        repeats = bool(
            (there.losses == again.losses).all() and (there.labels == again.labels).all()
        )
        report.say(f"{what}: the same losses and labels twice", repeats, "", repeats)
        a, b = (canonicalise(it.labels, sample.image.shape[:2]) for it in (there, here))
        report.say(f"{what}: adjusted Rand index of the labels", float(adjusted_rand_index(a, b)))
        ours, theirs = (scores_of(it.labels, sample) for it in (there, here))
        for score, value in ours.items():
            if isinstance(value, float):
                gap = value - theirs[score]
                note = f"{theirs[score]:.4f} on the processor"
                report.say(f"{what}: {score}", value, "", abs(gap) < 0.03, note)


def solved(name, sizes, image, params, device):
    return made(name, device, sizes, **params).solve(image, sizes.n)


# --- speed --------------------------------------------------------------------------------------


def speed(report, device, sizes):
    """Seconds of an iteration: plain PyTorch, ours as it is, ours compiled."""
    import torch
    from torch import nn

    from methods.neural.optimise import initialise
    from tests.benchmark.bench_networks import ours, plain, precisions
    from tests.benchmark.bench_scaling import picture
    from tests.benchmark.plain import plain_network, plain_objective

    image = picture(*sizes.image)
    for name, params in NETWORKS:
        what, method = network_of(name, params), made(name, device, sizes, **params)
        network = method.layers(sizes.n, *image.shape[:2])
        initialise(network, getattr(nn.init, method.start), SEED)
        twin = plain_network(method, network, sizes.n, *image.shape[:2]).to(device)
        base = plain(twin, plain_objective(method, image, device), image, device)
        base.seconds(sizes.steps)
        theirs = median(base.seconds(sizes.steps) for _ in range(sizes.turns))
        report.say(f"{what}: plain eager fp32", theirs, "s", None, f"peak {base.peak_mb:.0f} MB")
        for number in precisions(device):
            torch._dynamo.utils.counters.clear()
            for way, compiling in (("eager", uncompiled), ("compiled", contextlib.nullcontext)):
                turn = ours(method, network.to(device), image, number)
                with compiling():
                    start = time.monotonic()
                    turn.seconds(sizes.steps)
                    warm_s = time.monotonic() - start
                    own = median(turn.seconds(sizes.steps) for _ in range(sizes.turns))
                note = f"{theirs / own:.2f} times as fast; peak {turn.peak_mb:.0f} MB"
                note += f"; first {sizes.steps} iterations {warm_s:.1f} s"
                report.say(f"{what}: {way} {number}", own, "s", None, note)
            if device == "cuda":
                graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
                breaks = sum(torch._dynamo.utils.counters["graph_break"].values())
                told = f"{breaks} graph breaks"
                report.say(f"{what}: graphs, {number}", graphs, "", graphs > 0 and not breaks, told)


@contextlib.contextmanager
def uncompiled():
    """Let networks be optimised without `torch.compile`."""
    from methods.neural import optimise

    before = optimise.compiled_for
    optimise.compiled_for = lambda _: contextlib.nullcontext(optimise.loss_of)
    try:
        yield
    finally:
        optimise.compiled_for = before


# --- whole images, memory -----------------------------------------------------------------------


def whole(report, device, sizes):
    """RIM from pixels to labels with the published settings, and its scores."""
    from bench.execution.cost import clock_of

    method, clock = made("rim", device, sizes), clock_of(device)
    for sample in samples(sizes):
        start = clock()
        method.warm_up(sample.image, sizes.n)
        warm, start = clock() - start, clock()
        labels = method.segment(sample.image, sizes.n)
        seconds = clock() - start
        found = scores_of(labels, sample)
        note = ", ".join(f"{k} {v:.4f}" for k, v in found.items() if isinstance(v, float))
        note += f"; {int(labels.max()) + 1} labels; {method.facts}; warm-up {warm:.1f} s"
        report.say(f"RIM on {sample.name}, {sample.image.shape[:2]}", seconds, "s", None, note)


def memory(report, device, sizes):
    """Peak memory beside the estimate by which an image is declined."""
    import torch

    from methods.neural.size import CODE, memory_needed, working_scale
    from tests.benchmark.bench_scaling import picture

    image = picture(*sizes.image)
    height, width = image.shape[:2]
    for name, params in NETWORKS[:3]:
        method = made(name, device, sizes, **params)
        short = made(name, device, sizes, iterations=2, **params)
        weights = sum(each.numel() for each in method.layers(sizes.n, height, width).parameters())
        scale = working_scale(method.scale, height, width, sizes.n)
        shape = height * width, scale, sizes.n
        estimate = memory_needed(weights, method.channels(), *shape, itemsize=2) - CODE
        note = f"estimate {estimate / 2**20:.0f} MB beside the code"
        if device != "cuda":
            short.segment(image, sizes.n)
            report.say(f"{network_of(name, params)}: peak", "not measured", note=note)
            continue
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        short.segment(image, sizes.n)
        peak = torch.cuda.max_memory_allocated()
        fits = peak <= estimate
        report.say(f"{network_of(name, params)}: peak", peak / 2**20, "MB", fits, note)


def short_of_memory(report, device, sizes):
    """What too little memory makes of a call, and of the next."""
    import torch

    from bench.execution.cell_errors import is_out_of_memory, release_memory
    from methods.neural import solver
    from tests.benchmark.bench_scaling import picture

    image, method = picture(*sizes.image), made("rim", device, sizes)
    before = solver.refuse_what_does_not_fit
    solver.refuse_what_does_not_fit = lambda *_: None  # it would decline, and not run out
    try:
        with little_memory(device):
            method.segment(image, sizes.n)
        report.say("a call with too little memory", "went through", "", False)
    except Exception as error:
        known = is_out_of_memory(error)
        report.say("a call with too little memory", type(error).__name__, "", known)
    finally:
        solver.refuse_what_does_not_fit = before
    release_memory()
    if device == "cuda":
        left = torch.cuda.memory_allocated() / 2**20
        report.say("left allocated", left, "MB", left < 64)
    made("rim", device, sizes, iterations=2).segment(image, sizes.n)
    report.say("the next call", "went through", "", True)


@contextlib.contextmanager
def little_memory(device):
    """Leave a network 64 MB of the GPU; on the processor say that there is none."""
    import torch

    if device != "cuda":
        raise torch.OutOfMemoryError("tried out")
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(64 * 2**20 / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


# --- the command --------------------------------------------------------------------------------


def command(report, device, sizes):
    """`bench run` on the device, in its worker processes."""
    import pandas as pd

    out = report.folder / "cells.parquet"
    counts, few = ("50,100", 2) if device == "cuda" else ("6", 1)
    words = ("--methods", "rim,ea,proposed", "--preset", "quick", "--device", device)
    data = ("--dataset", "sample", "--limit", str(few), "--n", counts, "--force", "--quiet")
    if device != "cuda":
        words = ("--methods", "rim[iterations=2,width=4]", *words[2:])
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", *words, *data, "--out", str(out)],
        capture_output=True,
        text=True,
    )
    report.say(
        "bench run: exit status", done.returncode, "", done.returncode == 0, done.stderr[-500:]
    )
    rows = pd.read_parquet(out)
    for row in rows.itertuples():
        ran = row.status == "ok" and row.device == device
        note = f"warm-up {row.warmup_s:.1f} s" if row.warmup_s else row.error or ""
        report.say(f"{row.label}, n {row.n}, {row.image}", row.time_s, "s", ran, note)


SECTIONS = (
    ("Parity with the processor", 60, parity),
    ("Whole images, published settings", 40, whole),
    ("Memory", 20, memory),
    ("Out of memory", 20, short_of_memory),
    ("bench run", 60, command),
    ("An iteration", 30, speed),  # the longest: one compilation for each network and precision
)


def command_line():
    """Read the options and check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--out", type=Path, default=Path("gpu"), help="folder of the report")
    parser.add_argument("--seconds", type=float, default=570.0, help="ends after so many")
    given = parser.parse_args()
    return main(given.device, given.out, given.seconds)


if __name__ == "__main__":
    sys.exit(command_line())
