"""SNIC: what its plain version gives, one superpixel a seed, and the images that have no room."""

import numpy as np
import pytest

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.lab import to_lab
from methods.classical.lattice import rows_and_columns
from methods.classical.snic import Snic
from tests.oracle.oracle_snic import snic
from tests.scenes import noise, speckled, two_colours


@pytest.mark.parametrize("scene", [noise, two_colours, speckled])
@pytest.mark.parametrize(
    ("height", "width", "n", "compactness"),
    [
        (24, 31, 12, 10.0),
        (31, 24, 40, 10.0),
        (20, 20, 1, 10.0),
        (18, 27, 9, 0.001),
        (18, 27, 9, 500.0),
        (1, 40, 7, 10.0),
        (37, 1, 5, 10.0),
        (6, 9, 54, 10.0),
        (6, 9, 53, 10.0),
    ],
)
def test_labels_are_those_of_the_plain_version(scene, height, width, n, compactness):
    image = scene(height, width)
    rows, columns = rows_and_columns(height, width, n)
    expected = snic(to_lab(image), rows, columns, compactness)
    np.testing.assert_array_equal(Snic(compactness=compactness).segment(image, n), expected)


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_every_seed_of_the_grid_becomes_one_connected_superpixel(n):
    rows, columns = rows_and_columns(20, 30, n)
    labels = canonicalise(Snic(compactness=0.01).segment(speckled(20, 30), n))
    assert labels.max() + 1 == n_components(labels) == rows * columns


def test_as_many_superpixels_as_pixels():
    assert segment(two_colours(7, 9), 63, "snic").max() + 1 == 63


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "snic")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


def test_more_compactness_gives_shorter_boundaries():
    def length(labels):
        return (np.diff(labels, axis=0) != 0).sum() + (np.diff(labels, axis=1) != 0).sum()

    image = noise(40, 40)
    loose, tight = (segment(image, 16, "snic", compactness=value) for value in (1.0, 200.0))
    assert length(tight) < length(loose)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e200])
def test_a_compactness_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=r"compactness=.* must be > 0 and <= 1e6"):
        Snic(compactness=value)
