"""Terms of the objectives: the plain formulas, right slopes, and finite ones where P is extreme."""

import functools
import math

import numpy as np
import pytest
import torch

from methods.neural import losses
from methods.neural.heads import Prediction
from methods.neural.losses import Pairs, plain_summary
from methods.neural.objective import Objective
from tests.oracle import oracle_networks as plain

H, W, N = 4, 5, 3


def some(seed, *shape):
    """Normal numbers of float64."""
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


LOGITS, IMAGE, OTHER = 2 * some(0, H, W, N), some(1, H, W, 3), some(2, H, W, 3)
SUMMARY = plain_summary(LOGITS, IMAGE)
CONSTANT = torch.full((H, W, 3), 0.7, dtype=torch.float64)


def planes(tensor):
    """(H, W, C) as the plain networks have it, (C, H, W)."""
    return tensor.permute(2, 0, 1)


P = torch.softmax(planes(LOGITS), dim=0)


def edge_spatial(image, other):
    return losses.edge_spatial(losses.edges_over_pixels(image), other)


def edge_published(image, other):
    return losses.edge_published(losses.edges_over_columns(image), other)


def edge_published_first(image, other):
    return losses.edge_published_first(losses.edges_over_colours(image), other)


def one_hot(count, size=1e4):
    """Logits of which the softmax is 0 or 1, all superpixels but `count` of 6 being empty."""
    labels = torch.arange(H * W).view(H, W) % count
    return size * torch.nn.functional.one_hot(labels, 6).float()


# The summary


def test_a_summary_is_what_loops_over_pixels_and_superpixels_find():
    p = np.exp(LOGITS.numpy())
    p /= p.sum(-1, keepdims=True)
    entropy, mean = 0.0, [0.0] * N
    across, down = np.zeros((H, W)), np.zeros((H, W))
    for y, x in np.ndindex(H, W):
        for s in range(N):
            entropy -= p[y, x, s] * math.log(p[y, x, s]) / (H * W)
            mean[s] += p[y, x, s] / (H * W)
            if x + 1 < W:
                across[y, x] += abs(p[y, x + 1, s] - p[y, x, s])
            if y + 1 < H:
                down[y, x] += abs(p[y + 1, x, s] - p[y, x, s])
    assert SUMMARY.entropy.item() == pytest.approx(entropy)
    assert SUMMARY.mean.tolist() == pytest.approx(mean)
    np.testing.assert_allclose(SUMMARY.across, across)
    np.testing.assert_allclose(SUMMARY.down, down)


def test_the_soft_image_mixes_mean_colours_by_probability():
    torch.testing.assert_close(planes(SUMMARY.soft_image), plain.soft_image(P, planes(IMAGE)))


def test_the_soft_image_of_certain_labels_is_the_superpixelated_one():
    soft = plain_summary(one_hot(3).double(), IMAGE).soft_image
    for s in range(3):
        own = (torch.arange(H * W).view(H, W) % 3) == s
        expected = IMAGE[own].mean(0).expand_as(soft[own])
        torch.testing.assert_close(soft[own], expected)


def test_the_soft_image_of_one_superpixel_is_the_mean_colour():
    soft = plain_summary(LOGITS[..., :1], IMAGE).soft_image
    torch.testing.assert_close(soft, IMAGE.mean((0, 1)).expand_as(soft))


# Terms


def test_clustering_is_equation_4():
    found = losses.clustering(SUMMARY, 1.7)
    torch.testing.assert_close(found, plain.clustering(P, 1.7))


@pytest.mark.parametrize("sigma", [0.5, 8.0])
def test_smoothness_is_equation_5(sigma):
    found = losses.smoothness(SUMMARY, losses.smoothness_weights(OTHER, sigma))
    torch.testing.assert_close(found, plain.smoothness(P, planes(OTHER), sigma))


@pytest.mark.parametrize("shape", [(H, W), (2, 2), (2, 7), (7, 2)])
def test_contour_is_that_of_ea(shape):
    logits, guide = some(3, *shape, N), some(4, *shape, 3)
    found = losses.contour(plain_summary(logits, guide), losses.contour_weights(guide))
    p = torch.softmax(planes(logits), dim=0)
    torch.testing.assert_close(found, plain.contour(p, planes(guide)))


def test_contour_ignores_a_constant_channel_of_the_guidance():
    guide = OTHER.clone()
    guide[..., 1] = 0.3
    found = losses.contour(SUMMARY, losses.contour_weights(guide))
    torch.testing.assert_close(found, plain.contour(P, planes(guide)))
    assert losses.contour(SUMMARY, losses.contour_weights(CONSTANT)).item() == 0


def test_a_line_of_pixels_has_no_contour_across_it():
    weights = losses.contour_weights(some(5, 1, 6, 3))
    assert not weights.down.any()
    assert weights.across[0, :-1].any()
    assert weights.across[0, -1] == 0


def test_squared_steps_end_at_the_last_column_and_row():
    across, down = losses.squared_steps(IMAGE)
    for y, x in np.ndindex(H, W):
        for k in range(3):
            right = (IMAGE[y, x + 1, k] - IMAGE[y, x, k]) ** 2 if x + 1 < W else 0
            below = (IMAGE[y + 1, x, k] - IMAGE[y, x, k]) ** 2 if y + 1 < H else 0
            assert across[y, x, k] == pytest.approx(float(right))
            assert down[y, x, k] == pytest.approx(float(below))


def test_reconstruction_is_the_mean_squared_difference():
    found = losses.reconstruction(IMAGE, OTHER)
    torch.testing.assert_close(found, plain.reconstruction_error(planes(IMAGE), planes(OTHER)))


@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (H, W)])
def test_the_laplacian_reflects_borders(shape):
    image = some(6, *shape, 3)
    torch.testing.assert_close(planes(losses.laplacian(image)), plain.response(planes(image)))


@pytest.mark.parametrize("border", [losses.bordered, losses.framed], ids=["CPU", "CUDA"])
@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (H, W)])
def test_a_border_is_what_lies_as_far_on_its_other_side(border, shape):
    image = some(6, *shape, 3)
    expected = np.pad(image.numpy(), ((1, 1), (1, 1), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(border(image), expected)
    assert slopes_are_right(border, image)


def test_the_largest_magnitude_of_a_response_becomes_1():
    torch.testing.assert_close(losses.largest_is_one(-3 * IMAGE), plain.scaled(-3 * IMAGE))
    assert not losses.largest_is_one(0 * IMAGE).any()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (edge_spatial, plain.edge_spatial),
        (edge_published, plain.edge_published),
        (edge_published_first, plain.edge_published_first),
    ],
)
def test_all_edge_terms_are_the_plain_ones(ours, theirs):
    for a, b in ((IMAGE, OTHER), (OTHER, IMAGE), (CONSTANT, OTHER), (IMAGE, CONSTANT)):
        torch.testing.assert_close(ours(a, b), theirs(planes(a), planes(b)))


def test_equal_edges_do_not_diverge():
    assert edge_spatial(IMAGE, 3 * IMAGE + 1).item() == pytest.approx(0, abs=1e-12)
    assert edge_spatial(IMAGE, OTHER).item() > 0


# Slopes


def slopes_are_right(function, *inputs):
    return torch.autograd.gradcheck(function, [each.clone().requires_grad_() for each in inputs])


SMOOTH, CONTOUR = losses.smoothness_weights(OTHER, 8.0), losses.contour_weights(OTHER)
OF_SUMMARY = {
    "clustering": lambda summary: losses.clustering(summary, 2.0),
    "smoothness": lambda summary: losses.smoothness(summary, SMOOTH),
    "contour": lambda summary: losses.contour(summary, CONTOUR),
    "soft image": lambda summary: losses.reconstruction(IMAGE, summary.soft_image),
    "edges of the soft image": lambda summary: edge_spatial(IMAGE, summary.soft_image),
}


@pytest.mark.parametrize("term", OF_SUMMARY)
def test_slopes_with_respect_to_the_logits_are_those_of_small_steps(term):
    assert slopes_are_right(lambda logits: OF_SUMMARY[term](plain_summary(logits, IMAGE)), LOGITS)


@pytest.mark.parametrize(
    "term", [losses.reconstruction, edge_spatial, edge_published, edge_published_first]
)
def test_slopes_with_respect_to_an_image_are_those_of_small_steps(term):
    assert slopes_are_right(lambda other: term(IMAGE, other), OTHER)


EXTREME = {
    "certain": one_hot(6),
    "two superpixels of six": one_hot(2),
    "one superpixel of six": one_hot(1),
    "infinitely certain as far as float32 goes": one_hot(2, 1e30),
    "nearly empty superpixels": one_hot(2, 87.5),
    "subnormal areas": one_hot(2, 95.0),
    "undecided": torch.zeros(H, W, 6),
}


@pytest.mark.parametrize("how", [plain_summary, losses.summarise])
@pytest.mark.parametrize("logits", EXTREME.values(), ids=EXTREME)
@pytest.mark.parametrize("image", [5 * IMAGE.float(), CONSTANT.float()], ids=["colours", "one"])
def test_losses_and_slopes_are_numbers_where_the_assignment_is_extreme(how, logits, image):
    logits = logits.clone().requires_grad_()
    summary = how(logits, image)
    for term in OF_SUMMARY.values():
        (slope,) = torch.autograd.grad(term(summary), logits, retain_graph=True)
        assert torch.isfinite(term(summary))
        assert torch.isfinite(slope).all()


@pytest.mark.parametrize("term", [edge_spatial, edge_published, edge_published_first])
def test_slopes_of_edges_are_numbers_where_an_image_has_one_colour(term):
    for image, other in ((IMAGE, CONSTANT), (CONSTANT, OTHER), (CONSTANT, CONSTANT)):
        other = other.clone().requires_grad_()
        term(image, other).backward()
        assert torch.isfinite(other.grad).all()


# The sum of the terms


def objective(**terms):
    return Objective(IMAGE, 2.0, 2.0, 10.0, SMOOTH, **terms)


def test_an_objective_is_the_weighted_sum_of_its_terms():
    prediction = Prediction(OTHER, LOGITS)
    least = (
        losses.clustering(SUMMARY, 2.0)
        + 2 * losses.smoothness(SUMMARY, SMOOTH)
        + 10 * losses.reconstruction(IMAGE, OTHER)
    )
    soft = 10 * losses.reconstruction(IMAGE, SUMMARY.soft_image)
    contour = 1.5 * losses.contour(SUMMARY, CONTOUR)
    edges = edge_spatial(IMAGE, OTHER) + edge_spatial(IMAGE, SUMMARY.soft_image)
    for terms, expected in (
        ({}, least),
        ({"soft_image": True}, least + soft),
        ({"eta": 1.5, "contour": CONTOUR}, least + contour),
        ({"eta": 0.7, "edge": functools.partial(edge_spatial, IMAGE)}, least + 0.7 * edges),
    ):
        torch.testing.assert_close(objective(**terms)(prediction, SUMMARY), expected)


def test_a_weight_of_0_takes_a_pair_of_neighbours_out():
    nothing = Pairs(torch.zeros(H, W), torch.zeros(H, W))
    assert losses.smoothness(SUMMARY, nothing).item() == 0
