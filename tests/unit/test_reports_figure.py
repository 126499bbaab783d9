"""What the figures of one image show: the pictures they are given, and why one is missing."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from scipy.ndimage import correlate

import reports.figures.image
from metrics import evaluate
from reports.figures.image import edge, errors, examples, laplacian, soft
from reports.figures.sheet import HALO, LINE, Annotation, Division, fold
from reports.figures.style import COLUMN_WIDTH, LOOKS, PAGE_HEIGHT, PAGE_WIDTH, styled
from reports.output import save_figure

KINDS = sorted(path.stem for path in Path(reports.figures.image.__path__[0]).glob("[a-z]*.py"))
CAPTION = "100 superpixels asked for, seed 0. Proposed: preset quick, not the published settings."


@pytest.fixture(autouse=True)
def _paper():
    with styled():
        yield


def photo(height=32, width=48, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def division(image, label="Proposed", columns=4, seed=1):
    height, width = image.shape[:2]
    labels = np.tile(np.arange(width) * columns // width, (height, 1))
    rng = np.random.default_rng(seed)
    soft, reconstruction = rng.random((2, *image.shape))
    return Division(label, labels, photo(height, width, seed), soft, reconstruction)


def drawn(kind, image, divisions=None, caption=CAPTION):
    module = importlib.import_module(f"reports.figures.image.{kind}")
    made = divisions or [division(image, f"M{i}", i + 2, i) for i in range(len(module.METHODS))]
    held = [Annotation("annotator 1 of 2", truth_of(image))] if module.ANNOTATED else []
    return module.draw(image, made, caption, *held)


def truth_of(image):
    height, width = image.shape[:2]
    return np.tile(np.arange(width) * 2 // width, (height, 1))


def pictures(figure):
    """The image in each panel, None where there is none, from the top left on."""
    found = [[a for a in axes.get_children() if isinstance(a, AxesImage)] for axes in figure.axes]
    return [images[0].get_array() if images else None for images in found]


def words(figure):
    return " ".join(text.get_text() for text in texts(figure)).replace("\n", " ")


def texts(figure):
    inside = [text for axes in figure.axes for text in (axes.title, *axes.texts)]
    return [text for text in (*figure.texts, *inside) if text.get_text().strip()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(32, 48), (48, 32), (1, 200)])
def test_nothing_lies_outside_the_page_or_over_other_words(kind, shape):
    figure = drawn(kind, photo(*shape))
    assert figure.get_figwidth() in (COLUMN_WIDTH, PAGE_WIDTH)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts(figure)]
    for box in [*boxes, *(axes.get_tightbbox() for axes in figure.axes)]:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= figure.bbox.x1 + 1
        assert box.y1 <= figure.bbox.y1 + 1
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("kind", KINDS)
def test_the_caption_says_how_it_was_made(kind):
    assert CAPTION in words(drawn(kind, photo()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_says_the_counts_that_came_back(kind):
    figure = drawn(kind, photo())
    for i in range(len(importlib.import_module(f"reports.figures.image.{kind}").METHODS)):
        assert f"{i + 2} superpixels" in words(figure)


@pytest.mark.parametrize("kind", ["soft", "edge", "examples"])
def test_a_method_that_declined_says_so_and_the_others_are_shown(kind):
    image = photo()
    reason = "declined: an image of 32 x 48 costs $5"
    missing, there = Division("Mine", reason=reason), division(image)
    figure = drawn(kind, image, [missing, there])
    figure.draw_without_rendering()
    assert reason in words(figure)
    shown = [p for p in pictures(figure) if p is not None]
    assert any(np.array_equal(p, there.mean_colours) for p in shown)


# --- boundaries --------------------------------------------------------------------------------


def edges_drawn(panel):
    """The pairs of pixels, each (row, column), between which the panel has a boundary."""
    outlines = [child for child in panel.get_children() if isinstance(child, PathPatch)]
    assert [to_hex(outline.get_edgecolor()).upper() for outline in outlines] == [HALO, LINE]
    dark, bright = outlines
    assert dark.get_linewidth() > bright.get_linewidth()
    covered = []
    for (x0, y0), (x1, y1) in bright.get_path().vertices.reshape(-1, 2, 2) + 0.5:
        horizontal = y0 == y1
        assert horizontal or x0 == x1
        if horizontal:
            covered += [((y0 - 1, x), (y0, x)) for x in np.arange(x0, x1)]
        else:
            covered += [((y, x0 - 1), (y, x0)) for y in np.arange(y0, y1)]
    assert len(set(covered)) == len(covered)
    return set(covered)


@pytest.mark.parametrize("shape", [(7, 9), (1, 6), (6, 1), (1, 1)])
@pytest.mark.parametrize("n", [1, 3])
def test_boundaries_part_pixels_of_different_labels_and_no_others(shape, n):
    labels = np.random.default_rng(n).integers(0, n, shape)
    rows, columns = shape
    pairs = [((y, x), (y + 1, x)) for y in range(rows - 1) for x in range(columns)]
    pairs += [((y, x), (y, x + 1)) for y in range(rows) for x in range(columns - 1)]
    expected = {(a, b) for a, b in pairs if labels[a] != labels[b]}
    image = photo(*shape)
    figure = drawn("examples", image, [Division("Mine", labels, image)])
    assert edges_drawn(figure.axes[0]) == expected


def test_boundaries_do_not_change_what_part_of_the_image_is_seen():
    panel = drawn("edge", photo(32, 48)).axes[0]
    assert panel.get_xlim() == (-0.5, 47.5)
    assert panel.get_ylim() == (31.5, -0.5)


# --- one kind each -----------------------------------------------------------------------------


def test_soft_shows_the_row_without_the_term_first_and_how_near_the_input_each_image_is():
    image = photo()
    without, having = division(image, seed=1), division(image, seed=2)
    figure = soft.draw(image, [without, having], CAPTION)
    shown = pictures(figure)
    for row, its in zip((shown[:3], shown[3:]), (without, having), strict=True):
        np.testing.assert_array_equal(row[0], image)
        np.testing.assert_array_equal(row[1], its.soft_image)
        np.testing.assert_array_equal(row[2], its.mean_colours)
        for other in (its.soft_image, its.mean_colours / 255):
            assert f"MSE {np.mean((other - image / 255) ** 2):.4f}" in words(figure)
    assert "soft_image=false" in soft.METHODS[0]
    assert figure.axes[0].texts[0].get_text().startswith("Without")
    assert figure.axes[3].texts[0].get_text().startswith("With the")


def test_the_laplacian_is_the_response_to_the_kernel_with_reflected_borders():
    kernel = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]]) / 16
    picture = np.random.default_rng(0).random((9, 12, 3))
    each = [correlate(picture[..., k], kernel, mode="mirror") for k in range(3)]
    np.testing.assert_allclose(laplacian.laplacian(picture), np.mean(each, axis=0), atol=1e-12)


def test_laplacians_of_three_images_have_one_scale_with_zero_in_its_middle():
    image = photo()
    its = division(image)
    figure = laplacian.draw(image, [its], CAPTION)
    shown = pictures(figure)
    originals = (image / 255, its.reconstruction, its.soft_image)
    for above, below, original in zip(shown[:3], shown[3:6], originals, strict=True):
        np.testing.assert_array_equal(above, original)
        np.testing.assert_allclose(below, laplacian.laplacian(original))
    limits = {axes.images[0].get_clim() for axes in figure.axes[3:6]}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low == -high < 0


def test_an_image_of_one_colour_has_a_laplacian_figure_too():
    image = np.full((32, 48, 3), 7, np.uint8)
    flat = Division("Mine", np.zeros((32, 48), int), image, image / 255, image / 255)
    laplacian.draw(image, [flat], CAPTION).draw_without_rendering()


def test_edge_shows_boundaries_above_mean_colours_without_awareness_on_the_left():
    image = photo()
    without, having = division(image, seed=1), division(image, seed=2)
    figure = edge.draw(image, [without, having], CAPTION)
    expected = (image, image, without.mean_colours, having.mean_colours)
    for shown, picture in zip(pictures(figure), expected, strict=True):
        np.testing.assert_array_equal(shown, picture)
    assert "Without" in figure.axes[0].get_title()
    assert edge.METHODS[0].startswith("proposed[edge=none")


def test_examples_enlarge_the_part_in_which_the_mean_colours_differ_most():
    image = photo(40, 80)
    its = [division(image, f"M{i}") for i in range(3)]
    its[1].mean_colours[22:30, 50:65] = 255 - its[1].mean_colours[22:30, 50:65]
    figure = examples.draw(image, its, CAPTION)
    details = figure.axes[6:9]
    for detail in details:
        (left, right), (bottom, top) = detail.get_xlim(), detail.get_ylim()
        assert right - left == 20
        assert bottom - top == 10
        assert left <= 49.5
        assert right >= 64.5
        assert top <= 21.5
        assert bottom >= 29.5
    assert "detail" in words(figure)


@pytest.mark.parametrize("spoil", ["equal", "small", "alone"])
def test_examples_without_a_telling_detail_have_two_rows(spoil):
    image = photo(24, 24) if spoil == "small" else photo(48, 48)
    its = [division(image, "a", seed=1), division(image, "b", seed=1 if spoil == "equal" else 2)]
    its = its[:1] if spoil == "alone" else its
    figure = examples.draw(image, its, CAPTION)
    assert len(figure.axes) == 2 * len(its)
    assert "detail" not in words(figure)


@pytest.mark.parametrize("number", [1, 2, 8])
def test_any_number_of_methods_has_a_column_each_with_its_label_and_count(number):
    image = photo(40, 60)
    names = [f"M{i}[compactness={i}.0,sigma=1.0]" for i in range(number)]
    its = [division(image, name, i + 1, seed=i) for i, name in enumerate(names)]
    figure = examples.draw(image, its, CAPTION)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == number
    for name, one, title in zip(names, its, titles, strict=True):
        assert "".join(title.split()) == f"{name}{one.returned}".replace(" ", "")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts(figure)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_long_label_is_cut():
    lines = fold("command[cmd=./etps --regularization 0.1 {image} {n} {labels} $HOME/a $b]", 1.0)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(len(line) <= 17 for line in lines)


def test_the_same_figure_makes_the_same_file(tmp_path):
    for suffix in ("png", "pdf"):
        files = [tmp_path / folder / f"a.{suffix}" for folder in ("one", "two")]
        first, second = (save_figure(drawn("edge", photo()), file) for file in files)
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("shape", [(48, 32), (32, 48)])
@pytest.mark.parametrize("kind", [examples, errors])
def test_nine_methods_fit_a_page_whether_the_image_is_upright_or_lies(kind, shape):
    image = photo(*shape)
    its = [division(image, f"M{i}", i + 2, i) for i in range(9)]
    held = [Annotation("annotator 1 of 1", truth_of(image))] if kind.ANNOTATED else []
    width, height = kind.draw(image, its, CAPTION, *held).get_size_inches()
    assert width == PAGE_WIDTH
    assert height <= PAGE_HEIGHT + 1e-6


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", ["examples", "errors"])
def test_words_do_not_lie_over_each_other_in_any_style(kind, look):
    with styled(look):
        figure = drawn(kind, photo(64, 96))
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in texts(figure)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_void", [False, True])
def test_error_maps_show_what_recall_and_accuracy_count(with_void):
    rng = np.random.default_rng(0)
    labels = np.kron(rng.permutation(12).reshape(3, 4), np.ones((7, 9), int))
    truth = np.kron(rng.integers(0, 3, (5, 6)), np.ones((5, 6), int))[: labels.shape[0], :36]
    truth = np.pad(truth, [(0, labels.shape[0] - truth.shape[0]), (0, 0)], mode="edge")
    void = np.zeros(labels.shape, bool)
    void[3:8, 10:20] = with_void
    scores = evaluate(labels, [truth], void=void if with_void else None)
    found, missed = errors.recalled(labels, truth, ~void)
    assert found.sum() / (found.sum() + missed.sum()) == pytest.approx(scores["br_r2"])
    leaking = errors.leaks(labels, truth, ~void)
    assert 1 - leaking.sum() / (~void).sum() == pytest.approx(scores["asa"])
    assert not (leaking & void).any()
