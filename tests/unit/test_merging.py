"""``bench merge``: what goes together becomes one file, the rest is refused with what differs."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from bench.errors import UsageError
from bench.storage.labels import relabel
from bench.storage.merging import merge
from bench.storage.schema import results_schema, with_run_facts
from bench.storage.store import Store
from metrics import PROTOCOLS
from reports.data.schema import RUN_KEY, VERSION_KEY, run_facts
from tests.fake_results import Fake, table, write

ONE = Fake(labels=("SLIC", "FH"), ns=(50,), images=2)
OTHER = replace(ONE, labels=("LSC",), random=1)


def make(path, fake=ONE, facts=None, **columns):
    """An invented file; a column is a value for all rows or one for each."""
    rows = table(fake)
    known = run_facts(rows.schema) | {"dataset": "bsds500/test"} | (facts or {})
    for name, value in columns.items():
        where = rows.schema.get_field_index(name)
        field = rows.schema.field(where)
        values = value if isinstance(value, list) else [value] * len(rows)
        rows = rows.set_column(where, field, pa.array(values, field.type))
    pq.write_table(with_run_facts(rows, known), path)
    return path


def run(id, started):
    return {"runs": [{"id": id, "started": started}]}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "c.parquet"


# --- what becomes of the rows ------------------------------------------------------------------


def test_rows_runs_and_machines_of_all_files_are_in_the_new_one(tmp_path, out):
    a = make(tmp_path / "a.parquet", facts=run("r1", "2026-01-01") | {"machines": {"m1": {}}})
    b = make(tmp_path / "b.parquet", OTHER, run("r2", "2026-01-02") | {"machines": {"m2": {}}})
    merged = merge([b, a], out)
    assert (merged.rows, merged.given, merged.duplicates) == (6, (2, 4), 0)
    assert set(pd.read_parquet(out)["label"]) == {"SLIC", "FH", "LSC"}
    facts = run_facts(pq.read_schema(out))
    assert [each["id"] for each in facts["runs"]] == ["r1", "r2"]
    assert set(facts["machines"]) == {"m1", "m2"}
    assert facts["protocol"] == run_facts(pq.read_schema(a))["protocol"]
    assert Store(out).is_current()
    assert len({run_facts(pq.read_schema(path)).get("id") for path in (a, b, out)}) == 2


def test_of_two_rows_of_a_cell_ok_beats_failed_repeats_beat_single_and_newer_beats_older(
    tmp_path, out
):
    # One row each of: a failed one against ok, a single time against repeats, old against new.
    fake = replace(ONE, labels=("SLIC",), images=4)
    common = {"facts": run("old", "2026-01-01"), "run": "old"}
    a = make(
        *(tmp_path / "a.parquet", fake),
        **common,
        status=["failed", "ok", "ok", "ok"],
        time_repeats=[3, 1, 3, 1],
        error=["from a"] * 4,
    )
    b = make(
        *(tmp_path / "b.parquet", fake),
        facts=run("new", "2026-01-02"),
        run="new",
        time_repeats=[1, 3, 1, 1],
        error=["from b"] * 4,
    )
    for inputs in ([a, b], [b, a]):  # whichever is named first
        merged = merge(inputs, out)
        assert (merged.rows, merged.duplicates) == (4, 4)
        rows = pd.read_parquet(out).sort_values("image")
        assert rows["error"].tolist() == ["from b", "from b", "from a", "from b"]
        out.unlink()
        (out.with_suffix(".run") / "shards" / "part-000001.parquet").unlink()


def test_a_merged_file_is_merged_again(tmp_path, out):
    a, b = make(tmp_path / "a.parquet"), make(tmp_path / "b.parquet", OTHER)
    merge([a, b], out)
    again = merge([out, a], tmp_path / "d.parquet")
    assert (again.rows, again.duplicates) == (6, 4)


def test_where_rows_that_were_scored_again_come_from_is_kept_and_tells_the_newer(tmp_path, out):
    facts = {"made_by": [{"id": "r1", "started": "2026-01-01"}], **run("s1", "2026-03-01")}
    a = make(tmp_path / "a.parquet", facts=facts, run="r1", error="of r1")
    facts = {"made_by": [{"id": "r2", "started": "2026-01-02"}], **run("s2", "2026-02-01")}
    b = make(tmp_path / "b.parquet", facts=facts, run="r2", error="of r2")
    merge([b, a], out)
    assert set(pd.read_parquet(out)["error"]) == {"of r2"}
    kept = run_facts(pq.read_schema(out))
    assert [each["id"] for each in kept["made_by"]] == ["r1", "r2"]
    assert [each["id"] for each in kept["runs"]] == ["s2", "s1"]


def test_a_merged_file_is_not_said_to_have_had_another_name(tmp_path, out):
    a = make(tmp_path / "a.parquet", facts={"folders": ["old.run", "a.run"]})
    merge([a, make(tmp_path / "b.parquet", OTHER)], out)
    assert run_facts(pq.read_schema(out))["folders"] == ["c.run"]
    assert Store(out).is_current()


def test_a_file_with_rows_to_be_renewed_is_not_merged(tmp_path, out):
    a = make(tmp_path / "a.parquet", facts={"unrenewed": 3})
    with pytest.raises(UsageError, match="3 rows from before a `bench run --force`"):
        merge([a, make(tmp_path / "b.parquet", OTHER)], out)
    assert not out.exists()


def test_columns_that_an_earlier_version_did_not_write_are_null(tmp_path, out):
    a = make(tmp_path / "a.parquet")
    older = pq.read_table(make(tmp_path / "b.parquet", OTHER)).drop_columns(["suite", "run", "gr"])
    of_version_2 = older.schema.metadata | {VERSION_KEY: b"2"}
    pq.write_table(older.replace_schema_metadata(of_version_2), tmp_path / "b.parquet")
    merge([a, tmp_path / "b.parquet"], out)
    assert pq.read_schema(out).names == results_schema().names


def test_versions_that_meet_in_a_label_are_said(tmp_path, out):
    a = make(tmp_path / "a.parquet", version="1")
    b = make(tmp_path / "b.parquet", replace(ONE, ns=(100,)), version="2")
    merged = merge([a, b], out)
    assert [m.subject for m in merged.mixtures] == ["FH", "SLIC"]


# --- what does not go together -----------------------------------------------------------------


def other_protocol(path):
    make(path, replace(OTHER, protocol=PROTOCOLS["seal2018"]))


def other_dataset(path):
    make(path, replace(OTHER, dataset="sbd"))


def other_split(path):
    make(path, replace(OTHER, split="val"))


def more_metrics(path):
    make(path, OTHER, {"metrics": ["asa", "br", "gr"]})


def matched(path):
    make(path, OTHER, {"match_n": 0.05})


def treated(path):
    make(path, OTHER, {"treatments": ["as-is", "merge"]})


def other_images(path):
    make(path, OTHER, content="b" * 64)


def other_folder(path):
    rows = replace(OTHER, images=1)
    make(path, rows, {"dataset": "folder:/elsewhere"}, image="cat")


def no_file(path):
    pass


def no_results(path):
    pq.write_table(pa.table({"label": ["SLIC"]}), path)


def other_schema(path):
    rows = table(OTHER)
    pq.write_table(rows.replace_schema_metadata({VERSION_KEY: b"0.7"}), path)


def no_rows(path):
    pq.write_table(table(OTHER).slice(0, 0), path)


@pytest.mark.parametrize(
    ("spoil", "differs"),
    [
        (other_protocol, r"protocol is .*tolerance.* in the first and .*seal2018.* in the second"),
        (other_dataset, "dataset is 'bsds500' in the first and 'sbd' in the second"),
        (other_split, "split is 'test' in the first and 'val' in the second"),
        (more_metrics, "metrics is .* in the first and gr in the second.*`bench rescore`"),
        (matched, "--match-n is none in the first and 0.05 in the second"),
        (treated, "--connectivity.* is none in the first and as-is, merge in the second"),
        (other_images, "image 'image00000' .*1 other.*content aaaaaaaaaaaa and bbbbbbbbbbbb"),
        (other_folder, "bsds500/test in the first and folder:/elsewhere, with no image in common"),
        (no_file, "no such file"),
        (no_results, "not one that `bench run` wrote"),
        (other_schema, "schema version 0.7"),
        (no_rows, "has no rows"),
    ],
)
def test_a_file_that_does_not_go_with_the_first_is_refused(tmp_path, out, spoil, differs):
    a = make(tmp_path / "a.parquet", facts={"metrics": ["asa", "br"]}, content="a" * 64)
    b = tmp_path / "b.parquet"
    if spoil in (matched, treated, other_images, other_folder):
        a = make(a, content="a" * 64)
    spoil(b)
    with pytest.raises(UsageError, match=differs) as refusal:
        merge([a, b], out)
    assert str(b) in str(refusal.value)
    assert ";" in str(refusal.value)
    assert not out.exists()
    assert not out.with_suffix(".run").exists()


def test_names_that_make_no_sense_are_refused(tmp_path, out):
    a, b = make(tmp_path / "a.parquet"), make(tmp_path / "b.parquet", OTHER)
    with pytest.raises(UsageError, match="two results files or more"):
        merge([a], out)
    with pytest.raises(UsageError, match="named twice"):
        merge([a, tmp_path / "." / "a.parquet"], out)
    with pytest.raises(UsageError, match="one of the files to merge"):
        merge([a, b], b)
    merge([a, b], out)
    before = out.read_bytes()
    with pytest.raises(UsageError, match=r"c\.parquet is there already.*another name"):
        merge([a, b], out)
    assert out.read_bytes() == before
    out.unlink()
    with pytest.raises(UsageError, match=r"shards is there already"):
        merge([a, b], out)


def made_by_its_folder(path, fake):
    """A results file with the folder that wrote it."""
    store = Store(path)
    facts = run_facts(table(fake).schema) | {"dataset": "bsds500/test"}
    with store.locked():
        store.write_manifest(store.manifest() | facts)
        store.write_part(table(fake).to_pylist())
        store.finish(store.manifest())
    return store


def test_a_file_that_is_older_than_its_folder_is_not_merged(tmp_path, out):
    a, store = make(tmp_path / "a.parquet"), made_by_its_folder(tmp_path / "b.parquet", OTHER)
    older = r"b\.parquet is older than the rows in .*b\.run; the same `bench run`"
    shard = store.shards / "k1.json"
    shard.write_text(json.dumps({"key": "k1"}))
    with pytest.raises(UsageError, match=older):
        merge([a, store.out], out)
    shard.unlink()
    relabel(store, {("lsc", "{}"): "Other"})  # and killed before the results were written
    with pytest.raises(UsageError, match=older):
        merge([a, store.out], out)
    assert not out.exists()
    with store.locked():
        store.finish(store.manifest())
    assert merge([a, store.out], out).rows == 6


def test_a_file_beside_a_folder_that_made_another_is_not_merged(tmp_path, out):
    store = made_by_its_folder(tmp_path / "b.parquet", OTHER)
    foreign = made_by_its_folder(tmp_path / "elsewhere.parquet", OTHER).out
    foreign.rename(store.out)
    with pytest.raises(UsageError, match=r"is not what .*b\.run made: .*another folder; give"):
        merge([make(tmp_path / "a.parquet"), store.out], out)
    assert not out.exists()


def test_a_metric_that_is_in_no_file_is_in_no_part_of_the_new_one(tmp_path, out):
    a, b = make(tmp_path / "a.parquet"), make(tmp_path / "b.parquet", OTHER)
    for path in (a, b):
        pq.write_table(pq.read_table(path).drop_columns(["gr"]), path)
    merge([a, b], out)
    assert "gr" not in Store(out).columns()
    assert pd.read_parquet(out)["gr"].isna().all()


# --- label maps --------------------------------------------------------------------------------


@pytest.fixture
def with_maps(tmp_path):
    """Two files in folders of their own, each with a label map per row."""

    def write_maps(name, fake):
        folder = tmp_path / name
        frame = table(fake).to_pandas()
        paths = [f"r.run/labels/{row.label}/{row.n}/{row.image}.png" for row in frame.itertuples()]
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(f"{name} {path}".encode())
        return make(folder / "r.parquet", fake, labels_file=paths)

    # The same place in both folders is of two cells: of n = 50 under two devices.
    return write_maps("one", ONE), write_maps("two", OTHER)


def maps_of(path):
    rows = pd.read_parquet(path, columns=["label", "image", "labels_file"])
    return {
        (row.label, row.image): (path.parent / row.labels_file).read_bytes().decode()
        for row in rows.itertuples()
    }


EXPECTED = {
    (label, f"image{i:05d}"): f"{name} r.run/labels/{label}/50/image{i:05d}.png"
    for name, labels in (("one", ("SLIC", "FH")), ("two", ("LSC",)))
    for label in labels
    for i in range(2)
}


@pytest.mark.parametrize("how", ["leave", "copy", "link"])
def test_label_maps_are_found_from_the_new_file(tmp_path, with_maps, how):
    out = tmp_path / "three" / "c.parquet"
    merged = merge(with_maps, out, how)
    assert maps_of(out) == EXPECTED
    own = [path for path in (out.parent / "c.run" / "labels").rglob("*") if path.is_file()]
    assert len(own) == merged.label_maps == (0 if how == "leave" else 6)


def test_copied_and_linked_maps_stay_when_the_merged_files_go(tmp_path, with_maps):
    for how in ("copy", "link"):
        merge(with_maps, tmp_path / how / "c.parquet", how)
    for path in with_maps:
        for file in path.parent.rglob("*.png"):
            file.unlink()
    for how in ("copy", "link"):
        assert maps_of(tmp_path / how / "c.parquet") == EXPECTED


def test_two_label_maps_of_one_name_keep_their_content(tmp_path, with_maps):
    one, two = with_maps
    same = table(ONE).to_pandas()
    paths = [f"r.run/labels/{row.label}/{row.n}/{row.image}.png" for row in same.itertuples()]
    for path in paths:
        (two.parent / path).parent.mkdir(parents=True, exist_ok=True)
        (two.parent / path).write_bytes(b"of CUDA")
    two = make(two, ONE, labels_file=paths, device="cuda")
    out = tmp_path / "c.parquet"
    assert merge([one, two], out, "copy").label_maps == 8
    rows = pd.read_parquet(out)
    assert rows["labels_file"].is_unique
    cuda = rows[rows.device == "cuda"]["labels_file"]
    assert {(tmp_path / path).read_bytes() for path in cuda} == {b"of CUDA"}


def test_a_label_map_that_is_gone_is_said_or_refused(tmp_path, out, with_maps):
    next(with_maps[0].parent.rglob("*.png")).unlink()
    with pytest.raises(UsageError, match=r"is not there; .*--labels leave"):
        merge(with_maps, out, "copy")
    assert not out.exists()
    assert merge(with_maps, tmp_path / "d.parquet").absent == 1


# --- the command -------------------------------------------------------------------------------


def test_the_command_counts_what_it_did_and_runs_continue_the_file(
    tmp_path, tiny, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    data = ["--dataset", "folder", "--root", str(tiny), "--backend", "sequential", "--quiet"]
    assert _status(["run", "--methods", "grid", "--n", "4,9", "--out", "a.parquet", *data]) == 0
    assert _status(["run", "--methods", "grid", "--n", "9,16", "--out", "b.parquet", *data]) == 0
    capsys.readouterr()
    assert _status(["merge", "a.parquet", "b.parquet", "--out", "c.parquet"]) == 0
    assert "c.parquet: 9 rows, 3 left out as duplicates" in capsys.readouterr().err
    everything = ["run", "--methods", "grid", "--n", "4,9,16,25", "--out", "c.parquet", *data[:-1]]
    assert _status(everything) == 0
    assert "3 cells to run (9 of 12 are finished)" in capsys.readouterr().err
    assert _status(["merge", "c.parquet", "a.parquet", "--out", "d.parquet", "--quiet"]) == 0
    both = [pd.read_parquet(f"{name}.parquet").sort_values(["image", "n"]) for name in "cd"]
    np.testing.assert_array_equal(*(rows["asa"].to_numpy() for rows in both))
    facts = json.loads(pq.read_schema("c.parquet").metadata[RUN_KEY])
    assert len(facts["runs"]) == 3
    assert set(pd.read_parquet("c.parquet")["run"]) == {run["id"] for run in facts["runs"]}
    assert _status(["rescore", "c.parquet", "--protocol", "best", "--quiet"]) == 0
    assert _status(["merge", "a.parquet", "c-best.parquet", "--out", "e.parquet"]) == 1
    assert "protocol is" in capsys.readouterr().err


def test_a_bad_name_is_a_usage_error(tmp_path, capsys):
    a = write(tmp_path / "a.parquet", ONE)
    assert _status(["merge", str(a), str(tmp_path / "no.parquet"), "--out", "x.parquet"]) == 1
    assert "no such file" in capsys.readouterr().err
    assert _status(["merge", str(a), str(a), "--out", str(tmp_path)]) == 1
