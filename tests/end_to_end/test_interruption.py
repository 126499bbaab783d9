"""A run that is interrupted or killed, or meets another one, loses nothing that is done."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench.storage.store import Store
from tests.conftest import PLUGIN


def as_from_a_terminal():
    """Heed signals that a shell in the background, or nohup, told these tests to ignore."""
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


@pytest.fixture
def slow_run(tmp_path, tiny):
    """A run of twelve slow cells in a process group of its own, after its first row."""

    def start(until="first row"):
        command = f"counts[folder={tmp_path},wait=0.8]"
        arguments = ["run", "--methods", command, "--n", "4,5,6,9", "--dataset", "folder"]
        arguments += ["--root", str(tiny), "--plugin", str(PLUGIN), "--workers", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=as_from_a_terminal,
        )
        if until != "first row":
            while until not in process.stdout.readline():
                assert process.poll() is None
            return process
        shards = tmp_path / "results.run" / "shards"
        while process.poll() is None and not list(shards.glob("*.json")):
            time.sleep(0.05)
        return process

    return start


def finished_rows(tmp_path):
    return len(list((tmp_path / "results.run" / "shards").glob("*.json")))


def test_ctrl_c_keeps_what_is_done_and_says_how_to_continue(slow_run, results, tmp_path):
    process = slow_run()
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "Traceback" not in out
    assert "The same command again continues" in out
    kept = results()
    assert 1 <= len(kept) < 12
    again = slow_run()
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0, out
    assert f"{12 - len(kept)} cells to run" in out
    assert len(results()) == 12


def test_kill_9_of_the_group_loses_only_cells_in_flight(slow_run, results, tmp_path):
    process = slow_run()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    kept = finished_rows(tmp_path)
    assert kept >= 1
    again = slow_run()
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0, out
    assert f"{12 - kept} cells to run ({kept} of 12 are finished)" in out
    rows = results()
    assert len(rows) == 12
    assert (rows.status == "ok").all()


def test_workers_do_not_outlive_a_killed_parent(slow_run):
    process = slow_run()
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def test_ctrl_c_while_workers_start_shows_no_traceback(slow_run, tmp_path):
    process = slow_run(until="cells to run")
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "Traceback" not in out


def test_two_runs_into_one_output_are_refused(bench, tiny, tmp_path):
    data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    with Store(tmp_path / "results.parquet").locked():
        second = bench("run", "--methods", "stripes", "--n", "4,9", *data, "--workers", 1)
    assert second.status == 1
    assert f"process {os.getpid()}" in second.out
    assert "another --out" in second.out


# --- asked to end while a method hangs in compiled code ------------------------------------


@pytest.fixture
def hung_run(tmp_path, tiny):
    """A run whose first cell is done and whose second holds the interpreter for ever."""
    started = []

    def start(*options):
        arguments = ["run", "--methods", "stripes,hangs", "--n", "4", "--limit", "1"]
        arguments += ["--dataset", "folder", "--root", str(tiny), "--plugin", str(PLUGIN)]
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments, *options],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        while process.poll() is None and not (tmp_path / "hanging").exists():
            time.sleep(0.05)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize(
    ("backend", "send"),
    [("sequential", os.kill), ("sequential", os.killpg), ("loky", os.kill)],
)
def test_a_run_that_hangs_ends_when_a_scheduler_asks(hung_run, results, tmp_path, backend, send):
    process = hung_run("--backend", backend, "--workers", "1")
    below = psutil.Process(process.pid).children(recursive=True)
    send(process.pid, signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "The same command again continues" in out
    assert "Traceback" not in out
    assert results().method.tolist() == ["stripes"]
    _, alive = psutil.wait_procs(below, timeout=30)
    assert alive == []


def test_a_run_that_hangs_dies_with_the_process_that_was_started(hung_run):
    process = hung_run("--backend", "sequential")
    below = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    assert below
    _, alive = psutil.wait_procs(below, timeout=30)
    assert alive == []


def test_a_terminal_that_closes_ends_a_run_like_ctrl_c(slow_run, results):
    process = slow_run()
    os.killpg(process.pid, signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "The same command again continues" in out
    assert 1 <= len(results()) < 12


def test_a_method_that_takes_a_sequential_run_along_is_said(bench, tiny):
    data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    ended = bench("run", "--methods", "crashes", "--n", "4", *data, "--backend", "sequential")
    assert ended.status == 128 + signal.SIGSEGV
    assert "the process died (SIGSEGV) while it ran a method" in ended.out
