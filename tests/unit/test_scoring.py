"""What becomes of a label map and its annotators on the way into a row."""

import numpy as np
import pytest

from bench.datasets import Sample
from bench.scoring.annotators import score_annotators, summarise
from bench.scoring.score import Scoring, score
from bench.storage.files import write_atomically
from metrics import PROTOCOLS, evaluate
from metrics.kernels import overlap

HALVES = np.repeat([[0, 0, 0, 1, 1, 1]], 6, axis=0).astype(np.int32)
THIRDS = np.repeat([[0, 0, 1, 1, 2, 2]], 6, axis=0).astype(np.int32)
IMAGE = np.repeat(40 * HALVES[..., None], 3, axis=2).astype(np.uint8)


def sample(*truths, void=None):
    return Sample("a", IMAGE, truths, void)


def test_counts_of_labels_as_returned_include_void_pixels_and_others_do_not():
    void = np.zeros((6, 6), bool)
    void[2:4] = True
    labels = HALVES.copy()
    labels[2] = 2  # a superpixel of void pixels only
    case = sample(HALVES, void=void)
    as_is = score(labels, case, 4, Scoring())
    assert (as_is["n_labels"], as_is["n_returned"], as_is["count_error"]) == (3, 3, 0.25)
    assert as_is["n_components"] == 5
    split = score(labels, case, 4, Scoring(PROTOCOLS["stutz2018"]))
    assert (split["n_labels"], split["n_components"], split["n_returned"]) == (4, 4, 3)
    assert split["count_error"] == 0.0


def test_without_n_nothing_is_said_of_its_error():
    assert "count_error" not in score(HALVES, sample(HALVES), None, Scoring())


def test_only_what_was_asked_for_is_computed_besides_the_counts():
    found = score(HALVES, sample(HALVES), 2, Scoring(metrics=("asa", "gr")))
    assert set(found) == {
        *("asa", "asa_by_annotator", "gr", "n_labels", "n_components", "n_returned")
    }


def test_each_annotator_is_scored_against_the_others():
    quarters = THIRDS // 2 + 2 * (np.arange(6)[:, None] > 2)
    found = score_annotators(sample(HALVES, THIRDS, quarters), Scoring())
    others = evaluate(THIRDS, [HALVES, quarters], metrics=["asa", "br", "ue_np"])
    for name in ("asa", "br", "ue_np"):
        assert found[name][1] == others[name]
    assert "ev" not in found


def test_each_annotator_is_measured_once(monkeypatch):
    real, measured = overlap.find_runs, []

    def find_runs(values, *others):
        measured.append(values)
        return real(values, *others)

    monkeypatch.setattr(overlap, "find_runs", find_runs)
    score_annotators(sample(HALVES, THIRDS, HALVES.T), Scoring())
    assert len(measured) == 3


def test_annotators_beyond_those_that_count_are_left_out():
    first = Scoring(PROTOCOLS["stutz2018"])
    many = score_annotators(sample(*[HALVES, THIRDS] * 3), first)
    assert len(many["asa"]) == 5
    assert many == score_annotators(sample(*[HALVES, THIRDS] * 2, HALVES), first)


def test_segments_in_several_pieces_stay_what_the_annotator_drew():
    stripes = HALVES * 0
    stripes[:, 2:4] = 1  # the background in two pieces is one segment
    split = score_annotators(sample(stripes, THIRDS), Scoring(PROTOCOLS["stutz2018"]))
    whole = score_annotators(sample(stripes, THIRDS), Scoring())
    assert split["asa"] == whole["asa"]


def test_one_annotator_alone_has_nobody_to_agree_with():
    assert score_annotators(sample(HALVES), Scoring()) == {}


def test_images_weigh_by_their_annotators_where_pairs_are_samples(tmp_path):
    write_atomically(tmp_path / "a.json", b'{"asa": [1.0, 1.0]}')
    write_atomically(tmp_path / "b.json", b'{"asa": [0.4, 0.5, 0.5, 0.5, 0.5, 0.6], "br": [NaN]}')
    write_atomically(tmp_path / "c.json", b'{"asa": [0.')
    files = [tmp_path / f"{name}.json" for name in "abcd"]
    assert summarise(files, pairs=False) == {"images": 2, "metrics": {"asa": [0.7, 0.75, 0.8]}}
    low, mean, high = summarise(files, pairs=True)["metrics"]["asa"]
    assert (low, mean, high) == pytest.approx((0.55, 0.625, 0.7))
