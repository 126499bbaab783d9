"""Perturbed images, what goes with them, and how losses and stability are measured."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.datasets import Sample
from bench.datasets.perturbations import KINDS, parse, parse_all
from bench.errors import UsageError
from bench.scoring.stability import adjusted_rand_index
from reports.data.schema import ResultsError
from reports.statistics.robustness import count_notes, losses

EXAMPLES = [kind.example for kind in KINDS.values()]


def sample(height=12, width=17):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, (height, width)).astype(np.int32)
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Sample("a", image, (truth, truth.T.reshape(height, width)), truth == 0)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_image_is_perturbed_in_the_same_way_each_time_and_stays_an_image(text):
    before = sample()
    first, second = (parse(text).apply(sample()) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    assert first.image.dtype == np.uint8
    assert first.image.flags.c_contiguous
    assert first.image.shape[2] == 3
    assert not np.array_equal(first.image, before.image)


@pytest.mark.parametrize("text", EXAMPLES)
def test_annotations_and_void_move_with_the_pixels_and_labels_back(text):
    before, how = sample(), parse(text)
    after = how.apply(before)
    shape = after.image.shape[:2]
    assert {truth.shape for truth in after.truths} == {shape} == {after.void.shape}
    for moved, truth in zip(after.truths, before.truths, strict=True):
        np.testing.assert_array_equal(how.undo(moved), truth)
    np.testing.assert_array_equal(how.undo(after.void), before.void)
    if KINDS[how.name].move is not None:
        np.testing.assert_array_equal(how.undo(after.image), before.image)


def test_noise_has_the_deviation_that_it_says_and_differs_between_images():
    grey = np.full((64, 64, 3), 128, np.uint8)
    darker = np.full((64, 64, 3), 120, np.uint8)
    truth = np.zeros((64, 64), np.int32)
    one, other = (
        parse("noise:0.05").apply(Sample("a", image, (truth,))).image.astype(float) - image
        for image in (grey, darker)
    )
    assert one.std() == pytest.approx(0.05 * 255, rel=0.05)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_results_have_is_read_again(text):
    assert str(parse(str(parse(text)))) == str(parse(text)) == text


@given(st.floats(0, 10, exclude_min=True).filter(lambda exponent: exponent != 1))
def test_any_number_survives_the_results(exponent):
    how = parse(f"gamma:{exponent!r}")
    assert parse(str(how)) == how


def test_numbers_are_written_as_they_are_typed():
    typed = ["gamma:1.0000001", "gamma:2", "noise:0.05", "noise:1e-07", "jpeg:30"]
    assert [str(parse(text)) for text in typed] == typed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("noise:-1", "-1 is no value of noise; give one above 0 and up to 1"),
        ("noise:nan", "nan is no value of noise"),
        ("jpeg:0", "a whole number from 1 to 100"),
        ("jpeg:30.5", "a whole number from 1 to 100"),
        ("blur", "'blur' has no number; blur needs one"),
        ("blur:x", "'blur:x' has no number"),
        ("flip:1", "flip takes no number; write flip"),
        ("rotate:45", "90, 180 or 270"),
        ("gamma:1", "changes nothing"),
        ("niose:0.1", "unknown perturbation 'niose'; did you mean 'noise'?; there are noise:0.05"),
        (" , ", "names no perturbation"),
    ],
)
def test_what_makes_no_sense_is_answered_with_what_does(text, message):
    with pytest.raises(UsageError) as told:
        parse_all(text)
    assert message in str(told.value)


def test_each_perturbation_counts_once():
    assert [str(each) for each in parse_all("flip, noise:0.05,noise:.05,flip")] == [
        "flip",
        "noise:0.05",
    ]


# --- stability ---------------------------------------------------------------------------------

LABELS = arrays(np.int32, (3, 4), elements=st.integers(0, 4))


def by_pairs(first, second):
    """The adjusted Rand index by looking at every pair of pixels."""
    pairs = list(combinations(range(first.size), 2))
    one = [first.flat[i] == first.flat[j] for i, j in pairs]
    other = [second.flat[i] == second.flat[j] for i, j in pairs]
    both = sum(a and b for a, b in zip(one, other, strict=True))
    chance = sum(one) * sum(other) / len(pairs)
    largest = (sum(one) + sum(other)) / 2
    return 1.0 if largest == chance else (both - chance) / (largest - chance)


@given(LABELS, LABELS)
def test_stability_is_the_adjusted_rand_index_over_all_pairs_of_pixels(first, second):
    assert adjusted_rand_index(first, second) == pytest.approx(by_pairs(first, second))
    assert adjusted_rand_index(first, second) == pytest.approx(adjusted_rand_index(second, first))


def test_the_same_superpixels_under_other_numbers_are_stable():
    labels = np.arange(20).reshape(4, 5) // 3
    assert adjusted_rand_index(labels, labels.max() - labels) == 1.0
    assert abs(adjusted_rand_index(np.arange(2000) % 7, np.arange(2000) // 300)) < 0.02


# --- losses ------------------------------------------------------------------------------------


def rows(**scores):
    """Rows of one label at n = 100: by perturbation, the scores of images by name."""
    return pd.DataFrame(
        [
            {
                "dataset": "d",
                "split": "",
                "label": "A",
                "n": 100.0,
                "image": image,
                "status": "ok",
                "device": "cpu",
                "perturbation": None if how == "clean" else how,
                "asa": value,
                "ue_np": value,
                "seed": 0,
                "time_s": 1.0,
                "time_repeats": 1,
                "contended": False,
                "stability": None if how == "clean" else 0.5,
                "n_labels": 100 if how == "clean" else 80,
            }
            for how, values in scores.items()
            for image, value in values.items()
        ]
    )


def test_losses_are_paired_by_image_and_more_is_worse_whatever_the_direction():
    frame = rows(clean={"a": 0.9, "b": 0.8, "c": 0.1}, flip={"a": 0.8, "b": 0.5})
    table = losses(frame, ["asa", "ue_np"]).set_index("metric")
    assert table.loc["asa", "loss"] == pytest.approx(0.2)
    assert table.loc["ue_np", "loss"] == pytest.approx(-0.2)
    assert table.loc["asa", "clean"] == pytest.approx(0.85)
    assert table["images"].tolist() == [2, 2, 2]
    assert table.loc["asa", "missing"] == 1
    assert table.loc["asa", "low"] < 0.2 < table.loc["asa", "high"]
    assert table.loc["stability", "perturbed"] == 0.5


def test_a_perturbation_with_no_clean_score_has_no_loss():
    table = losses(rows(clean={"a": 0.9}, flip={"b": 0.5}), ["asa"]).set_index("metric")
    assert np.isnan(table.loc["asa", "loss"])
    assert table.loc["asa", "images"] == 0


def test_images_that_failed_either_way_are_missing_and_so_is_their_stability():
    frame = rows(clean={"a": 0.9, "b": 0.8, "c": 0.7}, flip={"a": 0.8, "b": 0.5, "d": 0.4})
    frame.loc[(frame["image"] == "b") & frame["perturbation"].notna(), "status"] = "failed"
    table = losses(frame, ["asa"]).set_index("metric")
    assert table["asked"].tolist() == [4, 4]
    assert table["images"].tolist() == [1, 1]
    assert table["missing"].tolist() == [3, 3]


def test_losses_pair_seeds_and_a_seed_that_failed_costs_the_image_its_completeness():
    frame = pd.concat(
        [
            rows(clean={"a": 0.9, "b": 0.8}, flip={"a": 0.8, "b": 0.5}),
            rows(clean={"a": 0.1, "b": 0.8}, flip={"a": 0.0, "b": 0.5}).assign(seed=1),
        ],
        ignore_index=True,
    )
    lost = (frame["seed"] == 1) & (frame["image"] == "a") & frame["perturbation"].notna()
    frame.loc[lost, "status"] = "failed"
    table = losses(frame, ["asa"]).set_index("metric")
    assert table.loc["asa", "loss"] == pytest.approx(0.2)
    assert table.loc["asa", "clean"] == pytest.approx(0.85)
    assert table["missing"].tolist() == [1, 1]


def test_losses_weigh_images_as_the_protocol_does():
    frame = rows(clean={"a": 0.9, "b": 0.8}, flip={"a": 0.8, "b": 0.5})
    frame["asa_pairs"] = np.where(frame["image"] == "a", 3, 1)
    table = losses(frame, ["asa"]).set_index("metric")
    assert table.loc["asa", "loss"] == pytest.approx((3 * 0.1 + 0.3) / 4)
    assert table.loc["asa", "clean"] == pytest.approx((3 * 0.9 + 0.8) / 4)


def test_two_rows_of_a_cell_are_refused():
    frame = rows(clean={"a": 0.9}, flip={"a": 0.8})
    with pytest.raises(ResultsError, match="more than one row"):
        losses(pd.concat([frame, frame]), ["asa"])


def test_counts_that_move_are_told():
    table = losses(rows(clean={"a": 0.9}, flip={"a": 0.5}), ["asa"])
    assert list(count_notes(table)) == ["A returns 100 superpixels, but 80 with flip"]
