"""The superpixelated image: every pixel in the mean colour of its superpixel."""

import subprocess
import sys

import numpy as np
import pytest

from methods import superpixelated
from tests.scenes import noise, two_colours


def labels_of(height, width, count=5):
    return np.random.default_rng(height + width).integers(0, count, (height, width))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (25, 1), (20, 30)])
def test_every_pixel_has_the_mean_colour_of_its_superpixel(shape):
    image, labels = noise(*shape), labels_of(*shape)
    found = superpixelated(image, labels)
    assert found.dtype == np.uint8
    for y, x in np.ndindex(shape):
        mean = image[labels == labels[y, x]].astype(float).mean(axis=0)
        np.testing.assert_allclose(found[y, x], mean, atol=0.5 + 1e-9)


def test_means_are_rounded_to_the_nearest_integer():
    image = np.zeros((1, 3, 3), np.uint8)
    image[0, 0] = (1, 2, 255)  # means 0.33, 0.67 and 85
    np.testing.assert_array_equal(superpixelated(image, np.zeros((1, 3), int))[0, 2], [0, 1, 85])


def test_one_superpixel_gives_one_colour_and_one_for_each_pixel_the_image():
    image = noise(12, 17)
    assert len(np.unique(superpixelated(image, np.zeros((12, 17), int)).reshape(-1, 3), axis=0)) < 2
    own = np.arange(12 * 17).reshape(12, 17)
    np.testing.assert_array_equal(superpixelated(image, own), image)


def test_flat_regions_keep_their_colour_and_the_result_is_its_own_image():
    image = two_colours(20, 30)
    labels = (image[..., 0] == 20).astype(np.int32)
    np.testing.assert_array_equal(superpixelated(image, labels), image)
    again = superpixelated(noise(20, 30), labels)
    np.testing.assert_array_equal(superpixelated(again, labels), again)


def test_only_which_pixels_share_a_label_matters():
    image, labels = noise(20, 30), labels_of(20, 30)
    expected = superpixelated(image, labels)
    for other in (labels * 1_000_003 + 7, labels.astype(np.uint8), 4 - labels):
        np.testing.assert_array_equal(superpixelated(image, other), expected)


def test_a_white_image_of_many_pixels_stays_white():
    image = np.full((1000, 1100, 3), 255, np.uint8)
    assert superpixelated(image, np.zeros((1000, 1100), int)).min() == 255


def test_the_arguments_are_not_changed():
    image, labels = noise(9, 8), labels_of(9, 8)
    before = image.copy(), labels.copy()
    superpixelated(image, labels)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        (noise(6, 8), np.zeros((8, 6), int), r"\(8, 6\) do not fit an image of 6 x 8"),
        (noise(6, 8), np.zeros(48, int), r"\(48,\) are no label map"),
        (noise(6, 8), np.zeros((6, 8)), "float64"),
        (noise(6, 8), np.full((6, 8), -1), "-1"),
        (np.zeros((6, 8, 2), np.uint8), np.zeros((6, 8), int), r"\(6, 8, 2\)"),
        (np.zeros((0, 8, 3), np.uint8), np.zeros((0, 8), int), "no pixels"),
    ],
)
def test_what_is_no_image_or_no_labels_of_it_is_refused(image, labels, message):
    with pytest.raises(ValueError, match=message):
        superpixelated(image, labels)


def test_importing_it_loads_neither_opencv_nor_numba_nor_torch():
    code = "import sys; from methods import superpixelated; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"cv2", "numba", "torch"} & set(out.stdout.split())
