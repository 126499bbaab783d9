"""CRS against a plain version of itself, its energy, and what its moves never change."""

import cv2
import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.crs import ContourRelaxed
from methods.classical.crs_lab import ContourRelaxedLab
from methods.classical.lab import to_lab
from methods.classical.lattice import rows_and_columns
from tests.oracle import oracle_crs
from tests.oracle.oracle_labels import components
from tests.scenes import disc, noise, patches


def run_oracle(image, n, method, on_move=lambda run: None):
    height, width = image.shape[:2]
    rows, columns = rows_and_columns(height, width, n)
    position = method.compactness / 2
    colours = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    if isinstance(method, ContourRelaxedLab):
        position = method.compactness * rows * columns / (height * width)
        colours = to_lab(image)
    return oracle_crs.Run(
        colours, rows, columns, method.clique_cost, position, method.noise, 2 * method.sweeps,
        on_move,
    )  # fmt: skip


def as_array(labels):
    height, width = max(labels)[0] + 1, max(labels)[1] + 1
    return np.array([[labels[y, x] for x in range(width)] for y in range(height)])


METHODS = [
    ContourRelaxed(),
    ContourRelaxedLab(),
    ContourRelaxedLab(clique_cost=0.0, compactness=0.0, noise=0.05),
    ContourRelaxed(clique_cost=0.8, sweeps=2),
    ContourRelaxedLab(clique_cost=0.1, compactness=3.0, sweeps=1),
]


@pytest.mark.parametrize("method", METHODS, ids=["published", "lab", "free", "smooth", "compact"])
@pytest.mark.parametrize("picture", [noise, patches, disc])
@pytest.mark.parametrize(
    ("height", "width", "n"),
    [(13, 18, 6), (18, 13, 20), (12, 12, 1), (1, 40, 5), (37, 1, 4), (6, 7, 42), (6, 7, 41)],
)
def test_labels_sweeps_and_moves_are_those_of_the_plain_version(picture, height, width, n, method):
    image = picture(height, width)
    labels = method.segment(image, n)
    plain = run_oracle(image, n, method)
    np.testing.assert_array_equal(labels, as_array(plain.labels))
    assert method.facts == {"passes": plain.passes, "moves": plain.moves}


@pytest.mark.parametrize("method", [*METHODS[:3], *METHODS[4:]])
@pytest.mark.parametrize("picture", [patches, disc])
def test_every_move_lowers_the_energy_and_keeps_every_superpixel_in_one_piece(picture, method):
    energies = []

    def on_move(run):
        energies.append(run.energy())
        assert components(as_array(run.labels)).max() + 1 == len(set(run.labels.values())) == 6

    run_oracle(picture(10, 14), 6, method, on_move)
    assert len(energies) > 5
    assert np.all(np.diff(energies) < 0)


def test_one_more_sweep_changes_nothing_where_the_last_made_no_move():
    image = patches(30, 40)
    long, longer = ContourRelaxed(sweeps=200), ContourRelaxed(sweeps=300)
    labels = long.segment(image, 12)
    assert long.facts["passes"] < 400
    np.testing.assert_array_equal(longer.segment(image, 12), labels)


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_the_count_is_that_of_the_grid_and_superpixels_are_connected(n):
    rows, columns = rows_and_columns(20, 30, n)
    labels = canonicalise(ContourRelaxed(clique_cost=0.0).segment(noise(20, 30), n))
    assert labels.max() + 1 == n_components(labels) == rows * columns


def test_one_colour_without_a_cost_of_contours_keeps_its_grid():
    image = np.full((24, 36, 3), 90, np.uint8)
    labels = ContourRelaxed(clique_cost=0.0).segment(image, 24)
    np.testing.assert_array_equal(labels, np.arange(24).reshape(4, 6).repeat(6, 0).repeat(6, 1))


def test_superpixels_follow_an_edge_off_the_grid():
    image = np.full((60, 60, 3), 40, np.uint8)
    image[:, 23:] = 220  # the grid has 20 and 40
    labels = segment(image, 9, "crs_lab")
    assert not set(labels[:, 22]) & set(labels[:, 23])


def test_superpixels_tell_a_rough_texture_from_a_smooth_one_of_the_same_mean():
    rng = np.random.default_rng(0)
    deviation = np.where(np.arange(60) < 26, 40, 1)  # the grid has 30
    grey = 128 + deviation * rng.normal(size=(60, 60))
    image = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    labels = segment(image, 4, "crs_lab", sweeps=50)
    smooth = {int(v) for v in labels[:, 29]}
    assert smooth == {int(v) for v in labels[:, 59]}
    assert np.isin(labels[:, 26:], list(smooth)).mean() > 0.95
    assert np.isin(labels[:, :26], list(smooth)).mean() < 0.05


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        ({"clique_cost": 0.0}, {"clique_cost": 1.0}),
        ({"clique_cost": 0.0, "compactness": 0.0}, {"clique_cost": 0.0, "compactness": 20.0}),
    ],
)
def test_a_cost_of_contours_or_of_distance_makes_shorter_contours(loose, tight):
    image = disc(60, 80)
    rough, smooth = (
        sum(np.count_nonzero(np.diff(segment(image, 20, "crs_lab", **p), axis=k)) for k in (0, 1))
        for p in (loose, tight)
    )
    assert smooth < rough


@pytest.mark.parametrize(
    "values",
    [
        {"clique_cost": -0.1},
        {"compactness": -1.0},
        {"compactness": 1e10},
        {"clique_cost": 1e10},
        {"noise": 0.0},
        {"noise": 101.0},
        {"sweeps": 0},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        ContourRelaxed(**values)
