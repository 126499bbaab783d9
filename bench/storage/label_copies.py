"""Label maps that another results file refers to as well: left where they are, or brought along."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from bench.errors import UsageError
from bench.storage.files import put_copy, put_link, storage_errors
from bench.storage.store import Store

How = Literal["leave", "copy", "link"]


class LabelMaps:
    """Where the label maps of a new results file lie.

    Parameters
    ----------
    store : Store
        The files of the new output.
    how : "leave", "copy" or "link"
        Whether label maps stay where they are, are copied, or get a second (hard) link.
    """

    def __init__(self, store: Store, how: How) -> None:
        self.store = store
        self.how = how
        self._sources: dict[Path, Path] = {}

    @property
    def brought(self) -> int:
        """How many were copied or linked."""
        return len(self._sources)

    def place(self, source: Path) -> str:
        """Return the path of a label map as the new file has it, bringing it along.

        Raises
        ------
        UsageError
            If it cannot be linked, say to another file system.
        StorageError
            If it cannot be copied.
        """
        here = self.store.out.resolve().parent
        if self.how == "leave":
            return os.path.relpath(source, here)
        target = self._target(source)
        if target not in self._sources:
            self._sources[target] = source
            self._bring(source, target)
        return os.path.relpath(target, here)

    def _target(self, source: Path) -> Path:
        """Return a place below the folder of label maps that no other source has."""
        given = source
        source = Path(os.path.normpath(given))  # rows of a stranger may have ".." in it
        folders = source.parts[:-1]
        at = [i for i, name in enumerate(folders) if name == self.store.labels.name]
        below = source.parts[at[-1] + 1 :] if at else source.parts[-2:]
        target = self.store.labels.joinpath(*below)
        tried = 1
        while self._sources.get(target, given) != given:
            tried += 1
            target = target.with_name(f"{Path(below[-1]).stem}-{tried}{source.suffix}")
        return target

    def _bring(self, source: Path, target: Path) -> None:
        with storage_errors(target):
            if self.how == "copy":
                put_copy(source, target)
                return
            try:
                put_link(source, target)
            except OSError as error:
                raise UsageError(
                    f"label map {source} cannot be linked as {target}"
                    f" ({error.strerror or error}); copy them (--labels copy)"
                ) from error
