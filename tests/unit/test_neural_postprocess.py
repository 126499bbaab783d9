"""What is done about the parts of a network's labels: each way, and what it rests on."""

import numpy as np
import pytest
import torch
from skimage.segmentation import _slic

from methods.canonical import canonicalise, connected_components, n_components
from methods.neural.postprocess import cut_and_merge, merge_parts, postprocess, sums_of_assignments
from tests.oracle import oracle_postprocess


def checkerboard(height, width):
    return np.indices((height, width)).sum(0) % 2


def one_label(height, width):
    return np.full((height, width), 7)


def random(height, width):
    return np.random.default_rng(height * width).integers(0, 3, (height, width))


def blobs(height, width):
    """Large parts with specks in them."""
    coarse = random(-(-height // 4), -(-width // 4)).repeat(4, 0).repeat(4, 1)[:height, :width]
    return np.where(np.random.default_rng(1).random(coarse.shape) < 0.1, 3, coarse)


def logits_of(labels, seed=0):
    """Logits of which those of the labels are the greatest."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(*labels.shape, int(labels.max()) + 1, generator=generator)
    return drawn.scatter_add_(-1, torch.from_numpy(labels)[..., None], torch.ones(drawn.shape))


def split(labels):
    """Logits that hardly prefer the label of each pixel to that of its neighbours."""
    return logits_of(labels) + 2 * logits_of(np.roll(labels, 1, 1), 1)


SCENES = pytest.mark.parametrize("scene", [checkerboard, one_label, random, blobs])
SHAPES = pytest.mark.parametrize("shape", [(1, 1), (1, 23), (19, 1), (9, 14), (16, 16)])


def by_skimage(labels, least, most):
    found = _slic._enforce_label_connectivity_cython(
        np.ascontiguousarray(labels, np.intp)[np.newaxis], least, most, start_label=0
    )
    return np.asarray(found)[0]


@SCENES
@SHAPES
@pytest.mark.parametrize(("least", "most"), [(0, 3), (2, 5), (3, 9), (8, 40), (500, 1000), (4, 2)])
def test_published_is_the_connectivity_enforcement_of_slic(scene, shape, least, most):
    labels = scene(*shape).astype(np.int64)
    found = cut_and_merge(labels, least, most)
    np.testing.assert_array_equal(
        canonicalise(found), canonicalise(by_skimage(labels, least, most))
    )
    np.testing.assert_array_equal(found, oracle_postprocess.cut_and_merge(labels, least, most))


@pytest.mark.parametrize("n", [1, 7, 100, 1000])
def test_published_cuts_above_three_mean_areas_and_merges_below_six_hundredths(n):
    labels = blobs(60, 80)
    found = canonicalise(postprocess(logits_of(labels), n, "published"))
    expected = by_skimage(labels, int(0.06 * 4800 / n), int(3 * 4800 / n))
    np.testing.assert_array_equal(found, canonicalise(expected))
    assert n_components(found) == found.max() + 1


def test_published_cuts_a_large_superpixel_and_merging_does_not():
    labels = one_label(30, 40)
    assert len(np.unique(postprocess(logits_of(labels), 100, "published"))) >= 1200 / 36
    assert len(np.unique(postprocess(logits_of(labels), 100, "merge"))) == 1


@pytest.mark.parametrize("n", [1, 7, 100, 24 * 32])
def test_even_cuts_lower_and_merges_parts_of_similar_assignment(n):
    logits, area = split(blobs(24, 32)), 24 * 32 / n
    pieces = oracle_postprocess.cut_and_merge(logits.argmax(-1).numpy(), 1, int(1.5 * area))
    assignment = logits.double().softmax(-1).numpy()
    expected = oracle_postprocess.merge_parts(pieces, 0.3 * area, assignment)
    np.testing.assert_array_equal(canonicalise(postprocess(logits, n, "even")), expected)
    assert n < 24 * 32 or len(np.unique(expected)) == n


def test_even_cuts_a_single_channel_and_merges_what_is_left_over():
    found = postprocess(torch.zeros(1, 7, 1), 2, "even")  # pieces of five pixels, and two
    np.testing.assert_array_equal(found, [[0, 0, 0, 0, 0, 1, 1]])
    found = postprocess(torch.zeros(1, 11, 1), 2, "even")  # of eight, and three
    np.testing.assert_array_equal(found, [[0] * 8 + [1] * 3])
    found = postprocess(torch.zeros(1, 9, 1), 2, "even")  # of six, and three
    np.testing.assert_array_equal(found, [[0] * 6 + [1] * 3])


@pytest.mark.parametrize("n", [1, 7, 100, 1000])
@pytest.mark.parametrize("labels", [one_label(60, 80), blobs(60, 80)])
def test_even_leaves_connected_superpixels_none_too_small(n, labels):
    found = canonicalise(postprocess(logits_of(labels), n, "even"))
    assert n_components(found) == found.max() + 1
    assert np.bincount(found.ravel()).min() >= 0.3 * labels.size / n


@pytest.mark.parametrize("labels", [one_label(60, 80), blobs(60, 80)])
def test_even_leaves_about_as_many_superpixels_as_asked(labels):
    count = len(np.unique(postprocess(logits_of(labels), 48, "even")))
    assert 48 / 2 <= count <= 48 * 2


def test_even_asks_the_assignment_and_not_the_border():
    labels = np.zeros((6, 9), np.int64)
    labels[:, 5:] = 2
    labels[2:4, 5] = 1  # has more border with label 2, where it is, than with label 0
    logits = 9 * torch.nn.functional.one_hot(torch.from_numpy(labels)).float()
    logits[labels == 1] += torch.tensor([3.0, 0.0, 0.0])
    found = postprocess(logits, 2, "even")
    assert len(np.unique(found)) == 2
    assert found[2, 5] == found[2, 4] != found[2, 6]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_assignments_of_any_type_and_layout_are_summed_over_each_part(dtype):
    logits = split(random(9, 14)).to(dtype)
    laid_out = logits.permute(2, 1, 0).contiguous().permute(2, 1, 0).requires_grad_()
    assert not laid_out.is_contiguous()
    parts = connected_components(logits.argmax(-1).numpy())
    pixels = logits.double().softmax(-1).numpy()
    expected = [pixels[parts == part].sum(0) for part in range(parts.max() + 1)]
    np.testing.assert_allclose(sums_of_assignments(laid_out, parts), expected, rtol=1e-6)
    np.testing.assert_array_equal(
        postprocess(laid_out, 5, "even"), postprocess(logits.double(), 5, "even")
    )


def test_a_small_first_piece_becomes_part_of_the_next():
    labels = np.array([[0, 0, 1, 1, 1, 2, 2, 2, 2]])
    np.testing.assert_array_equal(cut_and_merge(labels, 3, 100), [[0, 0, 0, 0, 0, 1, 1, 1, 1]])


@SCENES
@SHAPES
@pytest.mark.parametrize("least", [0.0, 2.0, 3.5, 9.0, 1000.0])
def test_merging_is_that_of_the_plain_version(scene, shape, least):
    labels = scene(*shape)
    found = canonicalise(merge_parts(labels, least))
    np.testing.assert_array_equal(found, oracle_postprocess.merge_parts(labels, least))


@pytest.mark.parametrize("n", [1, 7, 100, 1000])
def test_merging_leaves_connected_superpixels_none_too_small(n):
    found = canonicalise(postprocess(logits_of(random(60, 80)), n, "merge"))
    assert n_components(found) == found.max() + 1
    assert np.bincount(found.ravel()).min() >= 0.06 * 4800 / n


def test_a_speck_joins_the_neighbour_it_has_most_border_with():
    labels = np.zeros((6, 9), np.int64)
    labels[:, 5:] = 2
    labels[2:4, 5] = 1  # touches label 0 along 2 pixels, label 2 along 4
    found = merge_parts(labels, 3.0)
    assert found[2, 5] == found[0, 8] != found[0, 0]


def test_of_equal_borders_a_speck_joins_the_first():
    labels = np.array([[2, 2, 2, 1, 0, 0, 0]])
    np.testing.assert_array_equal(merge_parts(labels, 2.0), [[0, 0, 0, 0, 2, 2, 2]])


def test_parts_of_the_least_size_stay_apart_although_their_label_is_the_same():
    labels = np.array([[0, 0, 1, 1, 0, 0]])
    np.testing.assert_array_equal(merge_parts(labels, 2.0), connected_components(labels))


def test_none_leaves_the_labels_as_they_are():
    labels = random(20, 30)
    np.testing.assert_array_equal(postprocess(logits_of(labels), 50, "none"), labels)


@pytest.mark.parametrize("how", ["published", "even", "merge", "none"])
def test_the_logits_given_are_not_changed(how):
    logits = logits_of(random(20, 30))
    before = logits.clone()
    postprocess(logits, 5, how)
    assert torch.equal(logits, before)


def test_an_unknown_way_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'enforce' is unknown; choose 'published', 'even'"):
        postprocess(logits_of(random(4, 4)), 2, "enforce")
