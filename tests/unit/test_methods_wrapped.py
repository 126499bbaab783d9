"""The wrapped methods say what their libraries do: equal labels, safe sizes, honest counts."""

import importlib
import itertools
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.segmentation import felzenszwalb, quickshift, slic

from methods import get_method, segment
from methods.base import Skip
from methods.canonical import canonicalise, n_components
from methods.classical import opencv
from methods.classical.quickshift import _cut_for_count
from methods.registry import BUILTIN

ROOT = Path(__file__).resolve().parents[2]
OPENCV = ("cvslic", "lsc", "mslic", "scan", "seeds")


@pytest.fixture(scope="module")
def image():
    y, x = np.mgrid[:60, :84]
    scene = np.stack([2 * x + y, 200 - 3 * y, 80 + 60 * np.sin(x / 5)], axis=-1)
    scene[(y - 25) ** 2 + (x - 40) ** 2 < 300] = [220, 190, 40]
    scene += np.random.default_rng(0).normal(0, 5, scene.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


def test_slic_is_the_librarys_with_its_defaults(image):
    np.testing.assert_array_equal(
        segment(image, 40, "slic"), canonicalise(slic(image, n_segments=40, start_label=0))
    )
    np.testing.assert_array_equal(
        segment(image, 40, "slico", sigma=1.0),
        canonicalise(slic(image, n_segments=40, sigma=1, slic_zero=True, start_label=0)),
    )


def test_opencv_slic_is_the_librarys_and_enforcement_can_be_switched_off(image):
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    state = cv2.ximgproc.createSuperpixelSLIC(lab, cv2.ximgproc.SLIC, 11, 10.0)
    state.iterate(10)
    raw = canonicalise(state.getLabels())
    np.testing.assert_array_equal(segment(image, 42, "cvslic", enforce=0), raw)
    assert n_components(raw) > n_components(segment(image, 42, "cvslic"))


def test_the_opencv_variants_have_the_librarys_numbers():
    assert get_method("cvslic").algorithm == cv2.ximgproc.SLIC
    assert get_method("mslic").algorithm == cv2.ximgproc.MSLIC


@pytest.mark.parametrize("n", [5, 30, 200])
def test_fh_is_the_librarys_at_the_scale_it_reports(image, n):
    method = get_method("fh")
    labels = canonicalise(method.segment(image, n))
    direct = felzenszwalb(
        image, scale=method.facts["scale"], sigma=0.8, min_size=int(0.1 * 60 * 84 / n)
    )
    np.testing.assert_array_equal(labels, canonicalise(direct))
    assert 1 <= method.facts["trials"] <= 12


@pytest.mark.parametrize("n", [1, 30, 300, 5040])
def test_quick_shift_is_the_librarys_at_the_max_dist_it_reports(image, n):
    method = get_method("quickshift", kernel_size=2.0)
    labels = canonicalise(method.segment(image, n))
    direct = quickshift(image, kernel_size=2.0, max_dist=method.facts["max_dist"])
    np.testing.assert_array_equal(labels, canonicalise(direct))
    assert labels.max() + 1 == max(n, method.facts["modes"])


def test_one_tree_of_quick_shift_serves_every_count(image, monkeypatch):
    import skimage.segmentation as library

    trees, counts = [], (40, 300, 5040)
    method = get_method("quickshift", kernel_size=2.0)
    expected = [(method.segment(image, n), method.facts) for n in counts]
    grow = library.quickshift
    monkeypatch.setattr(
        library, "quickshift", lambda *given, **named: trees.append(0) or grow(*given, **named)
    )
    maps = method.segment_many(image, counts)
    for labels, (alone, facts) in zip(maps, expected, strict=True):
        np.testing.assert_array_equal(labels, alone)
        assert method.facts == facts
    assert len(trees) == 1


@pytest.mark.parametrize(
    ("name", "function"),
    [("waterpixels", "skimage.color.rgb2lab"), ("watershed", "skimage.filters.sobel")],
)
def test_one_gradient_serves_every_count(image, monkeypatch, name, function):
    module, _, attribute = function.rpartition(".")
    compute, calls = getattr(importlib.import_module(module), attribute), []
    monkeypatch.setattr(function, lambda given: calls.append(0) or compute(given))
    method = get_method(name)
    for n, labels in zip((20, 90), method.segment_many(image, (20, 90)), strict=True):
        assert len(calls) == 1
        np.testing.assert_array_equal(labels, get_method(name).segment(image, n))
        calls.pop()


def test_links_of_equal_length_are_cut_together_at_the_nearest_count():
    lengths = np.array([1.0, 2, 2, 2, 5, 6])
    cut_links = [int((lengths > _cut_for_count(lengths, cuts)).sum()) for cuts in range(-1, 8)]
    assert cut_links == [0, 0, 1, 2, 2, 5, 5, 6, 6]
    assert _cut_for_count(np.array([]), 3) == 0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("fh", 0.9, 1.1), ("quickshift", 1, 1), ("watershed", 0.9, 1.1), ("waterpixels", 0.9, 1.1)],
)
def test_methods_that_aim_for_the_count_come_near_it(image, name, low, high):
    params = {"kernel_size": 2.0} if name == "quickshift" else {}
    count = segment(image, 150, name, **params).max() + 1
    assert low * 150 <= count <= high * 150


def test_more_regular_waterpixels_stay_nearer_to_their_cells(image):
    def spread(regularity):
        labels = segment(image, 40, "waterpixels", regularity=regularity)
        pixels = [np.argwhere(labels == i) for i in range(labels.max() + 1)]
        return sum(((p - p.mean(axis=0)) ** 2).sum() for p in pixels)

    assert spread(64.0) < spread(8.0) < spread(0.0)


def test_lsc_declines_what_enforcement_would_merge_away(image):
    pixels = image.shape[0] * image.shape[1]
    with pytest.raises(Skip, match=r"enforce=0"):
        segment(image, pixels // 16, "lsc")
    assert segment(image, pixels // 16, "lsc", enforce=0).max() > pixels // 32
    assert segment(image, pixels // 25, "lsc").max() > pixels // 50


@pytest.mark.parametrize("name", ["slic", "seeds", "cvslic", "fh", "grid"])
def test_a_method_takes_what_segment_takes(image, name):
    expected = segment(image, 40, name)
    method = get_method(name)
    for given in (image / 255, (image.astype(np.uint16) * 257)):
        np.testing.assert_array_equal(canonicalise(method.segment(given, 40)), expected)
    assert method.segment(image[:, :, 0], 40).shape == image.shape[:2]


def test_lsc_runs_on_one_thread_and_leaves_the_number_as_it_was(image, monkeypatch):
    threads = cv2.getNumThreads()
    set_to = []
    monkeypatch.setattr(cv2, "setNumThreads", set_to.append)
    segment(image, 40, "lsc")
    assert set_to == [1, threads]
    with pytest.raises(ZeroDivisionError), opencv.one_thread():
        raise ZeroDivisionError
    assert set_to == [1, threads, 1, threads]


@pytest.mark.parametrize("name", OPENCV)
def test_opencv_survives_the_sizes_at_which_it_crashes(name):
    """In a process of its own, since a crash cannot be caught."""
    sizes = [(1, 1), (1, 2), (2, 1), (1, 30), (30, 1), (2, 3), (5, 5), (9, 27), (99, 8), (33, 47)]
    sizes += [(98, 2), (103, 1), (30, 30)]
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import numpy as np
from methods import segment
from methods.base import Skip
done = 0
for height, width in {sizes}:
    for n in sorted({{1, 2, 5, 12, 22, 27, height * width // 4, height * width}}):
        if 1 <= n <= height * width:
            for image in (
                np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8),
                np.full((height, width, 3), 90, np.uint8),
            ):
                try:
                    labels = segment(image, n, {name!r})
                    assert labels.max() < height * width
                except Skip as reason:
                    assert str(reason)
                done += 1
print("cells", done)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith("cells ")


def test_unsafe_sizes_are_declined_with_a_reason():
    for name, (height, width), n in (
        ("seeds", (7, 100), 4),
        ("seeds", (20, 20), 101),
        ("seeds", (118, 8), 15),
        ("cvslic", (1, 30), 1),
        ("lsc", (103, 1), 27),
        ("mslic", (60, 84), 2),
        ("mslic", (20, 20), 400),
    ):
        with pytest.raises(Skip, match=f"{height} x {width}"):
            get_method(name).segment(np.zeros((height, width, 3), np.uint8), n)


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "command"])
def test_any_count_on_any_small_image_gives_labels_or_is_declined(name):
    network = BUILTIN[name].startswith("methods.neural.")
    few = {"iterations": 2, "blocks": 2, "width": 4} if network else {}
    random = np.random.default_rng(0)
    labelled = 0
    for height, width in ((1, 1), (1, 6), (6, 1), (2, 3), (5, 5), (13, 9), (24, 31)):
        noise = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        counts = {1, 2, 5, height * width // 3, height * width - 1, height * width}
        for picture, n in itertools.product((noise, np.zeros_like(noise)), counts):
            if 1 <= n <= height * width:
                try:
                    segment(picture, n, name, **few)
                    labelled += 1
                except Skip:
                    continue
    assert labelled >= 2


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("slic", {"compactness": 0.0}),
        ("slic", {"sigma": -1.0}),
        ("slic", {"max_num_iter": 0}),
        ("slic", {"min_size_factor": 4.0}),
        ("cvslic", {"ruler": 0.0}),
        ("cvslic", {"enforce": 101}),
        ("mslic", {"iterations": 0}),
        ("lsc", {"ratio": 0.0}),
        ("lsc", {"iterations": 0}),
        ("lsc", {"enforce": -1}),
        ("seeds", {"levels": 1}),
        ("seeds", {"levels": 33}),
        ("seeds", {"prior": 6}),
        ("seeds", {"bins": 0}),
        ("seeds", {"iterations": 0}),
        ("scan", {"slices": 0}),
        ("fh", {"sigma": -0.1}),
        ("fh", {"min_share": 2.0}),
        ("fh", {"trials": 0}),
        ("quickshift", {"kernel_size": 0.5}),
        ("quickshift", {"ratio": 0.0}),
        ("watershed", {"compactness": -1.0}),
        ("waterpixels", {"regularity": -1.0}),
        ("waterpixels", {"shrink": 0.0}),
        ("grid", {"step": -1}),
        ("voronoi", {"seed": -1}),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_name(name, params):
    ((parameter, value),) = params.items()
    with pytest.raises(ValueError, match=f"{parameter}={value}"):
        get_method(name, **params)
