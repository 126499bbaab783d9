"""Areas under curves: the average over a range of counts that the curve covers, or a reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reports.area import areas, mean_over_range, summary_of
from reports.frame import aggregate, align
from tests.unit.test_reports_frame import cell

COUNTS = [
    *(188.291, 296.472, 387.935, 608.065, 794.477, 1100.89, 1302.86, 1572.26, 1960.33, 2478.44),
    *(3292.52, 4439.47, 6526.86),
]
RECALLS = [
    *(0.602725, 0.658145, 0.692999, 0.749924, 0.783432, 0.822392, 0.843054, 0.865465, 0.890398),
    *(0.917414, 0.945248, 0.969279, 0.99025),
]


def test_the_average_miss_rate_of_a_known_curve():
    misses = 1 - np.array(RECALLS)
    area = mean_over_range(COUNTS, misses, 200, 5200)
    assert 100 * area.value == pytest.approx(10.5164, abs=5e-5)
    assert area.reason == ""


CURVES = st.dictionaries(st.integers(1, 1000), st.floats(0, 1), min_size=2, max_size=8)


@given(CURVES, st.floats(0, 1), st.floats(0, 1))
def test_the_average_is_that_of_the_interpolated_curve_on_a_fine_grid(curve, one, other):
    counts, values = list(curve), list(curve.values())
    low, high = sorted(min(counts) + share * (max(counts) - min(counts)) for share in (one, other))
    assume(high - low > 1e-3)
    grid = np.union1d(np.linspace(low, high, 50), [c for c in counts if low < c < high])
    fine = np.interp(grid, sorted(counts), [curve[c] for c in sorted(counts)])
    expected = np.trapezoid(fine, grid) / (high - low)
    assert mean_over_range(counts, values, low, high).value == pytest.approx(expected, abs=1e-6)


@given(CURVES)
def test_the_order_of_the_points_does_not_matter(curve):
    counts = sorted(curve)
    there = mean_over_range(counts, [curve[c] for c in counts], counts[0], counts[-1])
    back = mean_over_range(counts[::-1], [curve[c] for c in counts[::-1]], counts[0], counts[-1])
    assert there.value == pytest.approx(back.value)


def test_points_of_the_same_count_are_averaged():
    area = mean_over_range([50, 100, 100, 100], [0.1, 0.2, 0.3, 0.7], 50, 100)
    assert area.value == pytest.approx((0.1 + 0.4) / 2)


@pytest.mark.parametrize(
    ("counts", "values", "reason"),
    [
        ([60, 200, 380], [0.1, 0.2, 0.3], "returned 60 to 380"),
        ([50, 399.5], [0.1, 0.2], "returned 50 to 399.5"),
        ([50, 100, 400], [0.1, 0.2, np.nan], "returned 50 to 100"),
        ([96, 96], [0.1, 0.2], "returned 96 only"),
        ([50, 400], [np.nan, np.nan], "no value"),
        ([], [], "no value"),
    ],
)
def test_a_curve_that_does_not_cover_the_range_has_a_reason_instead(counts, values, reason):
    area = mean_over_range(counts, values, 50, 400)
    assert np.isnan(area.value)
    assert area.reason == reason


def test_the_range_may_end_where_the_curve_ends():
    assert mean_over_range([50, 400], [0.2, 0.4], 50, 400).value == pytest.approx(0.3)


@pytest.mark.parametrize(("low", "high"), [(100, 100), (200, 100), (np.nan, 100)])
def test_an_empty_range_is_refused(low, high):
    with pytest.raises(ValueError, match="low < high"):
        mean_over_range([50, 400], [0.2, 0.4], low, high)


# --- labels ------------------------------------------------------------------------------------


def curves(images, label="SLIC", weights=None):
    """Cells of a label with three points on so many images; harder images score less."""
    rng = np.random.default_rng(7)
    return [
        cell(label=label, image=str(i), n=n, n_labels=int(n * rng.uniform(0.8, 1.0)))
        | {"asa": 1 - hard / n**0.4, "br": 1 - hard / n**0.5}
        | ({} if weights is None else {"br_pairs": weights[i]})
        for i, hard in enumerate(rng.uniform(0.5, 1.5, images))
        for n in (50.0, 100.0, 200.0)
    ]


def summed_up(cells, metrics=("br", "asa"), low=60, high=150):
    (aligned,) = align(pd.DataFrame(cells), metrics)
    return aligned, areas(aligned, metrics, low, high)


def test_the_curve_of_a_label_is_mean_score_against_mean_returned_count():
    aligned, found = summed_up(curves(8))
    for metric in ("br", "asa"):
        points = aggregate(aligned, [metric])[metric]
        area = mean_over_range(points["count"], points["value"], 60, 150).value
        expected = 100 * (1 - area) if metric == "br" else area
        assert found.set_index("metric").loc[metric, "value"] == pytest.approx(expected)


def test_amr_aue_auv_are_named_with_their_metric_and_in_percent():
    names = {metric: summary_of(metric).name for metric in ("br", "ue_np", "ev", "asa")}
    assert names == {
        "br": "AMR (br)",
        "ue_np": "AUE (ue_np)",
        "ev": "AUV (ev)",
        "asa": "mean asa",
    }


def test_the_interval_is_that_of_whole_curves_of_images_drawn_together():
    aligned, found = summed_up(curves(8))
    rng = np.random.default_rng(1)
    values = []
    for _ in range(2000):
        drawn = rng.integers(8, size=8)
        x, y = (aligned.scores[name][drawn].mean(axis=0) for name in ("n_labels", "br"))
        values.append(100 * (1 - mean_over_range(x, y, 60, 150).value))
    row = found[found["metric"] == "br"].iloc[0]
    ends = np.quantile(values, (0.025, 0.975))
    assert [row["low"], row["high"]] == pytest.approx(ends, rel=0.05)
    assert row["low"] < row["value"] < row["high"]


def test_images_that_all_lie_on_one_line_leave_nothing_uncertain():
    cells = [c | {"asa": c["n_labels"] / 1000} for c in curves(8)]
    (row,) = summed_up(cells, ["asa"])[1].to_dict("records")
    assert [row["low"], row["value"], row["high"]] == pytest.approx([0.105] * 3)


def test_one_image_has_no_interval():
    _, found = summed_up(curves(1))
    assert found["value"].notna().all()
    assert found[["low", "high"]].isna().all(axis=None)


def test_a_label_that_does_not_cover_the_range_has_no_value_and_says_why():
    _, found = summed_up([*curves(8), *(c for c in curves(8, "FH") if c["n"] > 50)])
    short = found[found["label"] == "FH"]
    assert short[["value", "low", "high"]].isna().all(axis=None)
    assert short["reason"].str.match(r"returned \d+.* to \d+").all()
    assert found.loc[found["label"] == "SLIC", "value"].notna().all()


def test_pairs_weigh_the_curve_where_they_are_the_samples():
    even = summed_up(curves(2, weights=[1, 1]), ["br"])[1]
    first = summed_up(curves(2, weights=[1000000, 1]), ["br"])[1]
    alone = summed_up(curves(2)[:3], ["br"])[1]
    assert first["value"].tolist() == pytest.approx(alone["value"].tolist(), rel=1e-4)
    assert even["value"].tolist() != pytest.approx(alone["value"].tolist(), rel=1e-2)
