"""Disks that are full or read-only: a message, nothing lost, and the same command continues."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import PLUGIN


def mount(*arguments):
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("mounting a small file system needs root on Linux")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def run(bench, tiny):
    def start(out, n):
        data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
        return bench("run", "--methods", "noisy", "--n", n, *data, "--workers", 2, "--out", out)

    return start


def test_a_full_disk_stops_the_run_and_loses_nothing(run, small_disk, results):
    out = small_disk / "r.parquet"
    counts = ",".join(map(str, range(300, 340)))
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    finished = run(out, counts)
    assert finished.status == 1, finished.out
    assert "No space left" in finished.out
    assert "free some space and run the same command again" in finished.out
    assert "Traceback" not in finished.out
    shards = list((small_disk / "r.run" / "shards").glob("*.json"))
    assert {json.loads(shard.read_text())["status"] for shard in shards} == {"ok"}
    kept = len(shards)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    again = run(out, counts)
    assert again.status == 0, again.out
    assert f"({kept} of 120 are finished)" in again.out
    assert len(results(out)) == 120
    assert not list(small_disk.rglob("*.tmp"))


def test_a_read_only_folder_is_told_before_anything_runs(run, tmp_path):
    folder = tmp_path / "fixed"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder))
    try:
        finished = run(folder / "r.parquet", "9")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert finished.status == 1
    assert "Read-only" in finished.out
    assert "--out" in finished.out
    assert "Traceback" not in finished.out
