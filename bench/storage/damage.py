"""What a power cut may leave of the rows since the last part: a label map that is not whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.storage.label_paths import find_label_map
from bench.storage.parts import read_shard


def forget_damaged(out: Path, shards: Path, labels: Path) -> None:
    """Throw away loose rows that are damaged, or whose label map is, so that they run again.

    Rows in parts are safe: a part is written when the disk has all label maps of its rows.

    Parameters
    ----------
    out : Path
        The results file.
    shards, labels : Path
        Its folders of rows and of label maps; label maps that lie elsewhere are not looked at.
    """
    for path in shards.glob("*.json"):
        row = read_shard(path)
        if row is None or row.get("labels_file") is None:
            continue
        kept = find_label_map(out, row["labels_file"])
        if kept.is_relative_to(labels) and not is_whole(kept, row.get("n_returned")):
            path.unlink(missing_ok=True)


def is_whole(labels: Path, count: int | None) -> bool:
    """Tell whether the file of a label map is there from its first byte to its last.

    A PNG has checksums, and is not decoded, which would take thirty times as long. Of an NPY, which
    has none, the `count` of labels is taken.
    """
    from PIL import Image

    try:
        if labels.suffix == ".npy":
            return count is None or np.unique(np.load(labels)).size == count
        with Image.open(labels) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, EOFError):
        return False
    return True
