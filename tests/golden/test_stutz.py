"""Scores agree with what another evaluator, in C++ and single precision, prints for real images."""

import csv

import cv2
import numpy as np
import pytest
from scipy.io import loadmat

from metrics import evaluate
from tests.shared import BSDS500, GOLDEN, needs_shared

pytestmark = needs_shared

# Its column, and how far single-precision sums over an image carry.
COLUMNS = {
    "asa": ("asa", 1e-5),
    "ue_bergh": ("ue", 1e-5),
    "ue_np": ("ue_np", 1e-5),
    "oe": ("oe", 1e-5),
    "br_r1": ("rec", 1e-5),
    "ev": ("ev", 1e-3),
    "icv": ("icv", 1e-5),
    "sse_rgb": ("sse_rgb", 1e-3),
    "sse_xy": ("sse_xy", 1e-3),
    "co": ("co", 1e-5),
    "cd": ("cd", 1e-5),
    "n_labels": ("sp", 0),
    # Its transform is approximate, about 3 % off.
    "mde": ("mde", 0.03),
}


def golden_rows():
    path = GOLDEN / "stutz_eval.csv"
    if not path.exists():
        return []
    with path.open() as lines:
        return [
            pytest.param(row, id=f"{row['labels']}-{row['annotator']}")
            for row in csv.DictReader(lines)
        ]


@pytest.mark.parametrize("row", golden_rows())
def test_scores_agree_with_the_other_evaluator(row):
    name, annotator = row["image"], int(row["annotator"])
    labels = cv2.imread(str(GOLDEN / f"{row['labels']}.png"), cv2.IMREAD_UNCHANGED)
    image = cv2.imread(str(BSDS500 / "images" / "val" / f"{name}.jpg"))[:, :, ::-1]
    truths = loadmat(BSDS500 / "groundTruth" / "val" / f"{name}.mat")["groundTruth"]
    truth = truths[0, annotator]["Segmentation"][0, 0]
    scores = evaluate(labels, truth, np.ascontiguousarray(image))
    for ours, (theirs, tolerance) in COLUMNS.items():
        assert scores[ours] == pytest.approx(float(row[theirs]), rel=tolerance), ours
    # It prints the standard deviation of the sizes in pixels.
    mean = labels.size / scores["n_labels"]
    assert scores["size_cv"] * mean == pytest.approx(float(row["sp_size_variation"]), rel=1e-2)
