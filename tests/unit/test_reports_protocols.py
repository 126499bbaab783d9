"""One table per metric that shows how far the protocol moves the scores of the same label maps."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from metrics import PROTOCOLS, Protocol
from reports.data.align import align
from reports.data.results import load
from reports.data.schema import COLUMNS, ResultsError
from reports.statistics.aggregate import aggregate
from reports.tables.protocols import side_by_side
from tests.fake_results import Fake, table, write

RUN = Fake(labels=("FH", "SLIC"), ns=(100, 200), images=6)
PAIRS = PROTOCOLS["seal2018"]
MINE = Protocol("mine", "thin, no tolerance", tolerance=0, reference="our paper")


@pytest.fixture
def score(tmp_path):
    """Write a results file with the same score in every cell of a label, by label."""

    def write_file(name, run=RUN, counts=None, **metrics):
        rows = table(run)
        for metric, by_label in metrics.items():
            rows = put(rows, metric, [by_label[label] for label in rows["label"].to_pylist()])
        if counts:
            rows = put(rows, "n_labels", [counts[label] for label in rows["label"].to_pylist()])
        pq.write_table(rows, tmp_path / f"{name}.parquet")
        return tmp_path / f"{name}.parquet"

    return write_file


def put(rows, name, values):
    where = rows.schema.get_field_index(name)
    field = rows.schema.field(where)
    return rows.set_column(where, field, pa.array(values, field.type))


def rows_of(text):
    """The cells of every table row, by label and n; headings too."""
    lines = [line.strip("| ") for line in text.splitlines() if line.startswith("| ")]
    parts = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    return {tuple(part[:2]): part[2:] for part in parts}


def test_scores_stand_side_by_side_in_percent_with_their_spread(score):
    files = {
        "default": score("a", br={"FH": 0.9001, "SLIC": 0.8}),
        "bsds2011": score("b", br={"FH": 0.7, "SLIC": 0.65}),
        "best": score("c", br={"FH": 0.95, "SLIC": 0.85}),
    }
    text, _ = side_by_side(files, ["br"])
    rows = rows_of(text)
    assert rows["method", "n"] == ["count", "default", "bsds2011", "best", "spread"]
    assert rows["FH", "100"][1:] == ["90.0", "70.0", "95.0", "25.0"]
    assert rows["SLIC", "200"][1:] == ["80.0", "65.0", "85.0", "20.0"]
    assert "**br** ↑ Boundary recall (%)" in text
    assert text.startswith("**bsds500/test**, 6 images")


def test_the_protocol_is_compared_with_the_method_at_each_n(score):
    files = {
        "default": score("a", br={"FH": 0.9, "SLIC": 0.8}),
        "best": score("b", br={"FH": 0.95, "SLIC": 0.89}),
    }
    text, _ = side_by_side(files, ["br"])
    for n in (100, 200):
        assert (
            f"- At n = {n}, the protocol moves br by up to 9.0 points, "
            "the method by up to 10.0 under one protocol." in text
        )


def test_other_values_have_four_digits_and_their_unit(score):
    files = {
        "default": score("a", vi={"FH": 1.23456, "SLIC": 2}),
        "best": score("b", vi={"FH": 1, "SLIC": 2}),
    }
    text, _ = side_by_side(files, ["vi"])
    assert rows_of(text)["FH", "100"][1:] == ["1.235", "1.000", "0.235"]
    assert "**vi** ↓ Variation of information (nats)" in text
    assert "moves vi by up to 0.235 nats, the method by up to 1.000 under one" in text


def test_a_count_that_the_protocol_changes_stands_in_brackets(score):
    files = {
        "seal2018": score("a", counts={"FH": 90, "SLIC": 95}),
        "default": score("b", counts={"FH": 90, "SLIC": 95}),
        "stutz2018": score("c", counts={"FH": 412, "SLIC": 95}),
    }
    rows = rows_of(side_by_side(files, ["asa"])[0])
    assert rows["FH", "100"][0] == "90"
    assert [("(412)" in cell) for cell in rows["FH", "100"]] == [False, False, False, True, False]
    assert not any("(" in cell for cell in rows["SLIC", "100"])


def test_the_first_file_has_the_usual_count_where_none_is_of_the_default_protocol(score):
    files = {"mine": score("a", counts={"FH": 70, "SLIC": 95}), "best": score("b")}
    assert rows_of(side_by_side(files, ["asa"])[0])["FH", "100"][0] == "70"


def test_means_weigh_pairs_where_the_protocol_does(tmp_path):
    fake = Fake(("FH",), (100,), images=9, lists=True)
    files = {
        "default": write(tmp_path / "a.parquet", fake),
        "seal2018": write(tmp_path / "b.parquet", replace(fake, protocol=PAIRS)),
    }
    numbers = side_by_side(files, ["asa"])[1].set_index("protocol")
    lists = pq.read_table(files["default"])["asa_by_annotator"]
    values = pc.list_flatten(lists).to_numpy()
    assert numbers.loc["seal2018", "value"] == pytest.approx(np.nanmean(values))
    means = [np.nanmean(values) for values in lists.to_pylist()]
    assert numbers.loc["default", "value"] == pytest.approx(np.mean(means))
    assert numbers.loc["default", "count"] == numbers.loc["seal2018", "count"]


def test_a_metric_that_no_protocol_changes_is_said_to_be_so(tmp_path):
    files = {
        "default": write(tmp_path / "a.parquet", RUN),
        "best": write(tmp_path / "b.parquet", replace(RUN, gain=0.05)),
    }
    text, _ = side_by_side(files, ["ev", "br"])
    assert "ev does not depend on the protocol" in text
    assert "br does not depend" not in text
    assert "moves ev" not in text


def test_what_is_missing_is_a_dash_or_has_a_dagger_and_moves_nothing(tmp_path):
    rows = table(RUN)
    lost = pc.and_(pc.equal(rows["label"], "FH"), pc.equal(rows["image"], "image00001"))
    rows = put(rows, "status", pc.if_else(lost, "failed", rows["status"]).to_pylist())
    pq.write_table(rows, tmp_path / "a.parquet")
    files = {
        "default": tmp_path / "a.parquet",
        "best": write(tmp_path / "b.parquet", replace(RUN, labels=("FH",), gain=-0.5)),
    }
    text, _ = side_by_side(files, ["br"])
    table_rows = rows_of(text)
    assert ["†" in cell for cell in table_rows["FH", "100"]] == [False, True, False, True]
    assert table_rows["SLIC", "100"][2:] == ["-", "-"]
    assert "\n† Over fewer images" in text
    assert "No complete value of br under two protocols to compare." in text


def lose(rows, label, image="image00001"):
    """Make the cells of a label on an image fail; on all images if `image` is None."""
    lost = pc.equal(rows["label"], label)
    if image:
        lost = pc.and_(lost, pc.equal(rows["image"], image))
    return put(rows, "status", pc.if_else(lost, "failed", rows["status"]).to_pylist())


@pytest.fixture
def losing(tmp_path):
    """Write the same results under several protocols, with some failed cells."""

    def write_files(label, image="image00001", **gains):
        files = {name: tmp_path / f"{name}.parquet" for name in gains}
        for name, gain in gains.items():
            pq.write_table(lose(table(replace(RUN, gain=gain)), label, image), files[name])
        return files

    return write_files


def test_the_dagger_is_explained_only_where_there_is_one(losing):
    text, _ = side_by_side(losing("FH", None, default=0, best=0.1), ["br"])
    assert rows_of(text)["FH", "100"][1:] == ["-", "-", "-"]
    assert "†" not in text


def test_labels_that_lack_results_are_said_with_what_they_lack(losing):
    text, _ = side_by_side(losing("FH", default=0, best=0.1), ["br"])
    note = "- FH: 1 of 6 images missing at n = 100, 200 (cells: 2 failed)"
    assert text.splitlines().count(note) == 1
    assert text.count("\n† Over fewer images") == 1


@pytest.mark.parametrize("image", ["image00001", None])
def test_independence_is_not_claimed_where_incomplete_values_differ(tmp_path, image):
    """SLIC is the same under both; FH is not, or is not there under one."""
    rows = table(RUN)
    moved = pc.if_else(pc.equal(rows["label"], "FH"), pc.multiply(rows["br"], 0.9), rows["br"])
    files = {name: tmp_path / f"{name}.parquet" for name in ("default", "best")}
    pq.write_table(lose(rows, "FH"), files["default"])
    pq.write_table(lose(put(rows, "br", moved.to_pylist()), "FH", image), files["best"])
    text, _ = side_by_side(files, ["br"])
    assert "does not depend" not in text
    assert "Where br is complete, it is the same; other values are missing or differ." in text


def test_independence_may_be_claimed_of_incomplete_values_that_are_the_same(losing):
    files = losing("FH", default=0, best=0)
    assert "br does not depend on the protocol" in side_by_side(files, ["br"])[0]


def test_independence_is_not_claimed_without_a_complete_value(losing):
    files = losing("FH", default=0, best=0)
    text, _ = side_by_side(files, ["br"], only=["FH"])
    assert "does not depend" not in text
    assert "No complete value of br under two protocols" in text


def test_the_text_says_under_which_protocols_pairs_weigh(tmp_path):
    fake = replace(RUN, lists=True)
    files = {
        "default": write(tmp_path / "a.parquet", fake),
        "seal2018": write(tmp_path / "b.parquet", replace(fake, protocol=PAIRS)),
    }
    both = "Means over images under default; over pairs of image and annotator under seal2018;"
    assert both in side_by_side(files, ["asa"])[0]
    assert "Means over images; scores" in side_by_side({"default": files["default"]}, ["asa"])[0]
    pairs = side_by_side({"seal2018": files["seal2018"]}, ["asa"])[0]
    assert "Means over pairs of image and annotator; scores" in pairs


def test_complete_results_have_no_dagger(score):
    assert "†" not in side_by_side({"default": score("a"), "best": score("b")}, ["asa", "br"])[0]


def test_protocols_are_explained_as_their_files_say_or_as_they_are_known(tmp_path):
    files = {
        "seal2018": write(tmp_path / "a.parquet", replace(RUN, protocol=PAIRS)),
        "mine": write(tmp_path / "b.parquet", replace(RUN, protocol=MINE)),
        "plain": write(
            tmp_path / "c.parquet", replace(RUN, protocol=Protocol("plain", tolerance=1))
        ),
    }
    text, _ = side_by_side(files, ["asa"])
    assert re.search(r"^- seal2018: .*thin boundary within 1 px.*CVPR 2018", text, flags=re.M)
    assert "\n- mine: thin, no tolerance; our paper\n- plain\n" in text


def test_the_numbers_are_those_of_each_file_unrounded(tmp_path):
    fakes = {"default": RUN, "best": replace(RUN, gain=0.03)}
    files = {name: write(tmp_path / f"{name}.parquet", fake) for name, fake in fakes.items()}
    numbers = side_by_side(files, ["asa", "ev"])[1]
    assert len(numbers) == 2 * 2 * 2 * 2
    for name, path in files.items():
        (group,) = align(load(path, (*COLUMNS, "asa")), ["asa"])
        points = aggregate(group, ["asa"])["asa"]
        its = numbers[(numbers["protocol"] == name) & (numbers["metric"] == "asa")]
        for column in ("value", "low", "high", "n", "count"):
            np.testing.assert_array_equal(its[column], points[column])


def test_each_data_set_split_has_tables_of_its_own(tmp_path):
    fakes = (RUN, replace(RUN, dataset="folder", split="", ns=(None,), images=2))
    files = {name: write(tmp_path / f"{name}.parquet", *fakes) for name in ("default", "best")}
    text, numbers = side_by_side(files, ["asa"])
    assert text.index("**bsds500/test**, 6 images") < text.index("**folder**, 2 images")
    assert set(numbers["dataset"]) == {"bsds500", "folder"}
    assert ("FH", "-") in rows_of(text)


def test_points_without_n_are_compared_too(tmp_path):
    fake = replace(RUN, ns=(None,))
    files = {
        "default": write(tmp_path / "a.parquet", fake),
        "best": write(tmp_path / "b.parquet", replace(fake, gain=0.01)),
    }
    text, _ = side_by_side(files, ["br"])
    assert "- Where no n was asked, the protocol moves br by up to 1.0 points" in text


def test_files_over_other_images_are_told(tmp_path):
    files = {
        "default": write(tmp_path / "a.parquet", RUN),
        "best": write(tmp_path / "b.parquet", replace(RUN, images=5)),
    }
    text, _ = side_by_side(files, ["asa"])
    assert "not the same images under every protocol: 6 under default, 5 under best" in text


def test_one_file_is_shown_without_a_comparison(score):
    text, _ = side_by_side({"default": score("a", br={"FH": 0.9, "SLIC": 0.8})}, ["br"])
    assert rows_of(text)["FH", "100"][1:] == ["90.0", "-"]
    assert "moves" not in text


def test_labels_can_be_chosen_and_left_out(score):
    files = {"default": score("a"), "best": score("b")}
    assert set(side_by_side(files, ["asa"], only=["sl*"])[1]["label"]) == {"SLIC"}
    assert set(side_by_side(files, ["asa"], without=["SLIC"])[1]["label"]) == {"FH"}
    with pytest.raises(ResultsError, match="no label is left"):
        side_by_side(files, ["asa"], only=["LSC"])


def test_a_file_that_lacks_a_metric_and_no_file_at_all_are_refused(tmp_path):
    pq.write_table(table(RUN).drop_columns(["br"]), tmp_path / "a.parquet")
    with pytest.raises(ResultsError, match=r"a\.parquet: no column 'br'"):
        side_by_side({"default": tmp_path / "a.parquet"}, ["br"])
    with pytest.raises(ResultsError, match="no results file"):
        side_by_side({}, ["br"])
