"""Protocols: the same labels under every set of choices, and protocols of one's own."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import METRICS, PROTOCOLS, Protocol, ProtocolError, evaluate, load_protocols
from metrics.protocols import from_definition, get_protocol
from tests.oracle.oracle_connectivity import split, split_by_eight
from tests.oracle.oracle_metrics import share_within, thick
from tests.oracle.oracle_on_request import recall_matched, thin_boundary, thinned
from tests.unit.metric_cases import cases

NAN = float("nan")
SHOWN = ("asa", "ue_np", "br", "br_r1", "br_r2", "oe")


def columns(cut):
    """An 8 x 8 map of two halves, cut left of a column."""
    return np.repeat([[0] * cut + [1] * (8 - cut)], 8, axis=0)


@pytest.mark.parametrize(
    ("boundary", "r", "expected"),
    [("thick", 0, 0), ("thick", 1, 0.5), ("thick", 2, 1), ("thin", 1, 0), ("thin", 2, 1)],
)
def test_recall_of_two_halves_computed_by_hand(boundary, r, expected):
    own = Protocol("own", boundary=boundary, tolerance=r)
    assert evaluate(columns(6), columns(4), metrics=["br"], protocol=own)["br"] == expected


@given(cases())
@settings(max_examples=60)
def test_the_default_protocol_is_what_evaluate_does(case):
    plain = evaluate(**case)
    named = evaluate(**case, metrics=[*SHOWN], protocol="default")
    for name in SHOWN:
        if name != "br":
            np.testing.assert_equal(named[name], plain[name])
    np.testing.assert_equal(named["br_by_annotator"], plain["br_r2_by_annotator"])


@given(cases())
@settings(max_examples=60)
def test_seal2018_is_thin_within_one_pixel_and_1_without_a_boundary(case):
    case |= {"void": None}
    scores = evaluate(**case, metrics=SHOWN, protocol="seal2018")
    nothing = np.zeros(case["labels"].shape, bool)
    ours = thin_boundary(case["labels"], nothing)
    recalls = [share_within(thin_boundary(t, nothing), ours, 1) for t in case["truths"]]
    expected = [1.0 if math.isnan(recall) else recall for recall in recalls]
    assert scores["br_by_annotator"] == pytest.approx(expected)
    assert scores["br"] == pytest.approx(np.mean(expected))
    assert scores["asa"] == pytest.approx(np.mean(scores["asa_by_annotator"]))


@given(cases(), st.integers(0, 5))
@settings(max_examples=40)
def test_barcelos2023_takes_all_annotators_after_splitting_8_connected_components(case, more):
    case |= {"void": None, "truths": case["truths"] + more * [case["truths"][0]]}
    scores = evaluate(**case, metrics=[*SHOWN, "n_labels"], protocol="barcelos2023")
    nothing = np.zeros(case["labels"].shape, bool)
    parts = split_by_eight(case["labels"], nothing)
    assert scores["n_labels"] == len(np.unique(parts))
    radius = round(0.0025 * math.hypot(*parts.shape))
    recalls = [
        share_within(thick(t, nothing), thick(parts, nothing), radius) for t in case["truths"]
    ]
    np.testing.assert_allclose(scores["br_by_annotator"], recalls)
    plain = evaluate(parts, case["truths"], metrics=["asa", "ue_np"])
    for name in ("asa", "ue_np"):
        assert scores[name] == pytest.approx(plain[name])
        assert scores[name] == pytest.approx(np.mean(scores[f"{name}_by_annotator"]))


@given(cases(), st.integers(0, 5))
@settings(max_examples=60)
def test_stutz2018_takes_the_worst_of_the_first_five_after_splitting_components(case, more):
    case |= {"void": None, "truths": case["truths"] + more * [case["truths"][0]]}
    scores = evaluate(**case, metrics=[*SHOWN, "n_labels", "n_components"], protocol="stutz2018")
    nothing = np.zeros(case["labels"].shape, bool)
    parts = split(case["labels"], nothing)
    first = case["truths"][:5]
    assert scores["n_labels"] == scores["n_components"] == len(np.unique(parts))
    radius = round(0.0025 * math.hypot(*parts.shape))
    recalls = [share_within(thick(t, nothing), thick(parts, nothing), radius) for t in first]
    np.testing.assert_allclose(scores["br_by_annotator"], recalls)
    plain = evaluate(parts, first, metrics=SHOWN)
    for name in SHOWN:
        values = [value for value in scores[f"{name}_by_annotator"] if not math.isnan(value)]
        assert len(scores[f"{name}_by_annotator"]) == len(first)
        if name != "br":
            np.testing.assert_equal(scores[f"{name}_by_annotator"], plain[f"{name}_by_annotator"])
        if not values:
            assert math.isnan(scores[name])
        elif name == "oe":  # neither way is better, so no annotator is the worst
            assert scores[name] == pytest.approx(np.mean(values))
        else:
            assert scores[name] == (max(values) if name == "ue_np" else min(values))


@given(cases())
@settings(max_examples=40)
def test_best_takes_the_best_annotator_of_each_metric(case):
    scores = evaluate(**case, metrics=SHOWN, protocol="best")
    for name in ("asa", "ue_np", "br"):
        values = [value for value in scores[f"{name}_by_annotator"] if not math.isnan(value)]
        best = {"high": max, "low": min}[METRICS[name].direction]
        assert scores[name] == best(values) if values else math.isnan(scores[name])


@given(cases(largest=20))
@settings(max_examples=40)
def test_bsds2011_pools_matched_pixels_over_annotators(case):
    case |= {"void": None}
    scores = evaluate(**case, metrics=["br", "asa"], protocol="bsds2011")
    void = np.zeros(case["labels"].shape, bool)
    lengths = [int(thinned(truth, void).sum()) for truth in case["truths"]]
    recalls = [recall_matched(case["labels"], truth, void) for truth in case["truths"]]
    np.testing.assert_allclose(scores["br_by_annotator"], recalls)
    expected = np.nansum(np.multiply(lengths, recalls)) / sum(lengths) if any(lengths) else NAN
    np.testing.assert_allclose(scores["br"], expected)
    assert scores["asa"] == pytest.approx(np.mean(scores["asa_by_annotator"]))


def test_pooling_weighs_annotators_by_their_boundaries_and_only_where_it_says_so():
    labels = columns(4)
    truths = [columns(4), np.arange(64).reshape(8, 8) // 8]
    pooled = evaluate(
        labels,
        truths,
        metrics=["br_r0", "asa"],
        protocol=Protocol("own", tolerance=0, annotators="pooled"),
    )
    # 16 of 16 boundary pixels, and 16 of 64.
    assert pooled["br_r0_by_annotator"] == [1.0, 0.25]
    assert pooled["br_r0"] == 32 / 80
    assert evaluate(labels, truths, metrics=["br_r0"])["br_r0"] == 0.625


def test_a_tolerance_by_the_diagonal_is_rounded_for_windows_only():
    assert PROTOCOLS["stutz2018"].tolerance_in(321, 481) == 1
    assert PROTOCOLS["bsds2011"].tolerance_in(321, 481) == pytest.approx(4.337, abs=1e-3)


def test_a_half_is_rounded_up_and_a_window_has_a_largest_size():
    assert PROTOCOLS["stutz2018"].tolerance_in(600, 800) == 3
    far = Protocol("far", tolerance_of_diagonal=0.2)
    assert far.tolerance_in(900, 800) == 241
    with pytest.raises(ProtocolError, match=r"367 px .* smaller share"):
        evaluate(
            np.zeros((900, 1600), int), np.zeros((900, 1600), int), metrics=["br"], protocol=far
        )


def test_pooled_annotators_without_a_boundary_have_the_value_that_is_given_for_them():
    own = Protocol("own", tolerance=1, annotators="pooled", recall_without_boundary=1.0)
    whole = np.zeros((8, 8), int)
    assert evaluate(columns(4), [whole, whole], metrics=["br"], protocol=own)["br"] == 1
    none = replace(own, recall_without_boundary=None)
    assert math.isnan(evaluate(columns(4), [whole], metrics=["br"], protocol=none)["br"])


@given(cases(), st.sampled_from(["thick", "thin", "matched"]), st.integers(0, 6))
@settings(max_examples=80)
def test_recall_of_any_protocol_equals_the_plain_one_with_void(case, boundary, r):
    own = Protocol("own", boundary=boundary, tolerance=r)
    void = case["void"] if case["void"] is not None else np.zeros(case["labels"].shape, bool)
    found = evaluate(**case, metrics=["br"], protocol=own)["br_by_annotator"]
    if boundary == "matched":
        expected = [recall_matched(case["labels"], truth, void, r) for truth in case["truths"]]
    else:
        mark = {"thick": thick, "thin": thin_boundary}[boundary]
        ours = mark(case["labels"], void)
        expected = [share_within(mark(truth, void), ours, r) for truth in case["truths"]]
    np.testing.assert_allclose(found, expected)


def test_a_radius_beyond_the_usual_ones():
    far = Protocol("far", tolerance=5)
    assert evaluate(columns(1), columns(7), metrics=["br"], protocol=far)["br"] == 0.5


@pytest.mark.parametrize("name", PROTOCOLS)
def test_definitions_survive_being_stored(name):
    assert from_definition(PROTOCOLS[name].definition()) == PROTOCOLS[name]


def test_an_unknown_protocol_is_answered_with_the_nearest():
    with pytest.raises(ProtocolError, match="did you mean 'seal2018'"):
        get_protocol("seal2019")
    with pytest.raises(ProtocolError, match="there are default, best"):
        evaluate(columns(4), columns(4), protocol="xyz")


def test_protocols_of_ones_own(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        '[strict]\nboundary = "thin"\ntolerance = 0\nannotators = "worst"\nfirst = 2\n'
        '[wide]\ntolerance_of_diagonal = 0.01\nconnectivity = "merge"\n'
    )
    own = load_protocols(file)
    assert own["strict"] == Protocol(
        "strict", boundary="thin", tolerance=0, annotators="worst", first=2
    )
    assert own["wide"].connectivity == "merge"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tolerance = 1", "such as \\[strict\\]"),
        ("", "has no protocol"),
        ("[a\n", "is no TOML"),
        ("[default]\ntolerance = 1", "exists already"),
        ("[a]\nboundary = 'thin'", "either tolerance"),
        ("[a]\ntolerance = 1\ntolerance_of_diagonal = 0.1", "either tolerance"),
        ("[a]\ntolerance = 1\nradius = 2", "unknown key 'radius'"),
        ("[a]\ntolerance = 1\nboundry = 'thin'", "did you mean 'boundary'"),
        ("[a]\ntolerance = 1\nboundary = 'thinn'", "did you mean 'thin'"),
        ("[a]\ntolerance = 1.5", "no whole number"),
        ("['../a']\ntolerance = 1", "no name for files"),
        ("['']\ntolerance = 1", "no name for files"),
        ("[a]\nname = 'default'\ntolerance = 1", "unknown key 'name'"),
        ("[a]\ntolerance = -1", "pixels from 0"),
        ("[a]\ntolerance = nan", "pixels from 0"),
        ("[a]\ntolerance = '1'", "wrong type"),
        ("[a]\ntolerance = true", "wrong type"),
        ("[a]\ntolerance = 1\nfirst = 0", "whole number from 1"),
        ("[a]\ntolerance = 1\nfirst = 2.0", "wrong type"),
        ("[a]\ntolerance = 1\nrecall_without_boundary = 2", "from 0 to 1"),
        ("[a]\ntolerance = 1\nannotators = 'xx'", "mean or worst"),
    ],
)
def test_a_file_that_is_not_valid_is_told_with_the_cure(tmp_path, text, said):
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(ProtocolError, match=said) as told:
        load_protocols(file)
    assert str(file) in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProtocolError, match="cannot be read"):
        load_protocols(tmp_path / "nowhere.toml")
