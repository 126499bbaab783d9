"""The fused passes for the CPU: the numbers and slopes of PyTorch's own operations."""

import itertools
import os
import signal

import numpy as np
import pytest
import torch
from torch.nn import functional

from methods.neural import fused, rows
from methods.neural.features import plain_normalise
from methods.neural.losses import Summary, plain_summary
from methods.neural.rows import MOST_PARTS, PART, each, parts

SHAPES = [(2, 2, 1), (2, 2, 100), (2, 9, 7), (17, 2, 3), (3, 3, 16), (17, 9, 1), (17, 9, 100)]
BF16 = 2**-7  # distance of neighbouring numbers, relative


@pytest.fixture(autouse=True)
def threads():
    """Set the number of threads; one unless a test asks for more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch.set_num_threads
    torch.set_num_threads(before)


def some(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()


def near(found, expected, share):
    """Whether numbers differ by at most a share of the largest magnitude."""
    largest = expected.abs().max().item()
    torch.testing.assert_close(
        found.double(), expected.double(), rtol=0, atol=share * max(largest, 1e-4)
    )


def with_slopes(function, gradient, *inputs):
    """The value of a function, and the gradient of each input for that of the value."""
    inputs = [each.detach().clone().requires_grad_() for each in inputs]
    value = function(*inputs)
    value.backward(gradient.to(value.dtype))
    return value.detach(), *(each.grad for each in inputs)


# Instance norm


def in_torch(values, weight, bias, relu, border):
    planes = values.permute(2, 0, 1)[None]
    result = functional.instance_norm(planes, None, None, weight, bias)
    result = functional.relu(result) if relu else result
    if border:
        result = functional.pad(result, (1, 1, 1, 1), mode="reflect")
    return result[0].permute(1, 2, 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("relu", "border"), [(True, 1), (True, 0), (False, 0), (False, 1)])
@pytest.mark.parametrize("offset", [0, 30])
def test_the_norm_is_that_of_torch_and_so_are_its_slopes(shape, relu, border, offset):
    height, width, channels = shape
    values = some(1, *shape) + offset
    affine = 1 + some(2, channels) / 2, some(3, channels)
    gradient = some(4, height + 2 * border, width + 2 * border, channels)
    found = with_slopes(
        lambda *inputs: fused.normalise(*inputs, relu, border), gradient, values, *affine
    )
    expected = with_slopes(
        lambda *inputs: in_torch(*inputs, relu, border),
        gradient.double(), values.double(), *(each.double() for each in affine),
    )  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        near(ours, theirs, 1e-5)


@pytest.mark.parametrize(("relu", "border"), [(False, 0), (True, 0), (True, 1)])
@pytest.mark.parametrize("affine", [True, False])
def test_the_norm_for_other_devices_is_the_same_and_so_are_its_slopes(relu, border, affine):
    weight, bias = (some(1, 5), some(2, 5)) if affine else (None, None)
    results, slopes = [], []
    for normalise in (fused.normalise, plain_normalise):
        values = some(0, 7, 9, 5).requires_grad_()
        own = [None if each is None else each.clone().requires_grad_() for each in (weight, bias)]
        result = normalise(values, *own, relu, border)
        result.backward(some(3, *result.shape))
        results.append(result.detach())
        slopes.append([each.grad for each in (values, *own) if each is not None])
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_norm_without_affine_part_is_that_of_torch(shape):
    values, gradient = some(1, *shape), some(2, *shape)
    found = with_slopes(lambda v: fused.normalise(v, None, None, True), gradient, values)
    expected = with_slopes(
        lambda v: in_torch(v, None, None, True, 0), gradient.double(), values.double()
    )
    for ours, theirs in zip(found, expected, strict=True):
        near(ours, theirs, 1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [None, torch.float32])
def test_bfloat16_is_rounded_once_and_computed_in_float32(shape, dtype):
    values = (some(1, *shape) + 1).bfloat16()
    gradient = some(2, *shape).bfloat16()
    affine = 1 + some(3, shape[2]) / 2, some(4, shape[2])

    def ours(values, *affine):
        return fused.normalise(values, *affine, False, 0, dtype)

    def theirs(values, *affine):
        return in_torch(values, *affine, False, 0)

    found = with_slopes(ours, gradient, values, *affine)
    expected = with_slopes(
        theirs, gradient.double(), values.double(), *(each.double() for each in affine)
    )
    assert found[0].dtype == (dtype or torch.bfloat16)
    assert found[1].dtype == torch.bfloat16
    near(found[0], expected[0], 1e-5 if dtype else BF16 / 2)
    near(found[1], expected[1], BF16 / 2)
    for slope, wanted in zip(found[2:], expected[2:], strict=True):
        assert slope.dtype == torch.float32
        near(slope, wanted, 1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.3, 1e4])
def test_channels_of_one_value_become_the_bias_and_pass_no_slope(value):
    """Rounding errors must not be taken for contrast, which the norm would blow up."""
    values, bias = torch.full((17, 9, 4), value), torch.tensor([-1.0, 0.0, 0.5, 2.0])
    found = with_slopes(
        lambda *inputs: fused.normalise(*inputs, True),
        torch.ones(17, 9, 4), values, torch.full((4,), 3.0), bias,
    )  # fmt: skip
    torch.testing.assert_close(found[0], bias.clamp_min(0).expand(17, 9, 4), rtol=0, atol=1e-6)
    near(found[1], torch.zeros(17, 9, 4), 1.0)
    torch.testing.assert_close(found[2], torch.zeros(4), rtol=0, atol=1e-4)


def test_many_pixels_of_a_large_mean_lose_no_digits():
    values = some(1, 120, 150, 2) + torch.tensor([200.0, -40.0])
    found = fused.normalise(values, None, None, False)
    near(found, in_torch(values.double(), None, None, False, 0), 1e-5)


def test_a_value_that_is_no_number_is_not_hidden():
    values = some(1, 4, 5, 3)
    values[1, 2, 1] = torch.nan
    assert fused.normalise(values, None, None, True)[..., 1].isnan().all()
    assert fused.summarise(values, some(2, 4, 5, 3))[0].isnan()


# Summary


def assert_same_summary(logits, image, share=1e-5):
    found = fused.summarise(*(each.clone() for each in (logits, image)))
    expected = plain_summary(logits.double(), image.double())
    for name, ours, theirs in zip(Summary._fields, found, expected, strict=True):
        assert ours.shape == theirs.shape, name
        near(ours, theirs, share)


def slopes_of(function, logits, image, gradients):
    logits = logits.clone().requires_grad_()
    values = function(logits, image)
    return [
        torch.autograd.grad(value, logits, gradient.to(value), retain_graph=True)[0]
        for value, gradient in zip(values, gradients, strict=True)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contrast", [0.0, 1.0, 10.0])
def test_a_summary_is_the_plain_one_and_so_are_its_slopes(shape, contrast):
    logits, image = contrast * some(1, *shape), some(2, *shape[:2], 3)
    assert_same_summary(logits, image)
    gradients = [some(3 + i, *value.shape) for i, value in enumerate(plain_summary(logits, image))]
    found = slopes_of(fused.summarise, logits, image, gradients)
    expected = slopes_of(plain_summary, logits.double(), image.double(), gradients)
    scale = torch.stack(expected).abs().max()  # what float32 may round off, also where all is 0
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=2e-5 * scale.item())


@pytest.mark.parametrize("shape", SHAPES)
def test_logits_as_large_as_10000_are_softened_as_well(shape):
    logits, image = 1e4 * some(1, *shape).sign(), some(2, *shape[:2], 3)
    assert_same_summary(logits, image)
    assert_same_summary(1e4 * some(3, *shape), image)
    summary = Summary(*fused.summarise(logits, image))
    assert all(torch.isfinite(value).all() for value in summary)


def test_an_image_of_one_colour_has_a_soft_image_of_that_colour():
    image = torch.tensor([0.3, -2.0, 1.0]).expand(17, 9, 3).contiguous()
    assert_same_summary(some(1, 17, 9, 20), image)
    near(fused.summarise(some(1, 17, 9, 20), image)[-1], image, 1e-5)


def test_losses_may_look_at_a_part_of_the_summary_only():
    logits, image = some(1, 5, 6, 4).requires_grad_(), some(2, 5, 6, 3)
    (ours,) = torch.autograd.grad(fused.summarise(logits, image)[0], logits)
    (theirs,) = torch.autograd.grad(plain_summary(logits, image)[0], logits)
    near(ours, theirs, 1e-5)


@pytest.mark.parametrize(
    "function",
    [
        lambda values: fused.normalise(values, None, None, True),
        lambda values: fused.summarise(values, some(2, 5, 6, 3))[0],
    ],
    ids=["norm", "summary"],
)
def test_slopes_of_slopes_are_refused_and_not_wrong(function):
    values = some(1, 5, 6, 4).requires_grad_()
    (slope,) = torch.autograd.grad((function(values) ** 2).sum(), values, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


# Threads


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_two_threads_give_the_same_bits_as_one(threads, monkeypatch, dtype):
    monkeypatch.setattr(rows, "PART", 256)  # many parts of a small image
    logits, image = some(1, 40, 30, 20), some(2, 40, 30, 3)
    gradient, affine = some(3, 42, 32, 20), (some(4, 20), some(5, 20))
    runs = []
    for count in (1, 2):
        threads(count)
        norm = with_slopes(
            lambda *inputs: fused.normalise(*inputs, True, 1),
            gradient, logits.to(dtype), *affine,
        )  # fmt: skip
        values = plain_summary(logits, image)
        slopes = slopes_of(fused.summarise, logits, image, [some(6, *v.shape) for v in values])
        runs.append([*norm, *fused.summarise(logits, image), *slopes])
    for one, two in zip(*runs, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(("height", "row"), [(1, 10**9), (7, 1), (481, 321 * 100), (10**4, 10**6)])
def test_parts_are_all_rows_once_and_neither_many_nor_small(height, row):
    spans = parts(height, row)
    assert [y for top, bottom in spans for y in range(top, bottom)] == list(range(height))
    assert len(spans) <= MOST_PARTS
    assert len(spans) == 1 or all((bottom - top) * row >= PART / 2 for top, bottom in spans)


@pytest.mark.parametrize("count", [1, 2])
def test_every_part_is_worked_on_and_an_error_in_one_is_raised(threads, count):
    threads(count)
    spans = list(itertools.pairwise(range(0, 30, 3)))
    seen = []
    each(spans, lambda i, top, bottom: seen.append((i, top, bottom)))
    assert sorted(seen) == [(i, *span) for i, span in enumerate(spans)]

    def fails_in_the_fourth(i, top, bottom):
        if i == 3:
            raise ZeroDivisionError("part 3")

    with pytest.raises(ZeroDivisionError, match="part 3"):
        each(spans, fails_in_the_fourth)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_the_threads_of_its_parent(threads):
    threads(2)
    spans = [(0, 1), (1, 2)]
    each(spans, lambda i, top, bottom: None)
    child = os.fork()
    if not child:
        signal.alarm(10)  # ends the child if it waits for ever
        each(spans, lambda i, top, bottom: None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
