"""Tables of labels minus others, at the counts that the labels returned themselves."""

import numpy as np
import pandas as pd
import pytest

from metrics import PROTOCOLS
from reports.data.results import load
from reports.data.schema import COLUMNS, ResultsError
from reports.statistics.interpolation import interpolate
from reports.statistics.intervals import joint_interval
from reports.tables.comparison import compare_at, compare_own
from reports.tables.macros import macros
from tests.fake_results import Fake, write, write_changed


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "r.parquet", Fake())


def by_hand(path, own, n, other, score="asa"):
    """Return, image by image, a label minus another's curve at the count of the label."""
    rows = load(path, (*COLUMNS, score)).astype({"n_labels": float, score: float})
    its = rows[(rows["label"] == own) & (rows["n"] == n)].set_index("image")
    curves = rows[rows["label"] == other].groupby("image")
    there = {
        image: interpolate(curve["n_labels"], curve[[score]].to_numpy(), [its.n_labels[image]])
        for image, curve in curves
    }
    return np.array([its[score][image] - value.item() for image, value in sorted(there.items())])


def test_each_image_is_read_at_the_count_that_the_label_returned_on_it(path):
    numbers = compare_own(path, ["SEEDS"], ["asa", "ue_np"]).numbers
    assert set(numbers["label"]) == {"SEEDS"}
    assert set(numbers["n"]) == {50, 100, 200, 400}
    for row in numbers[numbers["n"].isin([100, 200])].itertuples():
        apart = by_hand(path, "SEEDS", row.n, row.minus, row.metric)
        assert row.difference == pytest.approx(apart.mean())
        assert row.difference_images == row.images == 20
        assert row.difference_low < row.difference < row.difference_high


def test_the_intervals_of_a_label_hold_together(path):
    numbers = compare_own(path, ["SEEDS"], ["asa"]).numbers
    row = numbers[(numbers["n"] == 100) & (numbers["minus"] == "SLIC")].iloc[0]
    both = np.stack([by_hand(path, "SEEDS", 100, other) for other in ("SLIC", "FH")], axis=1)
    _, low, high = joint_interval(both)
    assert row["difference_low"] == pytest.approx(low[0])
    assert row["difference_high"] == pytest.approx(high[0])


def test_nothing_is_extrapolated_and_it_is_said_where(tmp_path):
    def far(frame):
        """FH returns as many as SLIC does for about 100, or more."""
        least = frame["n_labels"].where(frame["label"] != "FH", frame["n_labels"] + 20)
        return frame.assign(n_labels=least, n_components=least)

    path = write_changed(tmp_path / "r.parquet", far)
    report = compare_own(path, ["SLIC"], ["asa"])
    rows = report.numbers[report.numbers["minus"] == "FH"].set_index("n")
    assert rows.loc[50, "difference_images"] == 0
    assert np.isnan(rows.loc[50, "difference"])
    first = report.text.split("**bsds500/test**")[1]
    assert "minus FH" not in first
    assert "- FH at the counts of SLIC: 20 images returned " in first
    partly = rows[(rows["difference_images"] > 1) & (rows["difference_images"] < 20)]
    assert len(partly)
    for n, row in partly.iterrows():  # its interval holds together with the others', too
        both = np.stack([by_hand(path, "SLIC", n, other) for other in ("FH", "SEEDS")], axis=1)
        _, low, high = joint_interval(both)
        assert row["difference_low"] == pytest.approx(low[0])
        assert row["difference_high"] == pytest.approx(high[0])
    assert "† Over fewer images than the label has a value on" in report.text
    below = [line for line in first.splitlines() if line.startswith("| SLIC")]
    assert [line.split()[3] for line in below] == ["SEEDS"]


def test_images_on_which_the_label_failed_are_not_compared_and_it_is_said(tmp_path):
    def fail(frame):
        lost = (frame["label"] == "SEEDS") & (frame["image"] == "image00003")
        scores = ["n_labels", "n_components", "asa"]
        frame.loc[lost, scores] = pd.NA
        return frame.assign(status=frame["status"].mask(lost, "failed"))

    path = write_changed(tmp_path / "r.parquet", fail)
    report = compare_own(path, ["SEEDS"], ["asa"])
    assert set(report.numbers["images"]) == {19}
    assert "19 of 20" in report.text
    assert "- SEEDS has no complete result on 1 of 20 images" in report.text
    assert set(compare_own(path, ["SLIC"], ["asa"]).numbers["images"]) == {20}


def test_the_label_itself_is_not_read_off_a_curve(tmp_path):
    def twice(frame):
        """SEEDS returns as many for 200 as for 100, and has no br there."""
        its = frame["label"] == "SEEDS"
        at_100 = frame[its & (frame["n"] == 100)].set_index("image")["n_labels"]
        again = its & (frame["n"] == 200)
        frame.loc[again, "n_labels"] = frame.loc[again, "image"].map(at_100)
        frame.loc[again, "br"] = pd.NA
        return frame

    path = write_changed(tmp_path / "r.parquet", twice)
    report = compare_own(path, ["SEEDS"], ["asa", "br"])
    numbers = report.numbers.set_index(["n", "metric", "minus"])["difference"]
    for n in (100, 200):
        assert numbers[n, "asa", "SLIC"] == pytest.approx(by_hand(path, "SEEDS", n, "SLIC").mean())
    assert numbers[100, "asa", "SLIC"] != pytest.approx(numbers[200, "asa", "SLIC"])
    assert numbers[200, "br"].isna().all()
    assert "- SEEDS has no value of br on 20 of 20 images" in report.text


def test_one_image_says_nothing_about_others(tmp_path):
    report = compare_own(write(tmp_path / "r.parquet", Fake(images=1)), ["SEEDS"], ["asa"])
    assert "- no intervals of SEEDS, nothing bold" in report.text
    assert "**+" not in report.text
    assert "**-" not in report.text


def test_an_image_without_a_metric_for_anybody_is_nobodys_lack(tmp_path):
    def undefined(frame):
        return frame.assign(br=frame["br"].mask(frame["image"] == "image00003"))

    path = write_changed(tmp_path / "r.parquet", undefined)
    text = compare_own(path, ["FH"], ["br"]).text.split("**bsds500/test**")[3]  # n = 200
    assert "19 of 20" in text
    assert "†" not in text
    assert "- FH has no value of br on 1 of 20 images" in text


def test_a_label_in_pieces_is_marked_on_both_sides(tmp_path):
    def in_bits(frame):
        pieces = frame["n_labels"].mask(frame["label"] == "FH", frame["n_labels"] * 2)
        return frame.assign(n_components=pieces)

    path = write_changed(tmp_path / "r.parquet", in_bits)
    assert "| FH ‡ minus SLIC " in compare_own(path, ["FH"], ["asa"]).text
    text = compare_own(path, ["SLIC"], ["asa"]).text
    assert "| SLIC minus FH ‡ " in text
    assert "‡ In pieces" in text
    assert "rank" not in text


def test_where_the_other_lacks_a_metric_it_is_said(tmp_path):
    def undefined(frame):
        lost = (frame["label"] == "SLIC") & (frame["image"] < "image00005")
        return frame.assign(asa=frame["asa"].mask(lost))

    path = write_changed(tmp_path / "r.parquet", undefined)
    report = compare_own(path, ["SEEDS"], ["asa"])
    assert "- SLIC at the counts of SEEDS: no value of asa on 5 images" in report.text
    rows = report.numbers[report.numbers["n"] == 100].set_index("minus")
    its = by_hand(path, "SEEDS", 100, "SLIC")
    assert rows.loc["SLIC", "difference_images"] == np.isfinite(its).sum() == 15
    counts = load(path, (*COLUMNS, "asa"))
    known = (
        (counts["label"] == "SEEDS")
        & (counts["n"] == 100)
        & (counts["image"].astype(str) >= "image00005")
    )
    assert rows.loc["SLIC", "count"] == pytest.approx(counts.loc[known, "n_labels"].mean())
    text = report.text.split("**bsds500/test**")[2]
    rows = [line.split()[3] for line in text.splitlines() if line.startswith("| SEEDS")]
    assert rows == ["FH", "SLIC"]  # who lacks images stands last


def test_others_on_one_image_widen_no_interval(tmp_path):
    def one_image(frame):
        return frame[(frame["label"] != "FH") | (frame["image"] == "image00003")]

    path = write_changed(tmp_path / "r.parquet", one_image)
    row = (
        compare_own(path, ["SEEDS"], ["asa"]).numbers.query("n == 100 and minus == 'SLIC'").iloc[0]
    )
    _, low, high = joint_interval(by_hand(path, "SEEDS", 100, "SLIC")[:, None])
    found = row["difference_low"], row["difference_high"]
    assert found == pytest.approx((low.item(), high.item()))


def test_each_split_has_its_own_tables(tmp_path):
    other = Fake(("FH", "SLIC"), split="val", random=2)
    path = write(tmp_path / "r.parquet", Fake(), other)
    numbers = compare_own(path, ["FH"], ["asa"]).numbers
    assert set(numbers.loc[numbers["split"] == "val", "minus"]) == {"SLIC"}
    assert set(numbers.loc[numbers["split"] == "test", "minus"]) == {"SLIC", "SEEDS"}


def test_a_label_with_nobody_beside_it_is_told(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(("FH",)), Fake(("SLIC",), split="val"))
    with pytest.raises(ResultsError, match="no other label is beside it on its images; there are"):
        compare_own(path, ["FH"])


def test_a_label_with_one_count_is_compared_too(tmp_path):
    one = Fake(("Ours",), ns=(None,), random=3)
    path = write(tmp_path / "r.parquet", Fake(), one)
    report = compare_own(path, ["ours"], ["asa"])
    assert set(report.numbers["minus"]) == {"FH", "SEEDS", "SLIC"}
    assert report.numbers["difference"].notna().all()
    assert "without an asked count, 20 images" in report.text


def test_others_of_one_count_are_left_out_where_few_images_share_it_by_chance(tmp_path):
    one = Fake(("One", "Two"), ns=(100,), random=3)
    path = write(tmp_path / "r.parquet", Fake(), one)
    report = compare_own(path, ["SEEDS"], ["asa"])
    rows = report.numbers[report.numbers["n"] == 100].set_index("minus")
    assert (rows.loc[["One", "Two"], "difference_images"] == 0).all()
    both = np.stack([by_hand(path, "SEEDS", 100, other) for other in ("SLIC", "FH")], axis=1)
    _, low, _ = joint_interval(both)
    assert rows.loc["SLIC", "difference_low"] == pytest.approx(low[0])
    assert (
        report.text.count("- One, Two at the counts of SEEDS: one count on most images, whi") == 4
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_others_of_one_count_on_most_images_widen_no_interval(tmp_path, seeds):
    """FH has a second count on one image alone, or without one of two seeds, which is none."""

    def change(frame):
        where = (frame["label"] == "FH") & (frame["n"] == 100)
        own = frame[(frame["label"] == "SEEDS") & (frame["n"] == 100)].set_index(["image", "seed"])
        count = own["n_labels"].reindex(frame.set_index(["image", "seed"]).index).to_numpy()
        by_chance = where & (frame["image"] < "image00003")
        frame = frame.assign(n_labels=frame["n_labels"].mask(by_chance, count))
        failed = (frame["label"] == "FH") & (frame["n"] == 200) & (frame["seed"] == 1)
        frame.loc[failed, ["n_labels", "n_components", "asa"]] = pd.NA
        frame["status"] = frame["status"].mask(failed, "failed")
        second = (frame["n"] == 200) & ((seeds == 2) | (frame["image"] == "image00003"))
        return frame[(frame["label"] != "FH") | where | second]

    path = write_changed(tmp_path / "r.parquet", change, seeds=seeds)
    found = []
    for only in (["SEEDS", "SLIC"], ["*"]):
        rows = compare_own(path, ["SEEDS"], ["asa"], only=only).numbers
        row = rows.query("n == 100 and minus == 'SLIC'").iloc[0]
        found.append((row["difference_low"], row["difference_high"]))
    assert found[1] == pytest.approx(found[0])


def test_an_other_of_one_count_is_compared_where_it_returned_the_same(tmp_path):
    def same(frame):
        """FH and SLIC ran at one n, and returned 90 there."""
        kept = frame[~frame["label"].isin(["FH", "SLIC"]) | (frame["n"] == 100)]
        its = kept["label"] != "SEEDS"
        return kept.assign(n_labels=kept["n_labels"].mask(its, 90))

    path = write_changed(tmp_path / "r.parquet", same)
    report = compare_own(path, ["FH"], ["asa"])
    row = report.numbers.set_index("minus").loc["SLIC"]
    assert row["difference_images"] == 20
    assert row["difference"] == pytest.approx(by_hand(path, "FH", 100, "SLIC").mean())


def test_it_is_said_where_a_curve_is_read_between_counts_far_apart(tmp_path):
    sparse = write_changed(
        tmp_path / "r.parquet",
        lambda frame: frame[(frame["label"] != "SLIC") | ~frame["n"].isin([100, 200])],
    )
    report = compare_own(sparse, ["SEEDS"], ["asa"])
    far = report.numbers.set_index(["minus", "n"])["far"]
    assert far["SLIC", 100] == 20
    assert far["FH", 100] == 0
    said = "- SLIC at the counts of SEEDS: read between counts over 3 times apart on 20 images"
    assert said in report.text
    both = write_changed(
        tmp_path / "both.parquet",
        lambda frame: frame[(frame["label"] == "SEEDS") | ~frame["n"].isin([100, 200])],
    )
    at_100 = compare_own(both, ["SEEDS"], ["asa"]).text.split("**bsds500/test**")[2]
    assert "- FH, SLIC at the counts of SEEDS: read between counts over 3 times" in at_100
    assert at_100.count("times apart") == 1
    at = compare_at(sparse, [100], ["asa"])
    assert "- SLIC: read between counts over 3 times apart on 20 images" in at.text
    assert at.numbers.set_index("label")["far"].to_dict() == {"SLIC": 20, "SEEDS": 0, "FH": 0}


def test_seeds_of_an_image_are_averaged_first(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=6, seeds=3))
    rows = load(path, (*COLUMNS, "asa")).astype({"n_labels": float, "asa": float})
    means = rows.groupby(["label", "n", "image"], observed=True)[["n_labels", "asa"]].mean()
    apart = []
    for image in sorted(rows["image"].unique()):
        own = means.loc["SEEDS", 100, image]
        curve = means.loc["SLIC"].xs(image, level="image")
        read = interpolate(curve["n_labels"], curve[["asa"]].to_numpy(), [own["n_labels"]])
        apart.append(own["asa"] - read.item())
    numbers = compare_own(path, ["SEEDS"], ["asa"]).numbers
    row = numbers[(numbers["n"] == 100) & (numbers["minus"] == "SLIC")].iloc[0]
    assert row["difference"] == pytest.approx(np.mean(apart))
    assert row["difference_images"] == 6


def test_bold_is_told_from_0(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=3))
    report = compare_own(path, ["*"], ["asa"])
    rows = report.numbers.dropna(subset="difference")
    told = (rows["difference_low"] > 0) | (rows["difference_high"] < 0)
    assert 0 < told.sum() < len(rows)
    assert report.text.count(" **+") + report.text.count(" **-") == told.sum()


def test_a_label_of_the_same_scores_is_not_told_apart(tmp_path):
    def twins(frame):
        its, twin = (frame["label"] == label for label in ("SLIC", "FH"))
        for column in ("n_labels", "n_components", "asa"):
            frame.loc[twin, column] = frame.loc[its, column].to_numpy()
        return frame

    path = write_changed(tmp_path / "r.parquet", twins)
    rows = compare_own(path, ["FH"], ["asa"]).numbers.query("minus == 'SLIC'")
    assert len(rows) == 4
    assert rows["difference"].abs().max() < 1e-12
    assert not rows["told"].any()


def test_those_that_are_better_than_the_label_stand_first(path):
    text = compare_own(path, ["SEEDS"], ["ue_np"]).text.split("**bsds500/test**")[2]
    others = [line.split()[3] for line in text.splitlines() if line.startswith("| SEEDS")]
    assert others == ["SLIC", "FH"]


def test_pairs_of_image_and_annotator_weigh_as_they_do_elsewhere(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(lists=True, protocol=PROTOCOLS["seal2018"]))
    report = compare_own(path, ["SEEDS"], ["asa"])
    assert "Mean difference over pairs of image and annotator ±" in report.text
    row = report.numbers[report.numbers["n"] == 100].iloc[0]
    plain = by_hand(path, "SEEDS", 100, row["minus"]).mean()
    assert row["difference"] == pytest.approx(plain, abs=0.01)
    assert row["difference"] != pytest.approx(plain)
    its = load(path, (*COLUMNS, "asa")).query("label == 'SEEDS' and n == 100")
    its = its[["n_labels", "asa_pairs"]].astype(float)
    count = np.average(its["n_labels"], weights=its["asa_pairs"])
    assert abs(row["count"] - count) < abs(row["count"] - its["n_labels"].mean()) / 2


def test_who_is_not_there_is_named(path):
    with pytest.raises(ResultsError, match="no label is like 'nobody'; there are FH, SEEDS, SLIC"):
        compare_own(path, ["nobody"])
    with pytest.raises(ResultsError, match="no label is like 'nobody'; there is FH"):
        compare_own(path, ["nobody"], only=["FH"])
    with pytest.raises(ResultsError, match="'FH': --only leaves out FH; change --only"):
        compare_own(path, ["FH"], only=["SL*", "SEEDS"])
    with pytest.raises(ResultsError, match="'Ours': --without leaves out SLIC; change --without"):
        compare_own(path, ["Ours"], without=["SLIC"], rename={"slic": "Ours"})
    with pytest.raises(ResultsError, match="'mine' are the labels of one's own beside --with"):
        compare_own(path, ["mine"])
    with pytest.raises(ResultsError, match=r"'Seeds'; did you mean 'Seeds\*'\?"):
        compare_own(path, ["Seeds"], rename={"SEEDS": "SEEDS[passes=3]"})


def test_one_of_several_that_is_not_there_is_noted(path):
    notes = []
    numbers = compare_own(path, ["FH", "SEED"], ["asa"], on_note=notes.append).numbers
    assert set(numbers["label"]) == {"FH"}
    assert notes == ["--own: no label is like 'SEED'; did you mean 'SEEDS'?"]


def test_a_label_that_is_alone_is_told_what_left_out_the_others(tmp_path, path):
    with pytest.raises(ResultsError, match="only FH is left: --only leaves out SEEDS, SLIC; chan"):
        compare_own(path, ["FH"], only=["FH"])
    with pytest.raises(ResultsError, match="only FH is left: --without leaves out SEEDS, SLIC"):
        compare_own(path, ["FH"], without=["S*"])
    alone = write(tmp_path / "one.parquet", Fake(("FH",)))
    with pytest.raises(ResultsError, match=r"only FH is there; set others beside it \(--with ref"):
        compare_own(alone, ["FH"])


def test_a_paper_cites_a_difference_by_both_labels(path):
    numbers = compare_own(path, ["SEEDS"], ["asa"]).numbers
    row = numbers[(numbers["n"] == 100) & (numbers["minus"] == "SLIC")].iloc[0]
    name = r"\benchdefine{SEEDS}{asa}{100/SLIC}{difference}"
    (line,) = [line for line in macros(numbers).splitlines() if line.startswith(name)]
    written = line.removeprefix(name).strip("{}").replace("$-$", "-")
    assert float(written) == pytest.approx(row["difference"], abs=5e-4)


def test_labels_of_the_same_letters_are_cited_apart(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(("A-B", "A+B", "SLIC")))
    text = macros(compare_own(path, ["A-B"], ["asa"]).numbers)
    assert "% A-B: A-B" in text
    assert "% A-B-2: A+B" in text
    assert "{A-B}{asa}{100/A-B-2}" in text
