"""The folders as CONTRIBUTING.md describes them, and that tests are of this checkout."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 350  # lines; a longer file does two things


def test_no_file_of_the_program_is_too_long_to_read():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "bench").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


def test_what_tests_start_is_this_checkout_not_an_installed_copy(tmp_path):
    code = "import bench, methods, metrics, reports; print(*(m.__file__ for m in (bench, reports)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(ROOT / p / "__init__.py") for p in ("bench", "reports")]
