"""Similarity between the image and its reconstruction: known answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import evaluate
from tests.unit.metric_cases import images, shapes

ONE = np.zeros((1, 6), int)


def sirs(image, labels=ONE):
    return evaluate(labels, [], np.array(image, np.uint8), metrics=["sirs"])["sirs"]


@given(st.data())
@settings(max_examples=30)
def test_a_superpixel_per_pixel_is_perfect(data):
    shape = data.draw(shapes())
    image = data.draw(images(shape))
    assert sirs(image, np.arange(shape[0] * shape[1]).reshape(shape)) == 1


@pytest.mark.parametrize("value", [0, 7, 240, 255])
def test_a_constant_image_is_perfect(value):
    assert sirs(np.full((1, 6), value)) == 1


def test_four_colours_are_kept():
    assert sirs([[0, 30, 60, 90, 0, 30]]) == 1
    assert sirs([[0, 0, 30, 60, 90, 120]]) < 1


def test_a_bucket_has_a_sixteenth_of_the_values():
    assert sirs([[15, 16, 15, 16, 15, 16]]) == 1
    # 240 and 255 share the last bucket, of mean 247.5: no deviation, so an error of 2 (v = 0).
    error = (7.5 / 255) ** 2
    assert sirs([[240, 255] * 3]) == pytest.approx(math.exp(-error / 0.01), rel=1e-12)


def test_a_group_is_of_the_maximal_channels():
    red, green, both = [9, 0, 0], [0, 9, 0], [9, 9, 0]
    assert sirs([[red, green, both] * 2]) == 1
    # Red alone is maximal in both, so both are rebuilt as their mean.
    error = (4 / 255) ** 2 / 3  # in green alone
    assert sirs([[[9, 8, 0], [9, 0, 0]] * 3]) == pytest.approx(math.exp(-error / 0.01), rel=1e-12)


def test_among_equally_full_buckets_the_lowest_are_kept():
    greys = np.array([[0, 40, 80, 120, 160]])
    # 160 is rebuilt as 120; those kept are at most 60 from their mean, 60.
    error = (40 / 255) ** (2 - 60 / 255) / 5
    expected = pytest.approx(math.exp(-error / 0.01), rel=1e-12)
    assert sirs(greys, np.zeros((1, 5), int)) == expected
    assert sirs(greys[:, ::-1], np.zeros((1, 5), int)) == expected
