"""The command line: help, lists, wrong input, exit statuses; what a user sees first."""

import subprocess
import sys

import pytest

from tests.conftest import PLUGIN

HEAVY = ("torch", "cv2", "numba", "skimage", "scipy", "pandas", "pyarrow", "matplotlib")


@pytest.mark.parametrize(
    "commands",
    [
        [["--help"], ["run", "--help"], ["figure", "--help"], ["reproduce", "--help"]],
        [["list", "methods"], ["list", "metrics"], ["list", "datasets"], ["list", "protocols"]],
        [["list", "methods", "--verbose"]],
    ],
)
def test_help_and_lists_import_nothing_heavy(commands):
    code = (
        "import sys, bench.cli\n"
        f"status = max(map(bench.cli._status, {commands}))\n"
        f"loaded = sorted(set({HEAVY}) & set(sys.modules))\n"
        "sys.exit(f'imported {loaded}' if loaded else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_lists_name_what_there_is(bench):
    assert "slic" in bench("list", "methods").out
    assert "asa" in bench("list", "metrics").out
    assert "bsds500" in bench("list", "datasets").out
    assert "stripes" in bench("list", "methods", "--plugin", PLUGIN).out


def test_a_card_says_what_is_declared(bench):
    methods = bench("list", "methods", "--verbose")
    assert methods.status == 0
    assert "10.1109/TPAMI.2012.120" in methods.out
    assert "iterations: int, default 1. Most passes at each level, at least 1;" in methods.out
    metrics = bench("list", "metrics", "--verbose")
    assert "higher is better" in metrics.out


def test_a_card_says_what_presets_set(bench):
    card = bench("list", "methods", "--verbose", "--plugin", PLUGIN).out.partition("\nnet\n")[2]
    assert "runs on:    cpu, cuda (on the CPU all cores)" in card
    assert "paper: iterations 500, scale 1.0" in card
    assert "quick: iterations 120, scale 0.25" in card


def test_a_broken_plugin_is_one_line(bench, tmp_path):
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    finished = bench("list", "methods", "--plugin", tmp_path / "broken.py")
    assert finished.status == 0
    assert "slic" in finished.out
    assert "no_such_module" in finished.out
    assert "Traceback" not in finished.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "slicc"], "slic"),
        (["--methods", "zz*"], "no method matches"),
        (["--methods", "slic[compactnes=1]"], "compactness"),
        (["--methods", "slic[compactness=much]"], "much"),
        (["--methods", "slic[compactness"], "unbalanced bracket"),
        (["--n", "0"], "0 is too small"),
        (["--n", "-3"], "-3 is too small"),
        (["--n", "ten"], "'ten' is not an integer"),
        (["--n", "99999999"], "above the number of pixels"),
        (["--seed", "-1"], "-1 is too small"),
        (["--workers", "0"], "0 is too small"),
        (["--limit", "0"], "0 is too small"),
        (["--timeout", "0"], "--timeout: 0"),
        (["--timeout", "inf"], "--timeout: inf"),
        (["--timeout", "nan"], "--timeout: nan"),
        (["--n", "5000000000"], "too large"),
        (["--seed", "9223372036854775808"], "too large"),
        (["--out", "x" * 300 + ".parquet"], "too long"),
        (["--dataset", "bsds50"], "bsds500"),
        (["--dataset", "folder"], "--root"),
        (["--dataset", "folder", "--root", "nowhere"], "nowhere"),
        (["--dataset", "folder", "--root", "empty"], "empty"),
        (["--dataset", "bsds500", "--root", "empty"], "bench data bsds500"),
        (["--out", "results.csv"], ".parquet"),
        (["--out", "/proc/results.parquet"], "/proc/results"),
        (["--plugin", "nowhere.py"], "nowhere.py"),
        (["--device", "tpu"], "tpu"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_input_is_one_message_and_status_1(bench, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    finished = bench("run", *arguments)
    assert finished.status == 1, finished.out
    assert message in finished.out
    assert "Traceback" not in finished.out
    assert not list(tmp_path.glob("*.parquet"))


def test_no_such_command_is_status_1(bench):
    finished = bench("rum")
    assert finished.status == 1
    assert "Traceback" not in finished.out


def test_check_proves_a_plugin_and_names_what_is_wrong(bench):
    good = bench("check", "stripes", "--plugin", PLUGIN)
    assert good.status == 0, good.out
    bad = bench("check", "negative", "--plugin", PLUGIN)
    assert bad.status == 2, bad.out
    assert "failed   label_map: labels include -1" in bad.out


def test_check_outlives_a_method_that_crashes(bench):
    finished = bench("check", "crashes", "--plugin", PLUGIN)
    assert finished.status == 2, finished.out
    assert "failed   label_map: the method took its process along" in finished.out
    assert "Fatal Python error" not in finished.out  # no stack of the crash
    assert "passed   constructor" in finished.out


def test_the_shell_completes_method_names():
    from bench.cli.options import complete_methods

    assert complete_methods("sli") == ["slic", "slico"]
    assert complete_methods("fh,wat") == ["fh,waterpixels", "fh,watershed"]
