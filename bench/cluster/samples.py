"""Images on a Dask worker: found by path where the same files lie there, otherwise sent."""

from __future__ import annotations

import hashlib
import pickle
import zlib
from pathlib import Path

from bench.datasets import Dataset, DatasetError, Sample
from bench.storage.files import write_atomically

# Of images that were sent; a request brings its own, so that none is thrown away before its cells.
MOST_KEPT = 256


def packed(dataset: Dataset, image: str) -> bytes:
    """Return an image with its annotations to send; where it cannot be read, why."""
    sample: Sample | DatasetError
    try:
        sample = dataset.load(image)
    except DatasetError as error:
        sample = error
    return zlib.compress(pickle.dumps(sample), 1)


class Delivered(Dataset):
    """The images of a run as a worker has them.

    Parameters
    ----------
    name, split : str
        Those of the data set.
    local : Dataset or None
        The data set itself, if it can be opened here.
    folder : Path
        For the images that are sent.
    """

    title = license = ""

    def __init__(self, name: str, split: str, local: Dataset | None, folder: Path) -> None:
        vars(self).update(name=name, split=split)
        self.local, self.folder = local, folder
        self.names = ()
        self._same: dict[str, bool] = {}

    def has(self, name: str, content: str) -> bool:
        """Tell whether an image of that content is here."""
        if self._path(name).is_file():
            return True
        if name not in self._same:
            self._same[name] = self.local is not None and self.local.fingerprint(name) == content
        return self._same[name]

    def keep(self, name: str, sample: bytes) -> None:
        """Keep an image that was sent, in place of the oldest if there are many."""
        kept = sorted(self.folder.glob("*.sample"), key=_age)
        for path in kept[: len(kept) - MOST_KEPT + 1]:
            path.unlink(missing_ok=True)
        write_atomically(self._path(name), sample)

    def size(self, name: str) -> tuple[int, int]:
        """Return (H, W)."""
        height, width = self.load(name).image.shape[:2]
        return height, width

    def fingerprint(self, name: str) -> str:
        """Refuse to: the cells of a run know the contents of their images."""
        raise NotImplementedError(name)

    def load(self, name: str) -> Sample:
        """Return an image with its annotations, as it was sent or as it lies here."""
        path = self._path(name)
        if path.is_file():
            sample: Sample | DatasetError = pickle.loads(zlib.decompress(path.read_bytes()))
            if isinstance(sample, DatasetError):
                raise sample
            return sample
        if self.local is None:
            raise DatasetError(f"image '{name}' was not sent; run the cell again")
        return self.local.load(name)

    def _path(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / f"{digest}.sample"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
