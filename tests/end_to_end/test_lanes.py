"""Who runs beside whom: methods of one core, of all cores and on CUDA; what they say meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from joblib import cpu_count

from bench.cli import _status
from bench.datasets import open_dataset
from bench.execution import crews as lanes
from bench.execution.crews import stages
from bench.execution.executor import run_in_workers
from bench.execution.job import Job
from bench.planning.cells import group, make_plan
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.storage.store import Store
from methods import registry
from tests.conftest import Finished

PLUGIN = Path(__file__).parent / "lanes.py"
CORES = cpu_count()


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def plugin(monkeypatch):
    """The methods of the plugin, which are forgotten after the test."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    registry.load_plugin_file(PLUGIN)


def command(tiny, methods, *options, n="4,9", workers=2):
    common = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN, "--workers", workers)
    return [str(part) for part in ("run", "--methods", methods, "--n", n, *common, *options)]


@pytest.fixture(autouse=True)
def _as_many_threads_as_there_are_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # the tests' own


@pytest.fixture
def run(plugin, tiny, tmp_path, monkeypatch, capfd):
    """``bench run`` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def start(methods, *options, **named):
        status = _status(command(tiny, methods, *options, **named))
        said = capfd.readouterr()
        return Finished(status, said.out + said.err)

    return start


def read(notes, method=None):
    found = [json.loads(path.read_text()) for path in notes.iterdir()]
    return [note for note in found if method in (None, note["method"])]


def overlap(a, b):
    return a["begin"] < b["end"] and b["begin"] < a["end"]


def test_a_method_of_all_cores_runs_alone_with_all_of_them(run, results, notes):
    both = f"all_cores[folder={notes}],one_core[folder={notes}]"
    finished = run(both)
    assert finished.status == 0, finished.out
    said = f"6 of them 2 at a time, 6 of them one at a time with {CORES} threads, into"
    assert f"12 cells to run, {said}" in finished.out
    assert "340" not in finished.out  # iterations are shown on a terminal only
    wide, narrow = read(notes, "all_cores"), read(notes, "one_core")
    assert [note["what"] for note in wide].count("segment") == 6
    for i, note in enumerate(wide):
        assert not any(overlap(note, other) for other in [*wide[:i], *narrow])
    assert {tuple(note["threads"]) for note in wide} == {(str(CORES),)}
    assert {tuple(note["threads"]) for note in narrow} == {("1",)}
    assert {note["what"] for note in wide} == {"segment", "warm-up"}
    rows = results().groupby("method")
    assert rows.threads.unique().map(list).to_dict() == {"all_cores": [CORES], "one_core": [1]}
    assert rows.contended.all()["one_core"]


def test_what_has_all_cores_has_no_more_threads_than_the_user_allows(
    run, results, notes, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1,2")
    finished = run(f"all_cores[folder={notes}]", n="4")
    assert finished.status == 0, finished.out
    assert "one at a time with 1 thread, into" in finished.out
    assert {tuple(note["threads"]) for note in read(notes, "all_cores")} == {("1",)}
    assert set(results().threads) == {1}


def test_more_workers_than_cores_run_and_are_told_that_they_share_them(run, notes):
    finished = run(f"one_core[folder={notes},takes_s=0]", n="4", workers=CORES + 1)
    assert finished.status == 0, finished.out
    assert f"Note: {CORES + 1} workers share {CORES} core" in finished.out


def test_no_more_cells_run_at_a_time_than_memory_is_there_for(run, results, notes):
    finished = run(f"foreseeing[folder={notes}],one_core[folder={notes}]")
    assert finished.status == 0, finished.out
    assert "2 at a time (memory for 1 of the largest)" in finished.out
    assert (results().status == "ok").all()
    cells = [note for note in read(notes, "foreseeing") if note["what"] == "segment"]
    assert len(cells) == 6
    assert not any(overlap(a, b) for i, a in enumerate(cells) for b in cells[:i])


def test_a_method_that_cannot_say_what_it_needs_runs_like_any_other(run, results, notes):
    finished = run(f"foreseeing[folder={notes}]", n="1")  # divides by 0 when it is asked
    assert finished.status == 0, finished.out
    assert (results().status == "ok").all()


def test_timing_pins_what_uses_one_core_only(run, results, notes):
    both = f"all_cores[folder={notes},takes_s=0],one_core[folder={notes},takes_s=0]"
    assert run(both, "--timing", "--limit", "1").status == 0
    wide, narrow = read(notes, "all_cores"), read(notes, "one_core")
    assert {note["cores"] for note in wide} == {len(os.sched_getaffinity(0))}
    assert {note["cores"] for note in narrow} == {1}
    assert len({note["process"] for note in wide + narrow}) == 2
    assert [note["what"] for note in wide + narrow].count("segment") == 12
    rows = results()
    assert (rows.time_repeats == 3).all()
    assert rows.groupby("method").threads.max().to_dict() == {"all_cores": CORES, "one_core": 1}


def test_here_and_in_workers_it_has_the_same_threads(bench, tiny, results, notes):
    both = f"one_core[folder={notes},takes_s=0],all_cores[folder={notes},takes_s=0]"
    here = command(tiny, both, "--backend", "sequential", "--timing", "--limit", "1", n="4")
    assert bench(*here).status == 0
    assert {note["cores"] for note in read(notes, "all_cores")} == {len(os.sched_getaffinity(0))}
    assert {note["cores"] for note in read(notes, "one_core")} == {1}
    threads = results().groupby("method").threads.max().to_dict()
    assert threads == {"all_cores": CORES, "one_core": 1}


def test_an_interrupted_run_continues_among_the_cells_of_all_cores(
    run, results, tiny, notes, tmp_path
):
    method = f"all_cores[folder={notes},takes_s=0.4],one_core[folder={notes},takes_s=0]"
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *command(tiny, method, n="4", workers=1)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not list(notes.glob("all_cores*")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "Traceback" not in out
    kept = results()
    assert (kept.method == "one_core").sum() == 3
    assert len(kept) < 6
    again = run(method, n="4", workers=1)
    assert f"{6 - len(kept)} cells to run" in again.out
    assert again.status == 0
    assert len(results()) == 6


@pytest.fixture
def execute(plugin, tiny, tmp_path):
    """Run cells of (method, parameters, lane) in workers; return the statuses and the rows."""

    def start(*chosen, counts=(4, 9), limit=None, timeout=None, watch=None):
        dataset = open_dataset("folder", root=tiny, limit=limit)
        job = Job(dataset, tmp_path / "r.parquet", plugins=(PLUGIN,), timeout=timeout)
        cells = []
        for name, params, lane in chosen:
            variants = make_variants([Choice(name, tuple(params.items()))])
            cells += [replace(c, lane=lane) for c in make_plan(dataset, variants, counts, [0])]
        store = Store(job.out)
        with store.locked():
            outcomes = list(run_in_workers(job, stages(group(cells)), 1, watch))
            return [o.status for o in outcomes], [store.read_row(c.key) for c in cells]

    return start


def test_what_crashes_or_hangs_on_all_cores_costs_no_other(execute, notes):
    method = {"folder": str(notes), "takes_s": "0", "crash_at": "4", "hang_at": "9"}
    _, rows = execute(("all_cores", method, "cores"), counts=(4, 9, 16), limit=1, timeout=0.5)
    assert [row["status"] for row in rows] == ["crashed", "timeout", "ok"]
    assert "lack of memory" in rows[0]["error"]
    assert "--preset quick" in rows[0]["error"]
    assert [row["threads"] for row in rows] == 3 * [CORES]


# --- CUDA, with devices that are only said to be there -------------------------------------


def test_cuda_runs_beside_the_methods_of_one_core(execute, tmp_path):
    folder = {"folder": str(tmp_path)}
    statuses, rows = execute(
        ("meets", folder | {"me": "a", "other": "b"}, "cuda"),
        ("meets", folder | {"me": "b", "other": "a"}, "core"),
    )
    assert statuses == 12 * ["ok"]
    assert all(row["contended"] for row in rows)
    assert all(row["threads"] == 1 for row in rows)


def test_each_cuda_device_has_a_worker_that_sees_no_other(execute, notes, monkeypatch):
    monkeypatch.setattr(lanes, "cuda_devices", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    statuses, _ = execute(("one_core", {"folder": str(notes)}, "cuda"), counts=(4, 9, 16))
    assert statuses == 9 * ["ok"]
    assert len({(note["process"], note["gpu"]) for note in read(notes)}) == 2
    assert {note["gpu"] for note in read(notes)} == {"5", "7"}


@pytest.mark.parametrize(("lane", "times"), [("cuda", 3), ("core", 1)])
def test_what_cuda_compiles_for_a_count_is_compiled_before_the_clock(execute, notes, lane, times):
    execute(("one_core", {"folder": str(notes)}, lane), counts=(4, 9, 16))
    warm = [note for note in read(notes) if note["what"] == "warm-up"]
    assert len(warm) == times


def test_timing_takes_one_cuda_device(monkeypatch):
    monkeypatch.setattr(lanes, "cuda_devices", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [crew.gpu for crew in lanes.crews("cuda", 9, 4, one_by_one=False)] == ["0", "1"]
    assert [crew.gpu for crew in lanes.crews("cuda", 9, 4, one_by_one=True)] == ["0"]
    assert [crew.gpu for crew in lanes.crews("cuda", 1, 4, one_by_one=False)] == ["0"]


def test_one_cuda_device_is_left_as_the_user_named_it(monkeypatch):
    monkeypatch.setattr(lanes, "cuda_devices", lambda: 1)
    (crew,) = lanes.crews("cuda", 9, 4, one_by_one=False)
    assert "CUDA_VISIBLE_DEVICES" not in crew.environment


# --- memory ---------------------------------------------------------------------------------


def test_too_little_memory_is_a_row_with_the_cure_and_the_worker_goes_on(execute):
    ways = [("hungry", {"way": way}, "core") for way in ("numpy", "torch")]
    _, rows = execute(*ways, limit=1)
    assert [row["status"] for row in rows] == ["failed", "ok", "failed", "ok"]
    for row in rows[::2]:
        assert row["error"].startswith("out of memory: ")
        assert "smaller images" in row["error"]
        assert "--preset quick" in row["error"]


# --- iterations -----------------------------------------------------------------------------


@pytest.mark.parametrize("lane", ["core", "cores"])
def test_the_iterations_of_a_running_cell_are_heard(execute, tmp_path, lane):
    heard = set()

    def watch(cells, _compiling):
        heard.update((cell.label, cell.image, cell.n, done, total) for cell, done, total in cells)
        if heard:
            (tmp_path / "seen").touch()

    statuses, _ = execute(("reports", {"folder": str(tmp_path)}, lane), counts=(4,), watch=watch)
    assert statuses == 3 * ["ok"]
    assert (f"reports[folder={tmp_path}]", "im0", 4, 340, 1000) in heard
