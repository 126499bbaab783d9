"""ETPS against a plain version of itself, its energy, and what its moves never change."""

from itertools import product

import numpy as np
import pytest

from methods.canonical import canonicalise, n_components
from methods.classical.etps import Etps
from methods.classical.lab import to_lab
from methods.kernels.topology import may_leave
from tests.oracle import oracle_etps
from tests.oracle.oracle_labels import components
from tests.scenes import disc, noise, patches

WEIGHTS = [(0.0, 0.0, 0.0), (0.01, 0.1, 1.0), (1.0, 1.0, 1.0), (0.0, 5.0, 0.0), (3.0, 0.0, 20.0)]


def etps(weights=(0.0, 0.0, 0.0), **others):
    regularization, length, size = weights
    return Etps(regularization=regularization, length=length, size=size, **others)


def step_of(shape, n):
    return max(1, round((shape[0] * shape[1] / n) ** 0.5))


def count_of(shape, n):
    step = step_of(shape, n)
    return -(-shape[0] // step) * -(-shape[1] // step)


def assert_topology_kept(labels, count):
    assert len(np.unique(labels)) == count
    assert n_components(canonicalise(labels)) == count


def as_array(labels, shape):
    return np.array([[labels[y, x] for x in range(shape[1])] for y in range(shape[0])])


def run_oracle(image, n, method, on_move=lambda labels: None):
    return oracle_etps.Run(
        to_lab(image),
        step_of(image.shape, n),
        (method.regularization, method.length, method.size),
        method.iterations,
        method.threshold,
        on_move,
    )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    ("image", "n", "iterations"),
    [
        (noise(7, 10), 6, 1),
        (patches(10, 8), 4, 3),
        (disc(8, 12), 3, 25),
        (noise(1, 40), 2, 2),
        (patches(31, 1), 1, 1),
        (disc(2, 75), 1, 2),  # cells of 12 x 2, wider than the image
    ],
    ids=["noise", "patches", "scene", "row", "column", "narrow"],
)
def test_labels_energy_and_moves_are_those_of_the_plain_version(image, n, iterations, weights):
    method = etps(weights, iterations=iterations)
    labels = method.segment(image, n)
    plain = run_oracle(image, n, method)
    np.testing.assert_array_equal(labels, as_array(plain.labels, image.shape))
    assert method.facts["moves"] == plain.moves
    assert method.facts["energy"] == pytest.approx(float(plain.energy), rel=1e-9, abs=1e-9)


def test_large_superpixels_start_from_more_than_four_blocks():
    image, method = disc(1, 1100), etps((0.01, 0.1, 1.0))  # step 33: 3 blocks each
    plain = run_oracle(image, 1, method)
    assert plain.moves > 20
    np.testing.assert_array_equal(method.segment(image, 1), as_array(plain.labels, image.shape))


def test_of_equally_good_superpixels_the_one_above_takes_a_block():
    image = np.full((6, 6, 3), 255, np.uint8)  # four cells, black right above and left below,
    image[:3, 3:] = image[3:, :3] = image[3, 3] = 0  # and black where the two meet
    method = Etps()
    labels = method.segment(image, 4)
    assert labels[3, 3] == labels[2, 3]
    plain = run_oracle(image, 4, method)
    np.testing.assert_array_equal(labels, as_array(plain.labels, image.shape))


def test_a_move_must_gain_more_than_the_threshold():
    image, method = disc(10, 14), Etps(threshold=300.0)
    labels = method.segment(image, 3)
    plain = run_oracle(image, 3, method)
    np.testing.assert_array_equal(labels, as_array(plain.labels, image.shape))
    assert 0 < plain.moves < run_oracle(image, 3, Etps()).moves


@pytest.mark.parametrize("weights", WEIGHTS[:3])
@pytest.mark.parametrize("picture", [noise, patches, disc])
def test_every_move_keeps_every_superpixel_and_its_connection(picture, weights):
    image = picture(9, 12)
    count = count_of(image.shape, 6)
    moves = []

    def on_move(labels):
        moves.append(1)
        assert components(as_array(labels, image.shape)).max() + 1 == count
        assert len(set(labels.values())) == count

    run_oracle(image, 6, etps(weights), on_move)
    assert moves


@pytest.mark.parametrize("seed", range(24))
def test_count_connection_and_energy_hold_for_any_image_and_weights(seed):
    rng = np.random.default_rng(seed)
    height, width = (int(v) for v in rng.integers(1, 48, 2))
    image = (noise, patches, disc)[seed % 3](height, width, seed)
    n = int(rng.integers(1, height * width + 1)) if seed % 2 else int(rng.integers(1, 30))
    n = min(n, height * width)
    weights = tuple(float(v) for v in 10 ** rng.uniform(-3, 3, 3) * rng.integers(0, 2, 3))
    method = etps(weights, iterations=int(rng.integers(1, 5)))
    labels = method.segment(image, n)
    assert_topology_kept(labels, count_of(image.shape, n))

    step = step_of(image.shape, n)
    start = np.add.outer(
        np.arange(height) // step * -(-width // step), np.arange(width) // step
    ).ravel()
    scratch = oracle_etps.energy(
        {p: int(labels[p]) for p in np.ndindex(height, width)},
        oracle_etps.sixteenths(to_lab(image)),
        oracle_etps.pixel_level(height, width),
        weights,
        dict(enumerate(np.bincount(start).tolist())),
    )
    assert method.facts["energy"] == pytest.approx(float(scratch), rel=1e-9, abs=1e-9)


def test_a_block_leaves_only_if_a_flood_fill_around_it_still_reaches_its_neighbours():
    ring = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
    for own in product((False, True), repeat=8):
        labels = np.zeros((3, 3), np.int32)
        labels[1, 1] = 1
        for (y, x), same in zip(ring, own, strict=True):
            labels[1 + y, 1 + x] = same
        around = {place for place, same in zip(ring, own, strict=True) if same}
        expected = oracle_etps.stays_connected(around) and not all(own)  # amid: nowhere to go
        assert may_leave(labels, 1, 1) == expected, labels


@pytest.mark.parametrize(("n", "count"), [(50, 54), (100, 117), (200, 216), (400, 425)])
def test_counts_at_the_size_of_bsds500(n, count):
    assert_topology_kept(Etps().segment(disc(321, 481), n), count)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 5), (6, 17)])
def test_one_superpixel_per_pixel(shape):
    count = shape[0] * shape[1]
    assert_topology_kept(Etps(iterations=3).segment(noise(*shape), count), count)


@pytest.mark.parametrize("n", [1, 2, 59, 100, 239, 240])
def test_all_counts_from_one_to_all_pixels_give_the_grid_of_their_step(n):
    assert_topology_kept(Etps().segment(disc(15, 16), n), count_of((15, 16), n))


@pytest.mark.parametrize("weights", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_one_colour_keeps_its_grid(weights):
    image = np.full((24, 36, 3), 90, np.uint8)
    labels = etps(weights).segment(image, 24)
    np.testing.assert_array_equal(labels, np.arange(24).reshape(4, 6).repeat(6, 0).repeat(6, 1))


def test_superpixels_follow_an_edge_off_the_grid():
    image = np.full((60, 60, 3), 40, np.uint8)
    image[:, 23:] = 220  # the grid has 20 and 40
    labels = Etps().segment(image, 9)
    assert not set(labels[:, 22]) & set(labels[:, 23])


def test_position_and_length_make_smoother_superpixels():
    image = disc(60, 80)
    rough, smooth = (
        sum(np.count_nonzero(np.diff(etps(w).segment(image, 20), axis=k)) for k in (0, 1))
        for w in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    )
    assert smooth < rough


@pytest.mark.parametrize("name", ["regularization", "length", "size"])
def test_the_energy_stays_finite_up_to_the_largest_weights(name):
    method = Etps(**{name: 1e9})
    assert_topology_kept(method.segment(noise(20, 30), 6), count_of((20, 30), 6))
    assert np.isfinite(method.facts["energy"])


@pytest.mark.parametrize(
    "values",
    [
        {"regularization": -0.1},
        {"length": -1.0},
        {"size": -1.0},
        {"length": 1e10},
        {"length": float("inf")},
        {"regularization": float("nan")},
        {"iterations": 0},
        {"threshold": 0.0},
        {"threshold": float("nan")},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Etps(**values)
