"""Reading results and averaging them: seeds first, then images, against the returned count."""

import re
from dataclasses import replace
from statistics import fmean

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.storage.schema import with_run_facts
from metrics import PROTOCOLS, Protocol
from reports.data.align import align
from reports.data.facts import Facts, file_facts
from reports.data.results import load
from reports.data.schema import COLUMNS, VERSION_KEY, ResultsError
from reports.statistics.aggregate import aggregate, quartiles
from reports.statistics.intervals import mean_interval
from tests.fake_results import METHODS, Fake, table, write

WANTED = (*COLUMNS, "asa")


def cell(**more):
    """One row of a results frame."""
    return {
        "dataset": "folder",
        "split": "",
        "image": "a",
        "label": "SLIC",
        "n": 100.0,
        "seed": 0,
        "status": "ok",
        "n_labels": 90,
        "time_s": 0.5,
        "contended": False,
        "time_repeats": 1,
        "device": "cpu",
        "threads": 1,
        "asa": 0.9,
    } | more


def aligned(*rows):
    (only,) = align(pd.DataFrame(rows), ["asa"])
    return only


def asa(*rows):
    return aggregate(aligned(*rows), ["asa"])["asa"]


def test_single_runs_are_left_out_of_times_where_there_are_repeated_ones():
    single = cell(time_s=9.0)
    timed = cell(image="b", time_s=0.5, time_repeats=3)
    assert quartiles(aligned(single, timed))["value"].tolist() == [0.5]
    assert quartiles(aligned(single))["value"].tolist() == [9.0]


# --- reading -----------------------------------------------------------------------------------


def test_only_the_named_columns_are_read_and_each_once(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(lists=True))
    frame = load(path, ("asa", "label", "n", "asa"))
    assert list(frame) == ["asa", "label", "n"]


def test_a_file_of_many_row_groups_and_data_sets_keeps_its_names(tmp_path):
    fakes = [Fake(images=3, dataset="bsds500"), Fake(METHODS[5:9], images=4, dataset="folder")]
    path = tmp_path / "r.parquet"
    whole = pa.concat_tables([table(fake) for fake in fakes])
    pq.write_table(whole, path, row_group_size=7)
    frame = load(path, WANTED)
    for name in ("dataset", "label", "image", "status"):
        assert frame[name].tolist() == whole[name].to_pylist()


def test_n_that_was_not_asked_is_nan(tmp_path):
    frame = load(write(tmp_path / "r.parquet", Fake(ns=(None, 50))), WANTED)
    assert set(frame["n"].dropna()) == {50.0}
    assert frame["n"].isna().any()


def test_what_is_not_known_to_be_uncontended_counts_as_contended(tmp_path):
    rows = table(Fake(contended=False))
    where = rows.schema.get_field_index("contended")
    unknown = rows.set_column(where, "contended", pa.nulls(len(rows), pa.bool_()))
    pq.write_table(unknown, tmp_path / "r.parquet")
    assert load(tmp_path / "r.parquet")["contended"].all()


def no_file(path):
    pass


def folder(path):
    path.mkdir()


def empty(path):
    path.touch()


def text(path):
    path.write_text("label,n,asa\nSLIC,100,0.9\n" * 20)


def truncated(path):
    whole = write(path, Fake()).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def damaged(path):
    whole = bytearray(write(path, Fake()).read_bytes())
    half = len(whole) // 2
    whole[100:half] = bytes(half - 100)
    path.write_bytes(whole)


def foreign(path):
    pq.write_table(pa.table({"label": ["SLIC"], "asa": [0.9]}), path)


def other_version(path):
    rows = table(Fake())
    pq.write_table(rows.replace_schema_metadata({VERSION_KEY: b"0.7"}), path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_file, "no such file"),
        (folder, "directory"),
        (empty, "truncated"),
        (text, "not a Parquet file"),
        (truncated, "truncated"),
        (damaged, "damaged"),
        (foreign, "not one that `bench run` wrote"),
        (other_version, "schema version 0.7"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_the_reason_and_a_cure(tmp_path, spoil, reason):
    path = tmp_path / "results.parquet"
    spoil(path)
    with pytest.raises(ResultsError, match=reason) as refusal:
        load(path, WANTED)
    message = str(refusal.value)
    assert str(path) in message
    assert ";" in message  # what follows is the cure
    assert "\n" not in message


def test_a_metric_that_the_file_lacks_is_named_with_those_it_has(tmp_path):
    path = tmp_path / "r.parquet"
    pq.write_table(table(Fake()).drop_columns(["asa"]), path)
    with pytest.raises(ResultsError, match=r"no column 'asa'.*br_r2") as refusal:
        load(path, WANTED)
    assert "by_annotator" not in str(refusal.value)
    assert "time_s" not in str(refusal.value)


# --- averaging ---------------------------------------------------------------------------------


def test_an_image_with_many_seeds_weighs_as_much_as_one_with_one():
    point = asa(
        cell(image="a", seed=0, asa=0.2, n_labels=10),
        cell(image="a", seed=1, asa=0.4, n_labels=30),
        cell(image="b", seed=0, asa=0.9, n_labels=100),
    )
    assert point["value"].tolist() == pytest.approx([0.6])
    assert point["count"].tolist() == pytest.approx([60])
    assert point["images"].tolist() == [2]


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from(["SLIC", "FH"]),
            st.sampled_from([50.0, 100.0, np.nan]),
            st.integers(0, 2),
        ),
        st.tuples(
            st.sampled_from(["ok", "ok", "ok", "failed"]),
            st.integers(1, 500),
            st.floats(0, 1) | st.just(np.nan),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_means_are_those_of_a_plain_loop(cells):
    rows = [
        cell(image=image, label=label, n=n, seed=seed, status=status, n_labels=count, asa=value)
        for (image, label, n, seed), (status, count, value) in cells.items()
    ]
    for point in asa(*rows).to_dict("records"):
        values, counts = [], []
        for image in "abcd":
            its = [
                row
                for row in rows
                if (row["image"], row["label"], row["status"]) == (image, point["label"], "ok")
                and (row["n"] == point["n"] or np.isnan([row["n"], point["n"]]).all())
            ]
            known = [row["asa"] for row in its if not np.isnan(row["asa"])]
            if known:
                values.append(fmean(known))
                counts.append(fmean(row["n_labels"] for row in its))
        assert point["images"] == len(values)
        assert point["value"] == pytest.approx(fmean(values) if values else np.nan, nan_ok=True)
        assert point["count"] == pytest.approx(fmean(counts) if counts else np.nan, nan_ok=True)


def test_the_count_is_that_of_the_images_that_the_mean_is_over():
    point = asa(
        cell(image="a", asa=0.5, n_labels=50),
        cell(image="b", status="timeout", asa=np.nan, n_labels=np.nan),
        cell(image="c", asa=np.nan, n_labels=1000),
    )
    assert point["count"].tolist() == [50]


def test_points_are_sorted_by_label_and_n_whatever_the_order_of_rows():
    rows = [cell(label=label, n=n) for label in ("SLIC", "FH") for n in (400.0, 50.0, 100.0)]
    points = asa(*rows)
    assert list(zip(points["label"], points["n"], strict=True)) == [
        (label, n) for label in ("FH", "SLIC") for n in (50, 100, 400)
    ]


# --- what is missing ---------------------------------------------------------------------------


def test_failed_cells_and_cells_not_asked_for_are_missing():
    points = asa(
        *(cell(image=image, label="SLIC") for image in "abcd"),
        *(cell(image=image, label="FH", status="failed", asa=np.nan) for image in "ab"),
        *(cell(image=image, label="FH") for image in "c"),
    )
    assert points.set_index("label")["missing"].to_dict() == {"FH": 3, "SLIC": 0}


def test_an_image_that_failed_everywhere_is_missing_everywhere():
    points = asa(cell(image="a"), cell(image="b", status="crashed", asa=np.nan))
    assert points["missing"].tolist() == [1]


def test_a_metric_that_is_undefined_on_an_image_is_missing_for_nobody():
    points = asa(
        *(cell(image="a", label=label) for label in ("SLIC", "FH")),
        *(cell(image="b", label=label, asa=np.nan) for label in ("SLIC", "FH")),
    )
    assert points["missing"].tolist() == [0, 0]
    assert points["images"].tolist() == [1, 1]


def test_cells_are_counted_by_status():
    group = aligned(
        cell(seed=0), cell(seed=1), cell(seed=2, status="failed"), cell(seed=3, status="skipped")
    )
    assert group.cells.tolist() == [[2, 1, 0, 0, 0, 1]]


# --- what must not be mixed --------------------------------------------------------------------


def test_data_sets_and_splits_are_kept_apart():
    rows = [cell(dataset=d, split=s) for d, s in (("a", "test"), ("a", "val"), ("b", ""))]
    assert [group.name for group in align(pd.DataFrame(rows), ["asa"])] == ["a/test", "a/val", "b"]


def test_one_label_for_two_settings_is_refused():
    with pytest.raises(ResultsError, match=r"label 'SLIC'.*image 'a', n 100, seed 0"):
        aligned(cell(), cell(asa=0.8))
    with pytest.raises(ResultsError, match=r"n not given, seed 0: .*--without.*--out") as caught:
        aligned(cell(n=np.nan), cell(n=np.nan, asa=0.8))
    assert "nan" not in str(caught.value)
    assert "plot" not in str(caught.value)


def test_a_part_of_the_images_has_their_values_alone():
    group = aligned(*(cell(image=i, asa=asa, asa_pairs=w) for i, asa, w in PARTS))
    part = group.of_images(np.array([True, False, True]))
    assert part.images == ("a", "c")
    assert part.scores["asa"].ravel().tolist() == [0.1, 0.3]
    assert part.weights["asa"].ravel().tolist() == [1, 3]
    assert part.ran.shape == part.partial.shape == (2, 1)
    assert aggregate(part, ["asa"])["asa"]["value"].tolist() == pytest.approx([1.0 / 4])


PARTS = [("a", 0.1, 1), ("b", 0.2, 2), ("c", 0.3, 3)]


def test_a_label_that_ran_on_two_devices_becomes_two():
    group = aligned(
        cell(label="RIM", device="cpu"), cell(label="RIM", device="cuda"), cell(label="FH")
    )
    assert group.labels == ("FH", "RIM (cpu)", "RIM (cuda)")


# --- times -------------------------------------------------------------------------------------


def test_times_are_medians_with_quartiles_of_uncontended_ok_cells():
    rows = [cell(image=str(i), time_s=float(i)) for i in range(5)]
    rows += [cell(image="9", time_s=100.0, contended=True)]
    rows += [cell(image="8", time_s=900.0, status="timeout", asa=np.nan)]
    (point,) = quartiles(aligned(*rows)).to_dict("records")
    assert (point["low"], point["value"], point["high"]) == (1, 2, 3)
    assert point["images"] == 5


def test_a_label_with_contended_times_only_has_no_time():
    points = quartiles(aligned(cell(label="FH", contended=True), cell(label="SLIC")))
    assert points["value"].isna().tolist() == [True, False]


def test_failed_cells_have_no_part_in_which_times_compare():
    failed = cell(image="b", status="failed", time_s=0.1, time_repeats=3, asa=np.nan)
    assert quartiles(aligned(cell(time_s=9.0), failed))["value"].tolist() == [9.0]


# --- samples that are pairs of image and annotator ---------------------------------------------

PAIRS = PROTOCOLS["seal2018"]


def defined_pairs(path, label, n):
    """Every defined value of every pair of image and annotator at a point, and the counts."""
    rows = pq.read_table(path).to_pylist()
    its = [row for row in rows if (row["label"], row["n"], row["status"]) == (label, n, "ok")]
    values = [v for row in its for v in row["asa_by_annotator"] if not np.isnan(v)]
    counts = [row["n_labels"] for row in its for v in row["asa_by_annotator"] if not np.isnan(v)]
    return values, counts


def asa_of(path):
    (group,) = align(load(path, WANTED), ["asa"])
    return group, aggregate(group, ["asa"])["asa"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_mean_is_the_plain_mean_over_all_pairs(tmp_path, seeds):
    path = write(tmp_path / "r.parquet", Fake(images=9, seeds=seeds, lists=True, protocol=PAIRS))
    for point in asa_of(path)[1].to_dict("records"):
        values, _ = defined_pairs(path, point["label"], point["n"])
        assert point["value"] == pytest.approx(fmean(values))
        assert point["images"] == 9


def test_the_count_of_pairs_is_that_of_the_same_pairs(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=9, lists=True, protocol=PAIRS))
    for point in asa_of(path)[1].to_dict("records"):
        _, counts = defined_pairs(path, point["label"], point["n"])
        assert point["count"] == pytest.approx(fmean(counts))


def test_failed_cells_bring_no_pairs(tmp_path):
    fake = Fake(images=12, failing=0.3, lists=True, protocol=PAIRS)
    path = write(tmp_path / "r.parquet", fake)
    points = asa_of(path)[1]
    assert points["missing"].any()
    for point in points.to_dict("records"):
        assert point["value"] == pytest.approx(
            fmean(defined_pairs(path, point["label"], point["n"])[0])
        )


def test_the_interval_of_pairs_is_over_images(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=9, lists=True, protocol=PAIRS))
    group, points = asa_of(path)
    low, high = mean_interval(group.scores["asa"], weights=group.weights["asa"])
    np.testing.assert_array_equal(points[["low", "high"]].T, [low, high])
    assert (points["low"] != aggregate_unweighted(group)["low"]).all()


def aggregate_unweighted(group):
    return aggregate(replace(group, weights={}), ["asa"])["asa"]


def test_metrics_without_annotators_weigh_all_images_the_same(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=9, lists=True, protocol=PAIRS))
    (group,) = align(load(path, (*WANTED, "ev")), ["asa", "ev"])
    assert set(group.weights) == {"asa"}
    values = aggregate(group, ["asa", "ev"])["ev"]["value"]
    np.testing.assert_allclose(values, group.scores["ev"].mean(axis=0))


def test_other_protocols_weigh_all_images_the_same_and_leave_the_lists_on_disk(tmp_path):
    fake = Fake(images=4, lists=True, protocol=PROTOCOLS["best"])
    frame = load(write(tmp_path / "r.parquet", fake), WANTED)
    assert list(frame) == list(WANTED)
    (group,) = align(frame, ["asa"])
    assert not group.weights


# --- facts of the whole file -------------------------------------------------------------------


def facts_of(path, facts):
    pq.write_table(with_run_facts(table(Fake(images=1)), facts), path)
    return file_facts(path)


def test_a_file_without_any_facts_is_of_the_default_protocol(tmp_path):
    version = {VERSION_KEY: table(Fake()).schema.metadata[VERSION_KEY]}
    pq.write_table(table(Fake()).replace_schema_metadata(version), tmp_path / "r.parquet")
    assert file_facts(tmp_path / "r.parquet") == Facts()


def test_the_facts_name_the_protocol_and_what_annotators_reach(tmp_path):
    found = {"bsds500/test": {"images": 200, "metrics": {"asa": [0.8, 0.9, 0.95]}}}
    own = Protocol("own", "thin and strict", boundary="thin", tolerance=0, annotators="worst")
    facts = facts_of(tmp_path / "r.parquet", {"protocol": own.definition(), "annotators": found})
    assert facts == Facts(own, {"bsds500/test": {"asa": (0.8, 0.9, 0.95)}})
    assert facts.under == ", protocol own"
    assert Facts().under == ""


def test_counts_in_the_facts_are_in_the_singular_where_there_is_one():
    assert Facts().images("sample", 1) == "1 image"
    assert Facts(published={"sample": 2}).images("sample", 1) == "1 of 2 images"
    assert Facts(unrenewed=1).mixed.startswith("1 row is from before")
    assert Facts(unrenewed=2).mixed.startswith("2 rows are from before")


def test_a_file_of_the_first_version_is_refused_with_the_command_that_converts_it(tmp_path):
    rows = table(Fake(images=1))
    old = rows.schema.metadata | {VERSION_KEY: b"1"}
    pq.write_table(rows.replace_schema_metadata(old), tmp_path / "r.parquet")
    cure = (
        f"bench score {tmp_path / 'r.run'}/labels/METHOD --dataset DATASET --name METHOD"
        " --out OTHER.parquet"
    )
    with pytest.raises(ResultsError, match=f"schema version 1.*{re.escape(cure)}"):
        file_facts(tmp_path / "r.parquet")


def test_the_facts_say_of_how_many_images_a_part_is(tmp_path):
    runs = [{"dataset": "bsds500/test", "images_of": 200}, {"dataset": "sample", "images_of": None}]
    facts = facts_of(tmp_path / "r.parquet", {"runs": [*runs, {"dataset": "of an older version"}]})
    assert facts.images("bsds500/test", 3) == "3 of 200 images"
    assert facts.part("bsds500/test", 3) == ", 3 of 200 images"
    assert facts.images("bsds500/test", 200) == "200 images"
    assert facts.images("sample", 10) == "10 images"
    assert facts.part("bsds500/test", 200) == facts.part("sample", 10) == ""
