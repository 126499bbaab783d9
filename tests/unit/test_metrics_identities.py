"""What must hold for metrics by their definitions."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import METRICS, evaluate
from tests.unit.metric_cases import assert_same, cases, images, partitions, shapes

# `br` is what its protocol says; its tests are the protocols' tests.
ALL = [name for name in METRICS if name != "br"]
# A thin boundary lies on one side of an edge: a flip moves it to the other.
EITHER_WAY = [name for name in ALL if name != "br_matched"]

few = settings(max_examples=60)


@given(st.data())
@few
def test_superpixels_equal_to_the_segments_are_perfect(data):
    truth = data.draw(partitions(data.draw(shapes(smallest=2))))
    scores = evaluate(truth, truth)
    assert scores["asa"] == scores["sc"] == scores["pri"] == 1
    for name in ("ue_bergh", "ue_np", "ue_levin", "ue_slic", "oe", "vi"):
        assert scores[name] == 0
    if truth.min() != truth.max():
        assert scores["br_r0"] == scores["br_r3"] == scores["bp_r2"] == scores["bf_r2"] == 1
        assert scores["mde"] == scores["hd95"] == 0


@given(st.data())
@few
def test_one_superpixel_per_pixel(data):
    shape = data.draw(shapes(smallest=2))
    labels = np.arange(shape[0] * shape[1]).reshape(shape)
    scores = evaluate(labels, data.draw(partitions(shape)), data.draw(images(shape)))
    assert scores["asa"] == 1
    assert scores["n_labels"] == scores["n_components"] == labels.size
    assert scores["icv"] == scores["sse_rgb"] == scores["sse_xy"] == 0
    assert scores["size_cv"] == scores["size_gini"] == 0
    assert scores["ev"] == 1 or math.isnan(scores["ev"])
    assert scores["co"] == pytest.approx(math.pi / 4, rel=1e-15)


@given(st.data())
@few
def test_one_superpixel(data):
    shape = data.draw(shapes(smallest=2))
    truth = data.draw(partitions(shape))
    scores = evaluate(np.zeros(shape, int), truth, data.draw(images(shape)))
    assert scores["asa"] == np.bincount(truth.ravel()).max() / truth.size
    assert scores["ev"] == 0 or math.isnan(scores["ev"])
    assert scores["cd"] == 0


@given(cases())
@few
def test_undersegmentation_errors_bound_each_other(case):
    scores = evaluate(**case, metrics=["asa", "ue_bergh", "ue_np"])
    columns = [scores[f"{name}_by_annotator"] for name in ("asa", "ue_bergh", "ue_np")]
    for asa, bergh, neubert in np.transpose(columns):
        assert asa + bergh == pytest.approx(1, abs=1e-15)
        assert neubert <= 2 * bergh + 1e-15


@given(st.data())
@few
def test_neubert_is_twice_bergh_where_every_superpixel_has_a_majority(data):
    shape = data.draw(shapes(smallest=2))
    labels = data.draw(partitions(shape))
    # Two segments: one of them has at least half of any superpixel.
    scores = evaluate(labels, data.draw(partitions(shape)) % 2)
    assert scores["ue_np"] == 2 * scores["ue_bergh"]


@given(cases(), st.randoms(use_true_random=False))
@few
def test_relabelling_changes_nothing(case, random):
    expected = evaluate(**case, metrics=ALL)

    def renamed(labels):
        names = random.sample(range(300), 100)
        return np.array(names)[labels]

    case["labels"] = renamed(case["labels"])
    case["truths"] = [renamed(truth) for truth in case["truths"]]
    assert_same(evaluate(**case, metrics=ALL), expected, tolerance=1e-12)


@pytest.mark.parametrize("move", [np.flipud, np.fliplr, lambda a: np.swapaxes(a, 0, 1)])
@given(case=cases())
@few
def test_flips_and_transposes_change_nothing(move, case):
    moved = {
        "labels": move(case["labels"]),
        "truths": [move(truth) for truth in case["truths"]],
        "image": move(case["image"]),
        "n": case["n"],
        "void": None if case["void"] is None else move(case["void"]),
    }
    expected = evaluate(**case, metrics=EITHER_WAY)
    assert_same(evaluate(**moved, metrics=EITHER_WAY), expected, tolerance=1e-12)


@given(cases(), st.data())
@few
def test_refining_superpixels_never_lowers_asa_or_ev(case, data):
    cut = data.draw(partitions(case["labels"].shape))
    coarse = evaluate(**case, metrics=["asa", "ev"])
    fine = evaluate(**case | {"labels": case["labels"] * 100 + cut}, metrics=["asa", "ev"])
    for a, b in zip(coarse["asa_by_annotator"], fine["asa_by_annotator"], strict=True):
        assert a <= b
    assert math.isnan(coarse["ev"]) or coarse["ev"] <= fine["ev"] + 1e-12


@given(cases())
@few
def test_recall_rises_with_the_tolerance(case):
    scores = evaluate(**case)
    for r in range(3):
        assert math.isnan(scores["br_r0"]) or scores[f"br_r{r}"] <= scores[f"br_r{r + 1}"]


@given(cases(largest=5))
@few
def test_the_rand_index_counts_pairs_of_pixels(case):
    scored = ~np.zeros(case["labels"].shape, bool) if case["void"] is None else ~case["void"]
    pixels = np.transpose([case["labels"][scored], case["truths"][0][scored]])
    pairs = list(combinations(pixels.tolist(), 2))
    agreeing = sum((a == c) == (b == d) for (a, b), (c, d) in pairs)
    value = evaluate(**case, metrics=["pri"])["pri_by_annotator"][0]
    assert value == agreeing / len(pairs) if pairs else math.isnan(value)


@given(cases())
@few
def test_precision_is_recall_with_the_roles_exchanged(case):
    truth = case["truths"][0]
    scores = evaluate(case["labels"], truth, void=case["void"])
    exchanged = evaluate(truth, case["labels"], void=case["void"])
    assert_same({"p": scores["bp_r2"]}, {"p": exchanged["br_r2"]})


@pytest.mark.parametrize(("r", "recall"), [(0, 0.0), (1, 0.5), (2, 1.0)])
def test_boundary_recall_of_a_hand_computed_image(r, recall):
    x = np.tile(np.arange(8), (8, 1))
    truth, labels = x > 3, x > 5
    assert evaluate(labels.astype(int), truth.astype(int))[f"br_r{r}"] == recall


def test_scores_of_a_hand_computed_image():
    x = np.tile(np.arange(8), (8, 1))
    image = np.where(x[..., None] > 3, [60, 60, 60], [0, 0, 0]).astype(np.uint8)
    scores = evaluate((x > 5).astype(int), (x > 3).astype(int), image, n=4)
    expected = {
        "asa": 48 / 64,
        "ue_bergh": 16 / 64,
        "ue_np": 32 / 64,
        "ue_levin": ((48 - 32) / 32 + (64 - 32) / 32) / 2,
        "ue_slic": (48 + 64 - 64) / 64,
        "oe": (0 + 16) / 64,
        "pri": 1 - 2 * 16 * (32 + 16) / (64 * 63),
        "vi": (32 * math.log(48 / 32) + 16 * math.log(48 / 16) + 16 * math.log(32 / 16)) / 64
        + 16 / 64 * math.log(32 / 16),
        "sc": (32 * 32 / 48 + 32 * 16 / 32) / 64,
        "bp_r2": 1.0,
        "bf_r2": 1.0,
        "mde": 1.5,
        "hd95": 2.0,
        "ev": (48 * 10**2 + 16 * 30**2) / (64 * 30**2),
        "icv": (math.sqrt(3 * (32 * 20**2 + 16 * 40**2) / 48) + 0) / 2,
        "sse_rgb": 3 * (32 * 20**2 + 16 * 40**2) / 64,
        "sse_xy": (48 * (35 / 12 + 63 / 12) + 16 * (3 / 12 + 63 / 12)) / 64,
        "co": 4 * math.pi * ((48 / 28) ** 2 + (16 / 20) ** 2) / 64,
        "cd": 16 / 64,
        "n_labels": 2,
        "n_components": 2,
        "stray": 0,
        "size_cv": 0.5,
        "size_gini": 0.25,
        "count_error": 0.5,
    }
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value, rel=1e-14), name


def test_components_are_4_connected():
    checkerboard = np.indices((3, 4)).sum(axis=0) % 2
    scores = evaluate(checkerboard, [])
    assert (scores["n_labels"], scores["n_components"]) == (2, 12)


def test_five_percent_is_not_more_than_five_percent():
    labels = np.zeros((1, 20), int)
    assert evaluate(labels, np.arange(20)[None])["ue_slic"] == -1
    assert evaluate(labels, np.array([[0] * 19 + [1]]))["ue_slic"] == 0
    assert evaluate(labels, np.array([[0] * 18 + [1, 1]]))["ue_slic"] == 1


@given(cases(), st.data())
@few
def test_a_frame_of_void_is_as_good_as_cropped(case, data):
    sides = data.draw(st.tuples(*[st.integers(0, 3)] * 4))
    frame = (sides[:2], sides[2:])
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))

    def framed(array, low=-5, high=40):
        fill = rng.integers(
            low, high, (*np.add(array.shape[:2], np.sum(frame, axis=1)), *array.shape[2:])
        )
        (top, _), (left, _) = frame
        fill[top : top + array.shape[0], left : left + array.shape[1]] = array
        return fill

    void = np.zeros(case["labels"].shape, bool) if case["void"] is None else case["void"]
    with_frame = {
        "labels": framed(case["labels"]),
        "truths": [framed(truth) for truth in case["truths"]],
        "image": framed(case["image"], 0, 256).astype(np.uint8),
        "n": case["n"],
        "void": np.pad(void, frame, constant_values=True),
    }
    # All but the matching, whose distance is a share of the image's diagonal.
    expected = evaluate(**case, metrics=EITHER_WAY)
    assert_same(evaluate(**with_frame, metrics=EITHER_WAY), expected, tolerance=1e-12)


@given(cases())
@few
def test_asking_for_fewer_metrics_changes_none_of_them(case):
    expected = evaluate(**case, metrics=ALL)
    for name in ALL:
        scores = evaluate(**case, metrics=[name])
        assert_same(scores, {key: expected[key] for key in scores})
