"""The embedded scenes: reproducible, exact, and hard enough to tell methods apart."""

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from bench.datasets import DatasetError, open_dataset
from bench.datasets.sample.shapes import box, coverage, ellipse, ring

NAMES = (
    "balloons",
    "harbour",
    "hills",
    "leaves",
    "lighthouse",
    "reef",
    "snake",
    "still_life",
    "street",
    "vase",
)
# Over all label maps in order; they come from integer arithmetic, so they are equal everywhere.
LABELS_SHA256 = "3adccd4ad18425c628ef6de1759b219e14afc077a9c701052955d9a9d20e04e4"


@pytest.fixture(scope="module")
def samples():
    dataset = open_dataset("sample")
    return {name: dataset.load(name) for name in dataset.names}


def test_ten_scenes_of_240_x_160_landscape_and_portrait(samples):
    assert tuple(samples) == NAMES
    sizes = [sample.image.shape for sample in samples.values()]
    assert set(sizes) == {(160, 240, 3), (240, 160, 3)}
    assert all(sample.image.dtype == np.uint8 for sample in samples.values())


def test_the_first_images_are_kept_by_a_limit():
    assert open_dataset("sample", limit=3).names == NAMES[:3]


@pytest.mark.parametrize("name", NAMES)
def test_annotations_go_from_fine_to_coarse_and_nest(samples, name):
    sample = samples[name]
    counts = [len(np.unique(truth)) for truth in sample.truths]
    assert len(counts) in (2, 3)
    assert counts == sorted(set(counts), reverse=True)
    assert counts[0] >= 8
    assert counts[-1] >= 2
    for fine, coarse in zip(sample.truths, sample.truths[1:], strict=False):
        assert fine.dtype == np.int32
        assert fine.shape == sample.image.shape[:2]
        for label in np.unique(fine):
            assert len(np.unique(coarse[fine == label])) == 1


def test_label_maps_are_the_same_on_every_machine(samples):
    digest = hashlib.sha256()
    for sample in samples.values():
        for truth in sample.truths:
            digest.update(truth.astype("<i4").tobytes())
    assert digest.hexdigest() == LABELS_SHA256


@pytest.mark.parametrize("name", NAMES)
def test_images_have_contrast_and_few_burnt_out_pixels(samples, name):
    image = samples[name].image.astype(float)
    assert 40 < image.mean() < 190
    assert image.std() > 25
    assert np.mean((image == 0) | (image == 255)) < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_the_image_changes_at_region_boundaries(samples, name):
    # Across a boundary the colour differs more than within regions, where texture and noise are.
    image, fine = samples[name].image.astype(float), samples[name].truths[0]
    step = np.abs(image[:, 4:] - image[:, :-4]).sum(axis=2)
    crossing = fine[:, 4:] != fine[:, :-4]
    assert step[crossing].mean() > 1.5 * step[~crossing].mean()


def test_edges_are_hard_and_soft(samples):
    hills = samples["hills"]
    cloud, house = hills.truths[0][26, 168], hills.truths[0][90, 110]
    assert _edge_width(hills, cloud) > 2 * _edge_width(hills, house)


def _edge_width(sample, region):
    """Return over how many pixels the brightness changes across the rim of a region."""
    inside = sample.truths[0] == region
    signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    grey = sample.image.astype(float).mean(axis=2)
    profile = np.array([grey[np.abs(signed - d) <= 1].mean() for d in range(-6, 7)])
    return np.ptp(profile) / np.abs(np.diff(profile)).max()


def test_some_parts_are_thin(samples):
    fine = samples["harbour"].truths[0]
    depth = [ndimage.distance_transform_edt(fine == label).max() for label in np.unique(fine)]
    assert min(depth) <= 2


def test_painting_again_gives_the_same_pixels():
    from bench.datasets.sample.dataset import _paint_sample

    first = open_dataset("sample").load("reef")
    _paint_sample.cache_clear()
    again = open_dataset("sample").load("reef")
    np.testing.assert_array_equal(first.image, again.image)


def test_a_loaded_image_may_be_changed_without_harm():
    dataset = open_dataset("sample")
    dataset.load("snake").image[:] = 0
    dataset.load("snake").truths[0][:] = 0
    assert dataset.load("snake").image.any()
    assert dataset.load("snake").truths[0].any()


def test_size_identity_and_fingerprints():
    dataset = open_dataset("sample")
    assert dataset.identity == "sample"
    assert dataset.size("hills") == (160, 240)
    assert dataset.size("vase") == (240, 160)
    assert len({dataset.fingerprint(name) for name in dataset.names}) == len(NAMES)
    assert dataset.fingerprint("hills") == open_dataset("sample").fingerprint("hills")


def test_the_scenes_take_neither_a_folder_nor_a_split(tmp_path):
    with pytest.raises(DatasetError, match=r"has no root .* --dataset folder"):
        open_dataset("sample", root=tmp_path)
    with pytest.raises(DatasetError, match="has no split"):
        open_dataset("sample", split="test")


def test_a_missing_photograph_is_told_with_its_cure(monkeypatch):
    from bench.datasets.sample import paint as sample_paint

    monkeypatch.setattr(sample_paint.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match="install scikit-image again"):
        sample_paint._photograph("no-such.png")


def test_coverage_counts_the_share_of_each_pixel():
    covered = coverage(box(2, 1, 4, 3.5), (6, 6))
    expected = np.zeros((6, 6))
    expected[2:4, 1:3] = 1
    expected[2:4, 3] = 0.5
    np.testing.assert_allclose(covered, expected)


def test_coverage_of_a_ring_leaves_its_hole_out():
    disc = ellipse(20, 20, 15, 10)
    area = coverage(disc, (40, 40)).sum()
    assert area == pytest.approx(np.pi * 150, rel=0.03)
    assert coverage(ring(disc, 0.5), (40, 40)).sum() == pytest.approx(0.75 * area, rel=0.03)
    assert coverage(ring(disc, 0.5), (40, 40))[20, 20] == 0
