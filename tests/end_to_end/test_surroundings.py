"""The program where streams are closed or break, with settings of notebooks, and without a home."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_results import Fake, write

SMALL = ("run", "--methods", "grid", "--limit", "1", "--workers", "1", "--n", "20")


@pytest.fixture
def shell(tmp_path):
    """Run ``bench ...`` in the test's folder with redirections: exit status, both outputs."""

    def run(*arguments, redirected="", **environment):
        command = " ".join(map(str, [sys.executable, "-m", "bench", *arguments, redirected]))
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=240,
            env={**os.environ, **environment},
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


NEEDS_A_FULL_DEVICE = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full"
)


@pytest.mark.parametrize(
    "closed", ["<&- >&- 2>&-", pytest.param("2>/dev/full", marks=NEEDS_A_FULL_DEVICE)]
)
def test_a_run_needs_no_stream_to_talk_to(shell, tmp_path, closed):
    status, out, error = shell(*SMALL, redirected=closed)
    assert status == 0, out + error
    assert (tmp_path / "results.parquet").exists()


def test_who_stops_reading_the_messages_does_not_stop_the_run(shell, tmp_path):
    status, out, _ = shell(*SMALL, redirected="2>&1 | head -1")
    assert status == 0
    assert out.count("\n") == 1
    assert (tmp_path / "results.parquet").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_exit_status_is_the_same_with_streams_closed(shell, closed):
    assert shell("list", "metrics", redirected=closed)[0] == 0
    assert shell("run", "--methods", "gridd", redirected=closed)[0] == 1


def test_an_exit_status_is_the_same_for_who_reads_one_line(shell, tmp_path):
    write(tmp_path / "a.parquet", Fake())
    write(tmp_path / "b.parquet", Fake(gain=0.1))
    assert (
        shell("compare", "a.parquet", "b.parquet", "--tolerance 0", redirected="| head -1")[0] == 3
    )
    assert shell("list", "methods", redirected="| head -1")[0] == 0


@NEEDS_A_FULL_DEVICE
def test_a_full_disk_below_the_output_is_told(shell):
    status, _, error = shell("list", "metrics", redirected=">/dev/full")
    assert status == 1
    assert error.startswith("bench: cannot write to standard output: No space left on device")


def test_figures_do_not_depend_on_the_backend_of_a_notebook(shell, tmp_path):
    write(tmp_path / "r.parquet", Fake(images=3))
    backend = "module://no_such_package.backend_inline"
    status, out, error = shell("plot", "r.parquet", "--formats png", MPLBACKEND=backend)
    assert status == 0, out + error


@pytest.mark.parametrize(
    "encoding",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_arrows_and_daggers_are_no_matter_of_the_locale(shell, tmp_path, encoding):
    write(tmp_path / "r.parquet", Fake())
    status, out, error = shell(
        "compare", "r.parquet", "--at 100", "--out", "table.md", **encoding, PYTHONWARNINGS="ignore"
    )
    assert status == 0, out + error
    assert "asa ↑" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_a_home_that_cannot_be_written_makes_no_noise(shell, tmp_path):
    write(tmp_path / "r.parquet", Fake(images=3))
    (tmp_path / "file").write_text("")
    home = {"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    status, out, error = shell("plot", "r.parquet", "--formats png", "--no-annotators", **home)
    assert status == 0, out + error
    assert all(line.startswith("note: ") for line in error.splitlines()), error
    assert shell("list", "methods", **home)[0] == 0
