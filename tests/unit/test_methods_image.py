"""Every usual kind of image becomes the same (H, W, 3) uint8; anything else is refused."""

import numpy as np
import pytest

from methods import segment
from methods.image import InvalidImageError, as_rgb_uint8

GREY = np.array([[0, 1, 127], [128, 254, 255]], np.uint8)
RGB = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)


@pytest.mark.parametrize(
    "image",
    [
        RGB,
        RGB.astype(np.uint16) * 257,
        RGB / 255,
        (RGB / 255).astype(np.float32),
        np.asfortranarray(RGB),
        np.dstack([RGB, np.full_like(GREY, 255)]),
        RGB[::-1].copy()[::-1],
    ],
    ids=["uint8", "uint16", "float64", "float32", "column order", "opaque RGBA", "view"],
)
def test_kinds_of_the_same_image_are_equal(image):
    converted = as_rgb_uint8(image)
    np.testing.assert_array_equal(converted, RGB)
    assert converted.dtype == np.uint8
    assert converted.flags.c_contiguous


@pytest.mark.parametrize("image", [GREY, GREY[:, :, np.newaxis], GREY / 255])
def test_grey_becomes_three_equal_channels(image):
    np.testing.assert_array_equal(as_rgb_uint8(image), np.dstack([GREY] * 3))


def test_a_mask_becomes_black_and_white():
    np.testing.assert_array_equal(as_rgb_uint8(GREY > 100)[..., 0], np.where(GREY > 100, 255, 0))


def test_transparent_pixels_show_white():
    half = np.array([[[0, 100, 200, 0], [0, 100, 200, 255], [0, 0, 0, 128]]], np.uint8)
    expected = [[[255, 255, 255], [0, 100, 200], [127, 127, 127]]]
    np.testing.assert_array_equal(as_rgb_uint8(half), expected)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5, 2), np.uint8), r"\(4, 5, 2\)"),
        (np.zeros((2, 4, 5, 3), np.uint8), "one image at a time"),
        (np.zeros(7, np.uint8), r"\(7,\)"),
        (np.zeros((0, 5, 3), np.uint8), "no pixels"),
        (np.zeros((4, 5, 3), np.int64), "int64.*uint8"),
        (np.full((4, 5), np.nan), "NaN"),
        (np.full((4, 5), np.inf), "infinite"),
        (np.full((4, 5), 1.5), "0, 1.*clip"),
        (np.full((4, 5), -0.1), "0, 1.*clip"),
    ],
)
def test_what_is_no_image_is_refused_with_the_cure(image, message):
    with pytest.raises(InvalidImageError, match=message):
        as_rgb_uint8(image)


@pytest.mark.parametrize("n", [0, -3, 7, 2.5, "4", None, True])
def test_a_count_that_an_image_cannot_have_is_refused(n):
    with pytest.raises(ValueError, match="superpixels"):
        segment(RGB, n, method="grid")


def test_any_integer_type_is_a_count():
    assert segment(RGB, np.int16(6), method="grid").max() == 5


def test_labels_come_back_canonical_and_the_image_untouched():
    image = RGB.copy()
    labels = segment(image, 4, method="voronoi", seed=3)
    assert labels.dtype == np.int32
    assert labels[0, 0] == 0
    np.testing.assert_array_equal(np.unique(labels), range(4))
    np.testing.assert_array_equal(image, RGB)
