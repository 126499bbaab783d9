"""FastSLIC: what its plain version gives, and colours from tables."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from methods import segment
from methods.canonical import canonicalise, n_components
from methods.classical.fastslic import FastSlic
from methods.classical.lab import lab_planes
from methods.classical.lattice import rows_and_columns
from tests.oracle import oracle_fastslic
from tests.oracle.oracle_preslic import with_small_parts_absorbed
from tests.scenes import noise, slope, speckled, two_colours


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, slope])
@pytest.mark.parametrize(
    ("height", "width", "n", "values"),
    [
        (17, 22, 6, {"iterations": 4}),
        (26, 17, 2, {"iterations": 5}),
        (31, 12, 2, {"iterations": 4, "interlace": 2}),
        (22, 17, 13, {"iterations": 4}),
        (33, 9, 1, {"iterations": 3}),
        (17, 22, 6, {"iterations": 1}),
        (13, 18, 2, {"iterations": 3, "interlace": 1}),
        (13, 18, 6, {"iterations": 3, "compactness": 0.01, "min_size_factor": 0.0}),
        (13, 18, 6, {"iterations": 3, "compactness": 300.0}),
        (13, 18, 5, {"iterations": 3, "min_size_factor": 1.0}),
        (1, 40, 7, {"iterations": 4}),
        (37, 1, 5, {"iterations": 4}),
        (6, 9, 54, {"iterations": 2}),
    ],
)
def test_labels_are_those_of_the_plain_version(scene, height, width, n, values):
    image, method = scene(height, width), FastSlic(**values)
    rows, columns = rows_and_columns(height, width, n)
    clusters = oracle_fastslic.fastslic(
        image, rows, columns, method.compactness, method.iterations, method.interlace
    )
    most = method.min_size_factor * height * width / (rows * columns)
    expected = with_small_parts_absorbed(clusters, (height, width), most)
    labels = canonicalise(method.segment(image, n))
    np.testing.assert_array_equal(labels, canonicalise(expected))


def test_rows_left_out_change_the_labels():
    image = noise(40, 60)
    few, all_rows = (
        FastSlic(interlace=each, min_size_factor=0.0).segment(image, 6) for each in (3, 1)
    )
    assert (few != all_rows).any()


def test_colours_of_the_tables_are_near_the_exact_ones_and_greys_have_none():
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    assert np.abs(lab_planes(image) - np.moveaxis(rgb2lab(image), 2, 0)).max() < 0.3
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    light, a, b = lab_planes(grey)
    assert not a.any()
    assert not b.any()
    assert (np.diff(light.ravel()) > 0).all()
    assert (light[0, 0], light[-1, -1]) == pytest.approx((0, 100), abs=1e-4)


@pytest.mark.parametrize("n", [1, 2, 50, 599, 600])
def test_superpixels_are_connected(n):
    labels = segment(speckled(20, 30), n, "fastslic")
    assert n_components(labels) == labels.max() + 1


def test_superpixels_follow_an_edge_that_the_grid_does_not():
    image = two_colours(40, 60)
    labels = segment(image, 24, "fastslic")
    dark = image[..., 0] == 20
    assert not set(labels[dark]) & set(labels[~dark])


def test_more_compactness_gives_shorter_boundaries():
    def length(labels):
        return (np.diff(labels, axis=0) != 0).sum() + (np.diff(labels, axis=1) != 0).sum()

    image = noise(40, 40)
    loose, tight = (
        segment(image, 16, "fastslic", compactness=value, min_size_factor=0.0)
        for value in (1.0, 200.0)
    )
    assert length(tight) < length(loose)


@pytest.mark.parametrize(
    "values",
    [
        {"compactness": 0.0},
        {"compactness": 1e10},
        {"compactness": float("nan")},
        {"iterations": 0},
        {"interlace": 0},
        {"interlace": 17},
        {"min_size_factor": -0.1},
        {"min_size_factor": 1.5},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        FastSlic(**values)
