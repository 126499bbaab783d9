"""SH against its plain oracle, and what its users rely on."""

import numpy as np
import pytest

from methods.canonical import n_components
from methods.classical import sh
from methods.registry import get_method
from tests.oracle import oracle_sh

COLOURS = {
    "random": lambda rng, shape: rng.integers(0, 1600, (*shape, 3)),
    "few colours": lambda rng, shape: 160 * rng.integers(0, 3, (*shape, 3)),
    "two flat halves": lambda rng, shape: (
        (np.indices(shape)[1] * 2 // shape[1])[..., None] * np.array([800, -300, 5])
    ),
    "one colour": lambda rng, shape: np.full((*shape, 3), 7),
}


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("kind", COLOURS)
@pytest.mark.parametrize("shape", [(9, 13), (11, 6), (1, 20), (17, 1)])
@pytest.mark.parametrize("color_rounds", [0, 1, 4])
def test_every_cut_is_that_of_the_plain_hierarchy(kind, shape, color_rounds):
    rng = np.random.default_rng(5)
    colour = COLOURS[kind](rng, shape).astype(np.int32)
    edges = rng.integers(0, 3 if kind == "few colours" else 900, shape).astype(np.int32)
    tree = sh.build_tree(colour, edges, color_rounds)
    merges = oracle_sh.merges_of(colour, edges, color_rounds)
    assert len(merges) == edges.size - 1
    for n in range(1, edges.size + 1):
        labels = np.empty(edges.size, np.int32)
        sh._label(tree, edges.size - n, labels)
        assert np.array_equal(labels.reshape(shape), oracle_sh.cut(shape, merges, n)), n


@pytest.mark.parametrize("shape", [(7, 9), (2, 5), (4, 2)])
def test_the_edge_map_is_the_gradient_of_all_channels(shape):
    lab = np.random.default_rng(1).uniform(-90, 90, (*shape, 3)).astype(np.float32)
    assert np.abs(sh._edge_map(lab, 0.0) / 16 - oracle_sh.edge_map(lab)).max() < 0.04


def test_smoothing_takes_noise_out_of_the_edge_map():
    lab = noise(40, 40).astype(np.float32)
    assert sh._edge_map(lab, 2.0).mean() < sh._edge_map(lab, 0.0).mean() / 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 8)])
def test_every_count_comes_back_exactly_and_connected(shape):
    method, image = get_method("sh"), noise(*shape)
    for n in range(1, image[..., 0].size + 1):
        labels = method.segment(image, n)
        assert labels.shape == shape
        assert labels.min() == 0
        assert labels.max() == n - 1
        assert n_components(labels) == n


def test_superpixels_of_a_larger_count_divide_those_of_a_smaller_one():
    few, some, many = get_method("sh").segment_many(noise(30, 40), [5, 17, 200])
    for coarse, fine in ((few, some), (some, many)):
        pairs = {(int(f), int(c)) for f, c in zip(fine.flat, coarse.flat, strict=True)}
        assert len(pairs) == fine.max() + 1


def test_many_counts_are_what_each_gives_alone_in_any_order():
    method, image = get_method("sh", sigma=1.0), noise(30, 40)
    ns = [40, 3, 1200, 1]
    for n, labels in zip(ns, method.segment_many(image, ns), strict=True):
        assert np.array_equal(labels, method.segment(image, n))


def test_two_areas_of_unlike_colour_are_the_two_superpixels():
    image = np.full((20, 30, 3), 200, np.uint8)
    image[5:12, 8:22] = (30, 90, 60)
    image += noise(20, 30) // 64
    inside = np.zeros((20, 30), np.int32)
    inside[5:12, 8:22] = 1
    assert np.array_equal(get_method("sh").segment(image, 2), inside)


def test_border_strength_changes_only_the_rounds_after_the_first():
    image = noise(30, 40)
    strength, never = (get_method("sh", color_rounds=rounds) for rounds in (1, 99))
    assert not np.array_equal(strength.segment(image, 5), never.segment(image, 5))
    assert np.array_equal(strength.segment(image, 1100), never.segment(image, 1100))


@pytest.mark.parametrize("sigma", [1e-9, 1000.0])
def test_smoothing_works_to_the_ends_of_its_range(sigma):
    assert n_components(get_method("sh", sigma=sigma).segment(noise(20, 30), 7)) == 7


@pytest.mark.parametrize("wrong", [{"color_rounds": -1}, {"sigma": -0.5}, {"sigma": 1e9}])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        get_method("sh", **wrong)
