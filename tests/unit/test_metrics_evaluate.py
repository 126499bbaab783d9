"""What `evaluate` gives, what it leaves undefined, and how it answers bad input."""

import doctest
import math
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from metrics import DEFAULT, METRICS, Case, Protocol, evaluate, get_metric, prepare
from metrics.base import metric
from metrics.moments import squared_error
from metrics.overlap import Overlap
from metrics.shape import Sizes

LABELS = np.repeat([[0, 0, 1, 1]], 4, axis=0)
ONE = np.zeros((4, 4), int)
IMAGE = np.dstack([LABELS * 200] * 3).astype(np.uint8)
GREY = IMAGE[:, :, 0]
ANNOTATED = [name for name in DEFAULT if "truth" in METRICS[name].needs]


def undefined(scores):
    return {name for name in METRICS if math.isnan(scores.get(name, 0))}


def test_everything_is_a_float_or_a_list_of_floats():
    scores = evaluate(LABELS, [LABELS, ONE], IMAGE, n=2)
    assert list(scores) == [
        key for name in DEFAULT for key in (name, f"{name}_by_annotator")[: 1 + (name in ANNOTATED)]
    ]
    for name, value in scores.items():
        if name.endswith("_by_annotator"):
            assert [type(v) for v in value] == [float, float]
        else:
            assert type(value) is float


def test_the_plain_value_is_the_mean_where_defined():
    scores = evaluate(LABELS, [ONE, LABELS, LABELS.T])
    assert scores["br_r0_by_annotator"] == [pytest.approx(math.nan, nan_ok=True), 1, 0.5]
    assert scores["br_r0"] == 0.75
    assert scores["asa"] == pytest.approx((1 + 1 + 0.5) / 3)


def test_one_truth_is_a_list_of_one():
    assert evaluate(LABELS, LABELS) == evaluate(LABELS, [LABELS], metrics=ANNOTATED) | {
        name: pytest.approx(value, nan_ok=True)
        for name, value in evaluate(LABELS, []).items()
        if name not in ANNOTATED and not name.endswith("_by_annotator")
    }
    stack = np.stack([LABELS, ONE])
    assert evaluate(LABELS, stack)["asa"] == evaluate(LABELS, (LABELS, ONE))["asa"]


def test_absent_inputs_leave_their_metrics_undefined():
    assert undefined(evaluate(LABELS, LABELS)) == {"ev", "icv", "sse_rgb", "count_error"}
    scores = evaluate(LABELS, [], IMAGE, n=2)
    assert undefined(scores) == set(ANNOTATED)
    assert scores["asa_by_annotator"] == []


def test_an_annotator_without_boundary():
    assert undefined(evaluate(LABELS, ONE, IMAGE, 2)) == {
        "br_r0", "br_r1", "br_r2", "br_r3", "bf_r2", "mde", "hd95",
    }  # fmt: skip
    assert evaluate(LABELS, ONE)["bp_r2"] == 0


def test_superpixels_without_boundary():
    scores = evaluate(ONE, LABELS, IMAGE, 1)
    assert undefined(scores) == {"bp_r2", "bf_r2", "mde", "hd95"}
    assert [scores[f"br_r{r}"] for r in range(4)] == [0, 0, 0, 0]


def test_no_recall_and_no_precision_is_an_f_measure_of_0():
    x = np.tile(np.arange(20), (4, 1))
    assert evaluate((x > 2).astype(int), (x > 15).astype(int))["bf_r2"] == 0


def test_a_constant_image_leaves_explained_variation_undefined():
    assert undefined(evaluate(LABELS, LABELS, np.full_like(IMAGE, 9), 2)) == {"ev"}
    scores = evaluate(LABELS, LABELS, IMAGE, 2, void=LABELS == 1)
    assert math.isnan(scores["ev"])


def test_explained_variation_is_not_negative_by_rounding():
    rows = np.tile([[[245, 39, 214], [57, 76, 116], [126, 218, 215]]], (5, 1, 1)).astype(np.uint8)
    labels = np.repeat(np.arange(5)[:, None], 3, axis=1)
    assert evaluate(labels, [], rows)["ev"] == 0


def test_no_digits_are_lost_in_a_large_bright_superpixel():
    size = 12_000_000
    total = 254 * size + np.arange(3)
    squares = 254**2 * size + np.arange(3) * (255**2 - 254**2)
    error = squared_error(np.full(3, size), total[:, None], squares)
    expected = [0, 1 - 1 / size, 2 - 4 / size]
    np.testing.assert_allclose(error, expected, rtol=1e-15)


def test_a_single_pixel_makes_no_pair():
    assert math.isnan(evaluate([[0]], np.array([[3]]))["pri"])


def test_images_are_converted_at_the_door():
    expected = evaluate(LABELS, [], IMAGE, metrics=["sse_rgb", "icv"])
    assert evaluate(LABELS, [], GREY, metrics=["sse_rgb", "icv"]) == expected
    noise = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    for kind in (np.float32, np.float64):
        scaled = noise.astype(kind) / 255
        assert evaluate(LABELS, [], scaled)["ev"] == evaluate(LABELS, [], noise)["ev"]


def test_nothing_given_is_changed():
    void = LABELS == 1
    given = [LABELS.astype(np.int32), LABELS.astype(np.int32), IMAGE.copy(), void.copy()]
    before = [array.copy() for array in given]
    evaluate(given[0], given[1], given[2], 2, void=given[3])
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": LABELS * 1.0}, r"labels is of type float64.*astype"),
        ({"labels": LABELS > 0}, r"labels is of type bool"),
        ({"labels": LABELS - 1}, r"labels has the negative value -1"),
        ({"labels": LABELS[0]}, r"labels has shape \(4,\)"),
        ({"labels": LABELS[:0]}, r"labels has shape \(0, 4\)"),
        ({"labels": np.zeros((1, 40_000), np.int8)}, r"height \+ width above 30000"),
        ({"truths": [LABELS, LABELS[:3]]}, r"truths\[1\] has shape \(3, 4\).*shape \(4, 4\)"),
        ({"truths": [LABELS * 0.5]}, r"truths\[0\] is of type float64"),
        ({"truths": [LABELS - 1]}, r"truths\[0\] has the negative value -1"),
        ({"truths": None}, r"truths is of type NoneType"),
        ({"truths": np.array(5)}, r"truths is the single value 5"),
        ({"metrics": [["asa"]]}, r"unknown metric"),
        ({"void": LABELS}, r"void is of type int64, not bool"),
        ({"void": LABELS[:3] > 0}, r"void has shape \(3, 4\).*shape \(4, 4\)"),
        ({"void": LABELS >= 0}, r"void covers every pixel"),
        ({"image": IMAGE[:3]}, r"image has shape \(3, 4, 3\).*shape \(4, 4\)"),
        ({"image": np.dstack([IMAGE, GREY])}, r"image has shape \(4, 4, 4\)"),
        ({"image": IMAGE.astype(np.int32)}, r"image is of type int32"),
        ({"image": IMAGE * 1.0}, r"values from 0.0 to 200.0.*\[0, 1\]"),
        ({"image": IMAGE * np.nan}, r"values from nan"),
        ({"n": 0}, r"n is 0"),
        ({"n": 2.5}, r"n is 2.5"),
        ({"n": True}, r"n is True"),
        ({"metrics": ["asaa"]}, r"unknown metric 'asaa'; did you mean 'asa'"),
        ({"metrics": ["?"]}, r"unknown metric '\?'; known are asa, ue_bergh"),
        ({"metrics": "asa"}, r"pass a list of ids, \['asa'\]"),
        ({"metrics": ["ev"], "image": None}, r"'ev' needs the image: pass image="),
        ({"metrics": ["asa"], "truths": []}, r"'asa' needs an annotator: pass truths="),
        ({"metrics": ["count_error"], "n": None}, r"'count_error' needs the count.*pass n="),
    ],
)
def test_bad_input_is_answered_with_value_reason_and_cure(change, message):
    good = {"labels": LABELS, "truths": [LABELS], "image": IMAGE, "n": 2}
    with pytest.raises(ValueError, match=message):
        evaluate(**good | change)


@pytest.mark.parametrize("module", ["metrics.evaluate", "metrics.inputs"])
def test_the_example_in_the_documentation_is_true(module):
    results = doctest.testmod(sys.modules[module])
    assert results.attempted > 0
    assert results.failed == 0


def test_metrics_are_found_by_id():
    assert get_metric("asa").title == "Achievable segmentation accuracy"
    with pytest.raises(ValueError, match="did you mean"):
        get_metric("br_r4")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_declares_its_facts(name):
    m = METRICS[name]
    assert m.id == name
    assert m.direction in ("high", "low", None)
    assert m.range[0] < m.range[1]
    assert m.needs <= {"truth", "image", "n"}
    assert all([m.title, m.reference, m.undefined, m.limits])


def test_a_label_map_may_be_a_list_of_rows():
    assert evaluate(LABELS.tolist(), LABELS.tolist(), metrics=["asa"])["asa"] == 1


def test_an_id_is_given_once():
    with pytest.raises(ValueError, match=r"'asa' .*is taken by .*:asa \(Achievable"):
        metric(
            Sizes,
            id="asa",
            title="Mine",
            direction=None,
            range=(0, 1),
            reference="",
            undefined="",
            limits="",
        )(lambda sizes: 0.0)


def test_importing_metrics_imports_nothing_heavy():
    code = (
        "import sys, metrics; metrics.METRICS;"
        "print([m for m in ('numba', 'scipy', 'cv2', 'skimage', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_as_many_superpixels_as_pixels_take_no_table():
    side = 400
    labels = np.arange(side * side).reshape(side, side)
    y, x = np.mgrid[:side, :side]
    truth = (y // 13) * 100 + x // 13
    evaluate(labels[:8, :8], truth[:8, :8])
    tracemalloc.start()
    scores = evaluate(labels, truth)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scores["asa"] == 1
    # A table of superpixels x segments would take 8 * 160,000 * 961 bytes, 1.2 GB.
    assert peak < 200 * labels.size


@pytest.mark.parametrize("name", ["one pixel each", "two pixels far apart"])
@pytest.mark.parametrize("metrics", [["src", "smf", "gr"], ["sirs"], ["br_matched"]])
def test_many_superpixels_take_no_table_on_request(name, metrics):
    side = 400
    labels = np.arange(side * side).reshape(side, side)
    if name == "two pixels far apart":
        labels %= labels.size // 2
    truth = np.repeat(np.arange(side) // 200, side).reshape(side, side)
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    evaluate(labels[:8, :8], truth[:8, :8], image[:8, :8], metrics=metrics)
    tracemalloc.start()
    scores = evaluate(labels, truth, image, metrics=metrics)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not any(math.isnan(scores[metric]) for metric in metrics)
    # Frames of 200 x 400 pixels for every second pixel would take 50 GB; a table of buckets for
    # each 570 MB.
    assert peak < 400 * labels.size


@pytest.mark.parametrize("argument", ["labels", "truths", "truths[1]", "image", "void"])
def test_a_masked_array_is_refused_since_its_mask_would_be_lost(argument):
    masked = np.ma.masked_where(ONE == 0, ONE)
    given = {"labels": LABELS, "truths": [LABELS], "image": GREY, "void": LABELS > 5}
    given |= {"truths": [LABELS, masked]} if argument == "truths[1]" else {argument: masked}
    with pytest.raises(ValueError, match="is a masked array: pass a plain one, and void="):
        evaluate(**given)


def test_a_transposed_truth_is_called_so_and_dimensions_come_first():
    with pytest.raises(ValueError, match=r"truths\[0\] has shape \(4, 3\).*transposed"):
        evaluate(LABELS[:3], [LABELS[:, :3]])
    with pytest.raises(ValueError, match=r"truths\[0\] has shape \(4, 4, 1\): pass a non-empty"):
        evaluate(LABELS, [LABELS[:, :, None]])


def test_annotators_that_are_prepared_once_score_the_same_again_and_again():
    void = np.zeros((4, 4), bool)
    void[0, 1] = True
    for mask in (None, void):
        prepared = prepare([LABELS, ONE, LABELS.T], mask)
        for labels in (LABELS, LABELS.T, np.arange(16).reshape(4, 4)):
            expected = evaluate(labels, [LABELS, ONE, LABELS.T], IMAGE, n=2, void=mask)
            np.testing.assert_equal(evaluate(labels, prepared, IMAGE, n=2, void=mask), expected)
    assert evaluate(LABELS, prepare([]))["asa_by_annotator"] == []


@pytest.mark.parametrize("truths", [ONE, ONE.tolist(), [ONE.tolist()], np.stack([ONE, LABELS]), ()])
def test_annotators_are_prepared_of_whatever_is_evaluated(truths):
    expected = evaluate(LABELS, truths)
    np.testing.assert_equal(evaluate(LABELS, prepare(truths)), expected)


@pytest.mark.parametrize(
    "truths",
    [5, None, np.int32(5), np.array(5), [ONE[0, 0]], [ONE, ONE[:3]], [ONE * 0.5], [ONE - 9]],
)
def test_what_is_no_annotator_is_refused_alike(truths):
    with pytest.raises(ValueError, match="truths") as evaluated:
        evaluate(LABELS, truths)
    with pytest.raises(ValueError, match="truths") as prepared:
        prepare(truths)
    assert str(prepared.value) == str(evaluated.value)


def test_an_annotator_that_is_prepared_may_be_scored_itself():
    void = np.zeros((4, 4), bool)
    void[0, 1] = True
    for mask in (None, void):
        given = {"truths": [ONE], "image": IMAGE, "n": 2, "void": mask, "protocol": "stutz2018"}
        (own,) = prepare([LABELS], mask).maps
        np.testing.assert_equal(evaluate(own, **given), evaluate(LABELS, **given))
    for before, now in ((None, void), (void, None), (void, void.T)):
        with pytest.raises(ValueError, match="labels were prepared for other void pixels"):
            evaluate(prepare([ONE], before).maps[0], [ONE], void=now)


def test_a_weight_is_computed_only_where_annotators_are_pooled(monkeypatch):
    asked = []

    def weight(overlap):
        asked.append(overlap)
        return 1.0

    monkeypatch.setitem(METRICS, "asa", replace(METRICS["asa"], weight=weight))
    evaluate(LABELS, [ONE], metrics=["asa"])
    assert not asked
    pooled = Protocol("own", tolerance=0, annotators="pooled")
    evaluate(LABELS, [ONE], metrics=["asa"], protocol=pooled)
    assert len(asked) == 1


def test_plugins_find_the_size_of_each_pair_and_the_distance_to_the_boundary():
    labels, truth = prepare(
        [np.repeat([[4, 0, 0, 0]], 2, axis=0), [[0, 0, 1, 1], [0, 0, 0, 1]]]
    ).maps
    overlap = Overlap.measure(Case(labels, truth))
    pairs = zip(overlap.count, overlap.size_of_superpixel, overlap.size_of_segment, strict=True)
    assert sorted(pairs) == [(2, 2, 5), (3, 6, 3), (3, 6, 5)]
    (wide,) = prepare([np.repeat([[0] * 3 + [1] * 67], 2, axis=0)]).maps
    columns = np.minimum(np.maximum(2 - np.arange(70), np.arange(70) - 3), 4)
    np.testing.assert_array_equal(wide.reach, [columns, columns])
    assert (prepare([ONE]).maps[0].reach == 4).all()


def test_annotators_that_are_prepared_must_be_of_the_same_pixels():
    void = np.zeros((4, 4), bool)
    void[0, 1] = True
    for before, now in ((None, void), (void, None), (void, void.T)):
        with pytest.raises(ValueError, match="prepared for other void pixels: pass both the same"):
            evaluate(LABELS, prepare([ONE], before), void=now)
    with pytest.raises(ValueError, match=r"shape \(4, 3\), but labels have shape \(4, 4\)"):
        evaluate(LABELS, prepare([ONE[:, :3]]))


def test_a_negative_label_beside_void_is_refused_and_one_below_void_is_not():
    void = np.zeros((4, 4), bool)
    void[1, 2] = True
    labels = LABELS.astype(np.int32)
    labels[1, 2] = -7
    assert evaluate(labels, [], void=void)["n_labels"] == 2
    labels[3, 3] = -5
    with pytest.raises(ValueError, match="labels has the negative value -5"):
        evaluate(labels, [], void=void)
