"""What a power cut, a lost folder or a clock that is set may do to the files of a run."""

import os

import numpy as np
import pytest

import bench.storage.keeping as keeping
from bench.errors import BenchError, StorageError
from bench.execution.processes import start_pool
from bench.storage.damage import is_whole
from bench.storage.files import storage_errors, write_atomically, write_quickly
from bench.storage.keeping import Keeper
from bench.storage.merging import merge
from bench.storage.rounds import TIMING_ROUNDS, read_rounds, write_rounds
from bench.storage.store import Store
from methods.labelfiles import encode_labels
from tests.fake_results import Fake, table, write

ROWS = table(Fake(images=2)).to_pylist()
LABELS = np.arange(1200, dtype=np.int32).reshape(30, 40) // 7


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "r.parquet")


def _halved(content):
    return content[: len(content) // 2]


def _zeroed(content):
    return _halved(content) + bytes(len(content) - len(content) // 2)


def _emptied(content):
    return b""


def _kept(content):
    return content


@pytest.mark.parametrize("suffix", [".png", ".npy"])
@pytest.mark.parametrize(
    ("damage", "whole"), [(_kept, True), (_halved, False), (_zeroed, False), (_emptied, False)]
)
def test_a_label_map_that_a_power_cut_damaged_is_known(tmp_path, suffix, damage, whole):
    path = tmp_path / f"map{suffix}"
    path.write_bytes(damage(encode_labels(LABELS, suffix)))
    assert is_whole(path, int(LABELS.max()) + 1) is whole


def test_a_loose_row_whose_label_map_is_damaged_runs_again(store):
    names = ["r.run/labels/whole.png", "r.run/labels/cut.png", "r.run/labels/gone.png", "not/ours"]
    with store.locked():
        content = encode_labels(LABELS)
        (store.labels / "whole.png").write_bytes(content)
        (store.labels / "cut.png").write_bytes(_halved(content))
        for row, name in zip(ROWS, names, strict=False):
            store.write_row(row | {"key": name.replace("/", " "), "labels_file": name})
    with store.locked():
        store.gather()
        assert set(store.done()) == {"r.run labels whole.png", "not ours"}


def test_what_must_last_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, r=real, n=name: (calls.append(n), r(*a))[1])
    write_atomically(tmp_path / "a", b"1")
    assert calls == ["fsync", "replace", "fsync"]  # the file, its name, the folder
    calls.clear()
    write_quickly(tmp_path / "b", b"1")
    assert calls == ["replace"]


def test_a_folder_that_was_removed_is_not_made_again_in_silence(store):
    with store.locked():
        store.write_manifest(store.manifest())
        store.folder.rename(store.folder.with_name("elsewhere"))
        with pytest.raises(StorageError, match="put it back"):
            store.write_row(ROWS[0])
        with pytest.raises(StorageError, match="moved or removed during the run"):
            store.gather()
        assert not store.folder.exists()


def test_rows_are_synced_once_a_minute_and_only_if_there_are_any(store, monkeypatch):
    synced, now = [], [0.0]
    monkeypatch.setattr(keeping, "sync_all", synced.append)
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    keeper = Keeper(store, gathers=False)
    now[0] = 100.0
    keeper.look()
    assert synced == []
    keeper.add()
    assert len(synced) == 1
    keeper.add()
    keeper.look()
    assert len(synced) == 1
    now[0] += 60
    keeper.look()
    keeper.look()
    assert len(synced) == 2


def test_a_cell_whose_row_was_not_written_after_its_last_round_has_one_to_come(tmp_path):
    write_rounds(tmp_path, "k", [{"time_s": 1.0}] * TIMING_ROUNDS)
    assert len(read_rounds(tmp_path, "k")) == TIMING_ROUNDS - 1


def test_a_merge_that_was_killed_is_given_again(tmp_path, monkeypatch):
    inputs = [write(tmp_path / f"{n}.parquet", Fake(images=2, ns=(n,))) for n in (50, 100)]
    out = tmp_path / "m.parquet"
    with monkeypatch.context() as killed:
        killed.setattr(Store, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            merge(inputs, out)
    assert not out.exists()
    assert merge(inputs, out).rows == len(table(Fake(images=2, ns=(50, 100))))
    assert not (out.with_suffix(".run") / "merging").exists()


def test_rows_that_a_run_added_to_a_killed_merge_are_not_overwritten(tmp_path, monkeypatch):
    inputs = [write(tmp_path / f"{n}.parquet", Fake(images=2, ns=(n,))) for n in (50, 100)]
    out = tmp_path / "m.parquet"
    with monkeypatch.context() as killed:
        killed.setattr(Store, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            merge(inputs, out)
    with Store(out).locked():
        Store(out).write_row(ROWS[0])
    with pytest.raises(BenchError, match="is there already"):
        merge(inputs, out)


def test_an_error_of_the_file_system_is_told_with_the_file_that_it_names(tmp_path):
    with (
        pytest.raises(StorageError, match=r"gone/a: No such file.*moved or removed"),
        storage_errors(),
    ):
        (tmp_path / "gone" / "a").write_bytes(b"")
    with pytest.raises(OSError, match="of no file"), storage_errors():
        raise OSError("of no file")


def test_workers_that_cannot_be_started_are_told(monkeypatch):
    from joblib.externals import loky

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loky, "ProcessPoolExecutor", refuse)
    with pytest.raises(BenchError, match=r"No space left on device; free some space in /dev/shm"):
        start_pool()
