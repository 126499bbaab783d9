"""Fixtures that many tests share: a small data set, and the program as a user runs it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from metrics import METRICS

# A shell ignores it in what it starts in the background; the tests press Ctrl-C there, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Test processes share the cores; PyTorch reads this when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What tests start as processes of their own is this checkout too, not an installed copy.
CHECKOUT = Path(__file__).resolve().parents[1]
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")])
)

# How long an example takes says what else the machine does.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# By hand, in tests/fuzz: pytest tests/fuzz --hypothesis-profile fuzz --hypothesis-show-statistics
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "2000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("untimed")

os.environ.pop("COLUMNS", None)  # what is printed does not depend on the developer's terminal

PLUGIN = Path(__file__).parent / "end_to_end" / "misbehaving.py"


@dataclass(frozen=True)
class Finished:
    """How a run of the program ended."""

    status: int
    out: str


@pytest.fixture
def tiny(tmp_path):
    """A folder data set of three 30 x 40 images with two annotators each."""
    return write_tiny(tmp_path / "tiny")


def write_tiny(root):
    rng = np.random.default_rng(0)
    for i in range(3):
        halves = np.zeros((30, 40), np.uint8)
        halves[:, 10 + 5 * i :] = 1
        quarters = halves * 2
        quarters[15:] += 1
        image = (80 * halves + rng.integers(0, 60, halves.shape)).astype(np.uint8)
        write_png(root / "images" / f"im{i}.png", np.dstack([image, image // 2, 255 - image]))
        write_png(root / "labels" / "ann1" / f"im{i}.png", halves)
        write_png(root / "labels" / "ann2" / f"im{i}.png", quarters)
    return root


def write_png(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


@pytest.fixture
def bench(tmp_path):
    """Run ``bench ...`` in an empty folder as a process of its own."""

    def run(*arguments, timeout=240):
        done = subprocess.run(
            [sys.executable, "-m", "bench", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return Finished(done.returncode, done.stdout + done.stderr)

    return run


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Run ``bench ...`` in an empty folder in this process: for all that needs none of its own.

    It takes a tenth of the time of `bench`. Without `bench run --backend sequential` there are
    worker processes all the same.
    """
    from bench.cli import _status

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = _status([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Finished(status, out + err)

    return run


@pytest.fixture
def own_metrics():
    """Forget the metrics that a test registers."""
    before = dict(METRICS)
    yield
    METRICS.clear()
    METRICS.update(before)


@pytest.fixture
def results(tmp_path):
    """Read a results file of the test's folder."""
    return lambda name="results.parquet": pd.read_parquet(tmp_path / name)
