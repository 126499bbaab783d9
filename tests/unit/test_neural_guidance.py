"""EA's guidance image: its plain version, sharp edges, and images with nothing in them."""

import numpy as np
import pytest

from methods.neural.guidance import guidance, side_window_filtered
from methods.neural.scene import standardised
from tests.oracle import oracle_guidance
from tests.scenes import disc, noise, patches, slope, speckled, two_colours

SCENES = pytest.mark.parametrize("scene", [noise, speckled, two_colours, slope, patches])
SHAPES = pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 19), (17, 1), (2, 2), (11, 14)])


def filtered(image):
    return np.moveaxis(side_window_filtered(np.moveaxis(image, 2, 0)), 0, 2)


@SCENES
@SHAPES
def test_the_filter_is_that_of_the_plain_version(scene, shape):
    image = scene(*shape)
    expected = oracle_guidance.side_window_filtered(image)
    np.testing.assert_array_equal(filtered(image), expected)


@SCENES
@SHAPES
def test_the_guidance_image_is_that_of_the_plain_version(scene, shape):
    found = guidance(scene(*shape))
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, oracle_guidance.guidance(scene(*shape)), atol=1e-5)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_step_edges_stay_as_they_are(turn):
    image = np.full((40, 60, 3), (200, 180, 90), np.uint8)
    image[:, 30:] = (20, 60, 120)
    image = np.rot90(image, turn).copy()
    np.testing.assert_array_equal(filtered(image), image)


def test_corners_and_lines_two_pixels_wide_stay_as_they_are():
    image = two_colours(30, 40)
    image[:8, 10:12] = 255
    image[:8, 20:] = 255
    np.testing.assert_array_equal(filtered(image), image)


def test_noise_is_smoothed_away_beside_an_edge_and_the_edge_is_not():
    rng = np.random.default_rng(0)
    image = np.full((60, 80, 3), 60.0)
    image[:, 40:] = 180
    noisy = (image + rng.normal(0, 6, image.shape)).clip(0, 255).astype(np.uint8)
    found = filtered(noisy).astype(float)
    for half in (np.s_[:, :40], np.s_[:, 40:]):
        assert found[half].std() < 0.75 * noisy[half].std()
    step = found[:, 40].mean() - found[:, 39].mean()
    assert step == pytest.approx(120, abs=4)


def test_every_channel_has_mean_0_and_variance_1():
    found = guidance(disc(60, 90)).astype(float)
    np.testing.assert_allclose(found.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(found.var(axis=(0, 1), ddof=1), 1, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (30, 40)])
def test_one_colour_gives_no_edge_at_all(shape):
    assert not guidance(np.full((*shape, 3), (0, 90, 255), np.uint8)).any()


def test_a_channel_is_filtered_by_itself():
    image = noise(20, 30)
    alone = image.copy()
    alone[..., :2] = 7
    np.testing.assert_array_equal(filtered(alone)[..., 2], filtered(image)[..., 2])


def test_equalisation_brings_out_a_faint_edge_beside_a_strong_one():
    image = slope(64, 64)
    image[:, 40:] = image[:, 40:] // 8  # dark, with little contrast of its own

    def contrast(of):
        return of[:, 44:].std()

    assert contrast(guidance(image)) > 1.03 * contrast(standardised(filtered(image)))


def test_the_image_is_not_changed_and_the_result_is_the_same_every_time():
    image = noise(33, 47)
    before = image.copy()
    np.testing.assert_array_equal(guidance(image), guidance(image))
    np.testing.assert_array_equal(image, before)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match=r"\(4, 4, 2\)"):
        guidance(np.zeros((4, 4, 2), np.uint8))
