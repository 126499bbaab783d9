"""Metrics of third parties: by a file, or installed under an entry point."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import _status
from bench.errors import UsageError
from bench.execution.plugins import load_plugins
from metrics import METRICS, evaluate, metric

pytestmark = pytest.mark.usefixtures("own_metrics")

ROOT = Path(__file__).resolve().parents[2]

METRIC = """
from dataclasses import dataclass
from typing import ClassVar
from metrics import Case, metric

@dataclass
class Sizes:
    sizes: object
    needs: ClassVar = frozenset()

    @classmethod
    def measure(cls, case: Case):
        return cls(case.labels.sizes)

@metric(
    Sizes, id="ID", title="Largest share", direction="low", range=(0, 1), reference="of mine",
    undefined="never", limits="all others",
)
def largest(s):
    return float(s.sizes.max() / s.sizes.sum())
"""


def plugin(folder, id="largest_share", text=METRIC, name="mine.py"):
    path = folder / name
    path.write_text(text.replace("ID", id))
    return path


def test_a_file_adds_a_metric(tmp_path):
    path = plugin(tmp_path)
    load_plugins([path])
    load_plugins([path])
    assert evaluate([[0, 0], [0, 1]], [], metrics=["largest_share"]) == {"largest_share": 0.75}


def test_a_changed_file_changes_the_metric(tmp_path):
    load_plugins([plugin(tmp_path)])
    load_plugins([plugin(tmp_path, text=METRIC.replace("max()", "min()"))])
    assert evaluate([[0, 0], [0, 1]], [], metrics=["largest_share"]) == {"largest_share": 0.25}


def test_a_changed_file_changes_a_metric_that_is_a_function_with_a_parameter_filled_in(tmp_path):
    head, _, declared = METRIC.partition("@metric(")
    arguments, _, formula = declared.partition(")\ndef largest(s):")
    text = (
        f"{head}from functools import partial\n\ndef largest(s, how):{formula}"
        f"metric({arguments})(partial(largest, how=0))\n"
    )
    load_plugins([plugin(tmp_path, text=text)])
    load_plugins([plugin(tmp_path, text=text.replace("max()", "min()"))])
    assert evaluate([[0, 0], [0, 1]], [], metrics=["largest_share"]) == {"largest_share": 0.25}


def test_a_file_that_fails_leaves_no_metric(tmp_path):
    with pytest.raises(UsageError, match=r"--plugin: .*ZeroDivisionError"):
        load_plugins([plugin(tmp_path, text=METRIC + "1 / 0\n")])
    assert "largest_share" not in METRICS


def test_a_file_that_registers_nothing_is_told_what_it_may(tmp_path):
    with pytest.raises(UsageError, match=r"no method: put @register .* no metric: put @metric"):
        load_plugins([plugin(tmp_path, text="x = 1\n")])


def test_an_id_of_another_metric_names_both(tmp_path):
    with pytest.raises(UsageError, match=r"'asa' of .*:largest is taken by metrics\.overlap:asa"):
        load_plugins([plugin(tmp_path, "asa")])


@pytest.mark.parametrize("id", ["time_s", "image", "facts", "key"])
def test_an_id_that_is_another_column_of_results_is_refused(tmp_path, id):
    with pytest.raises(UsageError, match=f"'{id}' of .*:largest is the name of another col"):
        load_plugins([plugin(tmp_path, id)])
    assert id not in METRICS


@pytest.mark.parametrize("id", ["all", "default", "a b", "a,b", "asa_by_annotator", ""])
def test_an_id_that_cannot_name_a_column_is_refused(id):
    with pytest.raises(ValueError, match="cannot be"):
        metric(
            type("S", (), {"needs": frozenset()}), id=id, title="", direction=None, range=(0, 1),
            reference="", undefined="", limits="",
        )  # fmt: skip


def test_a_direction_is_one_of_three():
    with pytest.raises(ValueError, match="direction='up'; give 'high', 'low' or None"):
        metric(
            type("S", (), {"needs": frozenset()}), id="s", title="", direction="up", range=(0, 1),
            reference="", undefined="", limits="",
        )  # fmt: skip


def test_a_metric_of_a_file_is_listed_and_checked(tmp_path, capsys):
    path = str(plugin(tmp_path))
    assert _status(["list", "metrics", "--plugin", path]) == 0
    assert "largest_share  Largest share" in capsys.readouterr().out
    assert _status(["check", "largest_share", "--plugin", path]) == 0
    assert "all checks hold" in capsys.readouterr().out


def test_a_metric_that_nobody_knows_asks_for_its_plugin(capsys):
    for command in ("plot", "compare", "protocols", "rescore"):
        assert _status([command, "results.parquet", "--metrics", "largest_share"]) == 1
        said = capsys.readouterr().err
        assert "'largest_share'" in said or command == "rescore"
        assert "--plugin FILE" in said or command == "rescore"


def distribution(folder, **metrics):
    """Lay out an installed distribution of metrics by hand."""
    info = folder / "acme-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 2.5\n")
    lines = [f"{id} = acme_{id}:largest" for id in metrics]
    (info / "entry_points.txt").write_text("\n".join(["[superpixel_bench.metrics]", *lines, ""]))
    for id, text in metrics.items():
        (folder / f"acme_{id}.py").write_text(text.replace("ID", id))


def run_python(code, folder):
    start = f"import sys; sys.path[:0] = {[str(ROOT), str(folder)]}\n"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", start + code], capture_output=True, text=True
    )


def test_installed_metrics_are_known_and_broken_ones_say_so(tmp_path):
    distribution(tmp_path, share=METRIC, sad="raise ImportError('no CUDA here')\n")
    code = """
from metrics import METRICS, evaluate
assert "share" not in METRICS  # installed packages are imported when they are needed
print(evaluate([[0, 0], [0, 1]], [], metrics=["share"]))
try:
    evaluate([[0, 0], [0, 1]], [], metrics=["sad"])
except ValueError as error:
    print(error)
"""
    done = run_python(code, tmp_path)
    known, broken = done.stdout.splitlines()
    assert known == "{'share': 0.75}", done.stderr
    assert (
        broken == "metric 'sad' is broken: acme 2.5 (acme_sad:largest): ImportError: no CUDA here"
    )


def test_a_list_of_metrics_names_installed_ones(tmp_path):
    distribution(tmp_path, share=METRIC, sad="raise ImportError('no CUDA here')\n")
    code = "import bench.cli; sys.exit(bench.cli._status(['list', 'metrics']))"
    done = run_python(code, tmp_path)
    assert done.returncode == 0
    assert "share         Largest share" in done.stdout
    sad = next(line for line in done.stdout.splitlines() if line.startswith("sad "))
    assert sad.endswith("cannot be used: acme 2.5 (acme_sad:largest): ImportError: no CUDA here")
