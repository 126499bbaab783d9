"""3 x 3 convolution by Winograd's algorithm: what torch's own convolution gives."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from methods.neural import tiles, winograd
from methods.neural.winograd import CHOICES, OTHERWISE, Choice, convolve, filter_sums, transformed

POINTS = [0, 2 / 3, -2 / 3, 3 / 2, -3 / 2]  # and infinity
SHARES = np.array([1, -27 / 65, -27 / 65, 12 / 65, 12 / 65, 1])


@pytest.fixture(autouse=True, params=[True, False], ids=["batched", "one by one"])
def _products(request, monkeypatch):
    """Multiply the matrices in either way, whatever is chosen on this machine."""
    monkeypatch.setattr(winograd, "chosen", lambda _: Choice(1, batched=request.param))


def matrix_a():
    """Return A': the powers of the points, times their shares."""
    powers = np.array([[point**i for point in POINTS] + [float(i == 3)] for i in range(4)])
    return powers * SHARES


def matrix_b():
    """Return B': polynomials that are 0 at all points but one, without their constant factors."""
    rows = [np.poly([q for q in POINTS if q != point])[::-1] for point in POINTS]
    return np.array([np.append(row, 0) for row in rows] + [np.poly(POINTS)[::-1]])


def images(height=11, width=14, inputs=5, outputs=6, dtype=torch.float32):
    random = torch.Generator().manual_seed(height * width)
    values = torch.randn(height, width, inputs, generator=random).to(dtype)
    weight = torch.randn(3, 3, inputs, outputs, generator=random) / (9 * inputs) ** 0.5
    return values.requires_grad_(), weight.permute(3, 2, 0, 1).requires_grad_()


def plain(values, weight, border, dilation):
    planes = values.float().permute(2, 0, 1)[None]
    found = functional.conv2d(planes, weight, padding=border * dilation, dilation=dilation)
    return found[0].permute(1, 2, 0)


def with_gradients(function, values, weight, border, dilation):
    """Return the result and, for random slopes of it, the gradients of values and weight."""
    result = function(values, weight, border, dilation)
    slopes = torch.randn(result.shape, generator=torch.Generator().manual_seed(1)).to(result.dtype)
    return result.detach(), *torch.autograd.grad(result, (values, weight), slopes)


def error(found, expected):
    return ((found.float() - expected).norm() / expected.norm()).item()


def assert_as_torch(values, weight, border, dilation, most):
    found = with_gradients(convolve, values, weight, border, dilation)
    expected = with_gradients(plain, values, weight, border, dilation)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert error(one, other) < most


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2, 4, 8])
@pytest.mark.parametrize("shape", [(19, 22), (17, 31), (24, 18)])
def test_result_and_gradients_are_those_of_torch(shape, dilation, border):
    assert_as_torch(*images(*shape), border, dilation, most=1e-5)


@pytest.mark.parametrize("dilation", [1, 2, 8])
@pytest.mark.parametrize("shape", [(1, 1), (1, 13), (13, 1), (2, 3), (5, 4)])
def test_images_smaller_than_a_tile_are_convolved_too(shape, dilation):
    assert_as_torch(*images(*shape), 1, dilation, most=1e-5)


@pytest.mark.parametrize("channels", [(64, 128), (96, 65), (1, 1)])
def test_any_number_of_channels_fits(channels):
    assert_as_torch(*images(9, 10, *channels), 1, 1, most=1e-5)


def test_a_part_of_a_larger_image_is_convolved_as_its_copy_is():
    whole, weight = images(14, 15)
    part = whole.detach()[1:-1, 2:-1]
    assert torch.equal(convolve(part, weight, 1), convolve(part.clone(), weight, 1))


def test_slopes_of_slopes_are_refused_and_not_wrong():
    values, weight = images(6, 7)
    (slope,) = torch.autograd.grad(
        (convolve(values, weight, 1) ** 2).sum(), values, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_an_image_of_several_chunks_is_seamless():
    assert_as_torch(*images(121, 170, 3, 2), 1, 2, most=1e-5)


@pytest.mark.parametrize("dilation", [1, 4])
def test_bfloat16_loses_no_more_than_its_digits(dilation):
    values, weight = images(20, 24, 64, 64, torch.bfloat16)
    assert convolve(values, weight, 1, dilation).dtype == torch.bfloat16
    assert_as_torch(values, weight, 1, dilation, most=0.018)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_result_does_not_depend_on_the_number_of_threads(dtype):
    values, weight = images(61, 70, 64, 64, dtype)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(with_gradients(convolve, values, weight, 1, 2))
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def matrix_g():
    """Return G: the powers of the points over their magnitudes."""
    rows = [[1 / abs(p), p / abs(p), abs(p)] for p in POINTS[1:]]
    return np.array([[1, 0, 0], *rows, [0, 0, 1]])


def test_the_three_matrices_make_a_convolution():
    d, g = np.random.default_rng(0).normal(size=(2, 6))
    found = matrix_a() @ ((matrix_g() @ g[:3]) * (matrix_b() @ d))
    np.testing.assert_allclose(found, np.correlate(d, g[:3], "valid"), atol=1e-9)


def test_filters_are_transformed_by_g():
    filters, values = torch.from_numpy(numbers(3, 7)), torch.from_numpy(numbers(6, 7))
    np.testing.assert_allclose(transformed(filters), matrix_g() @ filters.numpy(), atol=1e-5)
    np.testing.assert_allclose(filter_sums(values), matrix_g().T @ values.numpy(), atol=1e-5)


BANDS = np.array([(0, 0, 0, 2), (4, 0, 2, 2)])  # of an image of 8 x 8 pixels: two of two tiles


def numbers(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def test_values_are_transformed_by_b():
    image, found = numbers(8, 8, 3), np.empty((36, 4, 3), np.float32)
    tiles.gather(image, found, BANDS, 0, 2, 1, 1)
    bordered = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    windows = [bordered[y : y + 6, x : x + 6] for y in (0, 4) for x in (0, 4)]
    expected = np.einsum("ia,jb,tabc->ijtc", matrix_b(), matrix_b(), windows).reshape(36, 4, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_products_are_transformed_by_a():
    products, found = numbers(36, 4, 3), np.empty((8, 8, 3), np.float32)
    tiles.combine(products, found, BANDS, 0, 2, 1)
    squares = products.reshape(6, 6, 2, 2, 3)
    expected = np.einsum("ai,bj,ijyxc->yaxbc", matrix_a(), matrix_a(), squares)
    np.testing.assert_allclose(found, expected.reshape(8, 8, 3), rtol=1e-4, atol=1e-4)


def test_gradients_are_spread_by_what_is_adjoint_to_combining():
    products, gradient = numbers(36, 4, 3), numbers(8, 8, 3)
    combined, found = np.empty_like(gradient), np.empty_like(products)
    tiles.combine(products, combined, BANDS, 0, 2, 1)
    tiles.spread(gradient, found, BANDS, 0, 2, 1)
    assert np.vdot(combined, gradient) == pytest.approx(np.vdot(products, found), rel=1e-4)
    blocks = gradient.reshape(2, 4, 2, 4, 3)
    expected = np.einsum("ai,bj,yaxbc->ijyxc", matrix_a(), matrix_a(), blocks)
    np.testing.assert_allclose(found, expected.reshape(36, 4, 3), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("instructions", "dtype", "expected"),
    [
        ("AVX2", torch.float32, CHOICES["AVX2", torch.float32]),
        ("AVX512", torch.bfloat16, CHOICES["AVX512", torch.bfloat16]),
        ("DEFAULT", torch.float32, OTHERWISE),
    ],
)
def test_what_is_chosen_follows_from_instructions_and_type(
    monkeypatch, instructions, dtype, expected
):
    monkeypatch.undo()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: instructions)
    assert winograd.chosen(dtype) == expected
    assert not CHOICES["AVX2", torch.float32].batched
