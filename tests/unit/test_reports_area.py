"""Areas under curves: the average over a range of counts that the curve covers, or a reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics import PROTOCOLS
from reports.data.align import align
from reports.data.results import load
from reports.data.schema import COLUMNS
from reports.statistics.aggregate import aggregate
from reports.statistics.area import areas, mean_over_range, summary_of
from reports.statistics.bootstrap import bootstrap_means, interval_of_draws
from reports.tables.comparison import compare_over
from tests.fake_results import Fake, write
from tests.unit.test_reports_align import cell

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
    ends = interval_of_draws(np.array(values), row["value"], 8)
    assert [row["low"], row["high"]] == pytest.approx(ends, rel=0.1)
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


# --- draws that end within the range -----------------------------------------------------------


def on_a_line(images, largest):
    """Cells whose asa is a thousandth of the count; the largest count differs over images."""
    rng = np.random.default_rng(5)
    ends = rng.normal(largest, 5, images).round()
    return [
        cell(image=f"{i:02}", n=n, n_labels=count, asa=count / 1000)
        for i, end in enumerate(ends)
        for n, count in ((50.0, 40.0), (100.0, 100.0), (200.0, end))
    ]


def test_draws_that_do_not_cover_the_range_are_not_averaged_over_less():
    """The curve lies on a line, so that its mean over the range is sure whatever is drawn."""
    cells = on_a_line(20, 203)
    means = bootstrap_means(np.array([[c["n_labels"]] for c in cells if c["n"] == 200]))
    assert 0.9 < (means >= 200).mean() < 1
    _, found = summed_up(cells, ["asa"], 50, 200)
    (row,) = found.to_dict("records")
    assert [row["low"], row["value"], row["high"]] == pytest.approx([0.125] * 3, abs=1e-12)
    assert row["no_interval"] == ""


def test_where_many_draws_do_not_cover_the_range_there_is_no_interval_and_it_is_said():
    cells = on_a_line(20, 201.5)
    counts = np.array([[c["n_labels"]] for c in cells if c["n"] == 200])
    assert counts.mean() >= 200
    short = 100 * (bootstrap_means(counts) < 200).mean()
    assert short > 10
    _, found = summed_up(cells, ["asa"], 50, 200)
    (row,) = found.to_dict("records")
    assert row["value"] == pytest.approx(0.125)
    assert np.isnan([row["low"], row["high"]]).all()
    said = f"the curve ends too near the range in {short:.0f} % of the draws"
    assert row["no_interval"] == said


def test_the_text_says_why_there_is_no_interval(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(("FH", "SLIC")))
    numbers = compare_over(path, 60, 150, ["asa"]).numbers
    assert (numbers["no_interval"] == "").all()
    (aligned,) = align(load(path, (*COLUMNS, "asa")), ["asa"])
    largest = aggregate(aligned, ["asa"])["asa"].groupby("label")["count"].max()
    report = compare_over(path, 60, largest["FH"] - 0.01, ["asa"], only=["FH"])
    (row,) = report.numbers.to_dict("records")
    assert f"\n- FH: no interval: {row['no_interval']}\n" in report.text
    assert "too near the range in" in row["no_interval"]
    (line,) = [line for line in report.text.splitlines() if line.startswith("| FH")]
    assert "±" not in line


def test_weighted_counts_that_all_are_the_end_of_the_range_cover_it():
    """Weights such as a tenth make a mean of equal counts a little more or less than these."""
    cells = [
        cell(image=str(i), n=float(n), n_labels=n, asa=n / 1000, asa_pairs=weight)
        for i, weight in enumerate((0.1, 0.7, 0.3, 1.1, 0.6, 0.2, 0.9))
        for n in (49, 100, 201)
    ]
    _, found = summed_up(cells, ["asa"], 49, 201)
    assert found.loc[0, ["low", "value", "high"]].tolist() == pytest.approx([0.125] * 3)


# --- points that matter ------------------------------------------------------------------------


def without_images(cells, n, images=(), label="SLIC"):
    """Make cells of one n fail on some images."""
    lost = {"status": "failed", "asa": np.nan, "br": np.nan, "n_labels": np.nan}
    return [
        c | lost if c["n"] == n and c["label"] == label and c["image"] in images else c
        for c in cells
    ]


def five_points(images=8):
    counts = {25.0: 25, 50.0: 50, 100.0: 100, 200.0: 200, 400.0: 400}
    return [
        cell(image=str(i), n=n, n_labels=count + i, asa=0.5 + count / 1000 + i / 100)
        for i in range(images)
        for n, count in counts.items()
    ]


@pytest.mark.parametrize(("n", "lost"), [(25.0, 0), (50.0, 2), (100.0, 2), (200.0, 2), (400.0, 0)])
def test_only_points_in_or_next_to_the_range_can_lack_images(n, lost):
    _, found = summed_up(without_images(five_points(), n, "01"), ["asa"], 80, 150)
    assert found["missing"].tolist() == [lost]


@pytest.mark.parametrize(("n", "known"), [(25.0, True), (200.0, False), (400.0, True)])
def test_a_point_of_one_image_takes_the_interval_only_if_it_matters(n, known):
    _, found = summed_up(without_images(five_points(), n, "0123456"), ["asa"], 80, 150)
    assert found["value"].notna().all()
    assert found["low"].notna().tolist() == [known]


@pytest.mark.parametrize(
    ("n", "low", "lost"), [(25.0, 80, 0), (100.0, 80, 8), (100.0, 130, 8), (400.0, 80, 0)]
)
def test_a_point_that_failed_on_all_images_counts_where_the_curve_leaps_over_it(n, low, lost):
    _, found = summed_up(without_images(five_points(), n, "01234567"), ["asa"], low, 150)
    assert found["value"].notna().all()
    assert found["low"].notna().all()
    assert found["missing"].tolist() == [lost]


# --- pairs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default", "seal2018"])
def test_the_interval_is_that_of_a_plain_loop(tmp_path, name):
    """Counts and scores weigh as their image's pairs, counts of images with a score alone."""
    fake = Fake(("SLIC",), images=9, lists=True, protocol=PROTOCOLS[name])
    frame = load(write(tmp_path / "r.parquet", fake), (*COLUMNS, "asa"))
    if "asa_pairs" in frame:
        frame["asa_pairs"] *= np.where(frame["image"].astype(str) < "image00004", 9, 1)
        frame.loc[frame["image"] == "image00000", "asa_pairs"] = 0
    frame.loc[frame["image"] == "image00000", "asa"] = np.nan
    frame.loc[frame["image"] == "image00000", "n_labels"] *= 5
    (aligned,) = align(frame, ["asa"])
    found = areas(aligned, ["asa"], 60, 130)
    assert ("asa" in aligned.weights) == (name == "seal2018")
    same = np.ones((9, 4))
    by_image = (*(aligned.scores[s] for s in ("n_labels", "asa")), aligned.weights.get("asa", same))
    x, y, w = (table[1:] for table in by_image)
    drawn = np.random.default_rng(20220613).integers(9, size=(1000, 9))
    means = []
    for images in drawn:
        known = images[images > 0] - 1
        total = w[known].sum(axis=0)
        count, score = ((w[known] * v[known]).sum(axis=0) / total for v in (x, y))
        means.append(mean_over_range(count, score, 60, 130).value)
    assert np.isfinite(means).mean() > 0.9
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx(
        interval_of_draws(np.array(means), found.loc[0, "value"], 8)
    )
