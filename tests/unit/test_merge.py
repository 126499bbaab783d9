"""Small regions join the neighbour that looks most like them."""

import numpy as np
import pytest

from methods.canonical import canonicalise, connected_components, n_components
from methods.kernels.merge import merge_alike, merge_small
from tests.oracle import oracle_merge, oracle_postprocess


def merged(labels, colours, least):
    parts = connected_components(labels)
    merge_small(parts, np.ascontiguousarray(np.moveaxis(colours, 2, 0)), float(least))
    return parts


def picture(height, width, seed, colours=256):
    """Random colours, few or many, as float32."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, colours, (height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 1), (1, 23), (19, 1), (8, 13), (12, 12)])
@pytest.mark.parametrize("least", [0.0, 2.0, 3.5, 9.0, 1000.0])
@pytest.mark.parametrize("colours", [1, 2, 256])
def test_regions_are_those_of_the_plain_version(shape, least, colours):
    for seed in range(3):
        labels = np.random.default_rng(seed + 50).integers(0, 3, shape)
        image = picture(*shape, seed, colours)
        expected = oracle_merge.as_map(oracle_merge.merge_small(labels, image, least), shape)
        np.testing.assert_array_equal(canonicalise(merged(labels, image, least)), expected)


@pytest.mark.parametrize("least", [2.0, 7.0, 30.0])
def test_no_region_below_the_least_size_is_left_and_each_is_connected(least):
    labels = np.random.default_rng(0).integers(0, 4, (40, 50))
    found = canonicalise(merged(labels, picture(40, 50, 0), least))
    assert np.bincount(found.ravel()).min() >= least
    assert n_components(found) == found.max() + 1


def test_a_region_of_just_the_least_size_stays():
    labels = np.array([[0, 0, 0, 1, 1, 0]])
    image = picture(1, 6, 0)
    assert len(np.unique(merged(labels, image, 2.0))) == 2
    assert len(np.unique(merged(labels, image, 1.0))) == 3


def test_a_speck_joins_the_neighbour_of_its_colour():
    labels = np.zeros((5, 9), int)
    labels[:, 5:] = 2
    labels[2, 4] = 1
    image = np.zeros((5, 9, 3), np.float32)
    image[:, 5:] = image[2, 4] = 80
    found = merged(labels, image, 3.0)
    assert found[2, 4] == found[0, 8] != found[0, 0]


def test_large_regions_are_left_alone():
    labels = np.random.default_rng(1).integers(0, 2, (30, 30))
    np.testing.assert_array_equal(
        merged(labels, picture(30, 30, 1), 1.0), connected_components(labels)
    )


def merged_alike(labels, distributions, least):
    parts = connected_components(labels)
    sums = [distributions[parts == part].sum(0) for part in range(parts.max() + 1)]
    merge_alike(parts, np.array(sums, np.float64), float(least))
    return parts


@pytest.mark.parametrize("shape", [(1, 1), (1, 23), (19, 1), (8, 13), (12, 12)])
@pytest.mark.parametrize("least", [0.0, 2.0, 3.5, 9.0, 1000.0])
@pytest.mark.parametrize("values", [1, 2, 7])
def test_regions_of_like_distributions_are_those_of_the_plain_version(shape, least, values):
    rng = np.random.default_rng(values)
    labels = rng.integers(0, 3, shape)
    distributions = rng.dirichlet(np.full(values, 0.3), shape)
    found = canonicalise(merged_alike(labels, distributions, least))
    expected = oracle_postprocess.merge_parts(labels, least, distributions)
    np.testing.assert_array_equal(found, expected)


def test_of_neighbours_equally_alike_it_is_the_one_with_the_first_pixel():
    labels = np.array([[0, 0, 0, 0], [1, 1, 1, 2], [3, 3, 3, 3]])
    even = np.full((3, 4, 2), 0.5)
    np.testing.assert_array_equal(canonicalise(merged_alike(labels, even, 2)), [
        [0, 0, 0, 0], [1, 1, 1, 0], [2, 2, 2, 2]
    ])  # fmt: skip
    # the part of two pixels joins what has absorbed the first pixel, whose own number is higher
    labels = np.array([[0, 1, 1, 1, 2, 2, 3, 3, 3]])
    np.testing.assert_array_equal(
        canonicalise(merged_alike(labels, np.full((1, 9, 2), 0.5), 3)), [[0] * 6 + [1] * 3]
    )
