"""The reference results that come with the suite: other methods' scores, to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: What `--with` calls them.
REFERENCE: Final = "reference"
FOLDER: Final = Path(__file__).resolve().parents[1] / "reference"


def reference_files() -> list[Path]:
    """Return the results files, one for each data set split, sorted; none where none came along."""
    return sorted(FOLDER.glob("*.parquet"))
