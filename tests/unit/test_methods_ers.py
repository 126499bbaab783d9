"""ERS against its plain oracle, and what its users rely on."""

import numpy as np
import pytest
from scipy import ndimage

from methods.canonical import canonicalise, n_components
from methods.classical import ers
from methods.registry import get_method
from tests.oracle import oracle_ers


def noise(height, width, levels=256, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, levels, (height, width, 3)).astype(np.uint8)


def halves(height, width):
    image = np.full((height, width, 3), 100, np.uint8)
    image[:, width // 2 :] += 9
    return image


IMAGES = {
    "little contrast": noise(6, 7, levels=12),
    "much contrast": noise(5, 8),
    "few colours": 8 * noise(7, 5, levels=2, seed=3),
    "one colour": np.full((6, 6, 3), 50, np.uint8),
    "halves": halves(5, 8),
    "row": noise(1, 18, levels=20),
    "column": noise(15, 1, levels=20),
}
SMALL = {
    "2 x 3": noise(2, 3, levels=9),
    "3 x 3": noise(3, 3, levels=15),
    "flat 3 x 3": np.full((3, 3, 3), 7, np.uint8),
    "unlike pixels": np.array([[[0] * 3, [255] * 3, [0] * 3], [[255] * 3, [0] * 3, [255] * 3]]),
}


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize(("balance", "sigma"), [(0.5, 5.0), (0.05, 9.0), (3.0, 5.0)])
def test_labels_are_those_of_the_exhaustive_search(image, connectivity, balance, sigma):
    for n in (1, 6):
        _, trees, _ = oracle_ers.greedy(image, n, balance, sigma, connectivity)
        method = get_method("ers", balance=balance, sigma=sigma, connectivity=connectivity)
        expected = oracle_ers.labels_of(image.shape[:2], trees)
        assert np.array_equal(method.segment(image, n), expected), n


@pytest.mark.parametrize("image", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_gains_sum_to_the_objective_of_the_chosen_edges(image, connectivity, n):
    image = image.astype(np.uint8)
    chosen, trees, factor = oracle_ers.greedy(image, n, 0.5, 5.0, connectivity)
    weights = oracle_ers.weights_of(image, 5.0, connectivity)
    pixels = image[..., 0].size
    balance = oracle_ers.balance_term(list(map(len, trees)))
    first_balance = oracle_ers.balance_term([1] * pixels)
    objective = oracle_ers.entropy_rate(weights, chosen) + factor * (balance - first_balance)
    labels, gains = ers.choose_edges(image, n, 0.5, 5.0, connectivity)
    assert np.array_equal(labels, oracle_ers.labels_of(image.shape[:2], trees))
    assert gains + factor * len(chosen) == pytest.approx(objective, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 7), (7, 1), (5, 8)])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_every_count_comes_back_exactly(shape, connectivity):
    method, image = get_method("ers", connectivity=connectivity), noise(*shape)
    for n in range(1, image[..., 0].size + 1):
        labels = method.segment(image, n)
        assert labels.shape == shape
        assert np.array_equal(labels, canonicalise(labels))
        assert labels.max() == n - 1
        if connectivity == 4:
            assert n_components(labels) == n


def test_8_neighbours_connect_superpixels_diagonally_too():
    labels = get_method("ers", connectivity=8).segment(noise(20, 20), 12)
    assert n_components(labels) > 12
    for label in range(12):
        assert ndimage.label(labels == label, np.ones((3, 3)))[1] == 1


def test_a_flat_image_is_divided_more_evenly_with_more_weight_on_balance():
    image = noise(40, 40, levels=8)
    spread = [
        np.bincount(get_method("ers", balance=balance).segment(image, 16).ravel()).std()
        for balance in (0.0, 0.5)
    ]
    assert spread[1] < spread[0] / 2


def test_two_areas_of_unlike_colour_are_the_two_superpixels():
    image = np.full((20, 30, 3), 200, np.uint8)
    image[:, 17:] = (30, 90, 60)
    image += noise(20, 30, levels=6)
    expected = np.zeros((20, 30), np.int32)
    expected[:, 17:] = 1
    assert np.array_equal(get_method("ers").segment(image, 2), expected)


@pytest.mark.parametrize("value", [-0.1, 1e308])
def test_a_balance_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=r"balance=.* must be >= 0 and <= 1e6"):
        get_method("ers", balance=value)


@pytest.mark.parametrize("value", [0.0, 1e-170, 1e300])
def test_a_sigma_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=r"sigma=.* must be >= 1e-6 and <= 1e6"):
        get_method("ers", sigma=value)


@pytest.mark.parametrize("extreme", [{"balance": 1e6}, {"sigma": 1e-6}, {"sigma": 1e6}])
def test_every_count_comes_back_with_parameters_at_their_limits(extreme):
    assert get_method("ers", **extreme).segment(noise(9, 12), 7).max() == 6
