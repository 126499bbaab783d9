"""The plain networks: published sizes, the formulas of the papers, and that they optimise."""

import functools
from itertools import pairwise
from math import exp, log

import numpy as np
import pytest
import torch
from torch import nn

from tests.oracle import oracle_networks as plain
from tests.scenes import slope, two_colours

H, W, N = 4, 5, 3
PIXELS = list(np.ndindex(H, W))
PAIRS = {
    "across": [((y, x), (y, x + 1)) for y in range(H) for x in range(W - 1)],
    "down": [((y, x), (y + 1, x)) for y in range(H - 1) for x in range(W)],
}


def some(seed, count=3):
    """A (count, 4, 5) tensor of normal numbers."""
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, H, W)))


P = torch.softmax(2 * some(0, N), dim=0)
RGB, REC, GUIDE = some(1), some(2), some(3)


def at(tensor, pixel):
    return tensor[(slice(None), *pixel)].tolist()


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads only get in each other's way on images this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# Sizes


def count_parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_rim_has_the_published_number_of_parameters():
    assert count_parameters(plain.PlainRim(100)) == 416_143


def proposed_by_hand(n, blocks, network, width=32):
    """Weights of 3 x 3, affine norms, the 1 x 1 convolution, the norm of the logits."""
    widths = [5, *(width * 2**i for i in range(blocks))]
    last = widths[-1]
    features = sum(9 * a * b + 2 * b for a, b in pairwise(widths))
    aspp = 4 * 9 * (2 * last) * last + 9 * (4 * last) * last
    affine_and_bias = 2 * last + 3 + n if network == "paper" else 0
    return features + aspp + 9 * last * last + last * (3 + n) + 2 * n + affine_and_bias


@pytest.mark.parametrize(
    ("blocks", "network", "exact", "millions"),
    [
        (2, "paper", 506_319, 0.506),
        (3, "paper", 2_024_719, 2.02),
        (4, "paper", 8_084_367, 8.08),
        (2, "code", 506_088, 0.506),
        (4, "code", 8_083_752, 8.08),
    ],
)
def test_the_proposed_network_has_the_published_number_of_parameters(
    blocks, network, exact, millions
):
    found = count_parameters(plain.PlainProposed(100, blocks=blocks, network=network))
    assert found == exact == proposed_by_hand(100, blocks, network)
    assert found / 1e6 == pytest.approx(millions, abs=0.005)


@pytest.mark.parametrize(("n", "cells"), [(25, 24), (50, 40), (100, 96), (200, 187), (1, 1)])
def test_ea_has_as_many_cells_as_published(n, cells):
    assert np.prod(plain.grid_of(321, 481, n)) == cells
    assert plain.grid_of(321, 481, n) == plain.grid_of(481, 321, n)[::-1]


def test_an_image_of_one_row_has_one_row_of_cells():
    assert plain.grid_of(1, 400, 16) == (16, 1)


@pytest.mark.parametrize("laplacian", [True, False])
@pytest.mark.parametrize("aspp", [True, False])
def test_every_network_gives_three_colours_and_the_logits(laplacian, aspp):
    x = torch.randn(1, 5, 12, 14)
    for network in (
        plain.PlainRim(7, width=4),
        plain.PlainProposed(7, 4, 2, laplacian, aspp),
        plain.PlainEa(12, 14, 7, width=4),
    ):
        reconstruction, logits = network(x)
        assert reconstruction.shape == (3, 12, 14)
        assert logits.shape == (4 if isinstance(network, plain.PlainEa) else 7, 12, 14)


def test_first_weights_are_xavier_and_he_normal_and_biases_zero():
    for network, spread in (
        (plain.PlainRim(100), (2 / (9 * 128 + 9 * 256)) ** 0.5),
        (plain.PlainProposed(100), (2 / (9 * 128 + 9 * 256)) ** 0.5),
        (plain.PlainEa(321, 481, 100), (2 / (9 * 128)) ** 0.5),
    ):
        assert network.features[3][0].weight.std().item() == pytest.approx(spread, rel=0.02)
    assert not plain.PlainRim(100).head.convolution.bias.any()


def test_a_cell_of_ea_is_the_product_of_its_row_and_its_column():
    torch.manual_seed(0)
    network = plain.PlainEa(12, 18, 12, width=4)
    x = torch.randn(1, 5, 12, 18)
    nx, ny = plain.grid_of(12, 18, 12)
    features = network.features(x)
    across, down = network.x(features)[0], network.y(features)[0]
    _, logits = network(x)
    assert (nx, ny) == (4, 2)
    for j in range(ny):
        for i in range(nx):
            torch.testing.assert_close(logits[j * nx + i], down[j] * across[i])


# Receptive fields


def without_norms(module):
    """Replace what looks at the whole image, and make every path through the network positive."""
    for name, child in module.named_children():
        if isinstance(child, nn.InstanceNorm2d):
            setattr(module, name, nn.Identity())
        elif isinstance(child, plain.Laplacian):
            setattr(module, name, OnlyTheResponse())
        else:
            without_norms(child)
    for parameter in module.parameters():
        parameter.data.abs_()
    return module


class OnlyTheResponse(nn.Module):
    def forward(self, features):
        return plain.laplacian(features).abs()


@pytest.mark.parametrize(
    ("make", "side"),
    [
        (lambda: plain.PlainRim(4, width=2), 9),
        (lambda: plain.PlainProposed(4, width=2, blocks=2), 27),
        (lambda: plain.PlainProposed(4, width=2, blocks=3), 29),
        (lambda: plain.PlainProposed(4, width=2, blocks=4), 31),
        (lambda: plain.PlainProposed(4, width=2, blocks=2, aspp=False), 13),
        (lambda: plain.PlainProposed(4, width=2, blocks=2, laplacian=False), 25),
        (lambda: plain.PlainEa(43, 45, 4, width=2), 9),
    ],
)
def test_a_pixel_sees_as_far_as_published(make, side):
    torch.manual_seed(0)
    x = torch.rand(1, 5, 43, 45, dtype=torch.float64, requires_grad=True)
    _, logits = without_norms(make()).double()(x)
    logits[:, 21, 22].sum().backward()
    seen = torch.nonzero(x.grad[0].abs().sum(dim=0))
    assert (seen.max(dim=0).values - seen.min(dim=0).values + 1).tolist() == [side, side]
    assert ((seen.max(dim=0).values + seen.min(dim=0).values) / 2).tolist() == [21, 22]


# Input


def test_every_channel_of_the_input_has_mean_0_and_variance_1():
    x = plain.input_tensor(slope(20, 30)).double()
    assert x.shape == (1, 5, 20, 30)
    torch.testing.assert_close(x.mean(dim=(2, 3)), torch.zeros(1, 5).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(x.var(dim=(2, 3)), torch.ones(1, 5).double())


def test_the_input_is_red_green_blue_row_column_and_0_where_nothing_changes():
    image = np.full((1, 4, 3), 9, np.uint8)
    image[0, :, 1] = (1, 2, 3, 4)
    x = plain.input_tensor(image)[0, :, 0]
    ramp = torch.tensor([-3.0, -1.0, 1.0, 3.0]) / (20 / 3) ** 0.5
    torch.testing.assert_close(x[[1, 4]], ramp.expand(2, 4))
    assert not x[[0, 2, 3]].any()


# Losses, against loops over pixels and channels


def test_clustering_is_equation_4():
    entropy = -sum(p * log(p) for pixel in PIXELS for p in at(P, pixel)) / (H * W)
    means = [sum(at(P, pixel)[s] for pixel in PIXELS) / (H * W) for s in range(N)]
    expected = entropy + 1.7 * sum(m * log(m) for m in means)
    assert plain.clustering(P, 1.7).item() == pytest.approx(expected)


def test_clustering_is_least_where_superpixels_are_certain_and_of_one_size():
    certain = torch.zeros(4, 4, 4)
    for k in range(4):
        certain[k, k] = 1
    certain.requires_grad_()
    found = plain.clustering(certain, 2.0)
    found.backward()
    assert found.item() == pytest.approx(-2 * log(4))
    assert torch.isfinite(certain.grad).all()


def gaps(tensor, a, b):
    return [v - u for u, v in zip(at(tensor, a), at(tensor, b), strict=True)]


def test_smoothness_is_equation_5():
    expected = 0.0
    for pairs in PAIRS.values():
        for a, b in pairs:
            change = sum(abs(d) for d in gaps(P, a, b))
            expected += change * exp(-sum(d * d for d in gaps(GUIDE, a, b)) / 8) / len(pairs)
    assert plain.smoothness(P, GUIDE, 8.0).item() == pytest.approx(expected)


def test_contour_is_that_of_ea():
    expected = 0.0
    for pairs in PAIRS.values():
        squares = [[d * d for d in gaps(GUIDE, a, b)] for a, b in pairs]
        lowest, highest = np.min(squares, axis=0), np.max(squares, axis=0)
        for (a, b), square in zip(pairs, squares, strict=True):
            g = sum(2 * (square[k] - lowest[k]) / (highest[k] - lowest[k]) for k in range(3))
            expected -= g * log(sum(abs(d) for d in gaps(P, a, b)) + 1e-16) / len(pairs)
    assert plain.contour(P, GUIDE).item() == pytest.approx(expected)


def test_contour_ignores_a_constant_guide_and_images_of_one_row():
    assert plain.contour(P, torch.ones_like(GUIDE)).item() == 0
    assert torch.isfinite(plain.contour(P[:, :1], GUIDE[:, :1]))


def soft_by_hand():
    soft = torch.zeros(3, H, W, dtype=torch.float64)
    for k in range(3):
        for s in range(N):
            weight = sum(P[s][q].item() for q in PIXELS)
            colour = sum(P[s][q].item() * RGB[k][q].item() for q in PIXELS) / weight
            for q in PIXELS:
                soft[k][q] += P[s][q].item() * colour
    return soft


def test_the_soft_image_mixes_mean_colours_by_probability():
    torch.testing.assert_close(plain.soft_image(P, RGB), soft_by_hand())


def test_the_soft_image_of_certain_labels_is_the_superpixelated_one():
    labels = torch.arange(H * W).view(H, W) % 3
    certain = nn.functional.one_hot(labels, 4).permute(2, 0, 1).double()  # superpixel 3 is empty
    found = plain.soft_image(certain, RGB)
    for s in range(3):
        own = RGB[:, labels == s]
        torch.testing.assert_close(found[:, labels == s], own.mean(1, keepdim=True).expand_as(own))


def test_reconstruction_is_equation_7():
    expected = 0.0
    for other in (REC, GUIDE):
        for k in range(3):
            expected += sum((RGB[k][q].item() - other[k][q].item()) ** 2 for q in PIXELS)
    found = plain.reconstruction_error(RGB, REC, GUIDE).item()
    assert found == pytest.approx(expected / (3 * H * W))


def reflected(i, size):
    return -i if i < 0 else 2 * (size - 1) - i if i >= size else i


def response_by_hand(image):
    """Laplacian response, (3, H, W)."""
    out = np.zeros((3, H, W))
    for k in range(3):
        for y, x in PIXELS:
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    weight = -8 if dy == dx == 0 else 1
                    v, u = reflected(y + dy, H), reflected(x + dx, W)
                    out[k, y, x] += weight / 16 * image[k, v, u].item()
    return out


def scaled_by_hand(image):
    """The response divided by its largest magnitude."""
    response = response_by_hand(image)
    return response / max(abs(value) for value in response.flat)


def test_the_laplacian_response_is_scaled_to_a_largest_magnitude_of_1():
    found = plain.scaled(plain.laplacian(RGB[None]))[0]
    np.testing.assert_allclose(found, scaled_by_hand(RGB))
    flat = torch.ones(1, 3, H, W)
    assert not plain.scaled(plain.laplacian(flat)).any()


def test_edge_is_the_divergence_of_distributions_over_the_pixels():
    expected = 0.0
    for other in (REC, GUIDE):
        for a, b in zip(scaled_by_hand(RGB), scaled_by_hand(other), strict=True):
            total_a, total_b = (sum(exp(each[q]) for q in PIXELS) for each in (a, b))
            for q in PIXELS:
                p, r = exp(a[q]) / total_a, exp(b[q]) / total_b
                expected += p * log(p / r) / 3
    assert plain.edge_spatial(RGB, REC, GUIDE).item() == pytest.approx(expected)
    assert plain.edge_spatial(RGB, RGB).item() == pytest.approx(0, abs=1e-12)


def test_the_published_edge_subtracts_a_probability_over_columns():
    expected = 0.0
    for other in (REC, GUIDE):
        for a, b in zip(scaled_by_hand(RGB), scaled_by_hand(other), strict=True):
            for q in PIXELS:
                total_a, total_b = (sum(exp(v) for v in each[q[0]]) for each in (a, b))
                p, r = exp(a[q]) / total_a, exp(b[q]) / total_b
                expected += p * (log(p) - r)
    assert plain.edge_published(RGB, REC, GUIDE).item() == pytest.approx(expected)


def test_the_first_published_edge_subtracts_a_probability_over_colours():
    expected = 0.0
    for other in (REC, GUIDE):
        a, b = scaled_by_hand(RGB), scaled_by_hand(other)
        for q in PIXELS:
            total_a, total_b = (sum(exp(each[k][q]) for k in range(3)) for each in (a, b))
            for k in range(3):
                p, r = exp(a[k][q]) / total_a, exp(b[k][q]) / total_b
                expected += p * (log(p) - r) / (3 * H * W)
    assert plain.edge_published_first(RGB, REC, GUIDE).item() == pytest.approx(expected)


# Objectives


def test_objectives_weigh_their_terms_as_published():
    clusters = functools.partial(plain.clustering, P)
    recon, soft = plain.reconstruction_error, plain.soft_image(P, RGB)
    smooth, smooth_guide = plain.smoothness(P, RGB, 8.0), plain.smoothness(P, GUIDE, 8.0)
    rim = clusters(2.0) + 2 * smooth + 10 * recon(RGB, REC)
    torch.testing.assert_close(plain.rim_objective(P, REC, RGB), rim)
    torch.testing.assert_close(
        plain.ea_objective(P, REC, RGB, GUIDE),
        clusters(1.5) + 2 * smooth_guide + 1.5 * plain.contour(P, GUIDE) + 10 * recon(RGB, REC),
    )
    both = rim + 10 * recon(RGB, soft)
    for edge, term in (
        ("spatial", plain.edge_spatial(RGB, REC, soft)),
        ("published", plain.edge_published(RGB, REC, soft)),
        ("published-first", plain.edge_published_first(RGB, REC, soft)),
        ("none", 0),
    ):
        torch.testing.assert_close(plain.proposed_objective(P, REC, RGB, edge=edge), both + term)
    plainest = plain.proposed_objective(P, REC, RGB, edge="none", with_soft_image=False)
    torch.testing.assert_close(plainest, rim)


@pytest.mark.parametrize("edge", ["spatial", "published", "published-first", "none"])
def test_slopes_of_the_objective_are_those_of_small_steps(edge):
    def objective(logits, reconstruction):
        return plain.proposed_objective(
            torch.softmax(logits, dim=0), reconstruction, RGB, edge=edge
        )

    logits, reconstruction = some(4, N).requires_grad_(), some(5).requires_grad_()
    assert torch.autograd.gradcheck(objective, (logits, reconstruction), fast_mode=True)


# The loop


def networks():
    guide = plain.standardised(np.moveaxis(two_colours(16, 20), 2, 0))
    return {
        "rim": (lambda: plain.PlainRim(6, 4, 2), plain.rim_objective),
        "ea": (
            lambda: plain.PlainEa(16, 20, 6, 4, 2),
            functools.partial(plain.ea_objective, guide=guide),
        ),
        "proposed": (lambda: plain.PlainProposed(6, 4, 2), plain.proposed_objective),
    }


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
def test_a_network_optimises_its_objective_the_same_way_every_time(name):
    make, objective = networks()[name]
    runs = []
    for _ in range(2):
        torch.manual_seed(1)
        runs.append(plain.optimise(make(), objective, two_colours(16, 20), 25))
    first, again = runs
    assert len(first.losses) == 25
    assert first.losses[-1] < first.losses[0] - 1
    assert first.losses == again.losses
    torch.testing.assert_close(first.P.sum(dim=0), torch.ones(16, 20))
    assert torch.equal(first.labels, first.P.argmax(dim=0))
    assert first.reconstruction.shape == (3, 16, 20)


def test_two_colours_become_superpixels_that_do_not_mix_them():
    torch.manual_seed(0)
    image = two_colours(16, 20)
    labels = plain.optimise(plain.PlainRim(6, 8, 2), plain.rim_objective, image, 60).labels.numpy()
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])
