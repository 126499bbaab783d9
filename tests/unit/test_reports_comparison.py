"""Tables of one results file at equal counts, or over a range of counts."""

import numpy as np
import pandas as pd
import pytest

from metrics import PROTOCOLS
from reports.data.align import align
from reports.data.results import load
from reports.data.schema import COLUMNS, ResultsError
from reports.statistics.equal_counts import at_counts
from reports.statistics.intervals import mean_interval
from reports.tables.comparison import compare_at, compare_over
from reports.tables.two_files import compare_files
from tests.fake_results import METHODS, Fake, write, write_changed

PAIRS = PROTOCOLS["seal2018"]


@pytest.fixture
def path(tmp_path):
    """A file of five labels, whose counts spread around what was asked, with some failures."""
    return write(tmp_path / "r.parquet", Fake(METHODS[:5], failing=0.02))


# --- one file, at equal counts -----------------------------------------------------------------


def test_by_default_the_asked_counts_are_compared_moved_to_where_most_labels_are(path):
    report = compare_at(path)
    counts = sorted(report.numbers["count"].unique())
    assert counts[1:] == [100, 200]
    assert 50 < counts[0] < 80
    assert "asked were 50, 100, 200, 400; compared are labels at" in report.text
    assert set(report.numbers["metric"]) == {"asa", "br", "ue_np", "ev"}


def test_counts_that_all_labels_cover_are_compared_as_they_are(tmp_path):
    def exact(frame):
        return frame.assign(n_labels=frame["n"], n_components=frame["n"])

    report = compare_at(write_changed(tmp_path / "r.parquet", exact))
    assert sorted(report.numbers["count"].unique()) == [50, 100, 200, 400]
    assert "asked were" not in report.text
    assert "add to --n" not in report.text


def outliers(frame):
    """FH returns hundreds more, SEEDS 54 or more for 50; the others what was asked."""
    counts = frame["n"].astype(int)
    counts = counts.mask(frame["label"] == "FH", counts * 10)
    counts = counts.mask((frame["label"] == "SEEDS") & (frame["n"] == 50), 54)
    return frame.assign(n_labels=counts, n_components=counts)


def test_who_is_left_out_by_the_default_counts_is_said_and_what_to_ask_for(tmp_path):
    path = write_changed(tmp_path / "r.parquet", outliers, labels=METHODS[:4])
    report = compare_at(path)
    assert sorted(report.numbers["count"].unique()) == [54, 100, 200, 400]
    assert "3 of 4 labels cover 54 to 400" in report.text
    assert "less is covered by FH (500 to 4000)" in report.text
    at_50 = compare_at(path, [50]).text
    assert "- To reach 50, add to --n of the run: 44 (SEEDS)" in at_50.splitlines()


def test_a_curve_that_ends_near_a_count_is_used_as_it_is_and_marked(tmp_path):
    path = write_changed(tmp_path / "r.parquet", outliers, labels=METHODS[:4])
    without = compare_at(path, [50], ["asa"], within=0.05)
    assert without.numbers.set_index("label").loc["SEEDS", "covered"] == 0
    report = compare_at(path, [50], ["asa"], within=0.1)
    seeds = report.numbers.set_index("label").loc["SEEDS"]
    assert (seeds["covered"], seeds["nearest"], seeds["missing"]) == (20, 20, 0)
    assert seeds["rank_low"] > 0
    stored = load(path, (*COLUMNS, "asa"))
    its = stored[(stored["label"] == "SEEDS") & (stored["n"] == 50)]["asa"]
    assert seeds["value"] == pytest.approx(its.mean())
    (line,) = [line for line in report.text.splitlines() if line.startswith("| SEEDS ")]
    assert "20 of 20 §" in line
    assert "§ On some images" in report.text


# --- pieces ------------------------------------------------------------------------------------


def in_bits(frame):
    """FH is far the best, in twice as many pieces as labels."""
    pieces = frame["n_labels"].mask(frame["label"] == "FH", frame["n_labels"] * 2)
    asa = frame["asa"].mask(frame["label"] == "FH", 0.99)
    return frame.assign(n_components=pieces, asa=asa)


def test_labels_in_pieces_are_not_bold_beside_connected_ones_and_it_is_said(tmp_path):
    path = write_changed(tmp_path / "r.parquet", in_bits)
    report = compare_at(path, [100], ["asa"])
    rows = report.numbers.set_index("label")
    assert rows["in_pieces"].to_dict() == {"FH": True, "SEEDS": False, "SLIC": False}
    assert not rows.loc["FH", "not_told_from_best"]
    assert rows.loc["FH", "rank_low"] == 0
    assert not rows.loc["FH", "best"]
    (line,) = [line for line in report.text.splitlines() if line.startswith("| FH ‡ ")]
    assert "**" not in line
    assert "- FH: 100 labels in 200 pieces" in report.text.splitlines()
    assert "‡ In pieces" in report.text
    over = compare_over(path, 60, 150).text
    assert "| FH ‡ " in over
    assert "- FH: " in over


def test_where_all_are_in_pieces_they_compete_with_each_other(tmp_path):
    path = write_changed(tmp_path / "r.parquet", in_bits)
    alone = compare_at(path, [100], ["asa"], only=["FH"]).numbers
    assert alone["in_pieces"].all()

    def all_in_bits(frame):
        return frame.assign(n_components=frame["n_labels"] * 3)

    every = write_changed(tmp_path / "e.parquet", all_in_bits)
    assert compare_at(every, [100], ["asa"]).numbers["not_told_from_best"].any()


# --- p-values ----------------------------------------------------------------------------------


def test_tests_against_the_best_are_there_for_who_asks(path):
    assert "p_holm" not in compare_at(path, [150], ["asa"]).numbers
    report = compare_at(path, [150], ["asa", "br"], pvalues=True)
    first = report.numbers[report.numbers["metric"] == "asa"]
    against = first[~first["best"] & first["value"].notna()]
    assert (against["p_holm"] >= against["p"]).all()
    assert (against[["wins", "ties", "losses"]].sum(axis=1) <= against["value_images"]).all()
    assert "won/tied/lost" in report.text
    assert "Wilcoxon" in report.text


def test_without_asked_counts_they_must_be_given(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(ns=(None,)))
    with pytest.raises(ResultsError, match="--at"):
        compare_at(path)
    assert set(compare_at(path, [100]).numbers["count"]) == {100}


def test_rows_are_sorted_best_first_and_what_lacks_images_comes_last(path):
    for count in (60, 100, 300):
        numbers = compare_at(path, [count], ["ue_np"]).numbers.set_index("label")
        text = compare_at(path, [count], ["ue_np"]).text
        lines = [line.split("|")[1].strip() for line in text.splitlines() if "|" in line][2:]
        order = numbers.loc[lines]
        complete = order["missing"] == 0
        assert complete.is_monotonic_decreasing
        assert order.loc[complete, "value"].is_monotonic_increasing


def test_a_label_over_fewer_images_has_a_dagger_and_is_never_bold(path):
    report = compare_at(path, [60], ["asa"])
    lacking = report.numbers[report.numbers["missing"] > 0]
    assert len(lacking)
    assert not lacking["not_told_from_best"].any()
    for label in lacking["label"]:
        (line,) = [line for line in report.text.splitlines() if line.startswith(f"| {label} ")]
        assert "†" in line
        assert "**" not in line


@pytest.mark.parametrize(("good", "others", "best"), [(2, 0, ["FH"]), (3, 0, ["LSC"]), (0, 5, [])])
def test_the_best_lacks_few_images_and_has_somebody_to_be_better_than(tmp_path, good, others, best):
    lacks, skill = {"FH": good}, {"FH": 0.9, "LSC": 0.8, "SLIC": 0.7}

    def change(frame):
        number = frame["image"].str[-5:].astype(int)
        beyond = (frame["n"] == 50) & (number < frame["label"].map(lacks).fillna(others))
        counts = frame["n"].astype(int).mask(beyond, 150)
        return frame.assign(n_labels=counts, asa=frame["label"].map(skill))

    path = write_changed(
        tmp_path / "r.parquet", change, labels=tuple(skill), ns=(50, 200), images=20
    )
    numbers = compare_at(path, [100], ["asa"]).numbers
    assert numbers.loc[numbers["best"], "label"].tolist() == best


def test_bold_is_the_set_of_the_best_those_whose_rank_may_be_1(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(METHODS[:3], ns=(50, 100, 800)))
    report = compare_at(path, [120], ["asa"])
    bold = set(report.numbers.loc[report.numbers["not_told_from_best"], "label"])
    assert 1 <= len(bold) < 3
    assert bold == {line.split()[1] for line in report.text.splitlines() if "| **" in line}
    assert bold == set(report.numbers.loc[report.numbers["rank_low"] == 1, "label"])


def test_the_difference_to_the_best_is_taken_image_by_image(path):
    numbers = compare_at(path, [60], ["asa"]).numbers.set_index("label")
    (best,) = numbers.index[numbers["best"]]
    (group,) = align(load(path, (*COLUMNS, "asa")), ["asa"])
    (at,) = at_counts(group, ["asa"], [60])
    values = dict(zip(at.aligned.labels, at.aligned.scores["asa"].T, strict=True))
    for label, row in numbers.iterrows():
        assert row["difference"] == pytest.approx(np.nanmean(values[label] - values[best]))
    unpaired = numbers["value"] - numbers.loc[best, "value"]
    assert (numbers["difference"] - unpaired).abs().max() > 1e-6
    assert (numbers["difference_low"] <= numbers["difference"]).all()


def test_a_difference_whose_interval_holds_0_is_one_that_is_bold(path):
    numbers = compare_at(path, [150], ["ue_np"]).numbers
    others = numbers[(numbers["missing"] == 0) & ~numbers["best"]]
    assert len(others)
    assert ((others["difference_low"] <= 0) == others["not_told_from_best"]).all()


def test_a_metric_with_no_better_side_has_neither_best_nor_bold(path):
    report = compare_at(path, [100], ["n_components", "asa"])
    first = report.numbers[report.numbers["metric"] == "n_components"]
    assert not first[["best", "not_told_from_best"]].any(axis=None)
    assert "- best" not in report.text.split("Mean over images")[0]


def test_a_count_that_no_image_covers_gives_dashes_and_reasons(path):
    report = compare_at(path, [7000], ["asa"])
    assert report.numbers["value"].isna().all()
    assert (report.numbers["covered"] == 0).all()
    assert report.text.count("20 of 20 images") == 5
    assert "or fewer" in report.text


def test_each_split_has_its_own_table(tmp_path):
    fakes = [Fake(images=4), Fake(images=6, split="val"), Fake(images=3, dataset="folder")]
    numbers = compare_at(write(tmp_path / "r.parquet", *fakes), [100]).numbers
    images = numbers.groupby(["dataset", "split"])["images"].unique().map(list).to_dict()
    assert images == {("bsds500", "test"): [4], ("bsds500", "val"): [6], ("folder", "test"): [3]}


def test_the_protocol_is_named_when_it_is_not_the_usual_one(tmp_path, path):
    other = write(tmp_path / "o.parquet", Fake(lists=True, protocol=PAIRS))
    for report in (compare_at(other, [100]), compare_over(other, 60, 150)):
        assert "protocol seal2018" in report.text.splitlines()[0]
        assert set(report.numbers["protocol"]) == {"seal2018"}
    assert "protocol" not in compare_at(path, [100]).text


def test_only_and_without_choose_labels(path):
    assert set(compare_at(path, [100], only=["s*"]).numbers["label"]) == {"SLIC", "SEEDS"}
    assert "SLIC" not in set(compare_over(path, 60, 150, without=["slic"]).numbers["label"])
    with pytest.raises(ResultsError, match="no label is left"):
        compare_at(path, [100], only=["nothing"])


def test_a_pattern_that_no_label_is_like_is_noted(path):
    notes = []
    compare_at(path, [100], ["asa"], only=["SLIC", "SEED"], without=["*x"], on_note=notes.append)
    assert notes == [
        "no label is like 'SEED'; did you mean 'SEEDS'?",
        "no label is like '*x'",
    ]


def test_where_no_label_is_left_the_pattern_and_the_option_are_named(path):
    why = r"\(no label is like 'SILC'; did you mean 'SLIC'\?\); change --only"
    with pytest.raises(ResultsError, match=f"no label is left of ETPS, FH, LSC, SEEDS, SLIC {why}"):
        compare_at(path, [100], only=["SILC"])
    with pytest.raises(ResultsError, match=r"no label is left of ETPS, .*, SLIC; change --without"):
        compare_at(path, [100], only=["FH"], without=["*h"])
    notes = []
    compare_at(path, [100], ["asa"], only=["Mine", "FH"], on_note=notes.append)
    assert notes == ["no label is like 'Mine'; 'mine' are the labels of one's own beside --with"]


def test_a_metric_without_any_value_is_left_out_and_noted(tmp_path):
    def forget(frame):
        return frame.assign(ev=pd.NA)

    notes = []
    path = write_changed(tmp_path / "r.parquet", forget)
    numbers = compare_at(path, [100], on_note=notes.append).numbers
    assert "ev" not in set(numbers["metric"])
    assert len(notes) == 1
    assert notes[0].startswith("ev ")


def test_the_counts_asked_on_another_split_are_not_compared(tmp_path):
    fakes = [Fake(ns=(50, 100)), Fake(ns=(60, 120), split="val"), Fake(ns=(None,), dataset="mine")]
    path = write(tmp_path / "r.parquet", *fakes)
    notes = []
    numbers = compare_at(path, on_note=notes.append).numbers
    counts = numbers.groupby(["dataset", "split"])["count"].unique().map(sorted).to_dict()
    assert counts == {("bsds500", "test"): [50], ("bsds500", "val"): [60]}  # 100 is not shared
    (note,) = notes
    assert note.startswith("mine/test: no count was asked for")
    assert "--at" in note


def time_out(label, n):
    def change(frame):
        lost = (frame["label"] == label) & (frame["n"] == n)
        frame.loc[lost, "status"] = "timeout"
        frame.loc[lost, ["n_labels", "asa", "br", "ue_np", "ev"]] = pd.NA
        return frame

    return change


def test_a_method_that_timed_out_has_no_value_there(tmp_path):
    path = write_changed(tmp_path / "r.parquet", time_out("FH", 100))
    report = compare_at(path, [110], ["asa"])
    numbers = report.numbers.set_index("label")
    assert np.isnan(numbers.loc["FH", "value"])
    assert numbers.loc["FH", "covered"] == 0
    assert numbers.loc["FH", "images"] == 20
    reason = "20 images with no result at an n in between"
    assert numbers.loc["FH", "reason"] == reason
    assert f"- FH: not at 110 on 20 of 20 images ({reason})" in report.text.splitlines()
    assert numbers["value"].notna().sum() == 2


def test_a_metric_that_a_label_alone_lacks_is_said_with_how_often(tmp_path):
    def forget(frame):
        lost = (frame["label"] == "FH") & (frame["image"] < "image00004")
        frame.loc[lost, "ue_np"] = pd.NA
        return frame

    report = compare_at(write_changed(tmp_path / "r.parquet", forget), [130], ["asa", "ue_np"])
    numbers = report.numbers.set_index(["metric", "label"])
    reason = "no value of ue_np on 4 images"
    assert numbers.loc[("ue_np", "FH"), "reason"] == reason
    assert numbers.loc[("asa", "FH"), "reason"] == ""
    assert numbers.loc[("ue_np", "FH"), "missing"] == 4
    assert f"- FH: {reason}" in report.text.splitlines()
    assert reason.replace("4", "") not in report.text.replace(reason, "")


@pytest.mark.parametrize("undefined", [(), [f"image{i:05d}" for i in range(1, 20, 3)]])
@pytest.mark.parametrize("random", [0, 2, 5])
def test_bold_and_the_difference_never_contradict_each_other(tmp_path, random, undefined):
    """A third of the images covers no count, on others nobody has the score: none is drawn."""

    def change(frame):
        noise = np.random.default_rng(random).normal(0, 0.0012, len(frame))
        few = frame["image"].isin([f"image{i:05d}" for i in range(0, 20, 3)])
        counts = np.where(few, 20, frame["n"].astype(float)).astype(int)
        lead = np.where(frame["label"] == "SLIC", 0.0005, 0)
        asa = np.where(frame["image"].isin(undefined), np.nan, 0.8 + lead + noise)
        return frame.assign(asa=asa, n_labels=counts)

    path = write_changed(tmp_path / "r.parquet", change, labels=("SLIC", "FH"), ns=(50, 100, 200))
    numbers = compare_at(path, range(52, 198, 4), ["asa"]).numbers
    others = numbers[~numbers["best"]]
    assert len(others) == 37
    assert (others["not_told_from_best"] == (others["difference_high"] >= 0)).all()


def test_the_difference_weighs_pairs_that_both_labels_have(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(METHODS[:3], lists=True, protocol=PAIRS))
    frame = load(path, (*COLUMNS, "asa"))
    (at,) = at_counts(*align(frame, ["asa"]), ["asa"], [100])
    numbers = compare_at(path, [100], ["asa"]).numbers.set_index("label")
    (best,) = np.flatnonzero(numbers["best"])
    scores, weights = at.aligned.scores["asa"], at.aligned.weights["asa"]
    assert (weights != weights[:, [best]]).any()
    for place, label in enumerate(at.aligned.labels):
        row = numbers.loc[label]
        found = row[["difference", "difference_low", "difference_high"]].tolist()
        if row["rank_low"] and numbers["rank_low"].iloc[best]:  # both compete: means as they stand
            assert found[0] == pytest.approx(row["value"] - numbers["value"].iloc[best])
            continue
        apart, lighter = scores[:, place] - scores[:, best], weights[:, [place, best]].min(axis=1)
        known = np.isfinite(apart)
        mean = np.average(apart[known], weights=lighter[known])
        low, high = mean_interval(apart[:, None], lighter[:, None])
        assert found == pytest.approx([mean, low[0], high[0]], abs=1e-12)


def test_the_text_says_what_means_are_over(tmp_path, path):
    other = write(tmp_path / "o.parquet", Fake(lists=True, protocol=PAIRS))
    for which, samples in ((path, "images"), (other, "pairs of image and annotator")):
        assert f"Mean over {samples} ±" in compare_at(which, [100]).text
        assert f"mean score over {samples} against" in compare_over(which, 60, 150).text
        assert f"Means over {samples} with a value in both" in compare_files(which, which).text


# --- one file, over a range --------------------------------------------------------------------


def test_over_a_range_there_are_amr_aue_auv_and_mean_asa(path):
    report = compare_over(path, 80, 250)
    for name in ("AMR (br) ↓", "AUE (ue_np) ↓", "AUV (ev) ↓", "mean asa ↑"):
        assert name in report.text
    assert report.numbers["value"].notna().all()


def test_a_label_that_does_not_cover_the_range_gets_a_dash_and_the_reason(path):
    report = compare_over(path, 50, 300)
    lacking = set(report.numbers.loc[report.numbers["value"].isna(), "label"])
    assert lacking == {"SLIC", "SEEDS", "ETPS"}
    for label in lacking:
        (reason,) = [line for line in report.text.splitlines() if line.startswith(f"- {label}: ")]
        assert "returned" in reason


def test_reasons_that_are_not_of_all_metrics_are_said_with_theirs(tmp_path):
    def forget(frame):
        lost = (frame["label"] == "FH") & (frame["n"] == 400)
        frame.loc[lost, "ue_np"] = pd.NA
        return frame

    path = write_changed(tmp_path / "r.parquet", forget)
    lines = compare_over(path, 70, 240).text.splitlines()
    (line,) = [line for line in lines if line.startswith("- ")]
    assert line.startswith("- FH: AUE (ue_np): returned ")
    assert ";" not in line
    both = compare_over(path, 70, 9000, ["br", "asa"]).text.splitlines()
    assert sum(line.startswith("- SLIC: returned ") for line in both) == 1
