"""Where the data that the project may not contain lies, and the mark for tests that need it."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
BSDS500 = SHARED / "BSDS500" / "data"
GOLDEN = SHARED / "golden"

needs_shared = pytest.mark.skipif(
    not BSDS500.is_dir(), reason="needs ../shared (BSDS500 and golden values), which is not here"
)
