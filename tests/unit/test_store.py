"""The files of a run: nothing is lost, nothing is half-written, versions do not mix."""

import json

import pyarrow.parquet as pq
import pytest

from bench.errors import StorageError, UsageError
from bench.storage.files import put_copy, put_link, write_atomically
from bench.storage.labels import relabel
from bench.storage.parts import Done
from bench.storage.schema import RUN_KEY, results_schema, to_table
from bench.storage.store import Store
from metrics import METRICS


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "r.parquet")
    with store.locked():
        store.write_manifest(store.manifest())
        yield store


def make_row(key, image="a", n=50, status="ok", **more):
    return dict.fromkeys(results_schema().names) | {
        "key": key,
        "dataset": "folder",
        "split": "",
        "image": image,
        "method": "grid",
        "params": "{}",
        "label": "Grid",
        "n": n,
        "seed": 0,
        "device": "cpu",
        "status": status,
        "time_repeats": 1,
        **more,
    }


def rows_of(store):
    return pq.read_table(store.out).to_pylist()


def test_rows_are_known_before_and_after_gathering(store):
    store.write_row(make_row("k1"))
    assert store.done()["k1"].status == "ok"
    store.gather()
    assert not list(store.shards.glob("*.json"))
    store.write_row(make_row("k2", image="b", status="failed"))
    assert {key: done.status for key, done in store.done().items()} == {"k1": "ok", "k2": "failed"}


def test_all_that_was_written_is_in_the_results_in_order(store):
    scores = {"asa": 0.75, "asa_by_annotator": [0.5, 1.0], "ev": float("nan")}
    store.write_row(make_row("k2", image="b", **scores))
    store.gather()
    store.write_row(make_row("k1"))
    assert store.finish({"answer": 42}) == 0
    first, second = rows_of(store)
    assert [first["image"], second["image"]] == ["a", "b"]
    assert second["asa_by_annotator"] == [0.5, 1.0]
    assert second["ev"] != second["ev"]
    assert json.loads(pq.read_schema(store.out).metadata[RUN_KEY])["answer"] == 42


def test_of_two_rows_of_one_cell_the_newer_stays(store):
    store.write_row(make_row("old", status="failed"))
    store.gather()
    store.write_row(make_row("new"))
    store.write_row(make_row("other", n=100))
    assert store.finish({}) == 1
    assert [row["key"] for row in rows_of(store)] == ["new", "other"]


def test_a_cell_whose_row_was_replaced_is_not_finished(store):
    store.write_row(make_row("before"))
    store.gather()
    store.write_row(make_row("changed", status="failed"))
    store.gather()
    assert list(store.done()) == ["changed"]
    store.write_row(make_row("before"))  # changed back, and so run again
    store.gather()
    assert list(store.done()) == ["before"]


def test_a_row_that_was_being_written_when_the_process_died_is_no_row(store):
    (store.shards / "k1.json.123.tmp").write_text('{"key": "k1", "sta')
    assert store.done() == {}
    with pytest.raises(UsageError, match="another run"), Store(store.out).locked():
        pass


def test_leftovers_of_a_dead_run_are_cleared(tmp_path):
    store = Store(tmp_path / "r.parquet")
    with store.locked():
        (store.shards / "k1.json.123.tmp").write_text("{")
        (store.inflight / "123").write_text('["k1", null]')
        (store.labels / "a.png.123.tmp").write_bytes(b"half a label map")
    with store.locked():
        assert not list(store.labels.iterdir())
        assert not list(store.shards.iterdir())
        assert not list(store.inflight.iterdir())


def test_shards_with_other_columns_are_refused(store):
    table = to_table([make_row("k1")]).drop_columns(["protocol"])
    pq.write_table(table, store.shards / "part-000001.parquet")
    with pytest.raises(UsageError, match="another version"):
        store.done()


def test_loose_rows_of_another_version_are_refused(store):
    row = make_row("k1")
    del row["protocol"]
    store.write_row(row)
    with pytest.raises(UsageError, match="another version"):
        store.gather()


def test_a_file_that_was_put_in_its_place_meanwhile_is_not_overwritten(store):
    store.write_row(make_row("k1"))
    store.finish({})
    pq.write_table(pq.read_table(store.out).select(["key"]), store.out)
    before = store.out.read_bytes()
    store.write_row(make_row("k2", n=100))
    with pytest.raises(UsageError, match="move it away"):
        store.finish({})
    assert store.out.read_bytes() == before
    assert len(store.done()) == 2


def test_a_results_file_is_known_also_if_the_process_died_just_before_it_was_put_in_place(store):
    store.write_row(make_row("k1"))
    store.finish({})
    before = store.out.read_bytes()
    store.write_row(make_row("k2", n=100))
    store.finish({})
    store.out.write_bytes(before)
    store.adopt()
    assert not store.is_current()
    store.finish({})
    assert len(rows_of(store)) == 2


def test_metrics_that_come_later_are_columns_at_once(store, monkeypatch):
    assert "thin" not in results_schema().names
    monkeypatch.setitem(METRICS, "thin", METRICS["asa"])
    assert {"thin", "thin_by_annotator"} <= set(results_schema().names)


def test_a_metric_that_came_after_a_row_is_no_column_of_its_part(store, monkeypatch):
    store.write_row(make_row("k1"))
    monkeypatch.setitem(METRICS, "thin", METRICS["asa"])
    store.gather()
    assert "thin" not in store.columns()
    assert "asa" in store.columns()


def test_what_a_row_knows_beyond_the_schema_is_kept(store):
    store.write_row(make_row("k1", thin=0.5, thin_by_annotator=[0.25, 0.75]))
    store.write_row(make_row("k2", n=100))
    store.finish({})
    first, second = rows_of(store)
    assert (first["thin"], first["thin_by_annotator"]) == (0.5, [0.25, 0.75])
    assert (second["thin"], second["thin_by_annotator"]) == (None, None)


def test_temporary_files_of_a_run_below_are_left_alone(tmp_path):
    below = tmp_path / "r.run" / "protocols" / "default.run" / "shards" / "k.json.1.tmp"
    below.parent.mkdir(parents=True)
    below.write_text("{")
    with Store(tmp_path / "r.parquet").locked():
        assert below.exists()


def test_a_damaged_manifest_is_told(store):
    store.manifest_path.write_text("{")
    with pytest.raises(UsageError, match=r"manifest\.json is damaged"):
        store.manifest()


def test_results_are_current_until_a_newer_row(store):
    store.write_row(make_row("k1"))
    assert not store.is_current()
    store.finish(store.manifest())
    assert store.is_current()
    store.out.write_bytes(store.out.read_bytes()[:100])
    assert not store.is_current()


def test_results_are_not_current_once_a_part_says_something_else(store):
    store.write_row(make_row("k1"))
    store.finish(store.manifest())
    assert store.is_current()
    relabel(store, {("grid", "{}"): "Squares"})  # and killed before the results were written
    assert not store.is_current()
    assert not store.holds_all()
    store.finish(store.manifest())
    assert store.is_current()
    assert rows_of(store)[0]["label"] == "Squares"


def test_results_are_not_current_under_another_name(store, tmp_path):
    store.write_row(make_row("k1"))
    store.finish(store.manifest())
    store.out.rename(tmp_path / "q.parquet")
    store.folder.rename(tmp_path / "q.run")
    renamed = Store(tmp_path / "q.parquet")
    assert renamed.holds_all()
    assert not renamed.is_current()


def test_no_rows_are_no_part(store):
    store.write_part([])
    store.gather()
    assert not list(store.shards.iterdir())


def test_only_what_was_replaced_counts_as_outdated(store):
    store.write_row(make_row("k1"))
    store.gather()
    assert store.outdated(store.done()) == 0
    store.write_row(make_row("k2"))
    store.gather()
    assert store.outdated(store.done()) == 1


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        write_atomically(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("put", [put_copy, put_link])
def test_a_file_that_is_put_somewhere_replaces_what_is_there(tmp_path, put):
    source, target = tmp_path / "source", tmp_path / "below" / "target"
    source.write_bytes(b"new")
    for _ in range(2):
        put(source, target)
        assert target.read_bytes() == b"new"
        assert [path.name for path in target.parent.iterdir()] == ["target"]
    target.unlink()
    target.write_bytes(b"old")
    put(source, target)
    assert target.read_bytes() == b"new"


def test_a_file_that_is_linked_to_its_own_place_stays(tmp_path):
    (tmp_path / "file").write_bytes(b"kept")
    put_link(tmp_path / "file", tmp_path / "file")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"kept"]


def test_a_file_of_many_row_groups_has_the_same_rows_in_the_same_order(store, monkeypatch):
    places = [(image, n) for n in (50, 100) for image in "dbca"]
    for number, (image, n) in enumerate(places):  # each part has rows of several row groups
        store.write_row(make_row(f"{image}{n}", image=image, n=n, ev=float(number)))
        if number % 3 == 2:
            store.gather()
    store.write_row(make_row("b50", image="b", n=50, plugins_own=1.5))  # in place of an older one
    assert store.finish({}) == 1
    at_once = pq.read_table(store.out)
    monkeypatch.setattr("bench.storage.whole.ROWS_AT_A_TIME", 3)
    store.finish({})
    assert pq.read_metadata(store.out).num_row_groups == 3
    in_groups = pq.read_table(store.out)
    assert in_groups.equals(at_once)
    assert in_groups["key"].to_pylist() == [f"{image}{n}" for image in "abcd" for n in (50, 100)]
    assert in_groups["plugins_own"].to_pylist() == [None, None, 1.5, *[None] * 5]


def test_finished_cells_share_what_they_have_in_common(store):
    for image in "abc":
        store.write_row(make_row(f"k{image}", image=image))
    store.gather()
    store.write_row(make_row("kd", image="d", status="skipped", temporary=True))
    done = store.done()
    assert done == {"ka": Done("ok", 1, None, 1), "kb": done["ka"], "kc": done["ka"]} | {
        "kd": Done("skipped", 1, True, 2)
    }
    assert done["ka"] is done["kb"] is done["kc"]


def test_rows_that_differ_only_in_what_is_not_there_are_two_cells(store):
    store.write_row(make_row("k1", perturbation=None))
    store.gather()
    store.write_row(make_row("k2", perturbation=""))
    store.write_row(make_row("k3", n=None))
    assert set(store.done()) == {"k1", "k2", "k3"}
