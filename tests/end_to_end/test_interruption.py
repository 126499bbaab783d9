"""A run that is interrupted or killed, or meets another one, loses nothing that is done."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import PLUGIN


@pytest.fixture
def slow_run(tmp_path, tiny):
    """A run of twelve slow cells in a process group of its own, after its first row."""

    def start(until="first row"):
        command = f"counts[folder={tmp_path},wait=0.4]"
        arguments = ["run", "--methods", command, "--n", "4,5,6,9", "--dataset", "folder"]
        arguments += ["--root", str(tiny), "--plugin", str(PLUGIN), "--workers", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # As from a terminal, also where these tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
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


def test_two_runs_into_one_output_are_refused(slow_run, bench, tiny, results):
    process = slow_run()
    data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    second = bench("run", "--methods", "stripes", "--n", "4,9", *data, "--workers", 1)
    out, _ = process.communicate(timeout=60)
    assert second.status == 1
    assert f"process {process.pid}" in second.out
    assert "another --out" in second.out
    assert process.returncode == 0, out
    assert len(results()) == 12
