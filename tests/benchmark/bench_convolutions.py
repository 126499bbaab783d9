"""Which convolution a machine is good at, by shape: what `methods.neural.winograd.CHOICES` is from.

``python -m tests.benchmark convolutions``. Forwards and backwards, one thread, 80 x 120 pixels, by
Winograd's filtering with one batch of products, with one product after the other, and by PyTorch's
own convolution, which take turns. Another machine's instructions can be imitated, say with
``ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2``.
"""

import time
from unittest import mock

import torch

from methods.neural import winograd
from methods.neural.features import Convolution
from methods.neural.machine import has_bf16_units, instructions, kept_memory, threads
from tests.benchmark.row import Row

HEIGHT, WIDTH = 80, 120
SHAPES = ((5, 8), (8, 16), (16, 32), (32, 64), (64, 128), (128, 256), (256, 64))
ROUNDS = 9
WAYS = {
    "direct": winograd.Choice(least=1 << 30, batched=True),
    "batched": winograd.Choice(least=1, batched=True),
    "one by one": winograd.Choice(least=1, batched=False),
}


def main() -> list[Row]:
    """Measure each way for each shape, in float32 and, where there are units for it, bfloat16."""
    types = [torch.float32, *([torch.bfloat16] if has_bf16_units("cpu") else [])]
    with kept_memory(), threads(shared=False):
        return [row(*shape, dtype) for dtype in types for shape in SHAPES]


def row(inputs, outputs, dtype):
    """Return what is chosen for a shape, and what the others take."""
    layer = Convolution(inputs, outputs)
    torch.nn.init.normal_(layer.weight)
    values = torch.randn(HEIGHT + 2, WIDTH + 2, inputs).to(dtype).requires_grad_()
    slopes = torch.randn(HEIGHT, WIDTH, outputs).to(dtype)
    taken = {way: [] for way in WAYS}
    for _ in range(1 + ROUNDS):
        for way, choice in WAYS.items():
            with mock.patch.object(winograd, "chosen", lambda _, choice=choice: choice):
                start = time.thread_time()
                layer(values).backward(slopes)
                taken[way].append(time.thread_time() - start)
    least = {way: 1e3 * min(times[1:]) for way, times in taken.items()}
    choice = winograd.chosen(dtype)
    small = min(inputs, outputs) < choice.least
    way = "direct" if small else "batched" if choice.batched else "one by one"
    flops = 6 * 9 * inputs * outputs * HEIGHT * WIDTH
    note = ", ".join(f"{w} {ms:.2f} ms ({flops / ms / 1e6:.0f} GFLOP/s)" for w, ms in least.items())
    name = f"{instructions()}, {str(dtype).removeprefix('torch.')}, {inputs} to {outputs}: {way}"
    return Row(name, least[way] / min(least.values()), "x best", None, note)
