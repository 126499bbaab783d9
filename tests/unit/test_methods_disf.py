"""DISF: what its plain version gives, exactly the count asked for, and 8-connected trees."""

import numpy as np
import pytest
from skimage.measure import label as components

from methods import segment
from methods.classical import disf as module
from methods.classical.disf import Disf, seed_pixels
from methods.classical.lab import to_lab
from tests.oracle.oracle_disf import disf
from tests.scenes import noise, speckled, two_colours


def steps(height, width):
    """Soft colours in few shades: many paths meet at equal costs."""
    shade = np.add.outer(np.arange(height), 2 * np.arange(width)) // 3 * 4
    return np.stack([shade, 200 - shade, shade], axis=-1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, steps])
@pytest.mark.parametrize(
    ("height", "width", "n", "seeds"),
    [
        (13, 20, 12, 60),
        (20, 13, 3, 90),
        (10, 10, 1, 30),
        (10, 12, 20, 20),
        (10, 12, 40, 7),
        (9, 11, 5, 8000),
        (1, 40, 7, 20),
        (37, 1, 5, 8000),
        (6, 9, 54, 8000),
        (6, 9, 53, 8000),
    ],
)
def test_labels_are_those_of_the_plain_version(scene, height, width, n, seeds):
    image = scene(height, width)
    expected = disf(to_lab(image), n, seeds)
    np.testing.assert_array_equal(Disf(seeds=seeds).segment(image, n), expected)


@pytest.mark.parametrize("seeds", [1, 40, 8000])
@pytest.mark.parametrize("scene", [noise, two_colours])
def test_every_count_comes_back_exactly(scene, seeds):
    image, method = scene(9, 14), Disf(seeds=seeds)
    counts = [len(np.unique(method.segment(image, n))) for n in range(1, 9 * 14 + 1)]
    assert counts == list(range(1, 9 * 14 + 1))


@pytest.mark.parametrize(
    ("counts", "seeds", "common"),
    [
        ((3, 5, 40), 400, 3),  # 400, 147, 54 seeds, and then 40 or 19
        ((5, 60), 200, 2),  # 200, 73
        ((7, 200), 200, 1),
        ((7, 300), 200, 0),  # as many first seeds as superpixels
    ],
)
def test_counts_share_the_rounds_that_they_have_in_common(monkeypatch, counts, seeds, common):
    image, method, grown = noise(25, 20), Disf(seeds=seeds), []
    plant = module.planted
    monkeypatch.setattr(module, "planted", lambda *given: grown.append(0) or plant(*given))
    maps = method.segment_many(image, counts)
    assert len(grown) == common
    for n, labels in zip(counts, maps, strict=True):
        np.testing.assert_array_equal(labels, method.segment(image, n))


def test_superpixels_are_8_connected():
    labels = segment(noise(40, 50), 30, "disf")
    assert components(labels, connectivity=2, background=-1).max() == 30


def test_a_small_object_of_another_colour_keeps_a_superpixel_of_its_own():
    image = np.full((60, 60, 3), 128, np.uint8)
    image[20:30, 33:41] = (240, 20, 20)
    image += np.random.default_rng(0).integers(0, 5, image.shape, np.uint8)
    labels = segment(image, 2, "disf", seeds=400)
    np.testing.assert_array_equal(labels == labels[25, 36], image[..., 0] >= 240)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 50), (50, 1), (7, 9), (9, 7), (3, 100), (321, 481)]
)
def test_there_are_enough_seeds_for_any_count_and_no_two_are_one_pixel(height, width):
    for least in {1, 2, 8, 8000, height * width // 2, height * width - 1, height * width}:
        if 1 <= least <= height * width:
            seeds = seed_pixels(height, width, least)
            assert least <= len(seeds) <= height * width
            assert len(np.unique(seeds)) == len(seeds)
            assert 0 <= seeds.min() <= seeds.max() < height * width


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds=0 must be >= 1"):
        Disf(seeds=0)
