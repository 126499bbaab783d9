"""The parts of a run on a cluster that need none: what tasks have, versions, images, time left."""

import pickle
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from bench.cluster.keeping import keep
from bench.cluster.messages import Result, plugin_file
from bench.cluster.pace import MOST_CELLS, Pace
from bench.cluster.roster import Hand, Roster, _named
from bench.cluster.samples import Delivered, packed
from bench.cluster.versions import difference, versions
from bench.datasets import DatasetError, Sample, open_dataset
from bench.errors import BenchError
from bench.execution.job import Job, blank_row
from bench.execution.time_left import TimeLeft
from bench.planning.cells import Cell
from bench.storage.store import Store
from methods.device import DeviceError, planned_for_elsewhere, resolve_device


def cell(n, image="a", method="slic", size=(10, 10)):
    key = f"{method}{image}{n}"
    return Cell(key, image, image, size, method, "{}", method, n, 0, "cpu", folder=method)


def batches(*cells):
    return deque((each,) for each in cells)


def test_quick_cells_of_one_image_share_a_task():
    pace = Pace()
    pace.learn(cell(1), 0.3)
    queue = batches(*(cell(1, method="slic") for _ in range(40)))
    assert len(pace.take(queue, workers=2)) == 3  # about a second
    assert len(queue) == 37
    assert len(pace.take(queue, workers=18)) == 2  # so that all have something to do
    queue = batches(cell(1), cell(1, image="b"), *(cell(1, image="b") for _ in range(40)))
    assert len(pace.take(queue, workers=1)) == 1


def test_cells_of_unknown_cost_have_a_task_each_and_quick_ones_are_limited():
    pace = Pace()
    assert len(pace.take(batches(*(cell(n) for n in range(1, 99))), workers=1)) == 1
    pace.learn(cell(1), 1e-9)
    assert len(pace.take(batches(*(cell(1) for _ in range(1000))), workers=1)) == MOST_CELLS


def test_while_some_may_not_run_cells_others_are_named_and_of_a_gpu_those_that_have_one():
    roster = Roster(None, "run", b"", print, print)
    assert roster.open_to("cuda") is None  # nobody is a stranger: the scheduler knows who can
    roster.strangers = True
    assert roster.open_to("core") == roster.open_to("cuda") == frozenset()
    roster.hands = {"a": Hand("plain", 1, 0), "b": Hand("gpu", 1, 1)}
    assert roster.open_to("core") == roster.open_to("cores") == {"a", "b"}
    assert roster.open_to("cuda") == {"b"}


def test_versions_are_told_apart_by_name():
    here = versions()
    assert difference(here, dict(here)) == ""
    assert difference(here, here | {"numpy": "9.9"}) == f"numpy 9.9 instead of {here['numpy']}"
    without = {name: each for name, each in here.items() if name != "torch"}
    assert difference(here, without) == f"torch missing instead of {here['torch']}"
    assert "+" not in here["torch"]  # of the CPU or of CUDA
    assert any("source" in name for name in here)
    others = difference(dict.fromkeys("abcdefg", "1"), dict.fromkeys("abcdefg", "2"))
    assert others.endswith("e 2 instead of 1 and 2 more")


def test_workers_that_cannot_be_used_for_one_reason_share_a_line():
    hands = {f"tcp://{i}": Hand(f"w{i}", 1, 0) for i in range(3)}
    why = {
        "tcp://0": "cannot find numpy",
        "tcp://1": "cannot be used",
        "tcp://2": "cannot find numpy",
    }
    assert _named(why, hands) == [
        "2 Dask workers (first: w0 (tcp://0)) cannot find numpy",
        "Dask worker w1 (tcp://1) cannot be used",
    ]


def test_an_image_is_taken_from_its_path_only_if_it_is_the_same(tiny, tmp_path):
    dataset = open_dataset("folder", root=tiny)
    content = dataset.fingerprint("im0")
    images = Delivered("folder", "", dataset, tmp_path / "samples")
    assert images.has("im0", content)
    assert not Delivered("folder", "", dataset, tmp_path / "samples").has("im0", "another")
    absent = Delivered("folder", "", None, tmp_path / "samples")
    assert not absent.has("im0", content)
    absent.keep("im0", packed(dataset, "im0"))
    assert absent.has("im0", content)
    sent, own = pickle.loads(pickle.dumps(absent)).load("im0"), dataset.load("im0")
    np.testing.assert_array_equal(sent.image, own.image)
    assert len(sent.truths) == 2
    assert absent.size("im0") == (30, 40)


def test_an_image_that_cannot_be_read_fails_where_it_is_sent_as_it_does_here(tiny, tmp_path):
    (tiny / "images" / "im1.png").write_bytes(b"no image")
    dataset = open_dataset("folder", root=tiny)
    with pytest.raises(DatasetError) as here:
        dataset.load("im1")
    images = Delivered("folder", "", None, tmp_path)
    images.keep("im1", packed(dataset, "im1"))
    with pytest.raises(DatasetError) as there:
        images.load("im1")
    assert str(there.value) == str(here.value)


def test_of_images_that_are_sent_the_oldest_give_way(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.cluster.samples.MOST_KEPT", 3)
    one = SimpleNamespace(load=lambda name: Sample(name, np.zeros((1, 1, 3), np.uint8), ()))
    images = Delivered("x", "", None, tmp_path)
    for name in "abcde":
        images.keep(name, packed(one, name))
    assert len(list(tmp_path.iterdir())) == 3
    assert images.has("e", "")
    assert not images.has("a", "")


def test_a_plugin_is_sent_with_what_it_imports(tmp_path):
    (tmp_path / "mine.py").write_text("import helper\nfrom parts import one\n")
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.py").write_text("x = 1\n")
    (tmp_path / "other.py").write_text("")
    sent = plugin_file(tmp_path / "mine.py")
    assert sent.name == "mine.py"
    assert sorted(sent.sources) == ["helper.py", "mine.py", "parts/one.py"]


def test_a_row_without_labels_takes_an_older_label_map_away(tmp_path):
    store, one = Store(tmp_path / "r.parquet"), cell(4)
    store.shards.mkdir(parents=True)
    job = Job(SimpleNamespace(name="x", split=""), store.out)
    row = blank_row(job, one) | {"status": "ok"}
    keep(store, one, Result(row, (".png", b"map"), 0.1, 0.0))
    (kept,) = (path for path in store.labels.rglob("*") if path.is_file())
    assert kept == store.labels / f"{one.labels_name}.png"
    assert store.read_row(one.key)["status"] == "ok"
    keep(store, one, Result(row | {"status": "failed"}, None, 0.1, 0.0))
    assert not kept.exists()
    with pytest.raises(BenchError, match="not as"):
        keep(store, one, Result(row, ("/../../x", b"map"), 0.1, 0.0))
    assert store.read_row(one.key)["status"] == "failed"


def test_the_time_left_follows_the_workers_that_are_there():
    forecast = TimeLeft([[(cell(n),) for n in (1, 2, 3, 4)]], workers=0, clock=lambda: 0.0)
    forecast.finish(cell(1), 6.0)
    assert forecast.left().seconds == 18
    forecast.hire({"core": 3, "cores": 0, "cuda": 0})
    assert forecast.left().seconds == 6


def test_a_device_of_another_machine_is_taken_to_be_there():
    if_here = resolve_device("auto", ("cpu", "cuda"), "x")
    with planned_for_elsewhere():
        assert resolve_device("cuda", ("cpu", "cuda"), "x") == "cuda"
        assert resolve_device("auto", ("cpu", "cuda"), "x") == "cpu"
        with pytest.raises(DeviceError, match="runs on cpu"):
            resolve_device("cuda", ("cpu",), "x")
    assert resolve_device("auto", ("cpu", "cuda"), "x") == if_here
