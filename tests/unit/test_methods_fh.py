"""FH: the labels of scikit-image at every scale, and the same for several counts at once."""

import numpy as np
import pytest
from skimage.segmentation import felzenszwalb

from bench.datasets import open_dataset
from methods import get_method
from methods.canonical import canonicalise
from methods.classical.fh import merge_regions, sorted_edges
from tests.scenes import noise, speckled, two_colours
from tests.shared import BSDS500, needs_shared


def flats(height, width):
    """Flat squares: nearly all edges cost the same, so that their order decides."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y // 10 * 10, x // 10 * 10, (y + x) // 20 * 20], axis=-1).astype(np.uint8)


def ramp(height, width):
    """One level from pixel to pixel: costs that lie at the limit where the scale is 1."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x, y + x], axis=-1).astype(np.uint8)


def ours(image, scale, sigma, min_size):
    edges = sorted_edges(image, sigma)
    labels = np.empty(image.shape[0] * image.shape[1], np.int32)
    count = merge_regions(edges.costs, edges.ends, scale / 255, min_size, labels)
    assert count == len(np.unique(labels))
    return canonicalise(labels.reshape(image.shape[:2]))


def assert_equal_to_the_librarys(image, scale, sigma, min_size):
    expected = felzenszwalb(image, scale=scale, sigma=sigma, min_size=min_size)
    np.testing.assert_array_equal(ours(image, scale, sigma, min_size), canonicalise(expected))


@pytest.mark.parametrize("scene", [noise, two_colours, speckled, flats, ramp])
@pytest.mark.parametrize("sigma", [0.0, 0.8, 2.0])
@pytest.mark.parametrize(
    ("scale", "min_size"), [(0.01, 40), (1.0, 1), (2.0, 1), (30.0, 4), (300.0, 20), (1e5, 9)]
)
def test_labels_are_those_of_the_library(scene, sigma, scale, min_size):
    assert_equal_to_the_librarys(scene(41, 56), scale, sigma, min_size)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 30), (30, 1), (2, 2), (2, 19), (19, 2)])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_thin_images_have_all_their_edges_and_no_others(height, width, scale):
    assert_equal_to_the_librarys(noise(height, width), scale, 0.8, 3)


@needs_shared
@pytest.mark.parametrize("sigma", [0.0, 0.8])
@pytest.mark.parametrize(("scale", "min_size"), [(1.0, 1), (70.0, 154), (900.0, 20)])
def test_labels_of_photographs_are_those_of_the_library(sigma, scale, min_size):
    dataset = open_dataset("bsds500", root=BSDS500, split="val")
    for name in sorted(dataset.names)[::40]:
        assert_equal_to_the_librarys(dataset.load(name).image, scale, sigma, min_size)


def test_counts_share_their_edges_and_keep_their_own_facts(monkeypatch):
    image, method, sortings = noise(40, 50), get_method("fh"), []
    argsort = np.argsort
    monkeypatch.setattr(np, "argsort", lambda costs: sortings.append(0) or argsort(costs))
    maps = method.segment_many(image, [5, 30, 200])
    found = [(labels, method.facts) for labels in maps]
    assert len(sortings) == 1
    for n, (labels, facts) in zip([5, 30, 200], found, strict=True):
        np.testing.assert_array_equal(labels, method.segment(image, n))
        assert facts == method.facts
    assert len({facts["scale"] for _, facts in found}) == 3
