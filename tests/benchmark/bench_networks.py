"""The networks against plain PyTorch in the same run: an iteration, and an image with a preset.

``python -m tests.benchmark networks``. Plain is what a research script has: eager, float32, NCHW.
Iterations are warm, and plain and ours take turns. GFLOP/s are those of the direct convolutions, 2
for each of 3 x forward multiplications and additions, so that an algorithm with fewer products may
exceed what the device reaches in a matrix product.
"""

from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import torch
from torch import nn

from bench.datasets import open_dataset
from bench.execution.cost import clock_of
from bench.execution.measure import measure
from methods import get_method
from methods.neural.machine import has_bf16_units, kept_memory
from methods.neural.optimise import initialise, optimise
from methods.neural.scene import make_scene
from methods.progress import listening
from tests.benchmark.bench_scaling import picture
from tests.benchmark.plain import plain_network, plain_objective
from tests.benchmark.row import Row
from tests.oracle.oracle_networks import input_tensor

SIZE = (321, 481)
N = 100
CASES = (("rim", {}), ("ea", {}), ("proposed", {"blocks": 2}), ("proposed", {"blocks": 4}))
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
ROUNDS = 3
STEPS = {"cpu": 2, "cuda": 20}  # of a turn; the first is not counted
LONGEST_S = 30.0  # an iteration of plain PyTorch on a CPU, to be compared with
FASTER = {("cpu", "bf16"): 4.0, ("cpu", "fp32"): 1.5, ("cuda", "bf16"): 5.0}
PRODUCT = 2048  # side of the matrices

# Seconds of an image at most: by device, preset, side lengths.
WHOLE = {
    ("cpu", "quick", SIZE): {"rim": 12.0, "ea": 15.0, "proposed": 20.0},
    ("cpu", "quick", (160, 240)): {"rim": 3.0, "ea": 3.0, "proposed": 3.0},
    ("cuda", "paper", SIZE): {"rim": 2.5, "ea": None, "proposed": 30.0},
}


def main() -> list[Row]:
    """Measure on the CPU, and on CUDA if it is there."""
    devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    image = picture(*SIZE)
    rows = []
    for device in devices:
        products = {name: product_gflops(device, PRECISIONS[name]) for name in precisions(device)}
        for name, params in CASES:
            method = get_method(name, preset="paper", device=device, **params)
            given = "".join(f", {key} {value}" for key, value in params.items())
            rows += rows_of(name + given, device, compare(method, image, products), products)
        rows += whole_images(device)
    return rows


def precisions(device):
    """Return the types of number that the device has units for."""
    return ("fp32", "bf16") if has_bf16_units(device) else ("fp32",)


# An iteration


@dataclass
class Turn:
    """A network that is optimised a few iterations at a time.

    Attributes
    ----------
    run : callable
        Called with the number of iterations and a function to call after each.
    device : str
    """

    run: object
    device: str
    peak_mb: float = 0.0

    def seconds(self, steps):
        """Take a turn; return the seconds of an iteration after the first."""
        moments = []
        now = partial(moment, self.device)
        cuda = self.device == "cuda"
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        peak = measure(lambda: self.run(steps, lambda *_: moments.append(now()))).peak_mb
        peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else peak
        self.peak_mb = max(self.peak_mb, peak or 0.0)
        return float(np.median(np.diff(moments)))


def moment(device):
    """Return the time when all that was started is done."""
    return clock_of(device)()


def ours(method, network, image, precision):
    """Optimise with the suite's loop, losses and kernels."""
    scene = make_scene(image, 1.0, method.device, PRECISIONS[precision])
    objective = method.objective(scene)

    def run(steps, heard):
        with kept_memory(), listening(heard):
            optimise(network, scene, objective, steps, method.learning_rate)

    return Turn(run, method.device)


def plain(network, objective, image, device):
    """Optimise as a research script does."""
    x = input_tensor(image).to(device)
    adam = torch.optim.Adam(network.parameters(), lr=0.01)

    def run(steps, heard):
        for _ in range(steps):
            adam.zero_grad()
            reconstruction, logits = network(x)
            loss = objective(torch.softmax(logits, dim=0), reconstruction, x[0, :3])
            loss.backward()
            adam.step()
            heard()

    return Turn(run, device)


@dataclass(frozen=True)
class Compared:
    """Plain PyTorch and ours in the same run.

    Attributes
    ----------
    gflop : float
        Of the direct convolutions of an iteration.
    ours, plain : dict of str to float, float
        Seconds of an iteration; ours by precision.
    peaks : dict of str to float
        Peak MB by precision, and of "plain".
    once : bool
        Whether plain PyTorch took too long to be timed more than once, cold.
    """

    gflop: float
    ours: dict
    plain: float
    peaks: dict
    once: bool


def compare(method, image, names):
    """Let plain PyTorch and ours, in each of the precisions, take turns on an image."""
    device, steps = method.device, STEPS[method.device]
    network = method.layers(N, *image.shape[:2])
    initialise(network, getattr(nn.init, method.start), method.seed)
    twin = plain_network(method, network, N, *image.shape[:2]).to(device)
    baseline = plain(twin, plain_objective(method, image, device), image, device)
    start = moment(device)
    products = multiplications(twin, partial(baseline.run, 1, lambda: None))
    first = moment(device) - start
    once = device == "cpu" and first > LONGEST_S
    turns = {name: ours(method, network.to(device), image, name) for name in names}
    for turn in turns.values():
        turn.seconds(steps)  # warms up
    seconds = {name: [] for name in turns}
    theirs = [first] if once else []
    for _ in range(ROUNDS):
        theirs += [] if once else [baseline.seconds(steps)]
        for name, turn in turns.items():
            seconds[name].append(turn.seconds(steps))
    return Compared(
        6 * products / 1e9,
        {name: median(each) for name, each in seconds.items()},
        median(theirs),
        {name: turn.peak_mb for name, turn in turns.items()} | {"plain": baseline.peak_mb},
        once,
    )


def rows_of(what, device, found, products):
    """Return the rows of a network; `products`: GFLOP/s of a matrix product by precision."""
    rows = []
    for name, seconds in found.ours.items():
        reached, product = found.gflop / seconds, products[name]
        note = (
            f"plain fp32 {found.plain:.3g} s; {reached:.0f} GFLOP/s, {reached / product:.0%} of a"
            f" matrix product's {product:.0f}; peak {found.peaks[name]:.0f} MB"
        )
        note += (
            f", plain's only iteration was over {LONGEST_S:g} s and not warm: no target"
            if found.once
            else f", plain {found.peaks['plain']:.0f} MB"
        )
        target = None if found.once else FASTER.get((device, name))
        title = f"{what}, {device}, {name}"
        ratio = Row(
            f"{title}: times as fast as plain fp32", found.plain / seconds, "", target, "", True
        )
        rows += [Row(f"{title}: an iteration", seconds, "s", None, note), ratio]
    return rows


def multiplications(network, forward_and_more):
    """Return the products of all convolutions in one forward pass that the callable makes."""
    counts = []

    def count(module, _, output):
        counts.append(output.numel() * module.weight[0].numel())

    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    hooks = [module.register_forward_hook(count) for module in convolutions]
    forward_and_more()
    for hook in hooks:
        hook.remove()
    return sum(counts)


def product_gflops(device, dtype):
    """Return what the device reaches in a product of two matrices."""
    a, b = (torch.randn(PRODUCT, PRODUCT, device=device).to(dtype) for _ in range(2))
    torch.mm(a, b)
    seconds = []
    for _ in range(5):
        start = moment(device)
        torch.mm(a, b)
        seconds.append(moment(device) - start)
    return 2 * PRODUCT**3 / median(seconds) / 1e9


# An image


def whole_images(device):
    """Time images from pixels to labels, warm."""
    rows = []
    for (where, preset, size), targets in WHOLE.items():
        if where != device:
            continue
        image = picture(*size) if size == SIZE else sample(size)
        for name, target in targets.items():
            method = get_method(name, preset=preset, device=device)
            method.warm_up(image, N)
            start = moment(device)
            method.segment(image, N)
            seconds = moment(device) - start
            what = f"{name}, {device}, preset {preset}, {size[1]} x {size[0]}"
            rows.append(Row(what, seconds, "s", target, _said(method)))
    return rows


def sample(size):
    """Return an image of the embedded data set."""
    dataset = open_dataset("sample")
    name = next(name for name in dataset.names if dataset.size(name) == size)
    return dataset.load(name).image


def _said(method):
    facts = ", ".join(f"{key} {value}" for key, value in method.facts.items() if key != "loss")
    return f"n = {N}, {method.iterations} iterations, {facts}"
